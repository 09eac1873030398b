-- picture.svg from the runs of experiment.lua:
--   ./assay script experiments/02-dmd2/picture.lua
local as = require "assay"

local function curves(metric, arms, title, label)
  return as.plot.curves {
    experiment = "02-dmd2", metric = metric, arms = arms, width = 400, title = title,
    x_label = "generator updates", y_label = label,
  }
end

as.plot.panels {
  columns = 2, title = "Fake updates a generator update, and the GAN term",
  curves("W2", { "r1", "r5" }, "ring", "sliced W2"),
  curves("FD", { "dm_r5", "gan", "gan_strong", "dmd" }, "Fashion-MNIST 14 x 14", "Frechet distance"),
}:save(arg[1] or "experiments/02-dmd2/picture.svg")
