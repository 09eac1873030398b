local as = require "assay"

local function values(o, rows, labels)
  o[1] = "topk_accuracy"
  return as.score(o)(as.tensor(rows), as.i64(labels)):tolist()
end

local function agree(want, got)
  assert.equal(#want, #got)
  for k, v in ipairs(want) do
    assert.near(v, got[k], 1e-6)
  end
end

describe("scores/topk_accuracy", function()
  -- ranks of the labels: 1, 2, 3, 1; classes 0 0 0 1
  local rows <const> = { { 3, 1, 2 }, { 2, 3, 1 }, { 1, 3, 2 }, { 0, 9, 1 } }

  it("known answers: of four items two are first, one second, one third", function()
    agree({ 2 / 4, 3 / 4, 1 }, values({ k = 3 }, rows, { 0, 0, 0, 1 }))
    agree({ 2 / 4 }, values({ k = 1 }, rows, { 0, 0, 0, 1 }))
  end)

  it("balanced: the mean of the classes' own shares; a class without items does not count", function()
    agree({ (1 / 3 + 1) / 2, (2 / 3 + 1) / 2, 1 }, values({ k = 3, balanced = true }, rows, { 0, 0, 0, 1 }))
  end)

  it("takes the lower class first among equals, as argmax does", function()
    agree({ 1 / 3, 2 / 3, 1 }, values({ k = 3 }, { { 5, 5, 5 }, { 5, 5, 5 }, { 5, 5, 5 } }, { 0, 1, 2 }))
  end)

  it("is never less for a larger k, and 1 from all classes on", function()
    local f, y = as.randn(200, 6), as.randint(6, 200)
    local share = as.score { "topk_accuracy", k = 7 }(f, y):tolist()
    assert.near(f:argmax(-1):eq(y):mean():item(), share[1], 1e-6)
    for k = 2, 6 do
      assert.is_true(share[k] >= share[k - 1])
    end
    assert.same({ 1, 1 }, { share[6], share[7] })
  end)

  it("refuses bad input", function()
    local function fails(text, o, row, label)
      assert.error_matches(function() values(o, { row }, { label }) end, text, 1, true)
    end
    fails("k = 0 is outside", { k = 0 }, { 1, 2 }, 0)
    fails("labels: value 2 at [0], expected 0 <= value < 2", { k = 1 }, { 1, 2 }, 2)
    fails("logits hold NaN or infinity", { k = 1 }, { 0 / 0, 2 }, 0)
  end)
end)
