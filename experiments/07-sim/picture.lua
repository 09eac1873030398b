-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/07-sim/picture.lua
local as = require "assay"

local charts = { columns = 3, title = "Sliced W2 to the ring over alternations, three rates" }
for _, rate in ipairs { { "r3e4", "3e-4" }, { "r1e3", "1e-3" }, { "r3e3", "3e-3" } } do
  local arms = {}
  for i, name in ipairs { "di", "l2", "ph" } do
    arms[i] = name .. "_" .. rate[1]
  end
  charts[#charts + 1] = as.plot.curves {
    experiment = "07-sim", metric = "W2", arms = arms, width = 320, title = "rate " .. rate[2], log_y = true,
    x_label = "alternations", y_label = "W2",
  }
end
as.plot.panels(charts):save(arg[1] or "experiments/07-sim/picture.svg")
