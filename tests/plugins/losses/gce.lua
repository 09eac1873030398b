local as = require "assay"

-- p of softmax 2 1 0, and -log p
local p <const> = { 0.66524096, 0.24472847, 0.09003057 }
local ce <const> = { 0.40760596, 1.40760596, 2.40760596 }

local function values(q, rows, labels)
  return as.loss { "gce", q = q, reduction = "none" }(as.tensor(rows), as.i64(labels)):tolist()
end

describe("losses/gce", function()
  local three <const> = { { 2, 1, 0 }, { 2, 1, 0 }, { 2, 1, 0 } }

  it("known answers: (1 - p^q) / q, 1 - p at q = 1, -log p towards q = 0", function()
    for k, got in ipairs(values(0.7, three, { 0, 1, 2 })) do
      assert.near((1 - p[k] ^ 0.7) / 0.7, got, 1e-6)
    end
    for k, got in ipairs(values(1, three, { 0, 1, 2 })) do
      assert.near(1 - p[k], got, 1e-6)
    end
    for k, got in ipairs(values(1e-5, three, { 0, 1, 2 })) do
      assert.near(ce[k], got, 4e-5) -- the next term is q / 2 (log p)^2
    end
  end)

  it("keeps its digits where the label is certain", function()
    assert.near(math.exp(-12), values(0.7, { { 12, 0 } }, { 0 })[1], 2e-7) -- f32 beside 1
    assert.near(1 / 0.7, values(0.7, { { 1000, 0 } }, { 1 })[1], 1e-6)
  end)

  it("has the gradient p_y^q (p - onehot)", function()
    local x = as.tensor { { 2, 1, 0 } }:requires_grad_()
    as.loss { "gce", q = 0.5 }(x, as.i64 { 1 }):backward()
    for k, g in ipairs(x.grad:tolist()[1]) do
      assert.near(math.sqrt(p[2]) * (p[k] - (k == 2 and 1 or 0)), g, 1e-6)
    end
  end)

  it("refuses bad input", function()
    local function fails(text, q, row, label)
      assert.error_matches(function() values(q, { row }, { label }) end, text, 1, true)
    end
    fails("q = 0 is outside", 0, { 1, 2 }, 0)
    fails("labels: value 2 at [0], expected 0 <= value < 2", 0.7, { 1, 2 }, 2)
    fails("logits of 1 class, expected 2 classes or more", 0.7, { 1 }, 0)
    fails("logits hold NaN or infinity", 0.7, { 0 / 0, 2 }, 0)
  end)
end)
