local as = require "assay"

describe("losses/missing_detach", function()
  it("has the gradient 2 (x - target) / n with a constant target: 2 (3 - 1.5) / 2", function()
    local x = as.tensor { { 3, 0 } }:requires_grad_()
    as.loss { "missing_detach" }(x):backward()
    assert.near(1.5, x.grad:tolist()[1][1], 1e-6)
  end)
end)
