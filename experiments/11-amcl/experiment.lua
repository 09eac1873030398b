-- Adaptive multi-head contrastive learning (Wang et al. 2024): three projection heads with a learnt
-- temperature for each pair against one head with one temperature, SimCLR on Fashion-MNIST with one and with
-- five kinds of augmentation, judged by a linear probe.
--   ./assay run experiments/11-amcl/experiment.lua -j 2
local as = require "assay"
local probe = require "assay.probe"
local training = require "training"

local lr <const>, tau <const> = 1e-3, 0.5 -- SimCLR's, chosen by `assay tune` (tuning.lua)
local ranges <const> = { narrow = { 0.1, 0.5 }, wide = { 0.03, 1 } }

-- An arm of heads/amcl_simclr; beta, omega_dim and range were chosen by `assay tune`, for all of them.
local function amcl(level, changes)
  local head = { "amcl_simclr", neg = "lse", heads = 3, beta = 0.1, omega_dim = 4, phi_hidden = 32,
    tau = tau }
  for k, v in pairs(changes or {}) do head[k] = v end
  return { level = level, head = head, range = "narrow", lr = lr }
end

local function simclr(level, changes)
  local head = { "simclr", hidden = 128, out_dim = 32, tau = tau }
  for k, v in pairs(changes or {}) do head[k] = v end
  return { level = level, head = head, lr = lr }
end

-- The head's parameters with the ends of the temperatures.
local function options_of(p)
  local o = {}
  for k, v in pairs(p.head) do o[k] = v end
  o.tau_min, o.tau_max = nil, nil -- the defaults, for heads that learn no temperature
  if o[1] == "amcl_simclr" and o.adaptive ~= false then
    o.tau_min, o.tau_max = table.unpack(ranges[p.range])
  end
  return o
end

-- How much the probe gains at a level, per seed.
local function gain(arms, level)
  return arms["amcl_" .. level] "test/probe" - arms["simclr_" .. level] "test/probe"
end

local function less(a, b, statement, metric)
  return as.claim.reported { a, b, metric = metric or "test/probe", statement = statement }
end

return as.experiment {
  name = "11-amcl", paper = "arXiv:2310.05615", headline = "test/probe",
  doc = "several contrastive heads with learnt temperatures under more and fewer augmentations",
  params = { images = 3000, labelled = 2000, test = 10000, epochs = 15, batch = 128, groups = 5,
    validation = false },
  arms = {
    simclr_1 = simclr(1), simclr_5 = simclr(5), amcl_1 = amcl(1), amcl_5 = amcl(5),
    multi_5 = amcl(5, { adaptive = false }),            -- three heads, one temperature
    adaptive_5 = amcl(5, { heads = 1 }),                -- one head, learnt temperatures
    wide_5 = simclr(5, { hidden = 384, out_dim = 96 }), -- one head of three heads' size
    max_5 = amcl(5, { neg = "max" }),                   -- (2.1) as printed
  },
  seeds = { 1, 2, 3, 4 },
  smoke = { seeds = 1, params = { images = 400, labelled = 300, test = 1000, epochs = 1, groups = 1 },
    arms = { "simclr_5", "amcl_5", "multi_5", "max_5" } },
  tune = require "tuning",
  claims = {
    a_gain = as.claim.beats { "amcl_5", "simclr_5", metric = "test/probe", by = 0.005, seeds = "3 of 4",
      statement = "five augmentations: three adaptive heads (lse) probe half a point above one head" },
    b_grows = as.claim { kind = "superiority",
      statement = "the gain is larger with five kinds of augmentation than with one",
      value = function(arms) return gain(arms, 5) - gain(arms, 1) end },
    c_not_width = as.claim.beats { "amcl_5", "wide_5", metric = "test/probe",
      statement = "the gain exceeds that of one head of three heads' size" },
    d_overlap = as.claim.beats { "amcl_5", "simclr_5", metric = "overlap/plain", lower = true,
      statement = "positive and negative similarities overlap less" },
    headline = as.claim.all { "a_gain", "b_grows", "c_not_width" },
    gain_1 = less("amcl_1", "simclr_1", "one augmentation: AMCL less SimCLR"),
    multi = less("multi_5", "simclr_5", "three heads of one temperature less SimCLR"),
    adaptive = less("adaptive_5", "simclr_5", "one head with learnt temperatures less SimCLR"),
    both = less("amcl_5", "multi_5", "AMCL less three heads of one temperature"),
    max = less("max_5", "simclr_5", "the paper's max in place of the log-sum-exp, less SimCLR"),
    knn = less("amcl_5", "simclr_5", "kNN-20: AMCL less SimCLR", "test/knn"),
    scaled = less("amcl_5", "simclr_5", "overlap of s/tau, AMCL less SimCLR", "overlap/scaled"),
    max_collapses = as.claim { kind = "reported",
      statement = "mean similarity of max's hardest negatives; above 0.99 it has collapsed",
      value = function(arms) return arms.max_5 "s-" end },
  },
  run = function(run, p)
    local images, known, unknown, prefix = training.data(p)
    local options, view = options_of(p), training.view(p.level)
    local net, head, began = training.encoder(), as.head(options), as.clock()
    local opt, last, reports = as.optim.adam { net, head, lr = p.lr }, training.steps(p, images), {}
    for step, batch in images:batches { p.batch, shuffle = true, drop_last = true, epochs = p.epochs } do
      as.scope(function()
        local loss = head(net(view(batch.x)), net(view(batch.x)))
        opt:update(loss)
        if step % 23 == 0 or step == last then
          reports = { loss = loss }
          for name, value in pairs(head.reports) do reports[name] = value end
          run:log(step, reports)
        end
      end)
    end
    run:log(last, { ["clock/ms a step"] = (as.clock() - began) * 1000 / last })
    local function features(data)
      return { x = as.metrics.outputs(net, data), y = data.y }
    end
    local train, test = features(known), features(unknown)
    run:log(last, { [prefix .. "probe"] = (probe.linear(train, test)),
      [prefix .. "knn"] = probe.knn(train, test) })
    as.no_grad(as.scope, function()
      local plain, scaled, rank = training.overlap(net, head, options, view, images, p.groups)
      run:log(last, { ["overlap/plain"] = plain, ["overlap/scaled"] = scaled, ["rank"] = rank })
    end)
  end,
}
