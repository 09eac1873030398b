-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/53-rankmixup/picture.lua
local as = require "assay"

local charts = { columns = 2, title = "Calibration error (ECE) on test images" }
for _, set in ipairs { "fashion", "digits" } do
  local arms = {}
  for i, arm in ipairs { "ce", "ce_long", "mixup", "mixup_a1", "mixup_a2", "mixup_and_ce", "mrl", "mndcg" } do
    arms[i] = set .. "_" .. arm
  end
  charts[#charts + 1] = as.plot.bars { experiment = "53-rankmixup", metric = "test/ece", arms = arms,
    width = 400, title = set, x_label = "ECE" }
end
as.plot.panels(charts):save(arg[1] or "experiments/53-rankmixup/picture.svg")
