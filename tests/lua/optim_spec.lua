-- Optimizers: each rule's first steps by hand; clipping, groups, state.
local as = require "assay"
local nn = require "assay.nn"

local function leaf(...)
  return as.tensor({ ... }):requires_grad_()
end

-- One step on the loss sum(g * p), whose gradient is g.
local function step(opt, p, g)
  (p * as.tensor(g)):sum():backward()
  opt:step()
end

local function near(expected, x, tolerance)
  for i, v in ipairs(x:tolist()) do
    assert.near(expected[i], v, tolerance or 1e-6)
  end
end

describe("sgd", function()
  it("moves against the gradient and drops it", function()
    local p = leaf(1, 2)
    local opt = as.optim.sgd { p, lr = 0.1 }
    step(opt, p, { 1, -2 })
    near({ 0.9, 2.2 }, p)
    assert.is_nil(p.grad)
    opt:step()
    near({ 0.9, 2.2 }, p)
  end)
  it("has momentum, Nesterov's too, and decay", function()
    local p = leaf(0)
    local opt = as.optim.sgd { p, lr = 1, momentum = 0.5 }
    step(opt, p, { 1 }) -- v = 1
    step(opt, p, { 1 }) -- v = 1.5
    near({ -2.5 }, p)
    p = leaf(0)
    opt = as.optim.sgd { p, lr = 1, momentum = 0.5, nesterov = true }
    step(opt, p, { 1 }) -- v = 1, 1 + 0.5
    near({ -1.5 }, p)
    p = leaf(2)
    opt = as.optim.sgd { p, lr = 0.1, decay = 0.5 }
    step(opt, p, { 1 }) -- gradient 1 + 0.5 * 2
    near({ 1.8 }, p)
  end)
end)

describe("adam", function()
  it("first moves each item by lr, whatever the gradient's size", function()
    local p = leaf(1, 1)
    step(as.optim.adam { p, lr = 0.1, eps = 0 }, p, { 3, -0.01 })
    near({ 0.9, 1.1 }, p)
  end)
  it("follows its equations on the second step", function()
    local p = leaf(0)
    local opt = as.optim.adam { p, lr = 1, beta1 = 0.5, beta2 = 0.75, eps = 0 }
    step(opt, p, { 1 })
    step(opt, p, { 3 })
    -- m = 0.5 * 0.5 + 0.5 * 3 = 1.75, / (1 - 0.25); v = 0.75 * 0.25 + 0.25 * 9 = 2.4375, / (1 - 0.5625)
    near({ -1 - (1.75 / 0.75) / math.sqrt(2.4375 / 0.4375) }, p)
  end)
  it("couples decay in adam, not in adamw", function()
    local p = leaf(1)
    step(as.optim.adamw { p, lr = 0.1, decay = 0.5, eps = 0 }, p, { 1 })
    near({ 1 - 0.1 * 0.5 - 0.1 }, p)
    p = leaf(1)
    step(as.optim.adam { p, lr = 0.1, decay = 0.5 }, p, { -0.5 }) -- -0.5 + 0.5 * 1 = 0
    near({ 1 }, p)
  end)
end)

describe("clip", function()
  it("takes models, groups and tensors together, and passes over what has no gradient", function()
    local net, p, idle = nn.linear { 1, 1, bias = false }, leaf(0), leaf(9)
    local body = nn.seq { nn.linear { 1, 1 }, nn.linear { 1, 1 } }
    local function back()
      for _, x in ipairs { net.weight, p, body[1].bias } do
        x:drop_grad()
      end
      (net.weight * 3 + p * 4 + body[1].bias * 12):sum():backward()
    end
    back()
    assert.near(13, as.optim.clip { net, { p, idle }, body:group { "1" }, norm = 6.5 }, 1e-5)
    near({ 1.5 }, net.weight.grad:reshape(1))
    near({ 2 }, p.grad)
    near({ 6 }, body[1].bias.grad)
    back()
    assert.is_nil(as.optim.clip { net, p, body, each = 3.5 })
    near({ 3.5 }, body[1].bias.grad)
    assert.equal(0.0, as.optim.clip { idle, norm = 1 })
    assert.error_matches(function() as.optim.clip { net } end, "optim.clip: neither norm nor each is given")
    assert.error_matches(function() as.optim.clip { norm = 1 } end, "optim.clip: there are no parameters")
    assert.error_matches(function() as.optim.clip { net, norm = -1 } end, "norm is %-1, expected a number")
  end)
  it("works on any list of tensors, in place", function()
    local a, b = as.tensor { 3, 0 }, as.tensor({ 4 }):double()
    assert.near(5, as.clip_norm_({ a, b }, 1), 1e-12)
    near({ 0.6, 0 }, a)
    near({ 0.8 }, b)
    assert.near(1, as.clip_norm_({ a, b }, 2), 1e-6)
    as.clip_each_({ a, b }, 0.7)
    near({ 0.6, 0 }, a)
    near({ 0.7 }, b)
    assert.error_matches(function() as.clip_norm_({ as.i64 { 1 } }, 1) end,
      "optim_spec.lua:%d+: clip_norm_: item 1 is i64%[1%], expected a dense float")
  end)
end)

