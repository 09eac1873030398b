local as = require "assay"

local function loss(o, x, y)
  o[1] = "pseudo_huber"
  return as.loss(o)(as.tensor(x), as.tensor(y))
end

describe("losses/pseudo_huber", function()
  it("known answers of whole items", function()
    -- r = (1, 0, -2): sqrt(5 + 1) - 1
    assert.near(1.44948974, loss({ c = 1, scaled = false }, { { 1, 2, 3 } }, { { 0, 2, 5 } }):item(), 1e-6)
    for r, want in pairs { [0.1] = 0.00990195, [1] = 0.61803399, [10] = 9.51249220 } do
      -- the same length along one axis and spread over two
      local x = { { r, 0 }, { 0.6 * r, 0.8 * r } }
      local each = loss({ c = 0.5, scaled = false, reduction = "none" }, x, { { 0, 0 }, { 0, 0 } }):tolist()
      assert.near(want, each[1], 1e-6 * want)
      assert.near(want, each[2], 1e-6 * want)
    end
  end)

  it("c is 0.00054 times the root of the numbers an item", function()
    for d, want in pairs { [3072] = 0.02992984, [784] = 0.01512, [196] = 0.00756, [64] = 0.00432 } do
      -- |r| = 1: loss = sqrt(1 + c^2) - c, so c = (1 - loss^2) / (2 loss)
      local x = as.zeros(1, d)
      x:slice(2, 1, 1):fill_(1)
      local value = as.loss { "pseudo_huber" }(x, as.zeros(1, d)):item()
      assert.near(want, (1 - value ^ 2) / (2 * value), 2e-7)
    end
  end)

  it("does not cancel where the items are near, and has no gradient where they are equal", function()
    local x = as.tensor { { 1e-6, 0 }, { 0, 0 } }:requires_grad_()
    local each = as.loss { "pseudo_huber", c = 0.5, scaled = false, reduction = "none" }(x, as.zeros(2, 2))
    assert.near(1e-12, each:tolist()[1], 1e-17) -- r^2 / 2c
    each:sum():backward()
    assert.near(2e-6, x.grad:tolist()[1][1], 1e-11) -- r / c
    assert.same({ 0, 0 }, x.grad:tolist()[2])
  end)

  it("refuses bad input", function()
    assert.error_matches(function() loss({ c = 0 }, { { 1 } }, { { 1 } }) end, "c = 0 is outside", 1, true)
    assert.error_matches(function() loss({ c = -1 }, { { 1 } }, { { 1 } }) end, "c = -1 is outside", 1, true)
    assert.error_matches(function() loss({}, { { 1 } }, { { 1, 2 } }) end, "y f32[1,2]", 1, true)
  end)
end)
