local as = require "assay"

describe("losses/surrogate", function()
  it("is <g, x> with g constant, so that the value is <gradient, x>", function()
    local x = as.tensor { { 10, -10 }, { 10, 0 } }:requires_grad_()
    local loss = as.loss { "surrogate" }(x)
    loss:backward()
    assert.near(loss:item(), (x * x.grad):sum():item(), 1e-5)
    -- size = 0.9 + 0.1 mean |g + 0.01 x| + mean x^2, about 76; g = tanh(x) + 0.1 z: |g| within 0.4 of 1
    local g = x.grad:tolist()
    assert.near(1 / 76, g[1][1], 0.4 / 76)
    assert.near(-1 / 76, g[1][2], 0.4 / 76)
  end)
end)
