-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/04-data-diet/picture.lua
local as = require "assay"

local function accuracies(arm)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT headline FROM runs
      WHERE experiment = '04-data-diet' AND status = 'done' AND arm = ?1]], arm)) do
    list[i] = row.headline
  end
  return list
end

local sets <const> = {
  { title = "right labels", "full", "random", "el2n_offset", "el2n_max", "el2n_min", "grand_offset",
    "grand_init", "input_norm" },
  { title = "a tenth of the labels wrong", "noisy_random", "noisy_offset", "noisy_max" },
}

local charts = { columns = 2, title = "Test accuracy after training on half of 20,000 items" }
for _, arms in ipairs(sets) do
  local bars = { width = 400, title = arms.title, range = { 0.7, 0.9 } }
  for i, arm in ipairs(arms) do bars[i] = { name = arm, values = accuracies(arm) } end
  charts[#charts + 1] = as.plot.bars(bars)
end
as.plot.panels(charts):save(arg[1] or "experiments/04-data-diet/picture.svg")
