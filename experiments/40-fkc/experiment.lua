-- Feynman-Kac correctors (Skreta et al. 2025): on targets whose numbers are known, is a reverse SDE with
-- weights and resampling nearer to them than the same SDE without?
--   ./assay run experiments/40-fkc/experiment.lua -j 2
local as = require "assay"
local targets = require "targets"

-- Weights, or the items as they are; |estimate - truth| of every target.
local function estimate(target, p)
  local hook = p.weighted and as.hook { "smc", threshold = 0.5 } or nil
  local s = {
    "fkc", output = "edm", model = target.model, second = target.second, steps = p.factor * p.steps,
    sigma_max = 20, sigma_min = 0.02, hooks = { hook },
  }
  for name, value in pairs(target.fkc) do
    s[name] = value
  end
  local x, logw = as.sampler(s) { noise = as.randn { p.items, target.dim, stream = "prior" } }
  local weights = p.weighted and logw:softmax(-1) or as.full(1 / p.items, p.items)
  return (weights * target.value(x)):sum():item(), hook and hook:state().resampled:item()
end

local function better(name, text)
  return as.claim.beats { "fkc", "plain", metric = name .. "/error", lower = true, by = 0, seeds = "6 of 8",
    paper = text }
end

return as.experiment {
  name = "40-fkc", paper = "arXiv:2503.02819", headline = "A/error",
  doc = "weights and resampling against the same SDE without them, and without them at twice the steps",
  params = {
    items = 2000, steps = 200, weighted = false, factor = 1, learned = true,
    net = { width = 128, layers = 3, steps = 3000, batch = 512, lr = 3e-3 },
  },
  arms = { plain = {}, plain_2x = { factor = 2 }, fkc = { weighted = true } },
  seeds = 8,
  smoke = { seeds = 1, params = { steps = 100, net = { steps = 20 } } },
  claims = {
    anneal = better("A", "annealing needs the weights"),
    anneal_tempered = better("A_half", "annealing needs the weights"),
    geometric = better("B", "guidance does not sample q1^(1-beta) q2^beta"),
    product = better("C", "the sum of scores does not sample the product"),
    all = as.claim.all { "anneal", "anneal_tempered", "geometric", "product" },
    anneal_2x = as.claim.reported { "plain_2x", "fkc", metric = "A/error" },
    product_bias = as.claim.reported { "fkc", metric = "C/estimate" },
    learned_anneal = as.claim.reported { "plain", "fkc", metric = "learned_anneal/error" },
    learned_product = as.claim.reported { "plain", "fkc", metric = "learned_product/error" },
  },
  run = function(run, p)
    local row, start = {}, as.clock()
    for _, target in ipairs(targets.exact()) do
      local found, resampled = estimate(target, p)
      row[target.name .. "/estimate"], row[target.name .. "/error"] = found, math.abs(found - target.truth)
      row[target.name .. "/resampled"] = resampled
    end
    row["clock/ms a step"] = (as.clock() - start) * 1000 / (4 * p.steps * p.factor)
    for _, target in ipairs(p.learned and targets.learned(run, p.net) or {}) do
      local found = estimate(target, p)
      row[target.name .. "/estimate"], row[target.name .. "/error"] = found, math.abs(found - target.truth)
      row[target.name .. "/truth"] = target.truth
    end
    run:log(p.steps, row)
  end,
}
