-- The ring of eight Gaussians: samplers and likelihood, with the exact score and with learned ones.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local plane = {}

local entropy <const> = math.log(8) + 1 + math.log(2 * math.pi * 0.04) -- 1.698443 nats

-- The forward SDE of the plane: ve, sigma 0.01 to 10.
function plane.ve(o)
  o.sde, o.sigma_max = "ve", 10
  return o
end

--- A noise model n(x, t), s = -n / sigma, trained by losses/dsm on a data set of the plane; one a seed.
function plane.learned(run, dataset, params, seed)
  return teacher {
    run, name = "score-" .. dataset, seed = seed, params = params,
    plugins = { "losses/dsm", "datasets/" .. dataset },
    build = function(o)
      return denoiser.mlp { 2, width = o.width, layers = o.layers, embedding = nn.fourier { 32, scale = 1 } }
    end,
    train = function(net, o)
      local dsm = as.loss(plane.ve { "dsm", output = "noise", model = net })
      return denoiser.fit {
        net, as.dataset { dataset, train = o.items }.train.x, loss = function(batch) return dsm(batch.x) end,
        steps = o.steps, batch = o.batch, clip = 1, ema = 0.999,
        lr = as.optim.warm_up { as.optim.cosine { o.lr, 0, steps = o.steps }, steps = 100 },
      }
    end,
  }
end

-- Samples at N steps; all arms of a seed start from the same noise.
function plane.sample(p, n, model, items)
  local s = { model = model.net }
  for name, value in pairs(p.sampler) do
    s[name] = value
  end
  s.output = model.output
  if s[1] == "pf_ode" then
    s.steps = n -- two calls a step
  elseif s.corrector == "none" then
    s.n = 2 * n
  else
    s.n, s.snr = n, p.snr["n" .. n]
  end
  return as.sampler(s) { noise = as.randn { items or p.items, 2, stream = "prior" } }
end

--- |mean NLL of samples under the true density - entropy|: the NLL alone rewards samples that are too narrow.
function plane.nll(ring, x)
  return -ring.log_density(x):mean():item()
end

local function models(run, p, ring)
  local list = { exact = { net = ring.denoise, output = "edm" } }
  if p.learned then
    list.learned = { net = plane.learned(run, "gauss_mixture", p.mlp, run.seed), output = "noise" }
  end
  return list
end

--- Gap and energy distance of samples, at step N of the run's curves.
function plane.samplers(run, p)
  local data = as.dataset { "gauss_mixture", test = p.items }
  local ring, fresh = mixture(data), data.test.x:slice(1, 1, p.compared)
  local all = models(run, p, ring)
  for _, n in ipairs(p.steps) do
    local row = {}
    for name, model in pairs(all) do
      local start, x = as.clock(), plane.sample(p, n, model)
      local nll = plane.nll(ring, x)
      row[name .. "/nll"], row[name .. "/gap"] = nll, math.abs(nll - entropy)
      row[name .. "/energy"] = distance.energy(x:slice(1, 1, p.compared), fresh)
      row["clock/" .. name .. " ms a step"] = (as.clock() - start) * 1000 / n
    end
    if p.learned then
      local board = { net = plane.learned(run, "checkerboard", p.mlp, 1), output = "noise" }
      local squares = as.dataset { "checkerboard", test = p.compared }.test.x
      row["checkerboard/energy"] = distance.energy(plane.sample(p, n, board, p.compared), squares)
    end
    run:log(n, row)
  end
end

--- Mean NLL by the ODE against the truth on the same points. The mean over the probes (1, 1) and (1, -1) is
--- the exact trace in the plane.
function plane.likelihood(run, p)
  local data = as.dataset { "gauss_mixture", test = p.points }
  local ring, x = mixture(data), data.test.x
  local truth, row = plane.nll(ring, x), {}
  for name, model in pairs(models(run, p, ring)) do
    local score = as.score(plane.ve { "pf_ode_nll", model = model.net, output = model.output })
    local same, turned = as.ones(p.points, 2), as.tensor { 1, -1 } * as.ones(p.points, 2)
    local nll = -((score(x, same) + score(x, turned)) / 2):mean():item()
    row[name .. "/nll"], row[name .. "/off"] = nll, math.abs(nll - truth)
    row[name .. "/calls"] = score.reports.calls
  end
  row["true/nll"] = truth
  run:log(1, row)
end

return plane
