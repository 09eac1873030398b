-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/40-fkc/picture.lua
local as = require "assay"

local charts = { columns = 3, title = "Estimates of eight seeds" }
for _, target in ipairs {
  { "A", "anneal: P(x > 0)", 0.2687, { 0, 0.4 } }, { "B", "geometric: mean", 2.0710, { 1.9, 2.4 } },
  { "C", "product: mean", -0.4888, { -1, 1 } },
} do
  charts[#charts + 1] = as.plot.bars {
    experiment = "40-fkc", metric = target[1] .. "/estimate", title = target[2], range = target[4],
    width = 360, x_label = ("the truth is %g"):format(target[3]),
  }
end
as.plot.panels(charts):save(arg[1] or "experiments/40-fkc/picture.svg")
