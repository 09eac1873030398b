local as = require "assay"
local nn = require "assay.nn"

local function value(net, x, labels)
  local score = as.score { "grand" }
  return score { model = net, runs = { net:state() }, x = as.tensor(x), labels = as.i64(labels) }:tolist()
end

local function el2n(logits, label)
  return as.score { "el2n" } (logits:reshape(1, 1, -1), as.i64 { label }):item()
end

local function linear()
  local net = nn.seq { nn.linear { 2, 3 } }
  net:load { "1.weight", "1.bias", ["1.weight"] = as.tensor { { .5, -.25 }, { 0, .75 }, { -.5, .1 } },
    ["1.bias"] = as.tensor { .1, 0, -.2 } }
  return net:eval()
end

-- The page's two-layer net.
local function two_layers()
  local net = nn.seq { nn.linear { 2, 3 }, nn.relu {}, nn.linear { 3, 2 } }
  net:load { "1.weight", "1.bias", "3.weight", "3.bias",
    ["1.weight"] = as.tensor { { 1, -1 }, { .5, .5 }, { -1, 2 } }, ["1.bias"] = as.tensor { 0, .1, -.5 },
    ["3.weight"] = as.tensor { { .3, -.2, .4 }, { -.1, .6, .2 } }, ["3.bias"] = as.tensor { .05, -.05 } }
  return net:eval()
end

describe("scores/grand", function()
  it("has the page's numbers of a linear softmax, over W and over W and b", function()
    local f = linear()(as.tensor { { 1, 2 } })
    assert.near(0.34324366, el2n(f, 1), 1e-6)
    local both = value(linear(), { { 1, 2 } }, { 1 })[1]
    assert.near(0.84077182, both, 1e-6)
    assert.near(el2n(f, 1) * math.sqrt(5 + 1), both, 1e-6)
    local net = linear()
    local weight = { "1.weight", ["1.weight"] = net:state()["1.weight"] } -- b stays as it is: a constant
    assert.near(0.76751615, as.score { "grand" } { model = net, runs = { weight }, x = as.tensor { { 1, 2 } },
      labels = as.i64 { 1 } }:item(), 1e-6)
  end)

  it("has the page's numbers of a net of two layers, where el2n orders items otherwise", function()
    local items, labels = { { 1, 2 }, { -1, .5 }, { 2, .5 } }, { 0, 1, 1 }
    local net = two_layers()
    local f = net(as.tensor(items))
    assert.near(0.73, f:tolist()[1][1], 1e-6)
    assert.near(1.08986673, f:cross_entropy(as.i64(labels)):tolist()[1], 1e-6)
    local want, other = { 3.23125559, 1.53689081, 1.53819725 }, { 0.93866827, 0.84667221, 0.57435017 }
    for i, found in ipairs(value(net, items, labels)) do
      assert.near(want[i], found, 1e-5)
      assert.near(other[i], el2n(f:slice(1, i, i), labels[i]), 1e-6)
    end
  end)

  it("gives an item the same value alone, in a batch, and beyond one batch", function()
    local net = two_layers()
    local x = as.randn(1203, 2)
    local labels = (x:slice(2, 1, 1):gt(0)):reshape(-1):to "i64"
    local all = as.score { "grand" } { model = net, runs = { net:state() }, x = x, labels = labels }:tolist()
    for _, i in ipairs { 1, 500, 501, 1203 } do
      local alone = as.score { "grand" } { model = net, runs = { net:state() }, x = x:slice(1, i, i),
        labels = labels:slice(1, i, i) }
      assert.near(alone:item(), all[i], 1e-5)
    end
  end)

  it("calls a model that was left in train mode in evaluation, and leaves it as it was", function()
    local net = nn.seq { nn.batch_norm { 2 }, nn.linear { 2, 2 } }
    net(as.randn(50, 2) * 3) -- moves the running statistics
    local items, labels = { { 1, 2 }, { -1, .5 } }, { 0, 1 }
    local left, state = value(net, items, labels), net:state()
    assert.equal("train", net.mode)
    assert.same(left, value(net:eval(), items, labels))
    assert.same(state["1.running_mean"]:tolist(), net:state()["1.running_mean"]:tolist())
  end)

  it("is the mean of the runs' norms", function()
    local net, other = two_layers(), two_layers()
    local moved = other:state()
    moved["3.weight"] = moved["3.weight"] * -2
    other:load(moved)
    local both = as.score { "grand" } { model = net, runs = { net:state(), other:state() },
      x = as.tensor { { 1, 2 } }, labels = as.i64 { 0 } }:item()
    assert.near((value(net, { { 1, 2 } }, { 0 })[1] + value(other, { { 1, 2 } }, { 0 })[1]) / 2, both, 1e-5)
  end)

  it("refuses no run, labels that are none and logits that are not finite", function()
    local net = two_layers()
    assert.error_matches(function()
      as.score { "grand" } { model = net, runs = {}, x = as.zeros(1, 2), labels = as.i64 { 0 } }
    end, "runs")
    assert.error_matches(function() value(net, { { 1, 2 } }, { 2 }) end, "index 2 at place 0")
    assert.error_matches(function() value(net, { { 1, 2 } }, { 0, 1 }) end, "labels")
    assert.error_matches(function() value(net, { { 1, 0 / 0 } }, { 0 }) end, "items 0 to 0 hold NaN")
  end)
end)
