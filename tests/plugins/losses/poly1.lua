local as = require "assay"

-- -log p + epsilon (1 - p); f32 keeps seven digits
local function value(epsilon, logits, label)
  return as.loss { "poly1", epsilon = epsilon }(as.tensor { logits }, as.i64 { label }):item()
end

describe("losses/poly1", function()
  it("known answer: p = e^2 / (e^2 + e + 1)", function()
    assert.near(0.742365, value(1, { 2, 1, 0 }, 0), 1e-6)
  end)

  it("epsilon 0 is cross-entropy, -1 subtracts the miss", function()
    assert.near(0.40760596, value(0, { 2, 1, 0 }, 0), 1e-6)
    assert.near(0.40760596 - (1 - 0.66524096), value(-1, { 2, 1, 0 }, 0), 1e-6)
  end)

  it("keeps the digits of 1 - p near p = 1", function()
    -- from the loss L = -log p at epsilon 0: 1 - p = 1 - e^-L in double. 1 - exp(log p) in f32 loses half of
    -- its digits here
    for gap = 4, 12 do
      local l = value(0, { gap, 0 }, 0)
      local miss = 1 - math.exp(-l)
      assert.near(l + 10 * miss, value(10, { gap, 0 }, 0), 1e-6 * l)
    end
  end)

  it("has the gradient (1 + epsilon p_y) (p - onehot)", function()
    local x = as.tensor { { 2, 1, 0 } }:requires_grad_()
    as.loss { "poly1", epsilon = 2 }(x, as.i64 { 1 }):backward()
    local p = { 0.66524096, 0.24472847, 0.09003057 }
    for k, g in ipairs(x.grad:tolist()[1]) do
      assert.near((1 + 2 * p[2]) * (p[k] - (k == 2 and 1 or 0)), g, 1e-6)
    end
  end)

  it("refuses an epsilon below -1 and a label that is no class", function()
    assert.error_matches(function() as.loss { "poly1", epsilon = -3 } end,
      "losses/poly1: epsilon = -3 is outside -1 to 10", 1, true)
    assert.error_matches(function() value(1, { 2, 1, 0 }, 3) end,
      "labels: value 3 at [0], expected 0 <= value < 3", 1, true)
  end)
end)
