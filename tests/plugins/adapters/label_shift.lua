local as = require "assay"
local nn = require "assay.nn"

local prior <const> = { 0.7, 0.2, 0.1 }
local even <const> = { 1 / 3, 1 / 3, 1 / 3 }
-- datasets/long_tail's counts of 1000 items at most and a ratio of 50
local counts <const> = { 1000, 647, 419, 271, 176, 114, 74, 48, 31, 20 }

-- An adapter of a head [classes, width] with bias 0 behind `spec.body`, else behind its own input.
local function adapter_of(spec, weight)
  local W = as.tensor(weight)
  spec[1] = "label_shift"
  spec.body = spec.body or nn.identity {}
  spec.base = spec.base or "none"
  spec.weight, spec.bias, spec.width = W, as.zeros(W:size(1)), W:size(2)
  spec.prior = spec.prior or prior
  return as.adapter(spec)
end

local eye <const> = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }

-- One step at rate 0: fitted, and still the wrapped model.
local function fit_nothing(adapter, width)
  adapter:step(as.zeros(2, width), as.i64 { 0, 1 }, as.optim.sgd { adapter, lr = 0 })
  return adapter
end

local function near_list(wanted, got, tolerance)
  assert.equal(#wanted, #got)
  for k, value in ipairs(wanted) do
    assert.near(value, got[k], tolerance)
  end
end

local function shares(list)
  local sum, result = 0, {}
  for _, n in ipairs(list) do
    sum = sum + n
  end
  for k, n in ipairs(list) do
    result[k] = n / sum
  end
  return result, sum
end

local function powers(list, t)
  local result = {}
  for k, value in ipairs(list) do
    result[k] = value ^ t
  end
  return (shares(result))
end

local function reversed(list)
  local result = {}
  for k = 1, #list do
    result[k] = list[#list + 1 - k]
  end
  return result
end

describe("adapters/label_shift", function()
  it("measures the degree of imbalance", function()
    local function degree(source, target)
      local weight = {}
      for k = 1, #source do
        weight[k] = { 1 }
      end
      local adapter = adapter_of({ prior = source }, weight)
      adapter(as.zeros(2, 1), nil, nil, as.tensor(target))
      return adapter.reports.degree
    end
    assert.near(1, degree(prior, prior), 1e-6)
    assert.near(0, degree(prior, even), 1e-6)
    assert.near(-0.741935484, degree(prior, { 0.1, 0.2, 0.7 }), 1e-6)
    local source, sum = shares(counts)
    local t = math.log(10) / math.log(50)
    assert.equal(2800, sum)
    assert.near(-0.622836609, degree(source, reversed(source)), 1e-6)
    assert.near(0.627334157, degree(source, powers(counts, t)), 1e-6) -- pi_s^t
    assert.near(-0.464424059, degree(source, powers(counts, -t)), 1e-6)
  end)

  it("estimates the label distribution by a moving average from the uniform one", function()
    local adapter = fit_nothing(adapter_of({}, eye), 3)
    local f = as.tensor { { 0.9, 0.05, 0.05 }, { 0.6, 0.3, 0.1 } }:log()
    local out, pi = adapter:adapt(f)
    near_list({ 0.375, 0.3175, 0.3075 }, pi:tolist(), 1e-6)
    near_list(f:tolist()[2], out:tolist()[2], 1e-6)
    local _, again = adapter:adapt(f)
    near_list({ 0.4125, 0.30325, 0.28425 }, again:tolist(), 1e-6)
    local _, from_source = fit_nothing(adapter_of({ start = "source" }, eye), 3)(f)
    near_list(prior, from_source:tolist(), 1e-6)
  end)

  it("gives the posterior under another prior by db = ln pi - ln pi_s", function()
    local f, target = as.tensor { { 0.6, 0.3, 0.1 } }:log(), as.tensor { 0.1, 0.2, 0.7 }
    local wanted = { 0.078947368, 0.276315789, 0.644736842 }
    local rule = adapter_of({ map = "logit" }, eye)
    near_list(wanted, rule(f, nil, nil, target):softmax(-1):tolist()[1], 1e-6)
    local learned = fit_nothing(adapter_of({ changes = "bias" }, eye), 3)
    local state = learned:state()
    state.b2 = target:log() - as.tensor(prior):log()
    learned:load(state)
    near_list(wanted, learned:adapt(f, nil, nil, target):softmax(-1):tolist()[1], 1e-6)
  end)

  it("applies the changes: dg, db_h, dW, db, in this order in b2", function()
    local adapter = fit_nothing(adapter_of({}, { { 1, 0 }, { 0, 1 }, { 1, 1 } }), 2)
    local state = adapter:state()
    state.b2 = as.tensor { 0.1, -0.1, 0.1, -0.2, 0.1, 0, 0, -0.1, 0.05, 0.05, 0.2, 0, -0.1 }
    adapter:load(state)
    near_list({ 1.52, 1.44, 2.84 }, adapter(as.tensor { { 1, 2 } }):tolist()[1], 1e-6)
    near_list({ 1.52, 1.44, 2.84 }, adapter:adapt(as.tensor { { 1, 2 } }):tolist()[1], 1e-6)
  end)

  it("leaves out dW, or all but db", function()
    local weight, h = { { 1, 0 }, { 0, 1 }, { 1, 1 } }, as.tensor { { 1, 2 } }
    local function logits(changes, b2)
      local adapter = adapter_of({ changes = changes, input = "vector" }, weight)
      local state = adapter:state()
      assert.equal(3, state.w1:size(2))
      state.b2 = as.tensor(b2)
      return adapter:load(state)(h):tolist()[1]
    end
    -- h' = [1.2, 1.6]; then db
    near_list({ 1.4, 1.6, 2.7 }, logits("no_weight", { 0.1, -0.1, 0.1, -0.2, 0.2, 0, -0.1 }), 1e-6)
    near_list({ 1.2, 2, 2.9 }, logits("bias", { 0.2, 0, -0.1 }), 1e-6)
  end)

  it("begins as the wrapped model, before the fit and after a fit at rate 0", function()
    local body = nn.seq { nn.linear { 5, 4 }, nn.batch_norm { 4 }, nn.relu {} }
    local head = nn.linear { 4, 3 }
    local x = as.randn(6, 5)
    local adapter = as.adapter { "label_shift", body = body, weight = head.weight, bias = head.bias,
      width = 4, prior = prior }
    body:batch_stats()
    assert.same(head(body(x)):tolist(), adapter(x):tolist())
    local running = body[2].running_mean:tolist()
    adapter:step(x, as.i64 { 0, 1, 2, 0, 1, 2 }, as.optim.sgd { adapter, lr = 0 })
    assert.same(head(body(x)):tolist(), adapter:adapt(x):tolist())
    assert.same(running, body[2].running_mean:tolist())
  end)

  it("fits by losses/gla, and moves nothing but its own parameters", function()
    local body, head = nn.seq { nn.linear { 5, 4 }, nn.batch_norm { 4 } }:eval(), nn.linear { 4, 3 }
    local adapter = as.adapter { "label_shift", body = body, weight = head.weight, bias = head.bias,
      width = 4, prior = prior }
    local x, y = as.randn(30, 5), as.randint(3, 30)
    local before, weight = body:state(), head.weight:tolist()
    local fit, gla = as.optim.adam { adapter, lr = 1e-2 }, as.loss { "gla" }
    local target = as.tensor { 0.2, 0.3, 0.5 }
    local losses = {}
    for k = 1, 20 do
      local logits, pi = adapter:step(x, y, fit, target)
      assert.same(target:tolist(), pi:tolist())
      losses[k] = adapter.reports.loss
      assert.near(gla(logits, y, as.tensor(prior), pi):item(), losses[k], 1e-6)
    end
    assert.is_true(losses[20] < losses[1] - 0.01)
    for name, tensor in pairs(body:state()) do
      assert.is_true(type(name) ~= "string" or tensor:equal(before[name]))
    end
    assert.same(weight, head.weight:tolist())
  end)

  it("draws pi_s, the uniform and the reversed distribution, and powers between", function()
    local source = { 0.2, 0.7, 0.1 }
    local adapter = adapter_of({ prior = source }, eye)
    local fit = as.optim.sgd { adapter, lr = 0 }
    local seen, n = { source = 0, uniform = 0, reversed = 0, between = 0 }, 800
    local function is(pi, wanted)
      local off = 0
      for k = 1, 3 do
        off = math.max(off, math.abs(pi[k] - wanted[k]))
      end
      return off < 1e-5
    end
    for _ = 1, n do
      local _, drawn = adapter:step(as.zeros(2, 3), as.i64 { 0, 1 }, fit)
      local pi = drawn:tolist()
      assert.near(1, pi[1] + pi[2] + pi[3], 1e-5)
      local which = is(pi, source) and "source" or is(pi, even) and "uniform"
        or is(pi, { 0.2, 0.1, 0.7 }) and "reversed" or "between"
      seen[which] = seen[which] + 1
      if which == "between" then -- pi = pi_s^t: ln(pi_1 / pi_3) / ln(pi_2 / pi_3) is that of pi_s
        assert.near(math.log(2) / math.log(7), math.log(pi[1] / pi[3]) / math.log(pi[2] / pi[3]), 1e-2)
      end
    end
    for _, count in pairs(seen) do
      assert.near(n / 4, count, 50) -- 4 standard deviations
    end
  end)

  -- x = 1 + z of class 0, x = -1 + z of class 1, prior 0.9 and 0.1: the posterior's logits are x + ln(9)/2
  -- and their negative. What is fitted of 20,000 of them: db_1 - db_2 at pi_s^t for the given t.
  local function fitted_differences(source, powers_of_t)
    local y = as.arange(20000):float():ge(17999.5):long()
    local line = (1 - 2 * y:float()) + as.randn(20000) + math.log(9) / 2
    local adapter = adapter_of({ prior = source, changes = "bias", input = "vector", draw = "powers" },
      { { 1, 0 }, { 0, 1 } })
    local fit = as.optim.adam { adapter, lr = 3e-3 }
    local data = as.data { x = as.stack({ line, -line }, 2), y = y }
    for k, batch in data:batches { 256, shuffle = true, steps = 1500 } do
      fit.lr = 3e-3 * (1 - k / 1500) -- at a constant rate single fits end up to 0.3 off
      as.scope(function() adapter:step(batch.x, batch.y, fit) end)
    end
    local differences = {}
    for i, t in ipairs(powers_of_t) do
      local db = adapter(as.zeros(1, 2), nil, nil, as.tensor(powers(source, t))):tolist()[1]
      differences[i] = db[1] - db[2]
    end
    return differences
  end

  it("learns the exact correction of two Gaussians", function()
    local mean, fits = { 0, 0, 0 }, 4 -- of one fit the deviation is 0.06
    for _ = 1, fits do
      for i, difference in ipairs(fitted_differences({ 0.9, 0.1 }, { 1, 0, -1 })) do
        mean[i] = mean[i] + difference / fits
      end
    end
    near_list({ 0, -math.log(9), -2 * math.log(9) }, mean, 0.1) -- ln(pi_1 / .9) - ln(pi_2 / .1)
  end)

  it("lets Tent adapt below, and reset brings batch norm, estimate and optimizer back", function()
    local body = nn.seq { nn.linear { 5, 4 }, nn.batch_norm { 4 }, nn.relu {} }:eval()
    local head = nn.linear { 4, 3 }
    local adapter = as.adapter { "label_shift", body = body, weight = head.weight, bias = head.bias,
      width = 4, prior = prior, base = "tent",
      optimizer = as.optim.sgd { body[2], lr = 0.1, momentum = 0.9 } }
    local x, y = as.randn(16, 5), as.randint(3, 16)
    local fit = as.optim.adam { adapter, lr = 1e-2 }
    for _ = 1, 5 do
      adapter:step(x, y, fit)
    end
    local fitted, scale = adapter:state(), body[2].weight:tolist()
    local function adapted()
      local all = {}
      for k = 1, 3 do
        local logits, pi = adapter:adapt(x)
        all[k] = { logits:tolist(), pi:tolist() }
      end
      return all
    end
    -- the first outputs have the features of before the update and the estimate of after it
    local f = adapter(x)
    local pi = as.tensor(even) * 0.9 + f:softmax(-1):mean(1) * 0.1
    local wanted = adapter(x, nil, nil, pi):tolist()
    local once = adapted()
    for i, row in ipairs(wanted) do
      near_list(row, once[1][1][i], 1e-5)
    end
    assert.is_true(body[2].weight:tolist()[1] ~= scale[1])
    adapter:reset():load(fitted) -- the fit is state of the adapter's own
    assert.same(scale, body[2].weight:tolist())
    assert.equal("eval", body.mode)
    assert.same(once, adapted())
  end)

  it("goes by the target's own distribution where that is known", function()
    local adapter = fit_nothing(adapter_of({ target = as.tensor { 0.1, 0.2, 0.7 } }, eye), 3)
    local _, pi = adapter:adapt(as.zeros(2, 3))
    near_list({ 0.1, 0.2, 0.7 }, pi:tolist(), 1e-6)
    near_list(even, adapter:state().estimate:tolist(), 1e-6)
  end)

  it("refuses bad input", function()
    local x = as.zeros(2, 3)
    local function fails(text, spec, use)
      assert.error_matches(function()
        local adapter = adapter_of(spec, eye)
        return (use or function() adapter:adapt(x) end)(adapter)
      end, text, 1, true)
    end
    fails("prior sums to 0.9, expected 1", { prior = { 0.6, 0.2, 0.1 } })
    fails("prior holds -0.1, expected frequencies from 0", { prior = { 0.9, 0.2, -0.1 } })
    fails("prior has a class of frequency 0", { prior = { 0.8, 0.2, 0 } })
    fails("prior is uniform", { prior = even })
    assert.error_matches(function()
      as.adapter { "label_shift", body = nn.identity {}, weight = as.tensor(eye), bias = as.zeros(3),
        width = 3 }
    end, "prior was not given", 1, true)
    fails("C = 2", { prior = { 0.8, 0.2 } })
    fails("target sums to 1.1", { map = "logit", target = as.tensor { 0.8, 0.2, 0.1 } })
    fails("target holds -0.1", { map = "logit", target = as.tensor { 1, 0.1, -0.1 } })
    fails("adapt before the fit", {})
    fails("base = \"tent\" needs an optimizer", { map = "logit", base = "tent" })
    fails("no layer of", { map = "logit", base = "batch_stats" })
    fails("no layer of", { map = "logit", base = "tent", optimizer = as.optim.sgd { x, lr = 1 } })
    fails("a batch of 1 items has no statistics", { map = "logit", base = "batch_stats" }, function(adapter)
      adapter:adapt(as.zeros(1, 3))
    end)
    fails("width", { map = "logit", body = nn.linear { 3, 4 } })
    fails("map = \"logit\" has nothing to fit", { map = "logit" }, function(adapter)
      adapter:step(x, as.i64 { 0, 1 })
    end)
    fails("the fit needs labels and an optimizer", {}, function(adapter)
      adapter:step(x, as.i64 { 0, 1 })
    end)
    fails("labels: value 3", {}, function(adapter)
      adapter:step(x, as.i64 { 0, 3 }, as.optim.sgd { adapter, lr = 1 })
    end)
  end)
end)