describe("an optimizer", function()
  it("takes nets, tensors and lists, each tensor once", function()
    local net, p = nn.linear { 2, 2 }, leaf(1)
    local opt = as.optim.sgd { net, p, { p, net.weight }, lr = 1 }
    assert.equal(0, opt.steps)
    assert.equal(1, #opt:state())
    assert.equal(3 * 2 + 1, #as.optim.adam({ net, p }):state())
  end)
  it("has a rate that can be set", function()
    local p = leaf(0)
    local opt = as.optim.sgd { p, lr = 1 }
    opt.lr = opt.lr / 4
    step(opt, p, { 1 })
    near({ -0.25 }, p)
    assert.error_matches(function() opt.rate = 1 end, 'an optimizer\'s "rate" cannot be set; lr can')
  end)
  it("clips to a joint norm", function()
    local a, b = leaf(0), leaf(0)
    local opt = as.optim.sgd { a, b, lr = 1 };
    (a * 3 + b * 4):sum():backward()
    assert.near(5, opt:clip(1), 1e-6)
    opt:step()
    near({ -0.6 }, a)
    near({ -0.8 }, b);
    (a * 3 + b * 4):sum():backward()
    assert.near(5, opt:clip(10), 1e-6)
    near({ 3 }, a.grad)
  end)
  it("clips long gradients the same", function()
    local p = as.zeros(100000):requires_grad_()
    local opt = as.optim.sgd { p, lr = 1 };
    (p * 2):sum():backward()
    assert.near(2 * math.sqrt(100000), opt:clip(1), 1e-3)
    near({ 1 / math.sqrt(100000) }, p.grad[100000]:reshape(1), 1e-7)
  end)
  it("clips each item", function()
    local p = leaf(0, 0, 0)
    local opt = as.optim.sgd { p, lr = 1 };
    (p * as.tensor { 3, -0.5, -7 }):sum():backward()
    opt:clip_each(1):step()
    near({ -1, 0.5, 1 }, p)
    assert.error_matches(function() opt:clip_each(-1) end, "clip: the limit is %-1, expected 0 or more")
    assert.error_matches(function() opt:clip(0 / 0) end, "clip: the limit is .*nan, expected 0 or more")
  end)
  it("updates only its own parameters", function()
    local a, b = leaf(1), leaf(1)
    local opt = as.optim.sgd { a, lr = 1 }
    opt:update((a * b * 5):sum(), 2)
    near({ -1 }, a) -- gradient 5, clipped to 2
    near({ 1 }, b)
    assert.is_nil(a.grad)
    assert.is_nil(b.grad)
  end)
  it("goes on from a saved state with the same bits", function()
    local function run(saved)
      local p = leaf(1, 2)
      local opt = as.optim.adam { p, lr = 0.1 }
      step(opt, p, { 1, 2 })
      if saved then
        local q = p:detach():clone():requires_grad_()
        local other = as.optim.adam { q, lr = 0.1 }
        other:load(opt:state())
        assert.equal(1, other.steps)
        p, opt = q, other
      end
      step(opt, p, { 2, 1 })
      return p
    end
    assert.is_true(run(false):equal(run(true)))
  end)
  it("refuses what it cannot move", function()
    assert.error_matches(function() as.optim.adam { lr = 1 } end,
      "optim.adam: there are no parameters to move")
    assert.error_matches(function() as.optim.adam { leaf(1), learning_rate = 1 } end,
      'optim.adam: no option "learning_rate"')
    assert.error_matches(function() as.optim.sgd { leaf(1) * 2 } end, "was computed; expected a leaf")
    assert.error_matches(function() as.optim.sgd { "net" } end, "item 1 is a string, expected a model")
    assert.error_matches(function() as.optim.sgd { leaf(1), lr = -1 } end, "lr = %-1")
  end)
  it("trains a network", function()
    local net = nn.seq { nn.linear { 2, 16 }, nn.tanh(), nn.linear { 16, 1 } }
    local x = as.tensor { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }
    local y = as.tensor { { 0 }, { 1 }, { 1 }, { 0 } }
    local opt, last = as.optim.adam { net, lr = 0.05 }, nil
    for _ = 1, 300 do
      last = as.scope(function()
        local loss = (net(x) - y):square():mean()
        loss:backward()
        opt:step()
        return loss:item()
      end)
    end
    assert.is_true(last < 0.01)
  end)
end)
