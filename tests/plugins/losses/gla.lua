local as = require "assay"

local f <const> = { 1, 0.5, -0.2 }
local prior <const> = { 0.7, 0.2, 0.1 }

-- The loss of the page's logits at one label.
local function value(label, target, tau)
  local loss = as.loss { "gla", tau = tau }
  return loss(as.tensor { f }, as.i64 { label }, as.tensor(prior), as.tensor(target)):item()
end

describe("losses/gla", function()
  it("has the known answers", function()
    local even, reversed = { 1 / 3, 1 / 3, 1 / 3 }, { 0.1, 0.2, 0.7 }
    assert.near(1.845911365, value(2, prior), 1e-6) -- pi = pi_s: cross-entropy
    assert.near(3.341741880, value(2, even), 1e-6) -- balanced softmax
    assert.near(5.180558070, value(2, reversed), 1e-6)
    assert.near(0.088737772, value(0, reversed), 1e-6)
    assert.near(1.845911365, value(2, reversed, 0), 1e-6) -- tau = 0
  end)

  it("is cross-entropy, with its gradient, where the distributions are one", function()
    local x, y = as.randn(5, 3), as.i64 { 0, 1, 2, 1, 0 }
    local a, b = x:clone():requires_grad_(), x:clone():requires_grad_()
    as.loss { "gla" }(a, y, as.tensor(prior), as.tensor(prior)):backward()
    b:cross_entropy(y):mean():backward()
    for i, row in ipairs(b.grad:tolist()) do
      for k, g in ipairs(row) do
        assert.near(g, a.grad:tolist()[i][k], 1e-6)
      end
    end
  end)

  it("has the gradient p - onehot of the adjusted logits", function()
    -- f + ln(pi_s / pi) of the reversed target: 1 + ln 7, 0.5, -0.2 - ln 7
    local a = { math.exp(1) * 7, math.exp(0.5), math.exp(-0.2) / 7 }
    local sum = a[1] + a[2] + a[3]
    local x = as.tensor { f }:requires_grad_()
    as.loss { "gla" }(x, as.i64 { 2 }, as.tensor(prior), as.tensor { 0.1, 0.2, 0.7 }):backward()
    for k, g in ipairs(x.grad:tolist()[1]) do
      assert.near(a[k] / sum - (k == 3 and 1 or 0), g, 1e-6)
    end
  end)

  it("takes a target without some class: 1e-6 in its place", function()
    local got = value(0, { 0.5, 0.5, 0 })
    local e = { math.exp(1) * 1.4, math.exp(0.5) * 0.4, math.exp(-0.2) * 1e5 }
    assert.near(-math.log(e[1] / (e[1] + e[2] + e[3])), got, 1e-5)
  end)

  it("refuses bad input", function()
    local function fails(text, given_prior, target)
      assert.error_matches(function()
        as.loss { "gla" }(as.tensor { f }, as.i64 { 0 }, as.tensor(given_prior), as.tensor(target))
      end, text, 1, true)
    end
    fails("prior sums to 0.9, expected 1", { 0.6, 0.2, 0.1 }, prior)
    fails("target sums to 1.1, expected 1", prior, { 0.8, 0.2, 0.1 })
    fails("target holds -0.1, expected frequencies from 0", prior, { 0.9, 0.2, -0.1 })
    fails("prior has a class of frequency 0", { 0.8, 0.2, 0 }, prior)
    fails("prior f32[2], expected f32[C] with C = 3", { 0.8, 0.2 }, prior)
    assert.error_matches(function() as.loss { "gla", tau = -1 } end, "tau = -1 is outside", 1, true)
  end)
end)
