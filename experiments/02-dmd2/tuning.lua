-- The rate of the image arms, chosen for five fake updates without the GAN on a seed that judges nothing,
-- against training images; the rate of the least distance is taken into experiment.lua for all of them.
--   ./assay run experiments/02-dmd2/tuning.lua
local as = require "assay"
local images = require "images"

return as.experiment {
  name = "02-dmd2-tuning", paper = "arXiv:2405.14867", headline = "FD",
  params = {
    updates = 250, every = 50, batch = 64, samples = 5000, judged = "train", recalled = 2000, sigma_max = 20,
    distiller = { "dmd2", ratio = 5, schedule = { 20 } }, gan = false, pairs = 10,
    teacher = { steps = 1000, lr = 1e-3 }, classifier = { steps = 1500 },
  },
  arms = {
    lr_5e5 = { lr = 5e-5 }, lr_1e4 = { lr = 1e-4 }, lr_2e4 = { lr = 2e-4 }, lr_5e4 = { lr = 5e-4 },
  },
  seeds = { 101 },
  run = images.run,
}
