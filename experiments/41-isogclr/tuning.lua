-- What `assay tune experiments/41-isogclr/experiment.lua --arm simclr --arm sogclr --arm isogclr` tries: four
-- fixed temperatures for SimCLR and SogCLR, three radii for iSogCLR, by the linear probe on 1,000 labelled
-- training images, on a seed that judges nothing.
return {
  metric = "val/probe", rule = "highest", seeds = { 101 },
  over = {
    ["params.validation"] = { true },
    ["arms.simclr.head.tau"] = { 0.1, 0.2, 0.3, 0.5 },
    ["arms.sogclr.head.tau"] = { 0.1, 0.2, 0.3, 0.5 },
    ["arms.isogclr.head.rho"] = { 0.2, 0.4, 0.8 },
  },
}
