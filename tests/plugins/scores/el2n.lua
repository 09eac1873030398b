local as = require "assay"

local function value(kind, logits, label)
  return as.score { "el2n", kind = kind } (as.tensor { { logits } }, as.i64 { label }):item()
end

describe("scores/el2n", function()
  it("is the norm of p - onehot(y)", function()
    assert.near(0.42433612, value("el2n", { 2, 1, 0 }, 0), 1e-6)
    assert.near(1.15346518, value("el2n", { 2, 1, 0 }, 2), 1e-6)
    assert.near(math.sqrt(0.9), value("el2n", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, 3), 1e-6)
    assert.near(0.93866827, value("el2n", { 0.73, 1.41 }, 0), 1e-6)
    assert.near(math.sqrt(2), value("el2n", { 60, 0, 0 }, 1), 1e-6)
    assert.near(0, value("el2n", { 60, 0, 0 }, 0), 1e-6)
  end)

  it("has the variants of the official code", function()
    -- p = 0.66524096, 0.24472847, 0.09003057
    assert.near(2 * (1 - 0.66524096), value("l1", { 2, 1, 0 }, 0), 1e-6)
    assert.near(0.24472847 - 0.66524096, value("max_margin", { 2, 1, 0 }, 0), 1e-6)
    assert.near(0.66524096 - 0.09003057, value("max_margin", { 2, 1, 0 }, 2), 1e-6)
    assert.near(1 - 3 * 0.66524096, value("sum_margin", { 2, 1, 0 }, 0), 1e-6)
  end)

  it("is a mean over runs, one number an item", function()
    local both = as.score { "el2n" } (as.tensor { { { 2, 1, 0 } }, { { 0, 0, 0 } } }, as.i64 { 0 })
    assert.near((0.42433612 + math.sqrt(2 / 3)) / 2, both:item(), 1e-6)
    assert.has_error(function()
      as.score { "el2n" } (as.tensor { { { 2, 1, 0 / 0 } } }, as.i64 { 0 })
    end)
  end)

  it("refuses no run, labels out of range, another number of labels", function()
    local score, logits = as.score { "el2n" }, as.zeros(1, 2, 3)
    assert.error_matches(function() score(as.zeros(0, 2, 3), as.i64 { 0, 1 }) end, "no run")
    assert.error_matches(function() score(logits, as.i64 { 0, 3 }) end, "labels")
    assert.error_matches(function() score(logits, as.i64 { 0 }) end, "labels")
    assert.error_matches(function() score(logits, as.tensor { 0, 1 }) end, "labels")
  end)
end)
