-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/11-amcl/picture.lua
local as = require "assay"

local function values(arm, metric)
  local list = {}
  for k, row in ipairs(as.results.query([[SELECT m.value FROM last_metric m JOIN run r ON r.id = m.run_id
      JOIN experiment x ON x.id = r.experiment_id WHERE x.name = '11-amcl' AND r.status = 'done'
      AND r.arm = ?1 AND m.name = ?2]], arm, metric)) do
    list[k] = row.value
  end
  return list
end

local function chart(title, metric, range, arms)
  local bars = { width = 400, title = title, range = range }
  for i, arm in ipairs(arms) do
    bars[i] = { name = arm, values = values(arm, metric) }
  end
  return as.plot.bars(bars)
end

as.plot.panels {
  columns = 2, title = "Three adaptive heads and parts of them, Fashion-MNIST, views of level 1 and 5",
  chart("linear probe", "test/probe", { 0.7, 0.85 },
    { "simclr_1", "amcl_1", "simclr_5", "wide_5", "multi_5", "adaptive_5", "amcl_5", "max_5" }),
  chart("overlap of positive and negative pairs", "overlap/plain", { 0, 1 },
    { "simclr_1", "amcl_1", "simclr_5", "wide_5", "multi_5", "adaptive_5", "amcl_5", "max_5" }),
}:save(arg[1] or "experiments/11-amcl/picture.svg")
