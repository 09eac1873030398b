-- How many of Heun's steps a sample needs: eight Gaussians on a circle with their exact denoiser, so that all
-- error is the sampler's. Second order: twice the steps, a quarter of the error.
--   ./assay run experiments/heun_mixture.lua
local as = require "assay"

local centres, v <const> = {}, 0.09 -- radius 4, variance of each
for k = 0, 7 do
  centres[k + 1] = { 4 * math.cos(k * math.pi / 4), 4 * math.sin(k * math.pi / 4) }
end
local mu = as.tensor(centres)

local function square_distance(x)
  return (x:unsqueeze(2) - mu:unsqueeze(1)):square():sum(-1) -- [B,8]
end

-- E[x0 | x] = sum_k w_k (v x + sigma^2 mu_k) / (v + sigma^2),  w = softmax(-|x - mu_k|^2 / (2 (v + sigma^2)))
local function denoise(x, sigma)
  local s2 = sigma:square():reshape(-1, 1) -- [B,1]
  local w = (square_distance(x) / (-2 * (s2 + v))):softmax(-1)
  return (v * x + s2 * w:matmul(mu)) / (s2 + v)
end

return as.experiment {
  name = "heun_mixture", paper = "arXiv:2206.00364", headline = "error",
  doc = "Heun's steps on a mixture whose denoiser is known",
  params = { items = 2000 },
  arms = {
    steps_16 = { sampler = { "heun", steps = 16 } }, steps_32 = { sampler = { "heun", steps = 32 } },
    steps_64 = { sampler = { "heun", steps = 64 } }, steps_128 = { sampler = { "heun", steps = 128 } },
  },
  seeds = 2,
  smoke = { seeds = 1, params = { items = 100 } },
  claims = {
    falls = as.claim.falls { "steps_16", "steps_32", "steps_64", "steps_128", metric = "error",
      seeds = "2 of 2" },
    second_order = as.claim.beats { "steps_64", "steps_32", metric = "error", lower = true, factor = 3,
      seeds = "2 of 2", paper = "of second order" },
  },
  run = function(run, p)
    local noise = as.randn { p.items, 2, stream = "noise" } -- the same for all arms of a seed
    local x = as.sampler(p.sampler) { model = denoise, noise = noise }
    local exact = as.sampler { "heun", steps = 1024 } { model = denoise, noise = noise }
    local far = square_distance(x):min(-1):gt(9 * v):mean() -- exp(-9/2) = 0.0111 of the mixture itself
    run:log(p.sampler.steps, { error = (x - exact):abs():mean(), ["share beyond 3 sd"] = far })
  end,
}
