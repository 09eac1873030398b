-- iSogCLR (Qiu et al. 2023): contrastive learning on long-tailed Fashion-MNIST with one temperature for each
-- image against one for all, judged by a linear probe on frozen features, and by which images end with the
-- larger temperatures.
local as = require "assay"
local probe = require "assay.probe"
local training = require "training"

-- Mean temperature and number of images of each class, one step a class; percentiles over all images.
local function log_temperatures(run, images, head)
  local tau = head:state().tau:slice(1, 1, #images)
  local kind = images.y:one_hot(10) -- [N, 10]
  local items = kind:sum(1)
  local means = (kind * tau:unsqueeze(2)):sum(1) / items
  for class = 0, 9 do
    run:log(class, { ["class/tau"] = means[class + 1], ["class/items"] = items[class + 1] })
  end
  local sorted = tau:sort():tolist()
  for _, percent in ipairs { 10, 50, 90 } do
    run:log(0, { [("tau/p%d"):format(percent)] = sorted[math.max(1, math.ceil(#sorted * percent / 100))] })
  end
end

-- { [seed] = Spearman over the classes of n_k and the mean temperature T_k }; of T_k - T_k of the arm `less`
-- where there is one.
local function frequency(arms, arm, less)
  local tau, by_seed = arms[arm]:curves "class/tau", {}
  local items = arms.isogclr:curves "class/items" -- of the long-tailed data, also for the even arm
  local base = less and arms[less]:curves "class/tau"
  for k, curve in ipairs(tau) do
    local values = {}
    for class, value in ipairs(curve.value) do
      values[class] = value - (base and base[k].value[class] or 0)
    end
    by_seed[curve.seed] = as.claim.spearman(items[k].value, values)
  end
  return by_seed
end

local function reported(a, b, metric, statement)
  return as.claim.reported { a, b, metric = metric, statement = statement }
end

return as.experiment {
  name = "41-isogclr", paper = "arXiv:2305.11965", headline = "test/probe",
  doc = "individual temperatures in contrastive learning on long-tailed images",
  params = { ratio = 100, epochs = 25, batch = 128, lr = 1e-3, per_class = 200, validation = false },
  -- tau of SimCLR and SogCLR, and rho, were chosen by `assay tune` (tuning.lua); `even` has the same rho
  arms = {
    simclr = { head = { "simclr", tau = 0.1 } },
    sogclr = { head = { "sogclr", tau = 0.5, n_samples = 3000 } },
    isogclr = { head = { "isogclr", rho = 0.8, tau_init = 0.1, n_samples = 3000 } },
    even = { head = { "isogclr", rho = 0.8, tau_init = 0.1, n_samples = 3000 }, ratio = 1 },
  },
  seeds = { 2, 3, 4, 5 },
  smoke = { seeds = 1, params = { epochs = 1, per_class = 30 } },
  tune = require "tuning",
  claims = {
    frequent = as.claim { kind = "superiority", mean = 0.3, seeds = "3 of 4",
      statement = "Spearman over the classes of n_k and T_k less T_k of a model of even classes",
      value = function(arms) return frequency(arms, "isogclr", "even") end },
    accuracy = as.claim.beats { "isogclr", "simclr", metric = "test/probe", seeds = "3 of 4", or_equal = true,
      statement = "linear probe: iSogCLR less SimCLR at its best temperature" },
    effect = as.claim.beats { "isogclr", "simclr", metric = "test/probe", by = 0.005,
      statement = "the same by half a point, which would be the paper's effect" },
    headline = as.claim.all { "frequent", "accuracy" },
    raw = as.claim { kind = "reported", statement = "Spearman of n_k and T_k, long-tailed",
      value = function(arms) return frequency(arms, "isogclr") end },
    raw_even = as.claim { kind = "reported",
      statement = "Spearman of the same n_k and T_k of the model of even classes, which never saw them",
      value = function(arms) return frequency(arms, "even") end },
    sogclr = reported("isogclr", "sogclr", "test/probe", "linear probe: iSogCLR less SogCLR"),
    knn = reported("isogclr", "simclr", "test/knn", "kNN-20: iSogCLR less SimCLR"),
    knn_sogclr = reported("isogclr", "sogclr", "test/knn", "kNN-20: iSogCLR less SogCLR"),
  },
  run = function(run, p)
    local images, labelled, test = training.data(p, p.per_class + (p.validation and 100 or 0))
    local prefix = "test/"
    if p.validation then
      local others
      test, others = labelled:balanced(100)
      labelled, prefix = labelled:subset(others), "val/"
    end
    local net, head, began = training.encoder(), as.head(p.head), as.clock()
    local steps = training.contrast(p, images, net, head)
    run:log(0, { ["clock/ms a step"] = (as.clock() - began) * 1000 / steps })
    local function features(data)
      return { x = as.metrics.outputs(net, data), y = data.y }
    end
    local known, unknown = features(labelled), features(test)
    run:log(0, { [prefix .. "probe"] = (probe.linear(known, unknown)),
      [prefix .. "knn"] = probe.knn(known, unknown) })
    if p.head[1] == "isogclr" then log_temperatures(run, images, head) end
  end,
}
