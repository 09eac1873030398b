-- Improved consistency training (Song & Dhariwal 2023): one-step samples of iCT and of consistency training
-- as it was first (CT), with the same network and budget, and what the pieces of iCT are worth.
--   ./assay run experiments/29-ict/experiment.lua -j 2
local as = require "assay"
local consistency = require "consistency"

-- Learning rate and s1 of each arm by tuning.lua: the least one-step distance of six pairs.
local arms = {
  ring_ct = { method = consistency.ct, lag = true, lr = 1e-3, s1 = 40 },
  ring_ict = { lr = 3e-3, s1 = 160 },
  ring_ema = { lag = true, lr = 3e-3, s1 = 40 }, -- iCT with an average as its teacher
  ring_square = { method = { metric = "square" }, lr = 1e-3, s1 = 160 },
  ring_uniform = { method = { levels = "uniform" }, lr = 3e-3, s1 = 160 },
  digits_ct = consistency.on_digits { method = consistency.ct, lag = true, lr = 1e-3, s1 = 20 },
  digits_ict = consistency.on_digits { lr = 1e-3, s1 = 40 },
}

-- By how much of the other's distance an arm's is less, one number a seed.
local function gain(arm, other, metric)
  return function(of) return 1 - of[arm](metric) / of[other](metric) end
end

local function better(data, metric)
  return as.claim { kind = "superiority", mean = 0.1, seeds = "4 of 5", paper = "FID 2.51, CT 8.70",
    statement = ("one step on the %s: the share of CT's %s distance that iCT's is less"):format(data, metric),
    value = gain(data .. "_ict", data .. "_ct", "one/" .. metric) }
end

local function two_steps(data, metric)
  return as.claim { kind = "superiority", or_equal = true, paper = "FID 2.24 against 2.51",
    statement = ("a second step of iCT does no harm on the %s, on average"):format(data),
    value = function(of)
      local ict = of[data .. "_ict"]
      return 1 - ict("two/" .. metric) / ict("one/" .. metric)
    end }
end

local function piece(arm, statement)
  return as.claim { kind = "reported", value = gain("ring_ict", arm, "one/energy"),
    statement = ("share of the distance that %s takes off, on the ring"):format(statement) }
end

return as.experiment {
  name = "29-ict", paper = "arXiv:2310.14189", headline = "one/energy",
  doc = "consistency training from data alone, improved and as it was first, on a ring and on digits",
  params = consistency.params, arms = arms, seeds = 5,
  smoke = { seeds = 1, params = { steps = 100, items = 500, train = 2000, judge = 100 },
    arms = { digits_ct = { steps = 100 }, digits_ict = { steps = 100 } } },
  claims = {
    ring = better("ring", "energy"), digits = better("digits", "frechet"),
    both = as.claim.all { "ring", "digits" },
    two_ring = two_steps("ring", "energy"), two_digits = two_steps("digits", "frechet"),
    no_average = piece("ring_ema", "a teacher without a lag"),
    pseudo_huber = piece("ring_square", "the pseudo-Huber loss"),
    lognormal = piece("ring_uniform", "levels drawn by a lognormal"),
    nll = as.claim.reported { "ring_ct", "ring_ict", metric = "one/nll" },
  },
  run = consistency.run,
}
