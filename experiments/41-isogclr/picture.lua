-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/41-isogclr/picture.lua
local as = require "assay"

-- Values of a metric of one arm, by seed and class.
local function by_class(arm, metric)
  local list = {}
  for i, row in ipairs(as.results.query([[SELECT value FROM curve WHERE experiment = '41-isogclr'
      AND arm = ?1 AND name = ?2 ORDER BY seed, step]], arm, metric)) do
    list[i] = row.value
  end
  return list
end

local items, tau = by_class("isogclr", "class/items"), by_class("isogclr", "class/tau")
local even, log_items, less = by_class("even", "class/tau"), {}, {}
for i, n in ipairs(items) do
  log_items[i], less[i] = math.log(n, 10), tau[i] - even[i]
end

local charts = { columns = 2, title = "Temperatures by how frequent a class is: ten classes, four seeds" }
charts[1] = as.plot.scatter { width = 320, title = "mean temperature T of a class",
  x_label = "log10 of the class's images", { name = "long-tailed", x = log_items, y = tau },
  { name = "even classes", x = log_items, y = even } }
charts[2] = as.plot.scatter { width = 320, title = "T less T of even classes",
  x_label = "log10 of the class's images", { x = log_items, y = less } }
as.plot.panels(charts):save(arg[1] or "experiments/41-isogclr/picture.svg")
