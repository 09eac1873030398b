-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/20-tcm/picture.lua
local as = require "assay"

local function points(arm)
  local x, y = {}, {}
  for i, row in ipairs(as.results.query([[SELECT r.value AS recall, o.value AS opis FROM last_metric r
      JOIN last_metric o ON o.run_id = r.run_id AND o.name = 'test/opis' JOIN runs ON runs.id = r.run_id
      WHERE runs.experiment = '20-tcm' AND runs.arm = ?1 AND r.name = 'test/recall']], arm)) do
    x[i], y[i] = row.recall, row.opis
  end
  return x, y
end

local charts = { columns = 2, title = "Unseen classes: recall at 1 and OPIS after 800 steps, four seeds" }
for _, split in ipairs { "odd", "high" } do
  local chart = { width = 380, height = 280, title = "split " .. split, x_label = "recall at 1",
    y_label = "OPIS x 1000" }
  for i, way in ipairs { "contrastive", "tcm", "control" } do
    local x, y = points(way .. "_" .. split)
    chart[i] = { name = way, x = x, y = y }
  end
  charts[#charts + 1] = as.plot.scatter(chart)
end
as.plot.panels(charts):save(arg[1] or "experiments/20-tcm/picture.svg")
