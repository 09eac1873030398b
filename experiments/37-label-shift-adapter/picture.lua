-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/37-label-shift-adapter/picture.lua
local as = require "assay"

local labels <const> = { "forward50", "forward10", "uniform", "backward10", "backward50" }
local ways <const> = {
  { "source", "source" }, { "tent", "Tent" }, { "tent_lsa", "Tent + adapter" },
  { "tent_lsa_true", "adapter, true pi" }, { "tent_logit", "Tent + logit adjustment" },
  { "tent_logit_true", "logit adjustment, true pi" }, { "tent_lsa_falling", "adapter, falling rate" },
}

-- The last value of a metric in each run, by seed.
local function values(metric)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT m.value FROM last_metric m JOIN run r ON r.id = m.run_id
      JOIN experiment x ON x.id = r.experiment_id WHERE x.name = '37-label-shift-adapter'
      AND r.status = 'done' AND m.name = ?1 ORDER BY r.seed]], metric)) do
    list[i] = row.value
  end
  return list
end

local curves = { width = 640, band = "none", title = "Accuracy over five corruptions, mean of five seeds",
  x_label = "labels of the target: 1 forward 50, 2 forward 10, 3 even, 4 backward 10, 5 backward 50",
  y_label = "accuracy" }
for i, way in ipairs(ways) do
  local columns = {}
  for k, set in ipairs(labels) do
    columns[k] = as.tensor(values(way[1] .. "/" .. set))
  end
  curves[i] = { name = way[2], y = as.stack(columns, 2) }
end
as.plot.curves(curves):save(arg[1] or "experiments/37-label-shift-adapter/picture.svg")
