-- The corrector's snr for each N, chosen with the exact score on a seed that judges nothing; the least gap
-- is taken into experiment.lua.
--   ./assay run experiments/18-score-sde/tuning.lua
local as = require "assay"
local plane = require "plane"

local arms = {}
for _, snr in ipairs { 0.05, 0.1, 0.16, 0.3 } do
  arms[("snr_%.2f"):format(snr):gsub("%.", "_")] = { snr = { n20 = snr, n50 = snr, n100 = snr } }
end

return as.experiment {
  name = "18-score-sde-tuning", paper = "arXiv:2011.13456", headline = "exact/gap",
  params = {
    items = 20000, compared = 2000, steps = { 20, 50, 100 }, learned = false,
    sampler = plane.ve { "sde_pc", corrector = "langevin", eps = 1e-5 },
  },
  arms = arms, seeds = { 101 },
  run = plane.samplers,
}
