-- Schedules against their formulas; RAdam against its equations; averages of parameters.
local as = require "assay"
local nn = require "assay.nn"

local function leaf(...)
  return as.tensor({ ... }):requires_grad_()
end

local function step(opt, p, g)
  (p * as.tensor(g)):sum():backward()
  opt:step()
end

describe("schedules", function()
  it("linear, with a flat start", function()
    local lr = as.optim.linear { 1, 0.2, steps = 4 }
    for update, want in ipairs { 1, 0.8, 0.6, 0.4, 0.2, 0.2 } do
      assert.near(want, lr(update), 1e-12)
    end
    lr = as.optim.linear { 2, steps = 4, after = 2 }
    for update, want in ipairs { 2, 2, 2, 1, 0, 0 } do
      assert.near(want, lr(update), 1e-12)
    end
  end)
  it("cosine", function()
    local lr = as.optim.cosine { 1, 0, steps = 3 }
    for update, want in ipairs { 1, 0.75, 0.25, 0, 0 } do -- cos of 60 and 120 degrees: 0.5, -0.5
      assert.near(want, lr(update), 1e-12)
    end
  end)
  it("steps", function()
    local lr = as.optim.steps { 1, at = { 2, 3 }, factor = 0.5 }
    for update, want in ipairs { 1, 1, 0.5, 0.25, 0.25 } do
      assert.near(want, lr(update), 1e-12)
    end
  end)
  it("warm_up, of a number and of a schedule", function()
    local lr = as.optim.warm_up { 8, steps = 4 }
    for update, want in ipairs { 2, 4, 6, 8, 8 } do
      assert.near(want, lr(update), 1e-12)
    end
    lr = as.optim.warm_up { as.optim.linear { 1, 0, steps = 4 }, steps = 2 }
    for update, want in ipairs { 0.5, 0.75, 0.5, 0.25, 0 } do
      assert.near(want, lr(update), 1e-12)
    end
  end)
  it("refuse what they cannot follow", function()
    assert.error_matches(function() as.optim.linear { 1, 0 } end, "optim.linear: steps is nil")
    assert.error_matches(function() as.optim.cosine { 1, steps = 5, after = 5 } end,
      "after = 5, expected less")
    assert.error_matches(function() as.optim.steps { 1 } end, "at is a nil, expected a list")
    assert.error_matches(function() as.optim.warm_up { 1, stpes = 3 } end, 'did you mean "steps"')
  end)
end)

describe("radam", function()
  it("is momentum at first, Adam with a rectified rate later", function()
    local rate, b1, b2, eps = 0.1, 0.9, 0.99, 1e-3
    local p = as.tensor({ 1 }):double():requires_grad_()
    local opt = as.optim.radam { p, lr = rate, beta1 = b1, beta2 = b2, eps = eps }
    local want, m, v, rectified = 1, 0, 0, 0
    for t = 1, 12 do
      local slope = as.tensor { math.sin(t) }
      local g = slope:item();
      (p * slope:double()):sum():backward()
      opt:step()
      m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
      local mean, longest = m / (1 - b1 ^ t), 2 / (1 - b2) - 1
      local length = longest - 2 * t * b2 ^ t / (1 - b2 ^ t)
      if length > 5 then
        local r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
        want = want - rate * r * mean * math.sqrt(1 - b2 ^ t) / (math.sqrt(v) + eps)
        rectified = rectified + 1
      else
        want = want - rate * mean
      end
      assert.near(want, p:item(), 1e-12)
    end
    assert.equal(7, rectified) -- from the sixth step on
  end)
  it("adds decay to the gradient, and is saved like adam", function()
    local p = leaf(2)
    local opt = as.optim.radam { p, lr = 0.1, decay = 0.5 }
    step(opt, p, { 1 }) -- momentum alone: gradient 1 + 0.5 * 2
    assert.near(1.8, p:item(), 1e-6)
    assert.same({ "m.0", "v.0", "steps" }, { table.unpack(opt:state()) })
  end)
end)

