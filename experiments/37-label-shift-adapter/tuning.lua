-- What `assay tune experiments/37-label-shift-adapter/experiment.lua` tries: three rates of plain Tent on
-- 2,000 noisy training images of even classes that the source network has not seen, on a seed that judges
-- nothing. All ways that adapt by entropy use the rate chosen.
return {
  metric = "val/tent", rule = "highest", seeds = { 100 },
  over = { ["params.tent_lr"] = { 1e-4, 1e-3, 1e-2 }, ["params.unseen"] = { 200 } },
}
