-- Label distributionally robust losses (Zhu et al. 2023) under label noise: cross-entropy, GCE, SCE, LDR-KL
-- and ALDR-KL on Fashion-MNIST and on digits, with clean labels, uniform flips and flips to a similar class.
--   ./assay run experiments/39-ldr/experiment.lua -j 2
--   ./assay tune experiments/39-ldr/experiment.lua -j 2     (tuning.lua) chose the values below
local as = require "assay"
local nn = require "assay.nn"
local tuning = require "tuning"

local settings <const> = { "clean", "uniform", "similar" }

-- The paper's benchmarks are these here. `per_class` training items of each class are drawn, or all n taken.
-- A similar class: T-shirt 0 and shirt 6, pullover 2 and coat 4, sandal 5 and sneaker 7; of a digit the next
-- one.
local sets <const> = {
  fashion = { source = { "fashion_mnist" }, n = 6000, per_class = 600, sizes = { 784, 128, 64 },
    similar = { kind = "table", table = { 6, 1, 4, 3, 2, 7, 0, 5, 8, 9 } } },
  digits = { source = { "digits" }, n = 1400, sizes = { 64, 64 }, similar = { kind = "next" } },
}

-- A uniform flip draws from all ten classes, so that of 60 % flipped labels 54 % are wrong.
local function noise(set, setting)
  local flip = setting == "similar" and set.similar or { kind = "uniform" }
  return { "label_noise", source = set.source, kind = flip.kind, table = flip.table,
    xi = ({ clean = 0, uniform = 0.6, similar = 0.3 })[setting] }
end

-- Each with the value of its own that is tuned. Cross-entropy has none: its weight decay is tuned, which is
-- 5e-3 for the others.
local losses <const> = {
  ce = function() return { "cross_entropy" } end,
  gce = function(q) return { "gce", q = q } end,
  sce = function(bal) return { "sce", bal = bal } end,
  ldr = function(lam) return { "ldr_kl", lam = lam, margin = 0.1, normalize = "softplus_mean" } end,
  aldr = function(lam0, n)
    return { "aldr_kl", lam0 = lam0, alpha = 2, margin = 0.1, normalize = "l1_mean", n_samples = n }
  end,
}

-- Learning rate and own value, chosen by `assay tune` (nine points each, seed 100, noisy validation labels).
local tuned <const> = {
  fashion = {
    clean = { ce = { 0.1, 0.0 }, gce = { 0.01, 0.05 }, sce = { 0.1, 0.5 },
      ldr = { 0.01, 10 }, aldr = { 0.01, 1 } },
    uniform = { ce = { 0.01, 0.0 }, gce = { 0.1, 0.05 }, sce = { 0.1, 0.5 },
      ldr = { 0.1, 1 }, aldr = { 0.01, 0.1 } },
    similar = { ce = { 0.1, 0.0 }, gce = { 0.1, 0.05 }, sce = { 0.1, 0.5 },
      ldr = { 0.01, 1 }, aldr = { 0.01, 1 } },
  },
  digits = {
    clean = { ce = { 0.1, 0.0 }, gce = { 0.1, 0.05 }, sce = { 0.1, 0.05 },
      ldr = { 0.01, 0.1 }, aldr = { 0.01, 0.1 } },
    uniform = { ce = { 0.01, 0.0 }, gce = { 0.01, 0.05 }, sce = { 0.01, 0.05 },
      ldr = { 0.1, 10 }, aldr = { 0.001, 1 } },
    similar = { ce = { 0.1, 5e-3 }, gce = { 0.1, 0.7 }, sce = { 0.1, 0.95 },
      ldr = { 0.1, 10 }, aldr = { 0.01, 0.1 } },
  },
}

local function arm_name(set, setting, loss)
  return ("%s_%s_%s"):format(set, setting, loss)
end

local arms = {}
for set, by_setting in pairs(tuned) do
  for setting, by_loss in pairs(by_setting) do
    for loss, chosen in pairs(by_loss) do
      arms[arm_name(set, setting, loss)] = {
        set = set, dataset = noise(sets[set], setting), loss = losses[loss](chosen[2], sets[set].n),
        lr = chosen[1], decay = loss == "ce" and chosen[2] or 5e-3,
      }
    end
  end
end

---------------------------------------------------------------------- one run