describe("ema", function()
  it("follows the parameters, and copies buffers", function()
    local net = nn.seq { nn.linear { 1, 1 }, nn.batch_norm { 1 } }
    local parameters = net:parameters()
    parameters[1]:fill_(1)
    local mean = nn.ema { net, decay = 0.75 }
    parameters[1]:fill_(2)
    net[2].running_mean:fill_(5)
    mean:update():update()
    assert.near(2 - 0.75 ^ 2, mean.net:parameters()[1]:item(), 1e-6)
    assert.equal(5.0, mean.net[2].running_mean:item())
    assert.equal("eval", mean.net.mode)
    assert.is_false(mean.net:parameters()[1].requires_grad)
    assert.equal(2.0, parameters[1]:item())
  end)
  it("warms up: decays 1/10, 2/11, ...", function()
    local net = nn.linear { 1, 1, bias = false }
    net.weight:fill_(0)
    local mean = nn.ema { net, decay = 0.999, warm = true }
    net.weight:fill_(1)
    mean:update()
    assert.near(1 - 1 / 10, mean.net.weight:item(), 1e-6)
    mean:update()
    assert.near(1 - 1 / 10 * 2 / 11, mean.net.weight:item(), 1e-6)
  end)
  it("goes on from a saved state", function()
    local net = nn.linear { 2, 2 }
    local a, b = nn.ema { net, warm = true }, nn.ema { net:clone(), warm = true }
    net.weight:fill_(3)
    a:update()
    b:load(a:state())
    assert.equal(1, b.steps)
    assert.is_true(b.net.weight:equal(a.net.weight))
  end)
  it("is one pass over long tensors, with the same bits as in pieces", function()
    local core = require "assay.core"
    local x, y = as.randn(100003), as.randn(100003)
    local want = (y:double() * 0.9 + x:double() * 0.1):float()
    core.average_({ y }, { x }, 0.1)
    assert.near(0, (y - want):abs():max():item(), 2e-7)
    assert.error_matches(function() core.average_({ y }, { as.zeros(3) }, 0.1) end,
      "tensor 1 is f32%[3%], its average f32%[100003%]")
  end)
end)

describe("freezing", function()
  it("leaves frozen parameters alone", function()
    local net = nn.seq { nn.linear { 2, 2 }, nn.linear { 2, 1 } }
    local opt = as.optim.sgd { net, lr = 1 }
    net[1]:freeze()
    local before = net:state()
    net(as.ones(3, 2)):sum():backward()
    opt:step()
    assert.is_true(net[1].weight:equal(before["1.weight"]))
    assert.is_false(net[2].weight:equal(before["2.weight"]))
    net[1]:unfreeze()
    net(as.ones(3, 2)):sum():backward()
    opt:step()
    assert.is_false(net[1].weight:equal(before["1.weight"]))
  end)
  it("drops gradients at hand", function()
    local net = nn.linear { 2, 1 }
    net(as.ones(3, 2)):sum():backward()
    assert.is_nil(net:freeze().weight.grad)
  end)
end)

describe("initialisers", function()
  it("draw with the variance they name", function()
    local net = nn.linear { 400, 300 }
    nn.init.kaiming(net)
    assert.near(2 / 400, net.weight:square():mean():item(), 1e-4)
    assert.equal(0.0, net.bias:abs():max():item())
    nn.init.xavier(net)
    assert.near(2 / 700, net.weight:square():mean():item(), 5e-5)
    nn.init.kaiming(net.weight, 1)
    assert.near(1 / 400, net.weight:square():mean():item(), 5e-5)
    nn.init.normal(net.weight, 0.5)
    assert.near(0.25, net.weight:square():mean():item(), 5e-3)
    nn.init.uniform(net.weight, 0.1)
    assert.near(0.1, net.weight:abs():max():item(), 1e-4)
  end)
  it("count a convolution's window, and leave norms alone", function()
    local net = nn.seq { nn.conv2d { 16, 64, 3 }, nn.group_norm { 4, 64 } }
    nn.init.kaiming(net)
    assert.near(2 / 144, net[1].weight:square():mean():item(), 1e-3)
    assert.equal(1.0, net[2].weight:min():item())
    assert.error_matches(function() nn.init.kaiming(net[2].weight) end, "rank 1 has no inputs and outputs")
  end)
end)
