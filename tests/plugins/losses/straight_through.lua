local as = require "assay"

describe("losses/straight_through", function()
  it("has the gradient of y = x + constant: y = 1, 0 for x = 2, -1", function()
    -- loss = mean y^2 (x + 1/2) = (2.5 + 0) / 2; d = (2 y (x + 1/2) + y^2) / 2 = (2 * 2.5 + 1) / 2, 0
    local x = as.tensor { { 2, -1 } }:requires_grad_()
    local loss = as.loss { "straight_through" }(x)
    loss:backward()
    assert.near(1.25, loss:item(), 1e-6)
    assert.near(3, x.grad:tolist()[1][1], 1e-6)
    assert.near(0, x.grad:tolist()[1][2], 1e-6)
  end)
end)
