-- Plugins in Lua (tests/plugins_good/KIND/sketch_*.lua): the same numbers, checks and errors as those in C.
local as = require "assay"
local nn = require "assay.nn"

describe("a loss in Lua", function()
  local logits, labels = as.tensor { { 2, 1, 0 }, { 0, 1, 5 } }, as.i64 { 0, 2 }
  it("gives the numbers and gradients of the one in C", function()
    local a, b = logits:clone():requires_grad_(), logits:clone():requires_grad_()
    local mine, theirs = as.loss { "sketch_poly1", epsilon = 2 }, as.loss { "poly1", epsilon = 2 }
    -- logits 2 1 0, label 0: -log p = 0.4076060, 1 - p = 0.3347594
    assert.near(0.4076060 + 2 * 0.3347594, mine(logits:slice(1, 1, 1), as.i64 { 0 }):item(), 1e-6)
    mine(a, labels):backward()
    theirs(b, labels):backward()
    for i, row in ipairs(a.grad:tolist()) do
      for j, g in ipairs(row) do
        assert.near(b.grad:tolist()[i][j], g, 1e-6)
      end
    end
  end)
  it("is checked like one in C", function()
    local loss = as.loss { "sketch_poly1" }
    assert.equal(1, loss.params.epsilon)
    assert.error_matches(function() as.loss { "sketch_poly1", epsilom = 2 } end,
      'sketch_spec.lua:%d+: losses/sketch_poly1: no parameter "epsilom"; did you mean "epsilon"%?')
    assert.error_matches(function() as.loss { "sketch_poly1", epsilon = -3 } end,
      "losses/sketch_poly1: epsilon = %-3 is outside %-1 to 10")
    assert.error_matches(function() loss(logits, as.i64 { 0, 3 }) end,
      "sketch_spec.lua:%d+: losses/sketch_poly1: labels: value 3 at %[1%], expected 0 <= value < 3 %(C%)")
    assert.error_matches(function() loss(logits) end, "losses/sketch_poly1: labels was not given")
  end)
  it("has every type of parameter, several outputs, rules, and may share its file", function()
    local loss = as.loss {
      "sketch_params", reduction = "none", mask = { 1, 5 }, mode = "none", rate = 1, high = 4,
    }
    local y, count, last = loss(as.tensor { 3, 4 })
    assert.same({ 3, 4 }, y:tolist())
    assert.equal(3, count:item())
    assert.same({ 3, 4 }, last:tolist())
    assert.same({ mode = 4, weights = 1.5, sizes = 4, tag = 1, mask = 6 }, loss.reports)
    local _, _, nothing = as.loss { "sketch_params", hard = false, tag = "long" }(as.tensor { 3, 4 })
    assert.is_nil(nothing)
    assert.error_matches(function() as.loss { "sketch_params", low = 2 } end,
      "sketch_spec.lua:%d+: losses/sketch_params: low = 2 is not below high = 2")
    assert.error_matches(function() as.loss { "sketch_params", rate = 0 } end, "rate = 0 is outside")
    assert.error_matches(function() as.loss { "sketch_params", mode = "men" } end, 'did you mean "mean"%?')
    assert.equal(2, as.loss { "sketch_other" }(as.tensor { 2, 2 }):item())
  end)
end)

