local as = require "assay"
local nn = require "assay.nn"

-- The page's toy: f(x) = V tanh(U x)
local function toy()
  local net = nn.seq { nn.linear { 2, 2, bias = false }, nn.tanh {}, nn.linear { 2, 3, bias = false } }
  local U, V = as.tensor { { .5, -.3 }, { .2, .8 } }, as.tensor { { 1, .2 }, { -.4, .6 }, { .1, -.9 } }
  local dU, dV = as.tensor { { .2, .1 }, { -.1, .15 } }, as.tensor { { .3, -.2 }, { .1, .25 }, { -.2, .1 } }
  local function state(u, v)
    return { "1.weight", "3.weight", ["1.weight"] = u, ["3.weight"] = v }
  end
  return net, state(U, V), state(U + dU, V + dV)
end

local x, labels = as.tensor { { 1, .5 }, { -.7, 1.2 }, { .3, -1.1 } }, as.i64 { 0, 1, 2 }

local function gap(lam)
  local net, first, second = toy()
  local score = as.score { "soup_gap", lam = lam }
  local predicted, measured = score { first = first, second = second, model = net, x = x, labels = labels }
  return predicted:item(), measured:item(), score.reports
end

describe("scores/soup_gap", function()
  it("has the page's numbers at lam = 0.5", function()
    local predicted, measured, r = gap(0.5)
    assert.near(0.626399779, r.soup, 1e-6)
    assert.near(0.625071459, r.ensemble, 1e-6)
    assert.near(0.001328320, measured, 1e-6)
    assert.near(0.014949209, r.curvature, 1e-5)
    assert.near(0.025360647, r.variance, 1e-6)
    assert.near(0.001301430, predicted, 1e-5)
  end)

  it("has the page's numbers at lam = 0.25", function()
    local predicted, measured, r = gap(0.25)
    assert.near(0.001183342, measured, 1e-6)
    assert.near(0.009713945, r.curvature, 1e-5)
    assert.near(0.026341845, r.variance, 1e-6)
    assert.near(0.001558866, predicted, 1e-5)
  end)

  it("is 0 for a linear model, at every lam and beta", function()
    local net = nn.linear { 2, 3 }
    local one, two = nn.linear { 2, 3 }, nn.linear { 2, 3 }
    for _, lam in ipairs { 0, 0.3, 0.5, 1 } do
      local predicted, measured = as.score { "soup_gap", lam = lam, beta = 2 } {
        first = one:state(), second = two:state(), model = net, x = x, labels = labels }
      assert.near(0, predicted:item(), 1e-6)
      assert.near(0, measured:item(), 1e-6)
    end
  end)

  it("reports the angle at the base", function()
    local function flat(a, b, c)
      return { "weight", weight = as.tensor { { a, b, c } } }
    end
    local score = as.score { "soup_gap" }
    score { first = flat(4, 1, 5), second = flat(1, 1, 3), base = flat(1, 1, 1), labels = as.i64 { 0 },
      model = nn.linear { 3, 1, bias = false }, x = as.ones(1, 3) }
    assert.near(0.8, score.reports.cos, 1e-12) -- differences (3,0,4) and (0,0,2)
    assert.error_matches(function()
      score { first = flat(1, 1, 1), second = flat(1, 1, 3), base = flat(1, 1, 1), labels = as.i64 { 0 },
        model = nn.linear { 3, 1, bias = false }, x = as.ones(1, 3) }
    end, "the first model is the base", 1, true)
  end)

  it("refuses models of other names", function()
    local net, first = toy()
    assert.error_matches(function()
      as.score { "soup_gap" } { first = first, second = { "1.weight", ["1.weight"] = first["1.weight"] },
        model = net, x = x, labels = labels }
    end, 'second has no "3.weight"', 1, true)
  end)
end)
