-- The ring of eight Gaussians: its law, what students begin as, how far samples are from it.
local as = require "assay"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local ring = {}

local modes <const>, deviation <const> = 8, 0.3
local sd <const> = math.sqrt(8.09) -- of the mixture, in each dimension

--- Where student and fake begin: a perceptron of p.width trained for p.steps to denoise the mixture.
function ring.start(run, p)
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

--- The mixture (assay.mixture), its denoiser the exact teacher, and n fresh items of it.
function ring.law(n)
  local data = as.dataset { "gauss_mixture", variance = deviation ^ 2, train = 1, test = n }
  return mixture(data), data.test.x
end

--- The row of samples x: W2 (sliced) from fresh items, modes (that hold a quarter of their share or more
--- within three deviations) and far (the share of samples that are farther than that from every mode).
function ring.judge(law, fresh, x)
  local near, mode = (-x:squared_distances(law.mean)):max(2), (-x:squared_distances(law.mean)):argmax(2)
  local within = near:ge(-(3 * deviation) ^ 2)
  local held = (mode:one_hot(modes) * within:unsqueeze(2)):sum(1)
  return {
    W2 = distance.sliced_wasserstein(x, fresh), modes = held:ge(#x / modes / 4):sum():item(),
    far = 1 - within:mean():item(),
  }
end

ring.sd = sd

return ring
