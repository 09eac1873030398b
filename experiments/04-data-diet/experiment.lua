-- Deep learning on a data diet (Paul et al. 2021): half of the training set, kept by early scores or at
-- random, at a fixed number of update steps; and whether the scores find wrong labels.
--   ./assay run experiments/04-data-diet/experiment.lua -j 2
--   ./assay tune experiments/04-data-diet/experiment.lua -j 2    (tuning.lua) chose `dropped`
local as = require "assay"
local scoring = require "scoring"
local tuning = require "tuning"

-- A rule of samplers/score_subset and the score it goes by. `dropped` of all items, those of the highest
-- scores, are left out before the window of rule offset; tuned, four points an arm, seeds 100 and 101. Noisy
-- arms: a tenth of the labels is wrong.
local arms <const> = {
  full = { rule = "all", score = "none" },
  random = { rule = "random", score = "none" },
  el2n_max = { rule = "keep_max", score = "el2n" },
  el2n_min = { rule = "keep_min", score = "el2n" },
  el2n_offset = { rule = "offset", score = "el2n", dropped = 0.025 },
  grand_offset = { rule = "offset", score = "grand", dropped = 0.025 },
  grand_init = { rule = "offset", score = "grand_init", dropped = 0.1 },
  input_norm = { rule = "offset", score = "input_norm", dropped = 0.1 },
  noisy_random = { rule = "random", score = "none", noisy = true },
  noisy_max = { rule = "keep_max", score = "el2n", noisy = true },
  noisy_offset = { rule = "offset", score = "el2n", noisy = true, dropped = 0.1 },
}

local function scores_of(run, p, items)
  if p.score == "el2n" then
    return scoring.el2n(run, p, items, p.noisy, 1, p.runs)
  elseif p.score == "grand" then
    return scoring.grand(run, p, items, p.scored_at)
  elseif p.score == "grand_init" then
    return scoring.grand(run, p, items, 0)
  elseif p.score == "input_norm" then
    return items.x:flatten(2):square():sum(2):sqrt():reshape(-1)
  end
  return as.zeros(#items.y) -- rules all and random do not look at it
end

local function kept(run, p, items)
  if p.rule == "all" then
    return items
  end
  local scores = scores_of(run, p, items)
  if p.noisy and p.score == "el2n" then
    run:log(0, { auroc = scoring.auroc(scores, items.noisy) })
  end
  local n, keep = #items.y, math.floor(p.kept * #items.y)
  local window = p.rule == "offset" and n - math.floor(p.dropped * n) - keep or nil
  return items:subset(as.sampler { "score_subset", rule = p.rule, keep = keep, offset = window }:draw(scores))
end

-- How alike the scores of two disjoint sets of scoring runs are.
local function log_stability(run, p, items)
  local first = scoring.el2n(run, p, items, false, 1, p.runs)
  local second = scoring.el2n(run, p, items, false, p.runs + 1, 2 * p.runs)
  local rho = require "assay.statistics".spearman(first:tolist(), second:tolist())
  run:log(0, { stability = rho })
end

local function run_one(run, p)
  local data, began = as.dataset { "fashion_mnist" }, as.clock()
  local items = scoring.items(p.noisy, p.items)
  local subset = kept(run, p, items)
  local scored = as.clock()
  local net = scoring.train(scoring.network(), subset, p, p.total)
  local trained = as.clock()
  local test, name = data.test, "test/accuracy"
  if p.validation then
    local _, rest = as.data(data.train):split(p.items)
    test, name = rest:subset(5000), "val/accuracy"
  end
  run:log(p.total, { [name] = as.metrics.accuracy(net, test), ["seconds/scoring"] = scored - began,
    ["clock/ms a step"] = (trained - scored) * 1000 / p.total })
  if run.arm == "full" then
    log_stability(run, p, items)
  end
end

local function reported(a, b)
  return as.claim.reported { a, b, metric = "test/accuracy" }
end

return as.experiment {
  name = "04-data-diet", paper = "arXiv:2107.07075", headline = "test/accuracy",
  doc = "half of 20,000 items of Fashion-MNIST by early scores, at the full number of steps",
  params = { items = 20000, kept = 0.5, runs = 5, scored_at = 300, total = 1500, batch = 128, lr = 1e-3,
    validation = false, noisy = false, dropped = 0.0 },
  arms = arms, seeds = 5,
  smoke = { seeds = 1, params = { items = 4000, runs = 2, scored_at = 60, total = 300 } },
  tune = tuning(arms),
  claims = {
    a_offset = as.claim.beats { "el2n_offset", "random", metric = "test/accuracy", by = 0.002,
      seeds = "4 of 5", paper = "half dropped without loss" },
    b_lowest = as.claim.beats { "random", "el2n_min", metric = "test/accuracy", by = 0.03 },
    c_noise = as.claim.threshold { "noisy_offset", metric = "auroc", above = 0.9, or_equal = true,
      statement = "area under the ROC curve of EL2N for flipped labels" },
    max = reported("el2n_max", "random"), full = reported("full", "el2n_offset"),
    grand = reported("grand_offset", "random"), grand_init = reported("grand_init", "random"),
    input_norm = reported("input_norm", "random"),
    noisy_max = reported("noisy_max", "noisy_random"),
    noisy_offset = reported("noisy_offset", "noisy_random"),
    stability = as.claim { kind = "reported",
      statement = "Spearman of the EL2N of five scoring runs and of five others",
      value = function(finished) return finished.full "stability" end },
  },
  run = run_one,
}
