local as = require "assay"

describe("plugins of other builds and languages", function()
  it("one of the frozen ABI 1.0 is loaded and called", function()
    local loss = as.loss { "frozen_1_0", weight = 3, list = { 1, 0.5 }, reduction = "none" }
    assert.same({ 7.5, 10.5 }, loss(as.tensor { 2, 3 }):tolist())
    assert.equal(1, loss.reports.count)
    assert.same({ 1 }, loss:state().calls:tolist())
    assert.same({ 0.5, 0.25 }, as.loss { "frozen_1_0" }.params.list)
    assert.error_matches(function()
      as.loss { "frozen_1_0", list = { 2 } }
    end, "list = 2 is outside 0 to 1", 1, true)
  end)

  it("C++ with several in one file", function()
    local set = as.dataset { "counted", items = 20 }
    assert.same({ 20, 1 }, set.train.x:shape())
    assert.equal(9, set.train.y:tolist()[20])
    assert.equal(2, #as.dataset { "counted_again" }.splits)
  end)
end)
