-- Networks: layers against numbers worked out by hand; names, state, call_with, taps, groups.
local as = require "assay"
local nn = require "assay.nn"

local function near(expected, x, tolerance)
  local function walk(e, v)
    if type(e) == "table" then
      assert.equal(#e, #v)
      for i = 1, #e do
        walk(e[i], v[i])
      end
    else
      assert.near(e, v, tolerance or 1e-5)
    end
  end
  walk(expected, x:tolist())
end

local function set(net, name, values)
  net:named_parameters()[name]:copy_(as.tensor(values))
end

describe("layers", function()
  it("linear: x W^T + b", function()
    local net = nn.linear { 2, 3 }
    set(net, "weight", { { 1, 2 }, { 3, 4 }, { 5, 6 } })
    set(net, "bias", { 10, 20, 30 })
    near({ { 13, 27, 41 } }, net(as.tensor { { 1, 1 } }))
    near({ 13, 27, 41 }, net(as.tensor { 1, 1 }))
    near({ { { 13, 27, 41 } } }, net(as.tensor { { { 1, 1 } } }))
    assert.equal(1, #nn.linear({ 2, 3, bias = false }):parameters())
  end)
  it("start uniform within 1/sqrt(fan in)", function()
    local w = nn.linear({ 400, 300 }).weight
    assert.near(0.05, w:max():item(), 1e-4)
    assert.near(-0.05, w:min():item(), 1e-4)
    assert.near(0.05 ^ 2 / 3, w:square():mean():item(), 2e-5) -- variance of U(-b, b)
    local conv = nn.conv2d({ 4, 8, 5 }).weight
    assert.is_true(conv:abs():max():item() <= 0.1)
    assert.is_true(conv:abs():max():item() > 0.098)
  end)
  it("conv2d and max_pool2d", function()
    local net = nn.conv2d { 1, 1, 2 }
    set(net, "weight", { { { { 1, 2 }, { 3, 4 } } } })
    set(net, "bias", { 0.5 })
    local x = as.tensor { { { { 1, 0, 2 }, { 0, 1, 0 }, { 3, 0, 1 } } } }
    near({ { { { 5.5, 7.5 }, { 11.5, 5.5 } } } }, net(x)) -- 1+4, 4+3; 2+9, 1+4
    assert.same({ 1, 1, 4, 4 }, nn.conv2d({ 1, 1, 2, padding = 1 })(x):shape())
    assert.same({ 1, 2, 2, 1 }, nn.conv2d({ 1, 2, { 2, 3 }, bias = false })(x):shape())
    near({ { { { 1, 2 }, { 3, 1 } } } }, nn.max_pool2d { 2, stride = 1 }(x))
    assert.same({ 1, 1, 1, 1 }, nn.max_pool2d({ 2 })(x):shape())
  end)
  it("layer_norm: mean 0, variance 1", function()
    local net = nn.layer_norm { 4, eps = 0 }
    local s = math.sqrt(1.25) -- of 1 2 3 4
    near({ { -1.5 / s, -0.5 / s, 0.5 / s, 1.5 / s } }, net(as.tensor { { 1, 2, 3, 4 } }))
    set(net, "weight", { 2, 2, 2, 2 })
    set(net, "bias", { 1, 1, 1, 1 })
    near({ { 1 - 3 / s, 1 - 1 / s, 1 + 1 / s, 1 + 3 / s } }, net(as.tensor { { 1, 2, 3, 4 } }))
  end)
  it("group_norm: by group of channels", function()
    local net = nn.group_norm { 2, 4, eps = 0 }
    local y = net(as.tensor { { { 1 }, { 3 }, { 10 }, { 30 } } })
    near({ { { -1 }, { 1 }, { -1 }, { 1 } } }, y)
  end)
  it("batch_norm: batch statistics, running ones, and the mode between", function()
    local net = nn.batch_norm { 1, eps = 0 }
    local x = as.tensor { { 1 }, { 3 } }
    near({ { -1 }, { 1 } }, net(x))
    near({ 0.2 }, net.running_mean) -- 0.9 * 0 + 0.1 * 2
    near({ 1.1 }, net.running_var) -- 0.9 * 1 + 0.1 * 2 (unbiased)
    net:eval()
    near({ { 0.8 / math.sqrt(1.1) }, { 2.8 / math.sqrt(1.1) } }, net(x))
    net:batch_stats()
    near({ { -1 }, { 1 } }, net(x))
    near({ 0.2 }, net.running_mean)
    assert.same({ "weight", "bias", "running_mean", "running_var" }, { table.unpack(net:state()) })
  end)
  it("batch_stats: refused without a layer that has batch statistics", function()
    local net = nn.seq { nn.linear { 1, 1 }, nn.layer_norm { 1 } }:eval()
    assert.error_matches(function() net:batch_stats() end, "no layer of nn.seq", 1, true)
    assert.equal("eval", net.mode)
    local own = nn.module { batch_statistics = true, forward = function(self, x)
      return self.mode == "batch_stats" and x - x:mean(1) or x
    end }
    near({ { -1 }, { 1 } }, own:batch_stats()(as.tensor { { 1 }, { 3 } }))
  end)
  it("dropout: off in eval, keeps the mean in train", function()
    local net = nn.dropout { 0.25 }
    local x = as.ones(10000)
    local y = net(x)
    assert.near(1, y:mean():item(), 0.03)
    assert.near(4 / 3, y:max():item(), 1e-6)
    assert.equal(0.0, y:min():item())
    assert.is_true(net:eval()(x):equal(x))
  end)
  it("embedding, reshape, flatten, functions", function()
    local net = nn.embedding { 3, 2 }
    set(net, "weight", { { 0, 1 }, { 2, 3 }, { 4, 5 } })
    near({ { { 4, 5 }, { 0, 1 } } }, net(as.i64 { { 2, 0 } }))
    assert.same({ 2, 2, 3 }, nn.reshape({ 2, 3 })(as.zeros(2, 6)):shape())
    assert.same({ 2, 6 }, nn.flatten()(as.zeros(2, 2, 3)):shape())
    near({ 2, 3 }, nn.func(function(x) return x + 1 end)(as.tensor { 1, 2 }))
  end)
  it("refuse what they cannot take, at this line", function()
    assert.error_matches(function() nn.linear { 2, 3, bais = true } end,
      'nn_spec.lua:%d+: nn.linear: no option "bais"; did you mean "bias"%?')
    assert.error_matches(function() nn.linear { 2 } end,
      "nn.linear: %[2%] %(outputs%) is nil, expected a whole number from 1")
    local net = nn.seq { nn.linear { 784, 128 }, nn.relu() }
    assert.error_matches(function() net(as.zeros(64, 100)) end,
      "nn_spec.lua:%d+: nn.linear 784 %-> 128: input f32%[64,100%], expected %[..., 784%]")
    assert.error_matches(function() nn.conv2d({ 3, 8, 3 })(as.zeros(1, 1, 8, 8)) end,
      "nn.conv2d 3 %-> 8: input f32%[1,1,8,8%]")
  end)
end)

local function net_of_two()
  return nn.seq { nn.linear { 2, 3, name = "hidden" }, nn.tanh(), nn.seq { nn.linear { 3, 1 } } }
end

describe("names and state", function()
  it("follow the structure, in order", function()
    local net = net_of_two()
    local names = { "hidden.weight", "hidden.bias", "3.1.weight", "3.1.bias" }
    assert.same(names, { table.unpack(net:named_parameters()) })
    assert.same(names, { table.unpack(net:state()) })
    assert.equal(4, #net:parameters())
    assert.equal("nn.seq { nn.linear 2 -> 3, nn.tanh, nn.seq { nn.linear 3 -> 1 } }", tostring(net))
  end)
  it("state is a copy, load writes into the same storage", function()
    local net = net_of_two()
    local before = net:state()
    local w = net:parameters()[1]
    w:zero_()
    assert.is_false(before["hidden.weight"]:equal(w))
    net:load(before)
    assert.is_true(before["hidden.weight"]:equal(w))
  end)
  it("load says what is missing, extra, of another shape, and changes nothing", function()
    local net = net_of_two()
    local state = net:state()
    state["3.1.bias"], state.other, state["hidden.bias"] = nil, as.zeros(1), as.zeros(2)
    local w = net:parameters()[1]:clone()
    state["hidden.weight"]:zero_()
    local _, text = pcall(net.load, net, state)
    assert.matches("hidden.bias is f32[2], expected f32[3]", text, 1, true)
    assert.matches("3.1.bias is missing", text, 1, true)
    assert.matches("other is extra", text, 1, true)
    assert.is_true(net:parameters()[1]:equal(w))
  end)
  it("clone has tensors of its own", function()
    local net = net_of_two()
    local other = net:clone()
    other:parameters()[1]:zero_()
    assert.is_true(net:parameters()[1]:abs():sum():item() > 0)
    assert.is_true(other:parameters()[1].requires_grad)
    assert.same({ 5, 1 }, other(as.zeros(5, 2)):shape())
  end)
  it("shared tensors stand once", function()
    local layer = nn.linear { 2, 2 }
    local net = nn.seq { layer, layer }
    assert.equal(2, #net:parameters())
    local tied = nn.module { a = layer, w = layer.weight, forward = function(self, x) return x * self.w end }
    assert.same({ "w", "a.bias" }, { table.unpack(tied:named_parameters()) })
  end)
  it("modes reach every layer", function()
    local net = nn.seq { nn.dropout { 0.5 }, nn.seq { nn.dropout { 0.5 } } }
    local x = as.ones(100)
    assert.is_true(net:eval()(x):equal(x))
    assert.is_false(net:train()(x):equal(x))
  end)
  it("nn.module takes fields as children, parameters and buffers", function()
    local net = nn.module {
      body = nn.linear { 2, 2 }, scale = nn.parameter(as.ones(1)), offset = as.zeros(1), gain = 3,
      forward = function(self, x) return self.body(x) * self.scale * self.gain + self.offset end,
    }
    assert.same({ "scale", "body.weight", "body.bias" }, { table.unpack(net:named_parameters()) })
    assert.same({ "scale", "offset", "body.weight", "body.bias" }, { table.unpack(net:state()) })
    assert.same({ 4, 2 }, net(as.zeros(4, 2)):shape())
  end)
end)

describe("call_with", function()
  local net = nn.linear { 1, 1 }
  set(net, "weight", { { 2 } })
  set(net, "bias", { 1 })
  local x = as.tensor { { 3 } }
  it("uses other parameters and is differentiable in them", function()
    local w = as.tensor({ { 5 } }):requires_grad_()
    local y = net:call_with({ weight = w }, x)
    near({ { 16 } }, y)
    near({ { 3 } }, as.grad(y:sum(), w))
    near({ { 7 } }, net(x))
  end)
  it("puts the own ones back after an error", function()
    local broken = nn.seq { net, function() error "stop" end }
    assert.error_matches(function() broken:call_with({ ["1.weight"] = as.zeros(1, 1) }, x) end, "stop")
    near({ { 7 } }, net(x))
  end)
  it("refuses names the model does not have", function()
    assert.error_matches(function() net:call_with({ wieght = x }, x) end,
      'call_with: the model has no "wieght"; did you mean "weight"%?')
  end)
end)

describe("taps", function()
  local net = nn.seq {
    function(x) return x + 1 end, nn.seq { function(x) return x * 2 end }, function(x) return x - 3 end,
  }
  local x = as.tensor { 1, 2 }
  it("have names", function()
    assert.same({ "1", "2", "2.1", "3" }, net:taps())
  end)
  it("are read", function()
    local y, h = net:call { x, read = { "1", "2.1" } }
    near({ 1, 3 }, y)
    near({ 2, 3 }, h["1"])
    near({ 4, 6 }, h["2.1"])
    near({ 1, 3 }, net(x))
  end)
  it("are replaced", function()
    local y, h = net:call { x, read = { "1" }, replace = { ["1"] = function(v) return v * 10 end } }
    near({ 37, 57 }, y)
    near({ 20, 30 }, h["1"])
    near({ -1, -1 }, (net:call { x, replace = { ["2"] = as.tensor { 2, 2 } } }))
  end)
  it("are left behind after an error", function()
    pcall(net.call, net, { x, replace = { ["1"] = function() error "stop" end } })
    near({ 1, 3 }, net(x))
    assert.error_matches(function() net:call { x, read = { "4" } } end, 'the model has no tap "4"')
  end)
end)

describe("groups", function()
  it("take parts of the parameters", function()
    local net = net_of_two()
    assert.equal(2, #net:group({ "3" }):parameters())
    assert.equal(1, #net:group({ "hidden.weight" }):parameters())
    assert.equal(2, #net:group({ except = { "3" } }):parameters())
    assert.error_matches(function() net:group { "hiden" } end,
      'the model has no "hiden"; did you mean "hidden"%?')
  end)
end)
