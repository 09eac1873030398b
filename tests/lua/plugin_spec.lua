-- Plugins from Lua: making, calling, parameters, state, models that call back, errors.
local as = require "assay"
local nn = require "assay.nn"

local logits, labels = as.tensor { { 2, 1, 0 }, { 0, 0, 0 } }, as.i64 { 0, 2 }
-- logits 2 1 0, label 0: -log p = 0.407606; uniform over three: log 3 = 1.098612
local first, second = 0.4076060, 1.0986123

describe("a loss", function()
  it("takes its inputs in order or by name", function()
    local loss = as.loss { "cross_entropy" }
    assert.near((first + second) / 2, loss(logits, labels):item(), 1e-6)
    assert.near((first + second) / 2, loss({ labels = labels, logits = logits }):item(), 1e-6)
    assert.equal("losses/cross_entropy", tostring(loss))
    assert.equal("losses/cross_entropy", loss.name)
    assert.near((first + second) / 2, (as.loss "cross_entropy")(logits, labels):item(), 1e-6)
  end)
  it("is reduced as asked", function()
    local sum = as.loss { "cross_entropy", reduction = "sum" }
    local none = as.loss { "cross_entropy", reduction = "none" }
    assert.near(first + second, sum(logits, labels):item(), 1e-6)
    assert.same({ 2 }, none(logits, labels):shape())
    assert.error_matches(function() as.loss { "cross_entropy", reduction = "avg" } end,
      'losses/cross_entropy: reduction is avg, expected "mean", "sum" or "none"')
  end)
  it("has a gradient", function()
    local x = as.zeros(1, 2):requires_grad_()
    as.loss { "cross_entropy" }(x, as.i64 { 1 }):backward()
    assert.same({ { 0.5, -0.5 } }, x.grad:tolist())
  end)
  it("has parameters that are checked", function()
    local loss = as.loss { "poly1", epsilon = 2 }
    assert.equal(2, loss.params.epsilon)
    assert.error_matches(function() as.loss { "poly1", epsilom = 2 } end,
      'plugin_spec.lua:%d+: losses/poly1: no parameter "epsilom"; did you mean "epsilon"%?')
    assert.error_matches(function() as.loss { "poly1", epsilon = -3 } end,
      "losses/poly1: epsilon = %-3 is outside %-1 to 10")
    assert.error_matches(function() as.loss { "ploy1" } end, 'no plugin losses/ploy1; did you mean "poly1"%?')
    assert.error_matches(function() as.loss { epsilon = 2 } end,
      "%[1%] of a plugin of losses is a nil, expected its name")
  end)
  it("says what is wrong with its inputs at this line", function()
    local loss = as.loss { "poly1" }
    assert.error_matches(function() loss(logits) end,
      "plugin_spec.lua:%d+: losses/poly1: labels was not given")
    assert.error_matches(function() loss(logits, labels, 3) end,
      "losses/poly1: 3 inputs given, it takes logits, labels")
    assert.error_matches(function() loss { logits = logits, label = labels } end,
      'losses/poly1: no input "label"; did you mean "labels"%?')
    assert.error_matches(function() loss(logits, as.i64 { 0, 3 }) end,
      "labels: value 3 at %[1%], expected 0 <= value < 3")
    assert.error_matches(function() loss(logits, "x") end, "labels is a string, expected i64")
  end)
  it("takes lists where tensors are wanted", function()
    assert.near(first, (as.loss { "cross_entropy" })({ { 2, 1, 0 } }, { 0 }):item(), 1e-6)
  end)
  it("that failed refuses work until it is reset", function()
    local loss = as.loss { "fails" }
    assert.error_matches(function() loss(as.zeros(3)) end,
      "losses/fails: forward: 3 items, this one never works")
    assert.error_matches(function() loss(as.zeros(3)) end, "losses/fails: ")
    loss:reset()
    assert.error_matches(function() loss(as.zeros(2)) end, "losses/fails: forward: 2 items")
    assert.equal(1.0, as.ones(1):item()) -- the context works on
  end)
end)