describe("a head in Lua", function()
  it("keeps what it registered, and that alone is its state", function()
    local head = as.head { "sketch_queue", dim = 2, size = 3 }
    assert.equal(1, #head:parameters())
    assert.same({ "w", "queue", "seen", "random.init", "random.queue" }, { table.unpack(head:state()) })
    local a, b = as.tensor { { 1, 0 } }, as.tensor { { 0, 2 } }
    local state = head:state()
    local w, queue = state.w:tolist(), state.queue:tolist()
    local sum = 0
    for k = 1, 3 do
      sum = sum + math.exp(w[1][1] * queue[k][1] + w[1][2] * queue[k][2])
    end
    assert.near(math.log(sum) - 2 * w[1][2], head(a, b):sum():item(), 1e-5)
    assert.same({ { 0, 2 }, queue[1], queue[2] }, head:state().queue:tolist())
    assert.equal(1, head:state().seen:item())
    local before = head:state()
    local second = head(a, b):sum():item()
    head:load(before)
    assert.equal(second, head(a, b):sum():item())
    head:eval()
    head(a, b)
    assert.equal(2, head:state().seen:item())
    head:reset()
    assert.equal(0, head:state().seen:item())
    assert.same(queue, head:state().queue:tolist())
  end)
  it("trains with an optimizer", function()
    local head = as.head { "sketch_queue", dim = 2 }
    local opt = as.optim.sgd { head, lr = 0.1 }
    local w = head:state().w
    head(as.ones(3, 2), as.ones(3, 2)):sum():backward()
    opt:step()
    assert.is_false(w:equal(head:state().w))
  end)
  it("that failed refuses work until it is reset", function()
    local head = as.head { "sketch_queue", dim = 2, size = 3 }
    assert.error_matches(function() head(as.ones(3, 2), as.ones(3, 2)) end,
      "sketch_spec.lua:%d+: heads/sketch_queue: forward: a batch of 3 does not fit a queue of 3")
    assert.error_matches(function() head(as.ones(1, 2), as.ones(1, 2)) end, "an earlier call failed")
    head:reset()
    head(as.ones(1, 2), as.ones(1, 2))
  end)
end)

describe("a sampler in Lua", function()
  local function constant(x)
    return x * 0 + 2
  end
  it("calls the model it is given and hooks in C", function()
    local sampler = as.sampler { "sketch_steps", model = constant }
    assert.same({ { 2 }, { 3 } }, sampler { noise = as.tensor { { 0 }, { 1 } } }:tolist())
    assert.equal(2, sampler.reports.moved)
    assert.same({ 5, 3 }, sampler { shape = { 5, 3 } }:shape())
    local masked = as.sampler {
      "sketch_steps", model = constant,
      hooks = { { "impute", mask = as.tensor { { 1 }, { 0 } }, data = as.tensor { { 7 }, { 7 } } } },
    }
    local run = masked:start { noise = as.zeros(2, 1) }
    repeat until not run:step()
    assert.near(2, run:finish()[2]:item(), 1e-6) -- the free item goes its way
  end)
  it("meets hooks in Lua", function()
    local pull = as.hook { "sketch_pull", weight = 3 }
    local sampler = as.sampler { "sketch_steps", model = constant, hooks = { pull } }
    assert.same({ { 5 }, { 6 } }, sampler { noise = as.tensor { { 0 }, { 1 } } }:tolist())
    assert.equal(5, pull.reports.from)
    pull:eval() -- item 1 takes the place of item 0 after the first step, and what both keep by item follows
    assert.same({ { 6 }, { 6 } }, sampler { noise = as.tensor { { 0 }, { 1 } } }:tolist())
    assert.equal(5, pull.reports.from)
    assert.equal(5, sampler.reports.moved)
  end)
  it("in C takes hooks in Lua", function()
    local hook = { "sketch_pull", goal = as.full(4, 2, 1) }
    local run = as.sampler {
      "sde_pc", n = 21, predictor = "euler_maruyama", corrector = "none", hooks = { hook },
      model = function(x) return x * 0 end,
    }:start { noise = as.zeros(2, 1) }
    run:step()
    assert.same({ { 4 }, { 4 } }, run.x:tolist())
  end)
  it("may draw places", function()
    local sampler = as.sampler { "sketch_pick", count = 3 }
    local places = sampler:draw(as.zeros(3)):tolist()
    table.sort(places)
    assert.same({ 0, 1, 2 }, places)
  end)
end)

describe("other kinds in Lua", function()
  it("score with outputs and a verdict", function()
    local top, logit, verdict = as.score { "sketch_margin" }(as.tensor { { 0, 0 }, { 20, 0 } })
    assert.near(0.5, top[1]:item(), 1e-6)
    assert.same({ 0, 20 }, logit:tolist())
    assert.equal("accept", verdict)
  end)
  it("draw from streams that are their state", function()
    local score = as.score { "sketch_draws" }
    local odds = as.full(0, 50, 3)
    local state, first = score:state(), score(odds)
    assert.same({ 8, 50 }, first:shape())
    score:load(state)
    assert.is_true(first:equal(score(odds)))
    assert.is_false(first:equal(score(odds)))
    local rows = first:tolist()
    local limits = { { 0, 1 }, { -6, 6 }, { -1, 1 }, { 0, 2 }, { 0, 49 }, { 0, 20 }, { 0, 1 }, { 0, 2 } }
    for i, bounds in ipairs(limits) do
      for _, x in ipairs(rows[i]) do
        assert.is_true(x >= bounds[1] and x <= bounds[2])
      end
    end
  end)
  it("train a student through models and optimizers", function()
    local student, teacher = nn.linear { 1, 1 }, nn.linear { 1, 1 }
    student.weight:fill_(2)
    student.bias:zero_()
    teacher.weight:fill_(1)
    teacher.bias:zero_()
    local distiller = as.distiller {
      "sketch_match", student = student, teacher = teacher, optimizer = as.optim.sgd { student, lr = 0.25 },
    }
    assert.near(1, distiller:step(as.ones(2, 1)):item(), 1e-6) -- (2 - 1)^2
    assert.near(1, distiller.reports.halved, 1e-6)
    assert.near(1.5, student.weight:item(), 1e-6) -- 2 - 0.25 * 2 (2 - 1)
    assert.equal("train", student.mode)
  end)
  it("merge states by a function of the script", function()
    local soup = as.soup { "sketch_best", evaluate = function(theta) return -theta.w:item() end }
    local merged = soup { { w = as.tensor { 3 } }, { w = as.tensor { 1 } }, { w = as.tensor { 2 } } }
    assert.equal(1, merged.w:item())
    assert.equal(-1, soup.reports.best)
  end)
  it("adapt", function()
    local adapter = as.adapter { "sketch_shift", model = function(x) return x end }
    local x = as.tensor { { 1, 2 }, { 3, 6 } }
    assert.same({ { 1, 2 }, { 3, 6 } }, adapter(x):tolist())
    assert.same({ { -1, -2 }, { 1, 2 } }, adapter:adapt(x):tolist())
    assert.same({ { -1, -2 }, { 1, 2 } }, adapter(x):tolist())
    adapter:reset()
    assert.same({ { 1, 2 }, { 3, 6 } }, adapter(x):tolist())
  end)
  it("give splits, and make data sets of others, in C and in Lua", function()
    local count = as.dataset { "sketch_count", count = 4 }
    assert.same({ "train", "test" }, count.splits)
    assert.same({ 4, 5, 6, 7 }, count.test.x:tolist())
    local noisy = as.dataset { "label_noise", xi = 0, classes = 6, source = { "sketch_count" } }
    local half = as.dataset { "sketch_half", source = noisy }
    assert.same({ 0, 1, 2 }, half.train.x:tolist())
    assert.error_matches(function() return half.tset end,
      'datasets/sketch_half: no split "tset"; did you mean "test"')
    assert.error_matches(function() return as.dataset({ "sketch_lines" }).train end,
      "sketch_spec.lua:%d+: datasets/sketch_lines: read: .*sketch_lines.lua:%d+: pairs.bin not found in")
  end)
end)

describe("what is wrong in a plugin in Lua", function()
  local function call(name)
    local loss = as.loss { name, reduction = "none" }
    loss(as.ones(2))
    return loss(as.ones(2))
  end
  it("is told with its file and line, at the script's line", function()
    assert.error_matches(function() call "sketch_typo" end,
      "^[^:]*sketch_spec.lua:%d+: losses/sketch_typo: forward: .*sketch_typo.lua:%d+: .*sqare")
    assert.error_matches(function() call "sketch_scalar" end,
      "losses/sketch_scalar: forward: .*what the call returned is a number, expected a tensor")
    assert.error_matches(function() call "sketch_keeps" end,
      "keeps.lua:%d+: tensor was dropped when a call of losses/sketch_keeps ended; register what is kept")
    assert.error_matches(function() call "sketch_holds" end,
      "holds.lua:%d+: keep: a plugin's tensors go when its call ends; register what is kept in setup")
    assert.error_matches(function() call "sketch_global" end,
      "sketch_global.lua:%d+: count: a plugin has no globals that change; write local count")
    assert.error_matches(function() call "sketch_field" end,
      "sketch_field.lua:%d+: self.count = ...: nothing is kept that setup did not register")
    assert.error_matches(function() call "sketch_clock" end, "sketch_clock.lua:%d+: a plugin has no os")
    assert.error_matches(function() call "sketch_loops" end,
      "sketch_loops.lua: its top level does not come to an end")
  end)
  it("raises a model's error unchanged", function()
    local sampler = as.sampler { "sketch_steps", model = function() error { code = 7 } end }
    local ok, value = pcall(sampler, { noise = as.zeros(1, 1) })
    assert.is_false(ok)
    assert.equal(7, value.code)
    local shaped = as.sampler { "sketch_steps", model = function() return as.zeros(3) end }
    assert.error_matches(function() shaped { noise = as.zeros(1, 1) } end,
      "samplers/sketch_steps: advance: .*sketch_steps.lua:%d+: model: returned f32%[3%]")
  end)
  it("leaves what a model keeps to the model", function()
    local kept
    as.sampler { "sketch_steps", model = function(x)
      kept = x * 0 + 1
      return kept
    end } { noise = as.zeros(1, 1) }
    assert.equal(1, kept:item())
  end)
  it("keeps a call inside a coroutine to it", function()
    local resumed, wrong = coroutine.resume(coroutine.create(function()
      as.sampler { "sketch_steps", model = function(x)
        coroutine.yield()
        return x
      end } { noise = as.zeros(1, 1) }
    end))
    assert.is_false(resumed)
    assert.matches("yield across a C%-call boundary", wrong)
    assert.equal(1, as.loss { "sketch_other" }(as.ones(1)):item())
  end)
end)
