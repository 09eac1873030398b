-- The same question of the paper's other forms, beside the judged experiment: MoCo and Barlow Twins with
-- three adaptive heads and with one of one temperature, five kinds of augmentation.
--   ./assay run experiments/11-amcl/forms.lua -j 2
local as = require "assay"
local nn = require "assay.nn"
local probe = require "assay.probe"
local training = require "training"

-- Nothing is tuned for these forms: rate, MoCo's temperatures, beta and omega_dim are those that
-- experiment.lua found for SimCLR. Barlow Twins has tau = 1, which must lie in the range, as it does in the
-- range of the public code.
local function moco(name, changes)
  local head = { name, hidden = 128, out_dim = 32, size = 1024, momentum = 0.99, tau = 0.5 }
  for k, v in pairs(changes or {}) do head[k] = v end
  return { head = head, keys = true }
end

local function barlow(name, changes)
  local head = { name, hidden = 128, out_dim = 32 }
  for k, v in pairs(changes or {}) do head[k] = v end
  return { head = head, keys = false }
end

local function less(a, b, statement)
  return as.claim.reported { a, b, metric = "test/probe", statement = statement }
end

return as.experiment {
  name = "11-amcl-forms", paper = "arXiv:2310.05615", headline = "test/probe",
  doc = "MoCo and Barlow Twins with several heads of learnt temperatures",
  params = { images = 3000, labelled = 2000, test = 10000, epochs = 15, batch = 128, lr = 1e-3,
    validation = false },
  arms = {
    moco = moco "moco",
    amcl_moco = moco("amcl_moco", { heads = 3, neg = "lse", beta = 0.1, omega_dim = 4, phi_hidden = 32,
      tau_min = 0.1, tau_max = 0.5 }),
    barlow = barlow "barlow",
    amcl_barlow = barlow("amcl_barlow", { heads = 3, batch = 128, beta = 0.1, omega_dim = 4, phi_hidden = 32,
      tau_min = 0.1, tau_max = 2 }),
  },
  seeds = 2,
  smoke = { seeds = 1, params = { images = 256, labelled = 200, test = 500, epochs = 1 } },
  claims = {
    moco = less("amcl_moco", "moco", "MoCo: three adaptive heads less one"),
    barlow = less("amcl_barlow", "barlow", "Barlow Twins: three adaptive heads less one"),
  },
  run = function(run, p)
    local images, known, unknown, prefix = training.data(p)
    local view, net, head = training.view(5), training.encoder(), as.head(p.head)
    local slow = p.keys and nn.ema { net, decay = 0.99 } -- MoCo's encoder of keys
    local opt, last, began = as.optim.adam { net, head, lr = p.lr }, training.steps(p, images), as.clock()
    for step, batch in images:batches { p.batch, shuffle = true, drop_last = true, epochs = p.epochs } do
      as.scope(function()
        local a, b = view(batch.x), view(batch.x)
        local keys = slow and { as.no_grad(function() return slow.net(a), slow.net(b) end) } or {}
        local loss = head(net(a), net(b), nil, table.unpack(keys))
        opt:update(loss)
        if slow then slow:update() end
        if step % 23 == 0 or step == last then
          local reports = { loss = loss }
          for name, value in pairs(head.reports) do reports[name] = value end
          run:log(step, reports)
        end
      end)
    end
    local row = { ["clock/ms a step"] = (as.clock() - began) * 1000 / last }
    local function features(data)
      return { x = as.metrics.outputs(net, data), y = data.y }
    end
    local train, test = features(known), features(unknown)
    row[prefix .. "probe"], row[prefix .. "knn"] = (probe.linear(train, test)), probe.knn(train, test)
    run:log(last, row)
  end,
}
