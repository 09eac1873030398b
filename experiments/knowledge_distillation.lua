-- A small student on few labels, alone and with a teacher that saw more: Fashion-MNIST.
local as = require "assay"
local nn = require "assay.nn"
local metrics = require "assay.metrics"

local function mlp(width)
  return nn.seq { nn.flatten {}, nn.linear { 784, width }, nn.relu {}, nn.linear { width, 10 } }
end

return as.experiment {
  name = "knowledge_distillation", paper = "arXiv:1503.02531", headline = "test/accuracy",
  doc = "a student of 32 units on 1,000 images, alone and taught by 256 units that saw 20,000",
  params = { width = 32, items = 1000, epochs = 30, lr = 2e-3,
             teacher = { width = 256, items = 20000, epochs = 4 } },
  arms = {
    alone = { distiller = { "knowledge", alpha = 0 } },
    taught = { distiller = { "knowledge", alpha = 0.9, temperature = 4 } },
  },
  seeds = 3,
  smoke = { params = { epochs = 1, teacher = { items = 2000, epochs = 1 } } },
  claims = {
    taught = as.claim.beats { "taught", "alone", metric = "test/accuracy", by = 0.01, seeds = "3 of 3",
      paper = "soft targets teach more than labels" },
  },
  run = function(run, p)
    local data = as.dataset { "fashion_mnist" }
    local train, d, loss = as.data(data.train), p.distiller, as.loss { "cross_entropy" }
    d.teacher, d.student = mlp(p.teacher.width), mlp(p.width)
    d.optimizer = as.optim.adam { d.student, lr = p.lr }
    local opt = as.optim.adam { d.teacher, lr = 1e-3 }
    local many, epochs = train:subset(p.teacher.items), p.teacher.epochs
    for _, batch in many:batches { 100, shuffle = true, epochs = epochs } do
      as.scope(function() opt:update(loss(d.teacher(batch.x), batch.y)) end)
    end
    run:log(0, { ["teacher/accuracy"] = metrics.accuracy(d.teacher, data.test) })
    local distiller, steps = as.distiller(d), p.epochs * p.items // 50
    for step, batch in train:subset(p.items):batches { 50, shuffle = true, steps = steps } do
      as.scope(function() distiller:step(batch.x, batch.y) end)
      if step % 100 == 0 then run:log(step, { ["train/kl"] = distiller.reports.kl }) end
    end
    run:log(steps, { ["test/accuracy"] = metrics.accuracy(d.student, data.test) })
  end,
}
