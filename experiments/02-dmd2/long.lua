-- The long version's arms: a student of four steps that learns on its own earlier steps or on real images
-- with noise, and ten fake updates a generator update on the ring.
--   ./assay run experiments/02-dmd2/long.lua -j 2
local as = require "assay"
local images = require "images"
local plane = require "plane"

-- The paper's levels 999, 749, 499 and 249 of the 1,000 between 0.002 and 20.
local function four_steps(inputs)
  return {
    part = "images", updates = 250, every = 50, batch = 64, lr = 5e-4, samples = 5000,
    distiller = {
      "dmd2", ratio = 5, inputs = inputs, schedule = { 20, 4.854603, 0.821381, 0.075496 },
    },
  }
end

return as.experiment {
  name = "02-dmd2-long", paper = "arXiv:2405.14867", headline = "FD",
  doc = "backward simulation against noised real inputs; ten fake updates a generator update",
  params = {
    part = "plane", ratio = 1, updates = 800, every = 100, batch = 256, lr = 5e-4, sigma_init = 20,
    samples = 10000, start = { width = 128, steps = 1500 },
    distiller = { "dmd2" }, gan = false, judged = "test", sigma_max = 20, pairs = 10, recalled = 2000,
    teacher = { steps = 1000, lr = 1e-3 }, classifier = { steps = 1500 },
  },
  arms = { r10 = { ratio = 10 }, simulated = four_steps "simulated", real = four_steps "real" },
  seeds = 3,
  smoke = {
    seeds = 1,
    params = {
      start = { steps = 30 }, teacher = { steps = 20 }, classifier = { steps = 20 }, recalled = 100,
    },
    arms = {
      r10 = { updates = 4, every = 2, samples = 500 }, simulated = { updates = 4, every = 2, samples = 500 },
      real = { updates = 4, every = 2, samples = 500 },
    },
  },
  claims = {
    simulated = as.claim.beats { "simulated", "real", metric = "FD", lower = true, seeds = "3 of 3",
      paper = "simulated inputs close the gap between training and sampling" },
    r10 = as.claim.reported { "r10", metric = "W2" },
  },
  run = function(run, p)
    local parts = { plane = plane.run, images = images.run }
    parts[p.part](run, p)
  end,
}
