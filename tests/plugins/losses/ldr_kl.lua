local as = require "assay"

local f <const> = { 2, 1, 0 }

-- The loss of the same logits with each label in turn; page numbers hold to 1e-6 + 1e-5 relative.
local function by_label(o, logits)
  local rows, labels = {}, {}
  for k = 1, #logits do
    rows[k], labels[k] = logits, k - 1
  end
  o[1], o.reduction = "ldr_kl", "none"
  return as.loss(o)(as.tensor(rows), as.i64(labels)):tolist()
end

local function agree(want, got)
  for k = 1, #want do
    assert.near(want[k], got[k], 1e-6 + 1e-5 * math.abs(want[k]))
  end
end

-- lam (logsumexp_k x_k - log K) in Lua's doubles, max subtracted
local function reference(logits, label, lam, margin)
  local x, m, sum = {}, -math.huge, 0
  for k, v in ipairs(logits) do
    x[k] = (v - logits[label] + (k == label and 0 or margin)) / lam
    m = math.max(m, x[k])
  end
  for k = 1, #x do
    sum = sum + math.exp(x[k] - m)
  end
  return lam * (m + math.log(sum / #x))
end

describe("losses/ldr_kl", function()
  it("lam 1, margin 0 is cross-entropy minus log C", function()
    local got = by_label({ lam = 1, margin = 0 }, f)
    agree({ -0.69100632, 0.30899368, 1.30899368 }, got)
    local cross_entropy = as.loss { "cross_entropy", reduction = "none" }
    local ce = cross_entropy(as.tensor { f, f, f }, as.i64 { 0, 1, 2 }):tolist()
    for k = 1, 3 do
      assert.near(ce[k], got[k] + math.log(3), 1e-6)
    end
  end)

  it("known answers with the default margin 0.1", function()
    agree({ -0.10984889, 0.99014044, 1.99014331 }, by_label({ lam = 0.1 }, f))
    agree({ -0.65640500, 0.38542921, 1.40038922 }, by_label({}, f))
    agree({ -0.90329487, 0.10019390, 1.10334962 }, by_label({ lam = 10 }, f))
  end)

  it("limits: the largest difference for small lam, the mean for large", function()
    agree({ [3] = 1.99890139 }, { [3] = by_label({ lam = 1e-3, margin = 0 }, f)[3] })
    assert.near(1.99890139, by_label({ lam = 1e-3, margin = 0 }, f)[3], 2e-5)
    agree({ -0.99996667, 0.00003333, 1.00003333 }, by_label({ lam = 1e4, margin = 0 }, f))
    local all = by_label({ lam = 1e4, margin = 0.1 }, f)
    assert.near(0.200100, all[1] + all[2] + all[3], 3e-6)
  end)

  it("keeps its digits with logits of size 100 at both ends of lam", function()
    local far = { 100, -100, 50 }
    for _, lam in ipairs { 1e-3, 1, 1e4 } do
      local got = by_label({ lam = lam, margin = 0.1 }, far)
      for k = 1, 3 do
        local want = reference(far, k, lam, 0.1)
        assert.near(want, got[k], 1e-6 + 1e-5 * math.abs(want))
      end
      local x = as.tensor { far, far, far }:requires_grad_()
      as.loss { "ldr_kl", lam = lam }(x, as.i64 { 0, 1, 2 }):backward()
      assert.near(0, x.grad:sum():item(), 1e-6)
    end
  end)

  it("has the gradient softmax((f + c) / lam) - onehot", function()
    local x = as.tensor { f }:requires_grad_()
    as.loss { "ldr_kl", lam = 2 }(x, as.i64 { 1 }):backward()
    local g = x.grad:tolist()[1]
    agree({ 0.51418396, -0.70334166, 0.18915771 }, g)
    assert.near(0, g[1] + g[2] + g[3], 1e-6)
  end)

  it("is consistent: lam log q minimises the expected loss", function()
    local q = as.tensor { 0.5, 0.3, 0.2 }
    local best = { -1.38629436, -2.40794561, -3.21887582 }
    local x = as.tensor(best):requires_grad_()
    local rows = x:reshape(1, 3):expand(3, 3)
    local losses = as.loss { "ldr_kl", lam = 2, margin = 0, reduction = "none" }(rows, as.i64 { 0, 1, 2 })
    local expected = (losses * q):sum()
    expected:backward()
    assert.near(-0.13791855, expected:item(), 1e-6)
    for _, g in ipairs(x.grad:tolist()) do
      assert.near(0, g, 1e-6)
    end
  end)

  it("softplus_mean: f becomes 1.54373675, 0.95317299, 0.50309026", function()
    local got = by_label({ normalize = "softplus_mean" }, f)
    assert.near(-0.40413774, got[1], 1e-6)
    agree(by_label({}, { 1.54373675, 0.95317299, 0.50309026 }), got)
  end)

  it("l1_mean: f is divided by the mean size, and the gradient knows it", function()
    -- f / 1 here. At the temperature ALDR-KL comes to, its loss without the constant -0.01612538
    agree({ -0.62439775, 0.42311061, 1.43780948 }, by_label({ lam = 0.87884741, normalize = "l1_mean" }, f))
    agree(by_label({}, { -1.5, 0, 1.5 }), by_label({ normalize = "l1_mean" }, { -300, 0, 300 }))
    -- scaling the logits changes nothing, so the gradient is at right angles to them
    local x = as.tensor { { 3, -1, 0.5 } }:requires_grad_()
    as.loss { "ldr_kl", normalize = "l1_mean" }(x, as.i64 { 1 }):backward()
    local g = x.grad:tolist()[1]
    assert.near(0, 3 * g[1] - g[2] + 0.5 * g[3], 1e-6)
    assert.is_true(math.abs(g[1]) > 0.01)
  end)

  it("refuses bad input", function()
    local function call(o, logits, labels)
      o[1] = "ldr_kl"
      return function() as.loss(o)(as.tensor(logits), as.i64(labels)) end
    end
    assert.error_matches(call({}, { f }, { 3 }), "labels: value 3 at [0], expected 0 <= value < 3", 1, true)
    assert.error_matches(call({}, { f }, { -1 }), "labels: value -1 at [0]", 1, true)
    assert.error_matches(call({ lam = 0 }, { f }, { 0 }), "losses/ldr_kl: lam = 0 is outside", 1, true)
    assert.error_matches(call({ lam = -1 }, { f }, { 0 }), "lam = -1 is outside", 1, true)
    assert.error_matches(call({ margin = -0.1 }, { f }, { 0 }), "margin = -0.1 is outside", 1, true)
    assert.error_matches(call({}, { { 1 } }, { 0 }), "logits of 1 class, expected 2 classes", 1, true)
    assert.error_matches(call({ normalize = "l1_mean" }, { f, { 0, 0, 0 } }, { 0, 0 }),
      "all logits of an item are 0", 1, true)
    assert.error_matches(call({}, { { 0 / 0, 1, 2 } }, { 0 }), "logits hold NaN or infinity", 1, true)
    assert.error_matches(call({}, { { math.huge, 1, 2 } }, { 0 }), "logits hold NaN or infinity", 1, true)
    assert.error_matches(call({ normalize = "l2" }, { f }, { 0 }), "normalize", 1, true)
  end)
end)
