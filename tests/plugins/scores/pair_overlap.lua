local as = require "assay"

local function overlap(positive, negative, options)
  local o = { "pair_overlap" }
  for k, v in pairs(options or {}) do
    o[k] = v
  end
  return as.score(o)(as.tensor(positive), as.tensor(negative)):item()
end

describe("scores/pair_overlap", function()
  it("is 1 for the same values in any order and number, 0 for values in other bins", function()
    assert.near(1, overlap({ 0.11, 0.91, -0.99 }, { -0.99, 0.11, 0.91, -0.99, 0.91, 0.11 }), 1e-6)
    assert.equal(0, overlap({ 0.9, 0.8 }, { -0.5, 0.1, 0.2 }))
  end)

  it("is the sum of the smaller shares", function()
    -- four bins of 0.5 from -1: positives 0 0 1 3 of 4, negatives 2 1 1 1 of 5
    local positive, negative = { 0.2, 0.6, 0.7, 0.9 }, { -0.9, -0.8, -0.4, 0.4, 0.6 }
    assert.near(0.2 + 0.2, overlap(positive, negative, { bins = 4 }), 1e-6)
    assert.equal(1, overlap(positive, negative, { bins = 1 }))
  end)

  it("counts an end in its bin, and rounding beyond the range in the outermost", function()
    assert.equal(1, overlap({ 1, -1 }, { 1.0000001, -1.0000001 }))
    assert.equal(1, overlap({ 0.0 }, { 0.49 }, { bins = 4 })) -- [0, 0.5)
    assert.equal(0, overlap({ 0.0 }, { 0.5 }, { bins = 4 }))
    assert.equal(0.5, overlap({ 0, 10 }, { 10 }, { bins = 2, low = 0, high = 10 }))
  end)

  it("refuses values outside, NaN, no pairs, an empty range", function()
    local function fails(text, ...)
      local given = { ... }
      assert.error_matches(function() overlap(table.unpack(given)) end, text, 1, true)
    end
    fails("negative reaches from 0 to 1.5, outside low = -1 to high = 1", { 0 }, { 0, 1.5 })
    fails("positive holds NaN", { 0 / 0 }, { 0 })
    fails("low = 2 is not below high = 1", { 0 }, { 0 }, { low = 2 })
    assert.error_matches(function() as.score { "pair_overlap" }(as.zeros(0), as.zeros(2)) end,
      "positive holds no pair", 1, true)
  end)
end)
