local as = require "assay"

local scores = as.tensor { 0.3, 0.1, 0.4, 0.2 }

describe("samplers/score_subset", function()
  it("keeps the highest, the lowest and a window, in the items' order", function()
    local function kept(o)
      o[1] = "score_subset"
      return as.sampler(o):draw(scores):tolist()
    end
    assert.same({ 0, 2 }, kept { keep = 2 })
    assert.same({ 1, 3 }, kept { keep = 2, rule = "keep_min" })
    assert.same({ 0, 3 }, kept { keep = 2, rule = "offset", offset = 1 })
    assert.same({ 0, 1, 2, 3 }, kept { keep = 4, rule = "random" })
  end)

  it("breaks ties by item, draws without replacement, refuses too many", function()
    local tied = as.sampler { "score_subset", keep = 2, rule = "keep_min" }
    assert.same({ 0, 1 }, tied(as.zeros(5)):tolist())
    local random = as.sampler { "score_subset", keep = 3, rule = "random" }
    local seen = random:draw(as.zeros(5)):tolist()
    assert.is_true(seen[1] < seen[2] and seen[2] < seen[3] and seen[3] < 5)
    assert.has_error(function()
      as.sampler { "score_subset", keep = 5 }:draw(scores)
    end)
  end)
end)
