-- What `assay tune experiments/11-amcl/experiment.lua --arm simclr_5 --arm amcl_5` tries: eight points each
-- at level 5, by the probe on 400 labelled training images, on a seed that judges nothing. AMCL has SimCLR's
-- rate, so that its eight come after SimCLR's.
return {
  metric = "val/probe", rule = "highest", seeds = { 101 },
  over = {
    ["params.validation"] = { true },
    ["arms.simclr_5.head.tau"] = { 0.1, 0.2, 0.3, 0.5 },
    ["arms.simclr_5.lr"] = { 1e-3, 3e-3 },
    ["arms.amcl_5.head.beta"] = { 0.1, 1 },
    ["arms.amcl_5.head.omega_dim"] = { 4, 32 },
    ["arms.amcl_5.range"] = { "narrow", "wide" },
  },
}
