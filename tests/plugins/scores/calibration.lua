local as = require "assay"

local function values(o, rows, labels)
  o[1] = "calibration"
  local list = { as.score(o)(as.tensor(rows), as.i64(labels)) }
  for k, x in ipairs(list) do
    list[k] = x:item()
  end
  return { ece = list[1], aece = list[2], classwise = list[3], brier = list[4], auroc = list[5] }
end

describe("scores/calibration", function()
  -- page 53: confidences .95 .91 .62 .55 .33, of which the first and the third are right
  local probs <const> = {}
  for i, p in ipairs { 0.95, 0.91, 0.62, 0.55, 0.33 } do
    local rest = (1 - p) / 3
    probs[i] = { p, rest, rest, rest }
  end
  local labels <const> = { 0, 1, 0, 2, 3 }

  it("known answers: expected calibration error by bins, and AUROC", function()
    for bins, want in pairs { [15] = 0.444, [25] = 0.444, [10] = 0.424 } do
      local got = values({ bins = bins, input = "probs" }, probs, labels)
      assert.near(want, got.ece, 1e-6)
      assert.near(0.83333333, got.auroc, 1e-6)
    end
  end)

  it("of equal count: two bins of .33 .55 and .62 .91 .95; one bin is the gap of the means", function()
    local got = values({ bins = 2, input = "probs" }, probs, labels) -- places 0 1 2 | 3 4 of ascending order
    assert.near((math.abs(0.33 + 0.55 + 0.62 - 1) + math.abs(0.91 + 0.95 - 1)) / 5, got.aece, 1e-6)
    assert.near((0.33 + 0.55 + 0.62 + 0.91 + 0.95 - 2) / 5, values({ bins = 1, input = "probs" }, probs,
      labels).aece, 1e-6)
  end)

  it("Brier's score and the classes' own errors", function()
    local two = { { 0.8, 0.2 }, { 0.3, 0.7 } }
    local got = values({ bins = 10, input = "probs" }, two, { 0, 0 })
    assert.near((0.04 + 0.04 + 0.49 + 0.49) / 2, got.brier, 1e-6)
    -- class 0: |0.8 - 1| / 2 + |0.3 - 1| / 2, class 1: 0.2 / 2 + 0.7 / 2
    assert.near((0.1 + 0.35 + 0.1 + 0.35) / 2, got.classwise, 1e-6)
    assert.near((0.2 + 0.7) / 2, got.ece, 1e-6)
  end)

  it("has bins that are open below and closed above", function()
    -- two bins: a confidence of 1/2 lies in the first. One right at 1/2, one wrong at 1
    local got = values({ bins = 2, input = "probs" }, { { 0.5, 0.5 }, { 1, 0 } }, { 0, 1 })
    assert.near((0.5 + 1) / 2, got.ece, 1e-6)
    got = values({ bins = 1, input = "probs" }, { { 0.5, 0.5 }, { 1, 0 } }, { 0, 1 })
    assert.near(0.25, got.ece, 1e-6)
  end)

  it("counts ties of right and wrong as half; 1/2 where there is nothing to tell apart", function()
    local tied = { { 0.7, 0.3 }, { 0.7, 0.3 }, { 0.9, 0.1 } }
    assert.near((0.5 + 1) / 2, values({ input = "probs" }, tied, { 0, 1, 0 }).auroc, 1e-6)
    assert.equal(0.5, values({ input = "probs" }, tied, { 0, 0, 0 }).auroc)
  end)

  it("takes logits: a model that is as sure as it is right has no error", function()
    local f = as.randn(20000, 3) * 2
    local y = as.categorical(f:softmax(-1))
    local got = { as.score { "calibration" } (f, y) }
    assert.is_true(got[1]:item() < 0.015) -- 15 bins of 1,333: 15 sqrt(2 / pi) sqrt(.2 / 1333) / 15 = 0.01
    assert.is_true(got[2]:item() < 0.015 and got[3]:item() < 0.015)
    assert.is_true(got[5]:item() > 0.6)
    local sure = { as.score { "calibration" } (f * 5, y) }
    assert.is_true(sure[1]:item() > 0.1)
  end)

  it("refuses bad input", function()
    local function fails(text, o, row, label)
      assert.error_matches(function() values(o, { row }, { label }) end, text, 1, true)
    end
    fails("logits hold NaN or infinity", {}, { 0 / 0, 1 }, 0)
    fails("labels: value 2 at [0], expected 0 <= value < 2", {}, { 0, 1 }, 2)
    fails("1 class, expected 2 classes or more", {}, { 0 }, 0)
    fails("probabilities that are negative", { input = "probs" }, { 1.5, -0.5 }, 0)
    fails("add up to 1", { input = "probs" }, { 0.7, 0.7 }, 0)
    fails("bins = 0 is outside", { bins = 0 }, { 0, 1 }, 0)
  end)
end)
