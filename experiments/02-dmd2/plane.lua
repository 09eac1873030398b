-- The ring of eight Gaussians: the exact teacher, a one-step student, how far its samples are from the ring.
local as = require "assay"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local plane = {}

local modes <const>, deviation <const> = 8, 0.3
local sd <const> = math.sqrt(8.09) -- of the mixture, in each dimension

-- Where student and fake begin: a perceptron that was trained to denoise the mixture.
local function start(run, p)
  return teacher {
    run, name = "edm-ring", seed = run.seed, params = p, plugins = { "datasets/gauss_mixture" },
    build = function(o)
      return denoiser.edm { denoiser.mlp { 2, width = o.width, layers = 3 }, sigma_data = sd }
    end,
    train = function(net, o)
      local data = as.dataset { "gauss_mixture", variance = deviation ^ 2, train = 50000 }
      return denoiser.fit {
        net, data.train.x, steps = o.steps, batch = 256, lr = 2e-3, ema = 0.99,
        loss = denoiser.edm_loss {
          net, sigma_data = sd, mean = -1.2 + math.log(sd / 0.5), deviation = 1.6,
        },
      }
    end,
  }
end

-- Modes that hold a quarter of their share or more within three deviations, and the share of samples that are
-- farther than that from every mode.
local function coverage(ring, x)
  local near, mode = (-x:squared_distances(ring.mean)):max(2), (-x:squared_distances(ring.mean)):argmax(2)
  local within = near:ge(-(3 * deviation) ^ 2)
  local held = (mode:one_hot(modes) * within:unsqueeze(2)):sum(1)
  return held:ge(#x / modes / 4):sum():item(), 1 - within:mean():item()
end

--- p.updates generator updates of p.distiller, measured every p.every of them.
function plane.run(run, p)
  local data = as.dataset { "gauss_mixture", variance = deviation ^ 2, train = 1, test = p.samples }
  local ring, first = mixture(data), start(run, p.start)
  local d = { "dmd2", ratio = p.ratio, schedule = { p.sigma_init }, sigma_data = sd, teacher = ring.denoise }
  d.student, d.fake = first:clone():unfreeze(), first:clone():unfreeze()
  d.student_optimizer = as.optim.adamw { d.student, lr = p.lr, decay = 0.01 }
  d.fake_optimizer = as.optim.adamw { d.fake, lr = p.lr, decay = 0.01 }
  local distiller, level = as.distiller(d), as.full(p.sigma_init, p.samples)
  local last, clock = {}, 0
  for update = 1, p.updates do
    local began = as.clock()
    as.scope(function()
      for _ = 1, p.ratio do
        distiller:step(as.randn { p.batch, 2, stream = "z" })
      end
    end)
    clock = clock + as.clock() - began
    if update % p.every == 0 then
      as.scope(as.no_grad, function()
        local x = d.student(as.randn { p.samples, 2, stream = "samples" } * p.sigma_init, level)
        local w2, row = distance.sliced_wasserstein(x, data.test.x), {}
        row["W2"], row["clock/seconds"], row["clock/ms a step"] = w2, clock, clock * 1000 / (update * p.ratio)
        row["modes"], row["far"] = coverage(ring, x)
        last[#last + 1] = w2
        if update == p.updates then
          row["W2/worst of last five"] = math.max(table.unpack(last, math.max(1, #last - 4)))
        end
        run:log(update, row)
      end)
    end
  end
end

return plane
