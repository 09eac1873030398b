-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/49-model-soups/picture.lua
local as = require "assay"

local ways = { "best", "uniform", "uniform_cool", "greedy", "learned_model", "ensemble", "greedy_ensemble" }

local function values(arm, metric)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT m.value FROM last_metric m JOIN run r ON r.id = m.run_id
      JOIN experiment x ON x.id = r.experiment_id
      WHERE x.name = '49-model-soups' AND r.status = 'done' AND r.arm = ?1 AND m.name = ?2]], arm, metric)) do
    list[i] = row.value
  end
  return list
end

local charts = { columns = 2, title = "Ways of using twelve fine-tuned networks" }
for _, arm in ipairs { "soups", "gentle" } do
  local bars = { width = 400, title = arm, x_label = "accuracy on the target test set", range = { 0, 1 } }
  for i, way in ipairs(ways) do bars[i] = { name = way, values = values(arm, way .. "/test") } end
  charts[#charts + 1] = as.plot.bars(bars)
end
as.plot.panels(charts):save(arg[1] or "experiments/49-model-soups/picture.svg")
