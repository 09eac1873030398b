-- Learning rate and s1 of every arm, the same six pairs for each, on a seed that judges nothing; the least
-- one-step distance is taken into experiment.lua.
--   ./assay run experiments/29-ict/tuning.lua -j 2
local as = require "assay"
local consistency = require "consistency"

local methods = {
  ring_ct = { method = consistency.ct, lag = true },
  ring_ict = {},
  ring_ema = { lag = true },
  ring_square = { method = { metric = "square" } },
  ring_uniform = { method = { levels = "uniform" } },
  digits_ct = consistency.on_digits { method = consistency.ct, lag = true },
  digits_ict = consistency.on_digits {},
}

local arms = {}
for name, method in pairs(methods) do
  for _, lr in ipairs { 1e-3, 3e-3 } do
    for _, s1 in ipairs { 20, 40, 160 } do
      local arm = { lr = lr, s1 = s1 }
      for key, value in pairs(method) do
        arm[key] = value
      end
      arms[("%s_%d_%d"):format(name, math.floor(lr * 1000), s1)] = arm
    end
  end
end

return as.experiment {
  name = "29-ict-tuning", paper = "arXiv:2310.14189",
  params = consistency.params, arms = arms, seeds = { 101 },
  run = consistency.run,
}
