-- GradSign (Zhang & Jia 2022): scores of untrained networks, and how well they put forty cells of a small
-- search space in the order of the accuracy these reach when they are trained. Arm `train` trains all cells;
-- each other arm scores the same initialisations; step k of a run is cell k.
--   ./assay run experiments/46-gradsign/experiment.lua -j 2
local as = require "assay"
local cells = require "cells"

---------------------------------------------------------------------- runs

local function pooled(x) -- 28x28 -> 14x14
  return x:avg_pool2d(2)
end

-- The network of cell k as every arm sees it at this seed.
local function network(run, p, k)
  as.seeded("init", run.seed * 1000 + k)
  return cells.network(cells.list[k], p.width, true)
end

local function train(run, p, data)
  local items = as.data(data.train):subset(p.items)
  local test = as.data(data.test):subset(p.test_items)
  items = as.data { x = pooled(items.x), y = items.y }
  test = as.data { x = pooled(test.x), y = test.y }
  for k = 1, p.cells do
    as.scope(function()
      local net = network(run, p, k)
      local steps = p.epochs * (p.items // p.batch)
      local opt = as.optim.adam { net, lr = p.lr }
      local rate, began = as.optim.linear { p.lr, 0, steps = steps }, as.clock()
      for step, batch in items:batches { p.batch, shuffle = true, steps = steps } do
        as.scope(function()
          opt.lr = rate(step)
          opt:update(net(batch.x):cross_entropy(batch.y):mean())
        end)
      end
      run:log(k, { accuracy = as.metrics.accuracy(net, test),
        ["clock/ms a step"] = (as.clock() - began) * 1000 / steps })
    end)
  end
end

local function score(run, p, data)
  local items = as.data(data.train):subset(p.scored_items)
  local x, score_of = pooled(items.x), run.arm ~= "random" and as.score(p.score)
  for k = 1, p.cells do
    as.scope(function()
      local began, net = as.clock(), network(run, p, k)
      local value
      if run.arm == "random" then
        value = as.rand { 1, stream = "random" }
      elseif run.arm == "synflow" then
        value = score_of { model = cells.without_norm(net, cells.list[k], p.width), x = x }
      elseif run.arm == "param_count" then
        value = score_of { model = net }
      else
        value = score_of { model = net, x = x, labels = items.y }
      end
      run:log(k, { score = value:item(), ["seconds/cell"] = as.clock() - began })
    end)
  end
end

---------------------------------------------------------------------- what is claimed

-- Per cell: the mean over the seeds, or the values of one seed.
local function per_cell(arm, name, seed)
  local list, n = {}, 0
  for _, curve in ipairs(arm:curves(name)) do
    if not seed or curve.seed == seed then
      n = n + 1
      for k, value in ipairs(curve.value) do list[k] = (list[k] or 0) + value end
    end
  end
  for k in ipairs(list) do list[k] = list[k] / n end
  return list
end

local function picked_from(list, places)
  local out = {}
  for i, k in ipairs(places) do out[i] = list[k] end
  return out
end

local function all_places(list)
  local places = {}
  for k in ipairs(list) do places[k] = k end
  return places
end

-- A statistic of (accuracies, scores of `names` ...) over the cells, with cells drawn again.
local function over_cells(arms, names, statistic)
  local accuracy, scores = per_cell(arms.train, "accuracy"), {}
  for i, name in ipairs(names) do scores[i] = per_cell(arms[name], "score") end
  return as.claim.bootstrap(all_places(accuracy), function(places)
    local drawn = {}
    for i, list in ipairs(scores) do drawn[i] = picked_from(list, places) end
    return statistic(picked_from(accuracy, places), table.unpack(drawn))
  end)
end

local spearman, kendall = as.claim.spearman, as.claim.kendall

local function rho(truth, x) return spearman(x, truth) end
local function tau(truth, x) return kendall(x, truth) end
local function rho_less(truth, x, y) return spearman(x, truth) - spearman(y, truth) end

-- Spearman of x with the accuracy, given z.
local function partial(truth, x, z)
  local xy, xz, yz = spearman(x, truth), spearman(x, z), spearman(truth, z)
  return (xy - xz * yz) / math.sqrt((1 - xz ^ 2) * (1 - yz ^ 2))
end

-- 200 subsets of ten cells, the same ones for every arm (a linear congruential generator, Lehmer's).
local function subsets(n)
  local state, list = 46, {}
  for s = 1, 200 do
    local places = {}
    for k = 1, n do places[k] = k end
    for i = 1, math.min(10, n) do
      state = state * 48271 % 2147483647
      local j = i + state % (n - i + 1)
      places[i], places[j] = places[j], places[i]
    end
    list[s] = table.move(places, 1, math.min(10, n), 1, {})
  end
  return list
end

-- Best accuracy of a subset less that of the cell with its highest score, mean over the subsets.
local function regret(accuracy, scores)
  local sum, list = 0, subsets(#accuracy)
  for _, places in ipairs(list) do
    local best, top = -math.huge, places[1]
    for _, k in ipairs(places) do
      best = math.max(best, accuracy[k])
      top = scores[k] > scores[top] and k or top
    end
    sum = sum + best - accuracy[top]
  end
  return sum / #list
end

local function regret_of(arms, name)
  return regret(per_cell(arms.train, "accuracy"), per_cell(arms[name], "score"))
end

-- The mean over its seeds, each an order of its own.
local function regret_of_random(arms)
  local sum, n = 0, 0
  for _, curve in ipairs(arms.random:curves "score") do
    sum, n = sum + regret(per_cell(arms.train, "accuracy"), curve.value), n + 1
  end
  return sum / n
end

local function reported(statement, value, paper)
  return as.claim { kind = "reported", statement = statement, value = value, paper = paper }
end

local claims = {
  a_beats_grad_norm = as.claim { kind = "superiority", share = 0.9, paper = "0.77 against 0.58",
    statement = "Spearman with the trained accuracy: gradsign less grad_norm",
    value = function(arms) return over_cells(arms, { "gradsign", "grad_norm" }, rho_less) end },
  b_ranks = as.claim { kind = "threshold", null = 0.3, side = "above", paper = "0.77",
    statement = "Spearman of gradsign with the trained accuracy",
    value = function(arms) return over_cells(arms, { "gradsign" }, rho) end },
  c_picks = as.claim { kind = "superiority",
    statement = "regret of a random pick among ten cells less that of gradsign's",
    value = function(arms) return regret_of_random(arms) - regret_of(arms, "gradsign") end },
  d_every_seed = as.claim { kind = "superiority", seeds = "3 of 3",
    statement = "Spearman of gradsign less grad_norm, from one initialisation",
    value = function(arms)
      local accuracy, list = per_cell(arms.train, "accuracy"), {}
      for _, curve in ipairs(arms.gradsign:curves "score") do
        list[curve.seed] = rho_less(accuracy, curve.value, per_cell(arms.grad_norm, "score", curve.seed))
      end
      return list
    end },
  noise_ceiling = reported("Spearman of the accuracies of one training seed with the mean of the others",
    function(arms)
      local list, curves = {}, arms.train:curves "accuracy"
      for i, one in ipairs(curves) do
        local others = {}
        for j, other in ipairs(curves) do
          for k, value in ipairs(other.value) do others[k] = (others[k] or 0) + (i ~= j and value or 0) end
        end
        list[one.seed] = #curves > 1 and spearman(one.value, others) or 1
      end
      return list
    end),
  partial_given_params = reported("Spearman of gradsign with the accuracy, given param_count",
    function(arms)
      return partial(per_cell(arms.train, "accuracy"), per_cell(arms.gradsign, "score"),
        per_cell(arms.param_count, "score"))
    end),
  less_synflow = reported("Spearman of gradsign less synflow",
    function(arms) return over_cells(arms, { "gradsign", "synflow" }, rho_less) end, "0.77 against 0.74"),
  less_param_count = reported("Spearman of gradsign less param_count",
    function(arms) return over_cells(arms, { "gradsign", "param_count" }, rho_less) end),
  regret_random = reported("regret of a random pick", regret_of_random),
}

local arms = { train = {}, random = {} }
for _, name in ipairs { "gradsign", "grad_norm", "snip", "synflow", "param_count" } do
  arms[name] = { score = { name } }
  claims["rho_" .. name] = reported("Spearman of " .. name,
    function(finished) return over_cells(finished, { name }, rho) end)
  claims["tau_" .. name] = reported("Kendall's tau-b of " .. name,
    function(finished) return over_cells(finished, { name }, tau) end)
  claims["regret_" .. name] = reported("regret of the pick of " .. name,
    function(finished) return regret_of(finished, name) end)
end

return as.experiment {
  name = "46-gradsign", paper = "arXiv:2110.08616",
  doc = "scores of untrained cells against the accuracy they reach on Fashion-MNIST at 14x14",
  params = { cells = 40, width = 8, items = 6000, test_items = 2000, epochs = 2, batch = 64, lr = 3e-3,
    scored_items = 64 },
  arms = arms, seeds = 3,
  smoke = { seeds = 1,
    params = { cells = 10, items = 1280, test_items = 500, epochs = 1, scored_items = 8 } },
  claims = claims,
  run = function(run, p)
    local data = as.dataset { "fashion_mnist" }
    if run.arm == "train" then
      train(run, p, data)
    else
      score(run, p, data)
    end
  end,
}