local function network(sizes)
  local layers = { nn.flatten {} }
  for k = 2, #sizes do
    layers[#layers + 1] = nn.linear { sizes[k - 1], sizes[k] }
    layers[#layers + 1] = nn.tanh {}
  end
  layers[#layers + 1] = nn.linear { sizes[#sizes], 10 }
  return nn.seq(layers)
end

-- What is trained on, what is scored, and the name of the latter: the clean test split, or while tuning a
-- share of the training items, with the labels they have.
local function parts(p)
  local data = as.dataset(p.dataset)
  local items = as.data(data.train)
  if sets[p.set].per_class then
    items = items:balanced(sets[p.set].per_class, { by = "clean" })
  end
  if p.validation == 0 then
    return items, data.test, "test"
  end
  local held, rest = items:split(p.validation, { shuffle = true })
  return rest, held, "val"
end

-- The mean of x [N] over the items whose mark [N] is 1.
local function mean_of(x, mark)
  return (x * mark):sum() / mark:sum()
end

local function run_one(run, p)
  local items, scored, name = parts(p)
  local net, loss = network(sets[p.set].sizes), as.loss(p.loss)
  local opt = as.optim.sgd { net, lr = p.lr, momentum = 0.9, decay = p.decay }
  local pass = (#items.y + p.batch - 1) // p.batch
  local rate = as.optim.steps { p.lr, at = { p.epochs // 2 * pass, p.epochs * 22 // 30 * pass } }
  local topk, adaptive = as.score { "topk_accuracy", k = 2 }, p.loss[1] == "aldr_kl"
  local began, last = as.clock(), p.epochs * pass
  for step, batch in items:batches { p.batch, shuffle = true, epochs = p.epochs } do
    as.scope(function()
      opt.lr = rate(step)
      local f = net(batch.x)
      opt:update(adaptive and loss(f, batch.y, batch.index) or loss(f, batch.y))
    end)
    if step % (3 * pass) == 0 and step < last then
      run:log(step, { [name .. "/top1"] = as.metrics.accuracy(net, scored) })
    end
  end
  local top = topk(as.metrics.outputs(net, scored), scored.y):tolist()
  run:log(last, { [name .. "/top1"] = top[1], [name .. "/top2"] = top[2],
    ["clock/ms a step"] = (as.clock() - began) * 1000 / last })
  if p.dataset.xi > 0 then -- how many wrong labels the net has learnt, and where the temperatures went
    local wrong = items.noisy:float()
    local fitted = as.metrics.outputs(net, items):argmax(-1):eq(items.y)
    run:log(last, { ["wrong/learnt"] = mean_of(fitted, wrong) })
    if adaptive then
      local lam = loss:state().lam:slice(1, 1, #items.y) / p.loss.lam0
      run:log(last, { ["lam/wrong"] = mean_of(lam, wrong), ["lam/right"] = mean_of(lam, 1 - wrong) })
    end
  end
end

---------------------------------------------------------------------- claims

local function against_ce(form, set, setting, loss, rule)
  rule[1], rule[2], rule.metric = arm_name(set, setting, loss), arm_name(set, setting, "ce"), "test/top1"
  return as.claim[form](rule)
end

-- The rank of values[mine], 1 for the largest; equals share the mean of theirs.
local function rank(values, mine)
  local place = 1
  for name, value in pairs(values) do
    if name ~= mine then
      place = place + (value > values[mine] and 1 or value == values[mine] and 0.5 or 0)
    end
  end
  return place
end

-- ALDR-KL's place among the losses by mean rank over the settings, the ranks those of the mean accuracy over
-- the seeds; its interval over seeds that are drawn again.
local function place_of_aldr(finished, set)
  local accuracy, seeds = {}, {}
  for _, setting in ipairs(settings) do
    accuracy[setting] = {}
    for loss in pairs(losses) do
      accuracy[setting][loss] = finished[arm_name(set, setting, loss)] "test/top1":list()
    end
  end
  for k in ipairs(accuracy.clean.ce) do
    seeds[k] = k
  end
  return as.claim.bootstrap(seeds, function(picked)
    local ranks = {}
    for _, setting in ipairs(settings) do
      local sums = {}
      for loss, list in pairs(accuracy[setting]) do
        sums[loss] = 0
        for _, k in ipairs(picked) do
          sums[loss] = sums[loss] + list[k]
        end
      end
      for loss in pairs(losses) do
        ranks[loss] = (ranks[loss] or 0) - rank(sums, loss)
      end
    end
    return rank(ranks, "aldr")
  end)
end

local function place_claim(set)
  return as.claim { kind = "threshold", null = 2, side = "below", or_equal = true,
    statement = set .. ": ALDR-KL is among the first two of five losses by mean rank over the settings",
    value = function(finished) return place_of_aldr(finished, set) end }
end

return as.experiment {
  name = "39-ldr", paper = "arXiv:2112.14869", headline = "test/top1",
  doc = "label distributionally robust losses under label noise; last-epoch accuracy on clean labels",
  params = { batch = 64, epochs = 30, validation = 0.0, lr = 1e-2, decay = 5e-3 },
  arms = arms,
  seeds = 5,
  smoke = { seeds = 1, params = { epochs = 2 },
    arms = { "fashion_uniform_ce", "fashion_uniform_ldr", "fashion_uniform_aldr" } },
  tune = tuning(arms),
  claims = {
    a_aldr_uniform = against_ce("beats", "fashion", "uniform", "aldr", { by = 0.01, seeds = "4 of 5" }),
    a_ldr_uniform = against_ce("beats", "fashion", "uniform", "ldr", { by = 0.01, seeds = "4 of 5" }),
    b_aldr_clean = against_ce("within", "fashion", "clean", "aldr", { margin = 0.005 }),
    c_aldr_rank = place_claim "fashion",
    similar_aldr = against_ce("reported", "fashion", "similar", "aldr", {}),
    similar_ldr = against_ce("reported", "fashion", "similar", "ldr", {}),
    digits_aldr_uniform = against_ce("reported", "digits", "uniform", "aldr", {}),
    digits_ldr_uniform = against_ce("reported", "digits", "uniform", "ldr", {}),
    digits_aldr_clean = against_ce("reported", "digits", "clean", "aldr", {}),
    digits_aldr_rank = place_claim "digits",
    lam_of_wrong_labels = as.claim { kind = "reported",
      statement = "lam/lam0 of uniformly flipped labels less that of right ones",
      value = function(finished)
        local aldr = finished.fashion_uniform_aldr
        return aldr "lam/wrong" - aldr "lam/right"
      end },
  },
  run = run_one,
}
