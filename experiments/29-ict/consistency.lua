-- One run of consistency training and what its samples are worth.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local consistency = {}

-- The ring of eight Gaussians at a deviation of 0.5 a dimension, and the score of samples.
local function ring(_, p)
  local scale <const> = 0.5 / math.sqrt(8 + 0.04)
  local data = as.dataset {
    "gauss_mixture", radius = 4 * scale, variance = 0.04 * scale ^ 2, train = p.train, test = p.items,
  }
  local law, fresh = mixture(data), data.test.x
  return data.train.x, function(x, row, name)
    row[name .. "/energy"] = distance.energy(x, fresh)
    row[name .. "/nll"] = -law.log_density(x):mean():item()
  end
end

-- Penultimate features [N, 32] of a classifier of digits, trained once.
local function judge(run, p)
  return teacher {
    run, name = "judge-digits", params = { steps = p.judge }, plugins = { "datasets/digits" },
    build = function()
      return nn.module {
        body = nn.seq { nn.linear { 64, 128 }, nn.relu {}, nn.linear { 128, 32 }, nn.relu {} },
        last = nn.linear { 32, 10 },
        forward = function(self, x) return self.last(self.body(x)) end,
      }
    end,
    train = function(net, o)
      local train = as.dataset { "digits" }.train
      return denoiser.fit {
        net, { x = train.x:flatten(2), y = train.y }, steps = o.steps, ema = 0.99,
        loss = function(batch) return net(batch.x):cross_entropy(batch.y):mean() end,
      }
    end,
  }
end

-- UCI digits [N, 64], mean 0 and deviation 0.5 over all numbers.
local function digits(run, p)
  local data = as.dataset { "digits" }
  local x, test = data.train.x:flatten(2), data.test.x:flatten(2)
  local mean = x:mean():item()
  local scale = 0.5 / (x - mean):square():mean():sqrt():item()
  local eye = judge(run, p)
  local real = eye.body(test)
  return (x - mean) * scale, function(sample, row, name)
    row[name .. "/frechet"] = distance.frechet(eye.body(sample / scale + mean), real)
  end
end

--- Trains p.method's distiller for p.steps, then scores samples of the student's average (rate 0.995) in one
--- step and in two. Each seed's arms see the same data and the same prior noise.
function consistency.run(run, p)
  local items, score = ({ ring = ring, digits = digits })[p.data](run, p)
  local size = items:size(2)
  local F = denoiser.consistency { denoiser.mlp { size, width = p.width, layers = 4 } }
  local mean = nn.ema { F, decay = 0.995, warm = true }
  local lagging = p.lag and nn.ema { F } or nil
  local o = {
    "ict", student = F, teacher = lagging and lagging.net or nil, optimizer = as.optim.radam { F, lr = p.lr },
    iterations = p.steps, sigma_max = p.sigma_max, s1 = p.s1,
  }
  for name, value in pairs(p.method) do
    o[name] = value
  end
  local training, begun = as.distiller(o), as.clock()
  for step, batch in as.data { x = items }:batches { p.batch, shuffle = true, steps = p.steps } do
    as.scope(function()
      local loss = training:step(batch.x)
      mean:update()
      if lagging then
        lagging.decay = training.reports.ema
        lagging:update()
      end
      if step % (p.steps // 10) == 0 then
        run:log(step, { loss = loss, levels = training.reports.levels })
      end
    end)
  end
  local row = { ["clock/ms a step"] = (as.clock() - begun) * 1000 / p.steps }
  local z = as.randn { p.items, size, stream = "prior" }
  for name, levels in pairs { one = {}, two = { p.second } } do
    local sampler = as.sampler {
      "consistency_multistep", model = mean.net, sigma_max = p.sigma_max, levels = levels,
    }
    score(sampler { noise = z }, row, name)
  end
  run:log(p.steps, row)
end

consistency.params = {
  data = "ring", method = {}, lag = false, lr = 1e-3, s1 = 40, steps = 4000, batch = 256, width = 128,
  sigma_max = 20, second = 0.4, items = 4000, train = 20000, judge = 1000,
}

-- Song et al. 2023: curriculum by a root, even levels, squares, no weights, and (lag) an average as teacher.
consistency.ct = { curriculum = "root", levels = "uniform", weight = "one", metric = "square", s0 = 2 }

--- An arm on the digits has these beside its method.
function consistency.on_digits(arm)
  for name, value in pairs { data = "digits", steps = 3000, batch = 128, width = 256, sigma_max = 80,
    second = 0.821, items = 1797 } do
    arm[name] = value
  end
  return arm
end

return consistency
