-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/39-ldr/picture.lua
local as = require "assay"

local charts = { columns = 3, title = "Accuracy on clean labels, Fashion-MNIST" }
for _, setting in ipairs { "clean", "uniform", "similar" } do
  local bars = { width = 270, title = setting, range = { 0.7, 0.9 } }
  for i, loss in ipairs { "ce", "gce", "sce", "ldr", "aldr" } do
    local list = {}
    for k, row in ipairs(as.results.query([[SELECT m.value FROM last_metric m JOIN run r ON r.id = m.run_id
        JOIN experiment x ON x.id = r.experiment_id WHERE x.name = '39-ldr' AND r.status = 'done'
        AND r.arm = ?1 AND m.name = 'test/top1']], ("fashion_%s_%s"):format(setting, loss))) do
      list[k] = row.value
    end
    bars[i] = { name = loss, values = list }
  end
  charts[#charts + 1] = as.plot.bars(bars)
end
as.plot.panels(charts):save(arg[1] or "experiments/39-ldr/picture.svg")
