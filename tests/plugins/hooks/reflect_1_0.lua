local as = require "assay"

describe("hooks/reflect_1_0", function()
  it("mirrors what left the box, at both sides", function()
    local sampler = as.sampler { "sketch_weighted", hooks = { { "reflect_1_0", low = 0, high = 1 } } }
    local x = sampler(as.tensor { -0.25, 0.5, 1.25, 7 }, as.zeros(4)):tolist()
    assert.same({ 0.25, 0.5, 0.75, 0 }, x)
  end)
end)
