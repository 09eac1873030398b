local as = require "assay"
local nn = require "assay.nn"

local function state(W1, b1, W2)
  return { "1.weight", "1.bias", "3.weight", ["1.weight"] = as.tensor(W1), ["1.bias"] = as.tensor(b1),
    ["3.weight"] = as.tensor(W2) }
end

local a = state({ { 1, 0 }, { 0, 2 }, { 1, 1 } }, { .1, .2, .3 }, { { 1, -1, .5 } })
local b = state({ { 1.1, 1 }, { 1, -.1 }, { .1, 2.1 } }, { .3, .1, .2 }, { { .55, 1.05, -.95 } })
local matched = state({ { 1, -.1 }, { .1, 2.1 }, { 1.1, 1 } }, { .1, .2, .3 }, { { 1.05, -.95, .55 } })

describe("scores/sv_alignment", function()
  it("has the page's numbers before and after matching", function()
    local score = as.score { "sv_alignment", gamma = { 0, 0.6 } }
    local before, spectra = score { first = a, second = b }
    assert.near(0.01134306, before[1]:item(), 1e-7)
    assert.near(0.08508390, before[2]:item(), 1e-7)
    local after, same = score { first = a, second = matched, before = b }
    assert.near(0.99822639, after[1]:item(), 1e-7)
    assert.near(0.99870342, after[2]:item(), 1e-7)
    assert.near(0.0475, score.reports.distance2, 1e-6)
    assert.near(94.374092, score.reports.reduction, 1e-4)
    local s = spectra:tolist()
    assert.near(2.30277564, s[1][1], 1e-7)
    assert.near(1.30277564, s[1][2], 1e-7)
    assert.near(2.41371414, s[2][1], 1e-7)
    assert.near(1.34684225, s[2][2], 1e-7)
    assert.is_true((spectra - same):abs():max():item() < 1e-7)
  end)

  it("agrees with theorem 4.1: <W_a, P W_b> is the double sum over singular triples", function()
    local ua, sa, va = a["1.weight"]:to("f64"):svd()
    local ub, sb, vb = matched["1.weight"]:to("f64"):svd()
    local inner = ua:transpose(1, 2):matmul(ub) * va:matmul(vb:transpose(1, 2))
    assert.near(7.3, (a["1.weight"] * matched["1.weight"]):sum():item(), 1e-6)
    assert.near(7.3, (sa:unsqueeze(2) * sb:unsqueeze(1) * inner):sum():item(), 1e-6)
  end)

  it("is 1 of a network and itself, at every threshold, also where a layer lacks rank", function()
    local net = nn.seq { nn.conv2d { 2, 5, 3 }, nn.flatten {}, nn.linear { 20, 7 } }:state()
    net["3.weight"] = as.randn(7, 2):matmul(as.randn(2, 20))
    local value = as.score { "sv_alignment", gamma = { 0, 0.3, 0.5, 1 } } { first = net, second = net }
    assert.is_true((value - 1):abs():max():item() < 1e-6)
  end)

  it("measures barrier and estimate of (t^2 - 1)^2 between -1 and 1: 1 and 4", function()
    local net = nn.seq { nn.linear { 1, 1, bias = false }, function(t) return (t:square() - 1):square() end }
    local function at(t) return { "1.weight", ["1.weight"] = as.tensor { { t } } } end
    local score = as.score { "sv_alignment" }
    score { first = at(-1), second = at(1), model = net, x = as.ones(1, 1) }
    assert.near(1, score.reports.barrier, 1e-6)
    assert.near(4, score.reports.estimate, 1e-5)
    assert.near(0, score.reports.loss_first, 1e-7)
  end)

  it("takes the cross-entropy where there are labels", function()
    local one, two = nn.linear { 4, 3 }, nn.linear { 4, 3 }
    local x, y = as.randn(20, 4), as.randint(3, { 20 })
    local score, most = as.score { "sv_alignment", points = 5 }, -1
    score { first = one:state(), second = two:state(), model = one, x = x, labels = y }
    local function L(lam) return (one(x) * (1 - lam) + two(x) * lam):cross_entropy(y):mean():item() end
    for k = 0, 4 do most = math.max(most, L(k / 4) - (1 - k / 4) * L(0) - k / 4 * L(1)) end
    assert.near(most, score.reports.barrier, 1e-5)
    assert.near(L(1), score.reports.loss_second, 1e-5)
  end)

  it("refuses bad input", function()
    local function fails(text, given)
      assert.error_matches(function() as.score { "sv_alignment" }(given) end, text, 1, true)
    end
    fails('second has no "1.bias"', { first = a, second = { "1.weight", ["1.weight"] = b["1.weight"] } })
    fails('"1.weight" of second is not of first\'s shape',
      { first = a, second = state({ { 1, 2 } }, { 1, 2, 3 }, { { 1, 2, 3 } }) })
    fails('"1.bias" of first or second holds NaN',
      { first = a, second = state({ { 1, 0 }, { 0, 2 }, { 1, 1 } }, { .1, 0 / 0, .3 }, { { 1, -1, .5 } }) })
  end)
end)
