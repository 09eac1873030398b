-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/10-weight-matching/picture.lua
local as = require "assay"

local arms = { "none", "weights", "activations", "sinkhorn", "rebasin" }

local function values(arm, metric, step)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT m.value FROM metric m
      JOIN metric_name n ON n.id = m.name_id JOIN run r ON r.id = m.run_id
      JOIN experiment x ON x.id = r.experiment_id
      WHERE x.name = '10-weight-matching' AND r.status = 'done' AND r.arm = ?1 AND n.name = ?2
        AND m.step = ?3]],
      arm, metric, step)) do
    list[i] = row.value
  end
  return list
end

local charts = { columns = 3, title = "Three networks, B and C matched to A" }
for _, chart in ipairs {
  { "barrier A to B", "test/barrier", 1 }, { "barrier B to C", "test/barrier", 3 },
  { "R(0.3), A and B", "R/0.3", 1 },
} do
  local bars = { width = 330, title = chart[1], range = { 0, chart[2] == "R/0.3" and 1 or 0.8 } }
  for i, arm in ipairs(arms) do bars[i] = { name = arm, values = values(arm, chart[2], chart[3]) } end
  charts[#charts + 1] = as.plot.bars(bars)
end
as.plot.panels(charts):save(arg[1] or "experiments/10-weight-matching/picture.svg")
