local as = require "assay"

local function values(smoothing, logits, labels)
  return as.loss { "cross_entropy", smoothing = smoothing, reduction = "none" }(as.tensor(logits),
    as.i64(labels)):tolist()
end

describe("losses/cross_entropy", function()
  local three = { { 2, 1, 0 }, { 2, 1, 0 }, { 2, 1, 0 } }

  it("known answers: log(e^2 + e + 1) - f_y", function()
    for k, want in ipairs { 0.40760596, 1.40760596, 2.40760596 } do
      assert.near(want, values(0, three, { 0, 1, 2 })[k], 1e-6)
    end
  end)

  it("equal logits cost log C", function()
    assert.near(math.log(4), values(0, { { 7, 7, 7, 7 } }, { 3 })[1], 1e-6)
  end)

  it("smoothing mixes with the mean over the classes", function()
    -- the mean over the classes is 1.40760596; 0.3 of it and 0.7 of the label's
    for k, want in ipairs { 0.70760596, 1.40760596, 2.10760596 } do
      assert.near(want, values(0.3, three, { 0, 1, 2 })[k], 1e-6)
    end
    assert.near(1.40760596, values(1, three, { 2, 2, 2 })[1], 1e-6)
  end)

  it("does not overflow", function()
    assert.near(2000, values(0, { { 1000, -1000 } }, { 1 })[1], 1e-3)
    assert.equal(0, values(0, { { 1000, -1000 } }, { 0 })[1])
  end)

  it("has the gradient p - (1 - s) onehot - s / C, over the mean", function()
    local x = as.tensor { { 2, 1, 0 }, { 0, 0, 0 } }:requires_grad_()
    as.loss { "cross_entropy", smoothing = 0.3 }(x, as.i64 { 1, 0 }):backward()
    local p = { { 0.66524096, 0.24472847, 0.09003057 }, { 1 / 3, 1 / 3, 1 / 3 } }
    local label = { 2, 1 }
    for b, row in ipairs(x.grad:tolist()) do
      for k, g in ipairs(row) do
        assert.near((p[b][k] - (k == label[b] and 0.7 or 0) - 0.1) / 2, g, 1e-6)
      end
    end
  end)

  it("refuses labels that are no class, of another count, and smoothing above 1", function()
    local function call(logits, labels)
      return function() as.loss { "cross_entropy" }(as.tensor(logits), as.i64(labels)) end
    end
    assert.error_matches(call({ { 2, 1 } }, { -1 }), "labels: value -1 at [0], expected 0 <= value < 2", 1,
      true)
    assert.error_matches(call({ { 2, 1 } }, { 0, 1 }), "labels i64[2], expected i64[B]", 1, true)
    assert.error_matches(function() as.loss { "cross_entropy", smoothing = 1.5 } end,
      "smoothing = 1.5 is outside 0 to 1", 1, true)
  end)
end)
