local as = require "assay"
local nn = require "assay.nn"

local function net(...)
  local sizes = { ... }
  return nn.seq { nn.linear { sizes[1], sizes[2] }, nn.relu {}, nn.linear { sizes[2], sizes[3] } }
end

-- Two classes that a ring parts, a network that knows them, and the same one under a permutation
local function problem(width)
  local x = as.randn(400, 2)
  local y = (x:square():sum(2):gt(1.4)):to "i64"
  local f = net(2, width, 2)
  local opt = as.optim.adam { f, lr = 0.02 }
  for _ = 1, 200 do
    as.scope(function() opt:update(f(x):cross_entropy(y):mean()) end)
  end
  local g, theta, order = f:clone(), f:state(), as.permutation(width)
  g:load { "1.weight", "1.bias", "3.weight", "3.bias",
    ["1.weight"] = theta["1.weight"]:index_select(order, 1),
    ["1.bias"] = theta["1.bias"]:index_select(order, 1),
    ["3.weight"] = theta["3.weight"]:index_select(order, 2), ["3.bias"] = theta["3.bias"] }
  return f, g, x, y
end

local function loss_of(f, theta, x, y)
  return as.no_grad(function() return f:call_with(theta, x):cross_entropy(y):mean():item() end)
end

describe("soups/ste_match", function()
  it("has the page's Sinkhorn of [[1,0],[0,2]]", function()
    local f, g = net(3, 2, 2), net(3, 2, 2)
    local soup = as.soup { "ste_match", epochs = 0 }
    local _, perm, soft = soup { states = { f, g }, model = f, x = as.randn(4, 3),
      labels = as.i64 { 0, 1, 1, 0 },
      start = { "1.weight", ["1.weight"] = as.tensor { { 1, 0 }, { 0, 2 } } } }
    local wanted = as.tensor { { 0.81757448, 0.18242553 }, { 0.18242552, 0.81757447 } }
    assert.is_true((soft - wanted):abs():max():item() < 1e-6)
    assert.same({ 0, 1 }, perm:tolist()[2])
  end)

  it("lowers the loss of the middle from no alignment, and leaves the first model as it is", function()
    local f, g, x, y = problem(12)
    local before, theta = loss_of(f, as.soup { "uniform" } { f, g }, x, y), f:state()
    local soup = as.soup { "ste_match", epochs = 30, batch = 100, subset = 400 }
    local merged, perm = soup { states = { f, g }, model = f, x = x, labels = y }
    assert.near(soup.reports.loss, loss_of(f, merged, x, y), 1e-5)
    assert.is_true(soup.reports.loss < 0.7 * before)
    assert.is_false(perm[2]:equal(perm[1]))
    local units = perm[2]:tolist()
    table.sort(units)
    assert.same(perm[1]:tolist(), units)
    assert.is_true(f:state()["1.weight"]:equal(theta["1.weight"]))
  end)

  it("begins at the solution of weight matching in the other mode", function()
    local f, g, x, y = problem(12)
    local both = { states = { f, g }, model = f, x = x, labels = y }
    local soup = as.soup { "ste_match", mode = "rebasin", epochs = 1, batch = 400, lr = 0.01 }
    local merged, perm = soup(both)
    local wm, by_weights = as.soup { "weight_match" } { f, g }
    assert.is_true(perm:equal(by_weights))
    assert.is_true(merged["1.weight"]:equal(wm["1.weight"]))
    assert.near(loss_of(f, f:state(), x, y), soup.reports.loss, 1e-5)
  end)

  it("refuses bad input", function()
    local f, g, x, y = net(3, 4, 2), net(3, 4, 2), as.randn(6, 3), as.i64 { 0, 1, 0, 1, 0, 1 }
    local function fails(text, given)
      assert.error_matches(function() as.soup { "ste_match", epochs = 1 }(given) end, text, 1, true)
    end
    fails("x was not given", { states = { f, g }, model = f, labels = y })
    fails("model was not given", { states = { f, g }, x = x, labels = y })
    fails("1 state, expected 2", { states = { f }, model = f, x = x, labels = y })
    fails("start of permutation 1.weight is not 4 by 4", { states = { f, g }, model = f, x = x, labels = y,
      start = { "1.weight", ["1.weight"] = as.ones(3, 3) } })
  end)
end)
