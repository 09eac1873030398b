-- Model soups (Wortsman et al. 2022): twelve fine-tuned copies of one network, averaged instead of the best
-- kept. A run makes the twelve and judges every way of using them: all ways share models and held-out data.
local as = require "assay"
local training = require "training"

local shifts = {
  { "corruptions", kind = "noise", sd = 0.2 }, { "corruptions", kind = "blur" },
  { "corruptions", kind = "contrast", factor = 0.5 }, { "corruptions", kind = "translate", pixels = 2 },
  { "corruptions", kind = "occlude", side = 8 },
}

-- The target task, its test set and the shifted ones, and the source images.
local function tasks(p)
  local source = as.dataset { "fashion_mnist" }
  local turned = as.dataset { "corruptions", kind = "rotate", degrees = 25, source = source }
  local target = as.dataset { "corruptions", kind = "invert", source = turned }
  local t = { test = as.data(target.test):subset(p.test_items), shifted = {} }
  t.source = as.data(source.train):subset(p.source_items)
  local all = as.data(target.train):subset(p.source_items + p.train_items + p.held_out)
  local _, unseen = all:split(p.source_items)
  t.train, t.held_out = unseen:split(p.train_items)
  for k, shift in ipairs(shifts) do
    shift.source, shift.split = target, "test"
    t.shifted[k] = as.data(as.dataset(shift).test):subset(p.shift_items)
  end
  return t
end

local function logits(net, x)
  return as.no_grad(function() return net(x) end)
end

local function accuracy(f, y)
  return f:argmax(-1):eq(y):mean():item()
end

local function cross_entropy(f, y)
  return f:cross_entropy(y):mean():item()
end

-- What each way of using the models is judged by: held-out, test, mean over the shifted sets.
local function judge(run, t, name, f_of)
  local shifted = 0
  for _, s in ipairs(t.shifted) do shifted = shifted + accuracy(f_of(s), s.y) / #t.shifted end
  run:log(0, { [name .. "/test"] = accuracy(f_of(t.test), t.test.y), [name .. "/shift"] = shifted })
end

-- beta that minimises the held-out cross-entropy of beta f: golden section over log beta in [-3, 3].
local function calibrated(f, y)
  local low, high, g = -3, 3, (5 ^ 0.5 - 1) / 2
  local function loss(b) return cross_entropy(f * math.exp(b), y) end
  local b, c = high - g * (high - low), low + g * (high - low)
  local at_b, at_c = loss(b), loss(c)
  for _ = 1, 20 do
    if at_b < at_c then
      high, c, at_c = c, b, at_b
      b = high - g * (high - low)
      at_b = loss(b)
    else
      low, b, at_b = b, c, at_c
      c = low + g * (high - low)
      at_c = loss(c)
    end
  end
  return math.exp((low + high) / 2)
end