describe("a head", function()
  it("has parameters for an optimizer, and a state", function()
    local head = as.head { "simclr", in_dim = 8 }
    local list = head:parameters()
    assert.is_true(#list > 0)
    local state = head:state()
    list[1]:zero_()
    assert.is_false(state[state[1]]:equal(list[1]))
    head:load(state)
    assert.is_true(state[state[1]]:equal(list[1]))
    local opt = as.optim.sgd { head, lr = 0.1 }
    local x = as.randn(16, 8)
    local before = head(x, x + as.randn(16, 8) * 0.1)
    before:backward()
    opt:step()
    assert.is_false(state[state[1]]:equal(head:parameters()[1]))
    assert.error_matches(function() head:load { w = as.zeros(1) } end, "heads/simclr")
  end)
end)

describe("a soup", function()
  it("merges states and models", function()
    local a, b = nn.linear { 1, 1 }, nn.linear { 1, 1 }
    a.weight:fill_(1)
    b.weight:fill_(4)
    local soup = as.soup { "uniform" }
    assert.near(2.5, soup({ a:state(), b:state() }).weight:item(), 1e-6)
    local merged = soup { states = { a, b }, weights = { 2, 1 } }
    assert.near(2, merged.weight:item(), 1e-6)
    assert.same({ "weight", "bias" }, { table.unpack(merged) })
    a:load(merged)
    assert.near(2, a.weight:item(), 1e-6)
    assert.error_matches(function() soup({ a, nn.linear { 2, 1 } }) end,
      'soups/uniform: .*"weight" of state 2 is')
  end)
end)

describe("a sampler", function()
  -- D(x, sigma) = 3 makes x - 3 proportional to sigma, which Heun's steps follow exactly down to sigma = 0
  local function three(x)
    return x * 0 + 3
  end
  it("draws with a function", function()
    local sampler = as.sampler { "heun", steps = 5 }
    local x = sampler:sample { model = three, noise = as.randn(4, 2) }
    assert.same({ 4, 2 }, x:shape())
    assert.near(3, x:min():item(), 1e-3)
    assert.near(3, x:max():item(), 1e-3)
  end)
  it("names what there is for what there is not", function()
    for _, case in ipairs {
      { { "heun", hook = {} }, 'samplers/heun: no parameter "hook"; did you mean "hooks"?' },
      { { "heun", modle = three }, 'samplers/heun: no parameter "modle"; did you mean "model"?' },
      { { "heun", zzz = 1 },
        'no parameter "zzz"; it has steps, sigma_min, sigma_max, rho, model, noise, shape, hooks' },
      { { "sde_pc", hooks = { { "impute" } } }, "hooks/impute: mask was not given, expected f32[B,...]: "
        .. 'a hook\'s inputs stand beside its parameters, { "impute", mask = ... }' },
    } do
      assert.error_matches(function() as.sampler(case[1]) end, case[2], 1, true)
    end
    assert.error_matches(function() as.loss { "poly1", reducton = "sum" } end,
      'did you mean "reduction"?', 1, true)
  end)
  it("takes no sizes for noise", function()
    assert.error_matches(function() as.sampler { "heun", model = three } { 4, 2 } end,
      "noise is a list of numbers, expected a tensor f32[B,...]; sizes are given as shape = { ... }", 1, true)
  end)
  it("keeps a model given at the start, and steps one by one", function()
    local calls = 0
    local sampler = as.sampler { "heun", steps = 3, model = function(x)
      calls = calls + 1
      return three(x)
    end }
    collectgarbage()
    local run = sampler:start { shape = { 6, 2 } }
    assert.equal(3, run.steps)
    local made = 1
    while run:step() do
      made = made + 1
      collectgarbage()
    end
    assert.equal(3, made)
    assert.equal(5, calls)
    assert.equal(3, run.index)
    assert.near(3, run:finish():mean():item(), 1e-3)
    assert.error_matches(function() run:step() end, "the sampling has made all its 3 steps")
  end)
  it("hands an error of the model on unchanged", function()
    local sampler = as.sampler { "heun", steps = 3 }
    local reason = { "why" }
    local ok, found = pcall(function()
      sampler:sample { model = function() error(reason) end, noise = as.zeros(2, 2) }
    end)
    assert.is_false(ok)
    assert.is_true(found == reason)
    sampler:reset()
    assert.error_matches(function() sampler:sample { model = function(x) return x:sum(7) end,
      noise = as.zeros(2, 2) } end,
      "plugin_spec.lua:%d+: sum: axis 7")
    sampler:reset()
    assert.error_matches(function() sampler:sample { model = function() return 1 end,
      noise = as.zeros(2, 2) } end,
      "the model returned a number, expected a tensor")
  end)
  it("is not disturbed by an error the model handles", function()
    local sampler = as.sampler { "heun", steps = 2 }
    local x = sampler:sample { noise = as.zeros(2, 2), model = function(x)
      pcall(function() return x:sum(7) end)
      return three(x)
    end }
    assert.near(3, x:mean():item(), 1e-3)
  end)
  it("nests: a model may call plugins", function()
    local loss = as.loss { "cross_entropy" }
    local sampler = as.sampler { "heun", steps = 2 }
    local x = sampler:sample { noise = as.zeros(2, 2), model = function(x)
      loss(as.zeros(2, 2), as.i64 { 0, 1 })
      return three(x)
    end }
    assert.near(3, x:mean():item(), 1e-3)
    local ok, text = pcall(function()
      sampler:sample { noise = as.zeros(2, 2), model = function()
        return as.loss { "fails" }(as.zeros(1))
      end }
    end)
    assert.is_false(ok)
    assert.matches("losses/fails: forward: 1 items", text)
  end)
end)

describe("a distiller", function()
  it("moves the group it was given, and reports", function()
    local student, teacher = nn.linear { 2, 3 }, nn.linear { 2, 3 }
    local before = teacher:state()
    local opt = as.optim.sgd { student, lr = 0.5 }
    local distiller = as.distiller { "knowledge", student = student, teacher = teacher, optimizer = opt }
    collectgarbage()
    local x, y = as.randn(32, 2), as.randint(3, 32)
    local first_loss = distiller:step(x, y):item()
    assert.is_true(distiller.reports.kl >= 0)
    for _ = 1, 20 do
      distiller(x, y)
    end
    assert.is_true(distiller:step({ x = x, labels = y }):item() < first_loss)
    assert.equal(22, opt.steps)
    assert.is_true(before.weight:equal(teacher.weight))
    assert.is_nil(teacher.weight.grad)
    assert.error_matches(function() as.distiller { "knowledge", student = 3 } end,
      "student is a number, expected a model")
  end)
end)
