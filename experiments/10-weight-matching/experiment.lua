-- Analysis of linear mode connectivity via permutation-based weight matching (Ito et al. 2025): networks A, B
-- and C share nothing; B and C are matched to A; how high are the barriers on the lines between them, and
-- does matching align the directions of large singular values?
--   ./assay run experiments/10-weight-matching/experiment.lua -j 2
local as = require "assay"
local networks = require "networks"

local lines <const> = { { "A-B", 1, 2 }, { "A-C", 1, 3 }, { "B-C", 2, 3 } } -- their places are the steps

-- Outputs of the hidden layers, by the places of the rectifiers.
local function hidden(net, x)
  local _, z = as.no_grad(function() return net:call { x, read = { "2", "4" } } end)
  return { "2", "4", ["2"] = z["2"], ["4"] = z["4"] }
end

-- One way to match: function(a, b, train) -> the state of b with its hidden units in a's order.
local matching = {
  none = function(_, b) return b:state() end,
  weights = function(a, b) return (as.soup { "weight_match", give = "matched" } { a, b }) end,
  activations = function(a, b, train)
    local said = { hidden(a, train.x), hidden(b, train.x) }
    return (as.soup { "activation_match", give = "matched" }({ a, b }, said))
  end,
}

-- Straight through a permutation, on the loss at the middle of the two.
local function straight_through(p)
  return function(a, b, train)
    local soup = as.soup {
      "ste_match", mode = p.match, give = "matched", epochs = p.ste_epochs, lr = p.ste_lr,
    }
    return (soup { states = { a, b }, model = a, x = train.x, labels = train.y })
  end
end

-- Barriers, R(gamma), reduction of the distance and the second-order estimate of a line.
local function judge_line(run, step, p, first, second, before, data)
  local score = as.score { "sv_alignment", gamma = { 0, 0.3, 0.5 } }
  local R = score { first = first, second = second, before = before, model = data.net, x = data.test.x,
    labels = data.test.y }:tolist()
  local r = score.reports
  run:log(step, { ["test/barrier"] = r.barrier, estimate = r.estimate, reduction = r.reduction,
    ["R/0"] = R[1], ["R/0.3"] = R[2], ["R/0.5"] = R[3] })
  local few = data.train:subset(p.barrier_items)
  score { first = first, second = second, model = data.net, x = few.x, labels = few.y }
  run:log(step, { ["train/barrier"] = score.reports.barrier })
end

-- The mean of all three, and how much it shares with each of the states that it is the mean of.
local function judge_mean(run, name, theta, states, data)
  local f = as.no_grad(function() return data.net:call_with(theta, data.test.x) end)
  run:log(0, { [name .. "/accuracy"] = f:argmax(-1):eq(data.test.y):mean():item(),
    [name .. "/loss"] = f:cross_entropy(data.test.y):mean():item() })
  for k, state in ipairs(states) do
    local R = as.score { "sv_alignment", gamma = { 0, 0.3 } } { first = theta, second = state }
    run:log(k, { [name .. "/R/0"] = R[1]:item(), [name .. "/R/0.3"] = R[2]:item() })
  end
end

-- Figure 4: the mean over items of (v_{l,i} . z_{l-1})^2 / |z_{l-1}|^2 of network A, against i.
local function log_inputs(run, net, x)
  local theta, z = net:state(), hidden(net, x)
  local layers = { { "1.weight", x }, { "3.weight", z["2"] }, { "5.weight", z["4"] } }
  for l, layer in ipairs(layers) do
    local _, s, vt = theta[layer[1]]:svd()
    local on = layer[2]:matmul(vt:transpose(1, 2)):square() / layer[2]:square():sum { 2, keep = true }
    local share, value = on:mean(1):tolist(), s:tolist()
    for i = 1, #value do
      run:log(i, { ["input/" .. l] = share[i], ["singular/" .. l] = value[i] })
    end
  end
end

-- The number of both matched pairs, the smaller of the two for each seed.
local function worst(of)
  return function(arms) return as.claim.min { of(arms, 1), of(arms, 2) } end
end

local function on_matched(metric, arm)
  return as.claim { kind = "reported",
    statement = ("%s of %s, mean of the two matched pairs"):format(metric, arm),
    value = function(arms)
      return as.claim.mean { arms[arm] { metric, at = 1 }, arms[arm] { metric, at = 2 } }
    end }
end

