-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/46-gradsign/picture.lua
local as = require "assay"

-- Per cell, the mean over the seeds.
local function per_cell(arm, metric)
  local list = {}
  local rows = as.results.query([[SELECT avg(value) AS value FROM curve WHERE experiment = '46-gradsign'
    AND arm = ?1 AND name = ?2 GROUP BY step ORDER BY step]], arm, metric)
  for i, row in ipairs(rows) do list[i] = row.value end
  return list
end

local accuracy = per_cell("train", "accuracy")
local charts = { columns = 4, title = "Forty cells: accuracy after training over the score before it" }
for _, arm in ipairs { "gradsign", "grad_norm", "synflow", "param_count" } do
  local x = per_cell(arm, "score")
  for i, value in ipairs(x) do x[i] = math.log(value, 10) end
  charts[#charts + 1] = as.plot.scatter { { x = x, y = accuracy }, width = 220, height = 220, title = arm,
    x_label = "log10 of the score" }
end
as.plot.panels(charts):save(arg[1] or "experiments/46-gradsign/picture.svg")