-- Section 4: predicted and measured gap of pairs of models; without the too-hot one under another name.
local function gaps(run, p, t, net, base, models)
  local pairs_drawn, n = as.permutation(#models * (#models - 1) // 2):tolist(), 0
  local all = {}
  for i = 1, #models do
    for j = i + 1, #models do all[#all + 1] = { models[i], models[j] } end
  end
  local few = t.test:subset(p.gap_items)
  for _, place in ipairs(pairs_drawn) do
    local a, b = all[place + 1][1], all[place + 1][2]
    n = n + 1
    if n > p.pairs then break end
    as.scope(function()
      net:load(as.soup { "uniform" } { a.theta, b.theta })
      local beta = calibrated(logits(net, t.held_out.x), t.held_out.y)
      local score = as.score { "soup_gap", beta = beta }
      local predicted, measured = score { first = a.theta, second = b.theta, base = base, model = net,
        x = few.x, labels = few.y }
      local row = { ["gap/all_predicted"] = predicted, ["gap/all_measured"] = measured,
        ["gap/cos"] = score.reports.cos, ["gap/beta"] = beta }
      if not (a.hot or b.hot) then row["gap/predicted"], row["gap/measured"] = predicted, measured end
      run:log(n, row)
    end)
  end
end

-- The greedy loop over averaged logits: the models whose mean is best on held-out data.
local function greedy_ensemble(t, models)
  local order = {}
  for k = 1, #models do order[k] = k end
  table.sort(order, function(i, j)
    if models[i].held_out ~= models[j].held_out then return models[i].held_out > models[j].held_out end
    return i < j
  end)
  local kept, sum, best = { models[order[1]] }, models[order[1]].f[t.held_out], models[order[1]].held_out
  for k = 2, #order do
    local with = sum + models[order[k]].f[t.held_out]
    local a = accuracy(with, t.held_out.y)
    if a > best then kept[#kept + 1], sum, best = models[order[k]], with, a end
  end
  return kept
end

-- One way of using the models less another, as a number without a verdict.
local function reported(arm, way, other, set, paper)
  return as.claim { kind = "reported", paper = paper,
    statement = ("%s: %s less %s on %s"):format(arm, way, other, set),
    value = function(arms) return arms[arm](way .. "/" .. set) - arms[arm](other .. "/" .. set) end }
end

-- Spearman over the pairs of all runs.
local function reported_gap(arm, prefix, statement)
  local predicted, measured = prefix .. "predicted", prefix .. "measured"
  return as.claim { kind = "reported", statement = statement, value = function(arms)
    local x, y, curves = {}, {}, arms[arm]:curves(measured)
    for k, curve in ipairs(arms[arm]:curves(predicted)) do
      table.move(curve.value, 1, #curve.value, #x + 1, x)
      table.move(curves[k].value, 1, #curve.value, #y + 1, y)
    end
    return as.claim.spearman(x, y)
  end }
end

return as.experiment {
  name = "49-model-soups", paper = "arXiv:2203.05482", headline = "greedy/test",
  doc = "soups of 12 fine-tuned networks against the best of them and the ensemble",
  params = { source_items = 40000, train_items = 3000, held_out = 1000, test_items = 10000,
    shift_items = 2000, gap_items = 1000, width = 256, models = 12, pairs = 20,
    least_lr = 1e-4, most_lr = 3e-3, hot_lr = 1e-2 },
  -- `gentle` asks whether the rates above leave the basin of the pre-trained network: a decade lower
  arms = { soups = {}, gentle = { least_lr = 1e-5, most_lr = 3e-4, hot_lr = 1e-3 } },
  seeds = 5,
  smoke = { seeds = 1, params = { source_items = 2000, train_items = 500, held_out = 200, test_items = 500,
    shift_items = 200, width = 32, models = 5, pairs = 10, gap_items = 200 } },
  claims = {
    target = as.claim { kind = "superiority", mean = 1e-6, seeds = "4 of 5", or_equal = true,
      statement = "greedy soup less the best model by held-out data, accuracy on the target test set",
      paper = "+0.64 points (ViT-B/32: 81.03 against 80.39)",
      value = function(arms) return arms.soups "greedy/test" - arms.soups "best/test" end },
    shifted = as.claim { kind = "superiority", mean = 1e-6, seeds = "4 of 5", or_equal = true,
      statement = "the same over the five shifted test sets", paper = "+2.9 points (50.86 against 47.97)",
      value = function(arms) return arms.soups "greedy/shift" - arms.soups "best/shift" end },
    gap = as.claim.correlates { "soups", x = "gap/predicted", y = "gap/measured", above = 0.5,
      statement = "flatness and confidence predict the gap between soup and ensemble (Spearman)" },
    gap_with_hot = reported_gap("soups", "gap/all_", "the same with the pairs of the too-hot model"),
    ensemble = reported("soups", "greedy", "ensemble", "test", "-0.16 points (81.03 against 81.19)"),
    uniform = reported("soups", "uniform", "best", "test", "-0.41 points (79.97 against 80.38)"),
    gentle_target = reported("gentle", "greedy", "best", "test"),
    gentle_shifted = reported("gentle", "greedy", "best", "shift"),
    gentle_ensemble = reported("gentle", "greedy", "ensemble", "test"),
    gentle_gap = reported_gap("gentle", "gap/", "the same at rates a decade lower"),
  },
  run = function(run, p)
    local t, begun = tasks(p), as.clock()
    local base, net = training.pretrained(p, t)
    local models, steps, tuned = {}, 0, 0
    for k = 1, p.models do
      local began = as.clock()
      local m = training.fine_tuned(p, t, base, net, k == p.models)
      steps, tuned = steps + m.epochs * math.ceil(p.train_items / 64), tuned + as.clock() - began
      m.f = { [t.held_out] = logits(net, t.held_out.x), [t.test] = logits(net, t.test.x) }
      for _, s in ipairs(t.shifted) do m.f[s] = logits(net, s.x) end
      m.held_out = accuracy(m.f[t.held_out], t.held_out.y)
      run:log(k, { ["model/held_out"] = m.held_out, ["model/test"] = accuracy(m.f[t.test], t.test.y),
        ["model/lr"] = m.lr, ["model/epochs"] = m.epochs })
      models[k] = m
    end
    run:log(0, { ["train/seconds"] = as.clock() - begun, ["clock/ms a step"] = tuned * 1000 / steps })

    local function states(list)
      local all = {}
      for k, m in ipairs(list) do all[k] = m.theta end
      return all
    end
    local function judge_state(name, theta, beta)
      net:load(theta)
      judge(run, t, name, function(d) return logits(net, d.x) end)
      local f = logits(net, t.held_out.x) * (beta or 1)
      run:log(0, { [name .. "/held_out"] = accuracy(f, t.held_out.y),
        [name .. "/loss"] = cross_entropy(f, t.held_out.y) })
    end
    local function held_out_accuracy(theta)
      return as.no_grad(function() return accuracy(net:call_with(theta, t.held_out.x), t.held_out.y) end)
    end
    local function judge_ensemble(name, list)
      judge(run, t, name, function(d)
        local sum = list[1].f[d]
        for k = 2, #list do sum = sum + list[k].f[d] end
        return sum / #list
      end)
    end

    local by_held_out = table.move(models, 1, #models, 1, {})
    table.sort(by_held_out, function(a, b) return a.held_out > b.held_out end)
    local cool = {}
    for _, m in ipairs(models) do if not m.hot then cool[#cool + 1] = m end end
    judge_state("best", by_held_out[1].theta)
    judge_state("second", by_held_out[2].theta)
    judge_state("uniform", as.soup { "uniform" }(states(models)))
    judge_state("uniform_cool", as.soup { "uniform" }(states(cool)))
    local greedy = as.soup { "greedy" }
    judge_state("greedy", (greedy(states(models), held_out_accuracy)))
    run:log(0, { ["greedy/ingredients"] = greedy.reports.ingredients })
    judge_state("greedy_accept", (as.soup { "greedy", tie = "accept" }(states(models), held_out_accuracy)))
    local drawn = as.soup { "greedy", order = "random" }
    for k = 1, 3 do judge_state("greedy_random" .. k, (drawn(states(models), held_out_accuracy))) end
    for _, by in ipairs { "model", "tensor" } do
      local learned = as.soup { "learned", by = by }
      local theta = learned { states = states(models), model = net,
        x = t.held_out.x, labels = t.held_out.y }
      judge_state("learned_" .. by, theta, learned.reports.beta)
    end
    judge_ensemble("ensemble", models)
    judge_ensemble("greedy_ensemble", greedy_ensemble(t, models))
    gaps(run, p, t, net, base, models)
  end,
}
