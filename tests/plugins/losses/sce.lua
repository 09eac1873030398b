local as = require "assay"

-- p of softmax 2 1 0, and -log p
local p <const> = { 0.66524096, 0.24472847, 0.09003057 }
local ce <const> = { 0.40760596, 1.40760596, 2.40760596 }

local function values(bal, rows, labels)
  return as.loss { "sce", bal = bal, reduction = "none" }(as.tensor(rows), as.i64(labels)):tolist()
end

describe("losses/sce", function()
  local three <const> = { { 2, 1, 0 }, { 2, 1, 0 }, { 2, 1, 0 } }

  it("known answers: (1 - bal) (-log p) + bal 4 (1 - p); cross-entropy at bal = 0", function()
    for _, bal in ipairs { 0, 0.05, 0.5, 0.95, 1 } do
      for k, got in ipairs(values(bal, three, { 0, 1, 2 })) do
        assert.near((1 - bal) * ce[k] + bal * 4 * (1 - p[k]), got, 1e-6)
      end
    end
  end)

  it("has the gradient ((1 - bal) + 4 bal p_y) (p - onehot)", function()
    local x = as.tensor { { 2, 1, 0 } }:requires_grad_()
    as.loss { "sce", bal = 0.25 }(x, as.i64 { 1 }):backward()
    for k, g in ipairs(x.grad:tolist()[1]) do
      assert.near((0.75 + p[2]) * (p[k] - (k == 2 and 1 or 0)), g, 1e-6)
    end
  end)

  it("refuses bad input", function()
    local function fails(text, bal, row, label)
      assert.error_matches(function() values(bal, { row }, { label }) end, text, 1, true)
    end
    fails("bal = 1.1 is outside 0 to 1", 1.1, { 1, 2 }, 0)
    fails("labels: value -1 at [0], expected 0 <= value < 2", 0.5, { 1, 2 }, -1)
    fails("logits of 1 class, expected 2 classes or more", 0.5, { 1 }, 0)
    fails("logits hold NaN or infinity", 0.5, { 0 / 0, 2 }, 0)
  end)
end)
