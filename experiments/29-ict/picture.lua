-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/29-ict/picture.lua
local as = require "assay"

local function values(arm, metric)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT m.value FROM last_metric m JOIN runs ON runs.id = m.run_id
      WHERE runs.experiment = '29-ict' AND runs.status = 'done' AND runs.arm = ?1 AND m.name = ?2]],
      arm, metric)) do
    list[i] = row.value
  end
  return list
end

local charts = { columns = 2, title = "Consistency training from data alone, five seeds" }
for _, chart in ipairs {
  { "ring", "energy", 0.025, { "ring_ct", "ring_ict", "ring_ema", "ring_square", "ring_uniform" } },
  { "digits", "frechet", 10, { "digits_ct", "digits_ict" } },
} do
  for _, steps in ipairs { "one", "two" } do
    local calls = steps == "one" and "one step" or "two steps"
    local title = ("%s, %s: %s distance"):format(chart[1], calls, chart[2])
    local bars = { width = 400, title = title, range = { 0, chart[3] } }
    for i, arm in ipairs(chart[4]) do
      bars[i] = { name = arm:match "_(.*)", values = values(arm, steps .. "/" .. chart[2]) }
    end
    charts[#charts + 1] = as.plot.bars(bars)
  end
end
as.plot.panels(charts):save(arg[1] or "experiments/29-ict/picture.svg")