return as.experiment {
  name = "10-weight-matching", paper = "arXiv:2402.04051", headline = "test/barrier",
  doc = "networks matched by weights, by activations and by descent through permutations",
  params = { match = "none", items = 20000, test_items = 10000, barrier_items = 5000, width = 256,
    epochs = 10, lr = 1e-3, ste_epochs = 20, ste_lr = 0.1 },
  arms = {
    none = {}, weights = { match = "weights" }, activations = { match = "activations" },
    sinkhorn = { match = "sinkhorn" },
    -- begins at the solution of weight matching and solves it again for each batch: fewer epochs
    rebasin = { match = "rebasin", ste_epochs = 5, ste_lr = 0.01 },
  },
  seeds = 3,
  smoke = { seeds = 1, arms = { "none", "weights", "activations" },
    params = { items = 2000, test_items = 1000, barrier_items = 500, width = 64, epochs = 5 } },
  claims = {
    a_barrier = as.claim { kind = "superiority", seeds = "3 of 3",
      statement = "matched by weights, the barrier is less than half of that without, in both pairs",
      paper = "linearly mode connected",
      value = worst(function(arms, k)
        return arms.none { "test/barrier", at = k } * 0.5 - arms.weights { "test/barrier", at = k }
      end) },
    a_distance = as.claim { kind = "superiority", seeds = "3 of 3",
      statement = "the distance falls, by less than 25 % (what is left to either end, both pairs)",
      paper = "6 to 20 %",
      value = worst(function(arms, k)
        local reduction = arms.weights { "reduction", at = k }
        return as.claim.min { reduction, 25 - reduction }
      end) },
    b_large = as.claim { kind = "superiority", seeds = "5 of 6",
      statement = "matched by weights, R(0.3) less R(0)", paper = "R(0.3) up to 0.8",
      value = function(arms)
        local function gain(k)
          return arms.weights { "R/0.3", at = k } - arms.weights { "R/0", at = k }
        end
        return as.claim.join { ab = gain(1), ac = gain(2) }
      end },
    b_before = as.claim { kind = "superiority", seeds = "3 of 3", paper = "about 0",
      statement = "without matching R is within 0.03 of 0 (0.03 less the larger, both pairs)",
      value = worst(function(arms, k)
        local function room(name) return 0.03 - arms.none { name, at = k }:abs() end
        return as.claim.min { room "R/0", room "R/0.3" }
      end) },
    c_indirect = as.claim.beats { "weights", "none", metric = { "test/barrier", at = 3 }, lower = true,
      seeds = "3 of 3",
      statement = "barrier between B and C, each matched to A by weights, under that without" },
    c_against = as.claim.beats { "weights", "sinkhorn", metric = { "test/barrier", at = 3 }, lower = true,
      paper = "-0.098 against 0.296", statement = "that barrier is lower than with descent (Sinkhorn)" },
    c_job = as.claim { kind = "threshold", null = 0.05, side = "below", or_equal = true,
      statement = "descent did its own job: its barrier of matched pairs less that of weight matching",
      value = function(arms)
        local function excess(k)
          return arms.sinkhorn { "test/barrier", at = k } - arms.weights { "test/barrier", at = k }
        end
        return as.claim.mean { excess(1), excess(2) }
      end },
    c = as.claim.all { "c_indirect", "c_against", "c_job" },
    barrier_none = on_matched("test/barrier", "none"),
    barrier_weights = on_matched("test/barrier", "weights"),
    barrier_activations = on_matched("test/barrier", "activations"),
    barrier_sinkhorn = on_matched("test/barrier", "sinkhorn"),
    estimate_weights = on_matched("estimate", "weights"),
    large_sinkhorn = on_matched("R/0.3", "sinkhorn"), large_activations = on_matched("R/0.3", "activations"),
    mean_of_three = as.claim.reported { "weights", "none", metric = "anchor/accuracy" },
    barycentre = as.claim.reported { "weights", metric = "barycentre/accuracy" },
  },
  run = function(run, p)
    local models, states = networks.group(run, p), {}
    local data = { net = models[1], train = networks.items("train", p.items),
      test = networks.items("test", p.test_items) }
    local match, began = matching[p.match] or straight_through(p), as.clock()
    for k = 1, 3 do
      states[k] = k == 1 and models[1]:state() or match(models[1], models[k], data.train)
    end
    run:log(0, { ["clock/ms a step"] = (as.clock() - began) * 1000 / 2 }) -- a step is a pair
    for step, line in ipairs(lines) do
      local a, b = line[2], line[3]
      judge_line(run, step, p, states[a], states[b], a == 1 and models[b]:state() or nil, data)
    end
    judge_mean(run, "anchor", as.soup { "uniform" }(states), states, data)
    if p.match == "weights" then
      judge_mean(run, "barycentre", as.soup { "weight_match", mode = "barycentre" }(models), {}, data)
    elseif p.match == "none" then
      log_inputs(run, models[1], data.test.x)
    end
  end,
}
