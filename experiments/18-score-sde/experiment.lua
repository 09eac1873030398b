-- Score-based generative modelling through SDEs (Song et al. 2021): does a Langevin corrector spend network
-- calls better than more predictor steps do, is the probability-flow ODE's likelihood exact, and what does
-- one unconditional model do beside drawing samples?
--   ./assay run experiments/18-score-sde/experiment.lua -j 2
local as = require "assay"
local plane = require "plane"
local images = require "images"

local function samples(sampler)
  sampler.eps = 1e-5
  return { part = "samplers", sampler = plane.ve(sampler) }
end

return as.experiment {
  name = "18-score-sde", paper = "arXiv:2011.13456", headline = "exact/gap",
  doc = "predictor, predictor-corrector and ODE at the same calls; likelihood; imputation and guidance",
  params = {
    part = "samplers", sampler = { "sde_pc" }, sde = "vp",
    -- the plane: ring of eight Gaussians, N = 20, 50, 100 at 2 N calls
    items = 20000, compared = 5000, points = 2000, steps = { 20, 50, 100 },
    snr = { n20 = 0.3, n50 = 0.16, n100 = 0.1 }, -- by tuning.lua, with the exact score
    learned = true,
    mlp = { width = 128, layers = 3, steps = 4000, batch = 512, lr = 3e-3, items = 100000 },
    -- images
    unet = { channels = { 16, 32 }, steps = 2000, batch = 64, lr = 1e-3 },
    classifier = { width = 64, steps = 1500 },
    n = 50, weighed = 32,
  },
  arms = {
    predictor = samples { "sde_pc", corrector = "none" },
    corrector = samples { "sde_pc", corrector = "langevin" },
    ode = samples { "pf_ode", solver = "heun" },
    likelihood = { part = "likelihood" },
    vp = { part = "images", sde = "vp", items = 100 },
    subvp = { part = "images", sde = "subvp", items = 100 },
  },
  seeds = 5,
  smoke = {
    seeds = 1, arms = { vp = { items = 10 }, subvp = { items = 10 } },
    params = {
      learned = false, items = 5000, compared = 1000, points = 300, steps = { 20, 50 }, n = 25, weighed = 2,
      unet = { steps = 5 }, classifier = { steps = 5 },
    },
  },
  claims = {
    corrector = as.claim.beats { "corrector", "predictor", metric = { "exact/gap", at = 50 }, lower = true,
      seeds = "4 of 5", paper = "correctors improve samples at the same computation" },
    likelihood = as.claim.threshold { "likelihood", metric = "exact/off", below = 0.02, seeds = "5 of 5",
      paper = "exact likelihoods" },
    imputation = as.claim { kind = "superiority", seeds = "5 of 5",
      statement = "lower halves filled by the vp model are nearer the truth than unconditional samples' are",
      value = function(arms) return arms.vp "unconditional/mse" - arms.vp "impute/mse" end },
    corrector_20 = as.claim.reported { "predictor", "corrector", metric = { "exact/gap", at = 20 } },
    corrector_100 = as.claim.reported { "predictor", "corrector", metric = { "exact/gap", at = 100 } },
    corrector_learned = as.claim.reported { "predictor", "corrector", metric = { "learned/gap", at = 50 } },
    corrector_energy = as.claim.reported { "predictor", "corrector", metric = { "exact/energy", at = 50 } },
    ode = as.claim.reported { "predictor", "ode", metric = { "exact/gap", at = 50 } },
    likelihood_learned = as.claim.reported { "likelihood", metric = "learned/off" },
    guidance = as.claim.reported { "vp", metric = "guided/accuracy" },
    bits_vp = as.claim.reported { "vp", metric = "bits" },
    bits_subvp = as.claim.reported { "subvp", metric = "bits" },
  },
  run = function(run, p)
    local parts = { samplers = plane.samplers, likelihood = plane.likelihood, images = images.run }
    parts[p.part](run, p)
  end,
}
