-- The ring of eight Gaussians: the exact teacher, a one-step student, how far its samples are from the ring.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local ring = {}

local modes <const>, deviation <const> = 8, 0.3
local sd <const> = math.sqrt(8.09) -- of the mixture, in each dimension
local fake_mean <const>, fake_deviation <const> = -1.2 + math.log(sd / 0.5), 1.6 -- of ln sigma

-- Where student and fake begin: a perceptron that was trained to denoise the mixture.
local function start(run, p)
  return teacher {
    run, name = "edm-ring", seed = run.seed, params = p, plugins = { "datasets/gauss_mixture" },
    build = function(o)
      return denoiser.edm { denoiser.mlp { 2, width = o.width, layers = 3 }, sigma_data = sd }
    end,
    train = function(net, o)
      local data = as.dataset { "gauss_mixture", variance = deviation ^ 2, train = 50000 }
      local loss = denoiser.edm_loss { net, sigma_data = sd, mean = fake_mean, deviation = fake_deviation }
      return denoiser.fit {
        net, data.train.x, loss = loss, steps = o.steps, batch = 256, lr = 2e-3, ema = 0.99,
      }
    end,
  }
end

-- Modes that hold a quarter of their share or more within three deviations, and the share of samples that are
-- farther than that from every mode.
local function coverage(law, x)
  local near, mode = (-x:squared_distances(law.mean)):max(2), (-x:squared_distances(law.mean)):argmax(2)
  local within = near:ge(-(3 * deviation) ^ 2)
  local held = (mode:one_hot(modes) * within:unsqueeze(2)):sum(1)
  return held:ge(#x / modes / 4):sum():item(), 1 - within:mean():item()
end

-- The divergences as the fake sees the student, over the generator's levels: the mean of sigma |s_F - s_T|
-- and of its square, at x0 + sigma eps.
local function divergence(p, law, fake, x0)
  local low, high = 0.002 ^ (1 / 7), p.sigma_max ^ (1 / 7)
  local sigma = (as.rand { #x0, stream = "judged level" } * (0.8 * (high - low)) + low):power(7)
  local x = x0 + as.randn { #x0, 2, stream = "judged noise" } * sigma:unsqueeze(2)
  local square = ((fake(x, sigma) - law.denoise(x, sigma)) / sigma:unsqueeze(2)):square():sum(2)
  return square:sqrt():mean():item(), square:mean():item()
end

--- p.updates alternations of an arm's distiller, measured every p.every of them on the averaged student.
function ring.run(run, p)
  local data = as.dataset { "gauss_mixture", variance = deviation ^ 2, train = 1, test = p.samples }
  local law, first = mixture(data), start(run, p.start)
  local d = { teacher = law.denoise }
  for name, value in pairs(p.distiller) do -- with the plugin's defaults in place of what the arm leaves out
    d[name] = value
  end
  d.sigma_data, d.sigma_init, d.sigma_max = sd, p.sigma_init, p.sigma_max
  d.fake_mean, d.fake_deviation = fake_mean, fake_deviation
  d.student, d.fake = first:clone():unfreeze(), first:clone():unfreeze()
  d.student_optimizer = as.optim.adam { d.student, lr = p.lr, beta1 = 0 }
  d.fake_optimizer = as.optim.adam { d.fake, lr = p.lr, beta1 = 0 }
  local distiller, mean = as.distiller(d), nn.ema { d.student, decay = p.ema }
  local function sample(n, stream)
    return mean.net(as.randn { n, 2, stream = stream } * p.sigma_init, as.full(p.sigma_init, n))
  end
  local clock = 0
  for update = 1, p.updates do
    local began = as.clock()
    as.scope(function()
      distiller:step(as.randn { p.batch, 2, stream = "z" })
      mean:update()
    end)
    clock = clock + as.clock() - began
    if update % p.every == 0 then
      as.scope(as.no_grad, function()
        local x, row = sample(p.samples, "samples"), {}
        row["W2"] = distance.sliced_wasserstein(x, data.test.x)
        row["modes"], row["far"] = coverage(law, x)
        row["gap"] = distiller.reports.gap
        row["clock/seconds"], row["clock/ms a step"] = clock, clock * 1000 / update
        if update == p.updates then
          row["divergence/ph"], row["divergence/l2"] = divergence(p, law, d.fake, sample(20000, "judged"))
        end
        run:log(update, row)
      end)
    end
  end
end

return ring
