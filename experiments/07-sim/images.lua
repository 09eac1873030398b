-- The same question of images, beside the judged experiment: one-step students of Fashion-MNIST at 14 x 14
-- with classes, each method at the rate that was its best on the ring.
--   ./assay run experiments/07-sim/images.lua -j 2
local as = require "assay"
local students = require "students"

local function less(a, b, statement)
  return as.claim.reported { a, b, metric = "FD", statement = statement }
end

return as.experiment {
  name = "07-sim-images", paper = "arXiv:2410.16794", headline = "FD",
  doc = "score implicit matching beside Diff-Instruct on images, each at its best rate of the ring",
  params = {
    updates = 400, every = 50, batch = 128, lr = 3e-4, ema = 0.99, samples = 5000, recalled = 2000,
    judged = "test", sigma_init = 2.5, sigma_max = 80, distiller = { "sim" },
    teacher = { steps = 4000, lr = 1e-3 }, classifier = { steps = 1500 },
  },
  arms = {
    di = { lr = 3e-4, distiller = { "diff_instruct" } },
    ph = { lr = 1e-3, distiller = { "sim", distance = "pseudo_huber", c = 0.03 } },
    l2 = { lr = 1e-3, distiller = { "sim", distance = "l2", alpha = 1 } },
    sid = { lr = 3e-4, distiller = { "sim", distance = "l2", alpha = 1.2 } },
  },
  seeds = 2,
  smoke = {
    seeds = 1,
    params = {
      updates = 4, every = 2, samples = 500, recalled = 100, teacher = { steps = 20 },
      classifier = { steps = 20 },
    },
  },
  claims = {
    kl = less("di", "ph", "images: FD of Diff-Instruct less that of pseudo-Huber"),
    squared = less("l2", "ph", "images: FD of the squared distance less that of pseudo-Huber"),
    sid = less("sid", "ph", "images: FD of SiD less that of pseudo-Huber"),
  },
  run = students.of_images,
}
