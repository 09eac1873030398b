-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/18-score-sde/picture.lua
local as = require "assay"

local charts = { columns = 2, title = "Equal numbers of network calls: 2 N" }
for _, score in ipairs { "exact", "learned" } do
  charts[#charts + 1] = as.plot.curves {
    experiment = "18-score-sde", metric = score .. "/gap", arms = { "predictor", "corrector", "ode" },
    width = 400, title = score .. " score", x_label = "N", y_label = "gap, nats",
  }
end
as.plot.panels(charts):save(arg[1] or "experiments/18-score-sde/picture.svg")
