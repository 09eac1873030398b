-- Students of one step or several of a Fashion-MNIST teacher that was trained too briefly.
local as = require "assay"
local nn = require "assay.nn"
local fashion = require "testbed.fashion"

local images = {}

-- The teacher's samples of labels by the probability-flow ODE from z.
local function solve(net, p, z, labels, steps)
  local function model(x, sigma) return net(x, sigma, labels) end
  return as.sampler { "heun", steps = steps, sigma_max = p.sigma_max, model = model } { noise = z }
end

-- K calls of the student: its estimate of x0, with fresh noise of the next level, and so on.
local function sample(net, schedule, z, labels)
  local x
  for k, level in ipairs(schedule) do
    local noise = k == 1 and z or as.randn { stream = "sampling", table.unpack(z:shape()) }
    x = net((x or 0) + noise * level, as.full(level, #z), labels)
  end
  return x
end

-- A module of fake and head: the logits of a two-layer perceptron of the third block's features.
local function discriminator(fake)
  return nn.module {
    fake = fake, head = nn.seq { nn.linear { 256, 128 }, nn.silu {}, nn.linear { 128, 1 } },
    forward = function(self, x, sigma, labels)
      local _, tap = self.fake:call { x, sigma, labels, read = { "net.norms.4" } }
      return self.head(tap["net.norms.4"]):squeeze(2)
    end,
  }
end

-- Batches of pairs of a noise and what the teacher's solver makes of it.
local function pairs_of(net, p)
  local made = as.no_grad(function()
    local z, y = as.randn { p.pairs, 1, 14, 14, stream = "pairs" }, as.arange(10):tile(p.pairs // 10, 1)
    return as.data { z = z, x = solve(net, p, z, y, 32), y = y }
  end)
  return made:batches { p.batch, shuffle = true, steps = p.updates, stream = "pairs" }
end

-- The arm's student, its distiller, and a step of it as a function of z, labels and a real batch.
local function student_of(p, net, features)
  local d = p.distiller
  d.sigma_max, d.sigma_data, d.teacher = p.sigma_max, 0.5, net
  d.student, d.fake = net:clone():unfreeze(), net:clone():unfreeze()
  local disc = p.gan and discriminator(d.fake)
  d.student_optimizer = as.optim.adamw { d.student, lr = p.lr, decay = 0.01 }
  d.fake_optimizer = as.optim.adamw { disc or d.fake, lr = p.lr, decay = 0.01 }
  if d[1] == "dmd" then
    d.features = function(x) return features.body(x) end
    local distiller, batches = as.distiller(d), pairs_of(net, p)
    return d.student, distiller, function(z, labels)
      local _, pair = batches()
      distiller:step(z, labels, pair.z, pair.x, pair.y)
    end
  end
  d.disc = disc or nil
  local distiller = as.distiller(d)
  return d.student, distiller, function(z, labels, real) distiller:step(z, labels, real.x, real.y) end
end

--- The teacher's own samples, by 17 and by 35 calls.
function images.teacher(run, p)
  local net, row = fashion.teacher(run, p.teacher), {}
  local measure = fashion.judge(p, fashion.classifier(run, p.classifier))
  for _, steps in ipairs { 9, 18 } do
    local measured = measure(function(z, labels) return solve(net, p, z, labels, steps) end, true)
    for name, value in pairs(measured) do
      row[("%s/%d calls"):format(name, 2 * steps - 1)] = value
    end
  end
  row.FD = row["FD/35 calls"]
  run:log(p.updates, row)
end

--- p.updates generator updates of an arm's distiller, measured every p.every of them.
function images.run(run, p)
  local net, features = fashion.teacher(run, p.teacher), fashion.classifier(run, p.classifier)
  local measure = fashion.judge(p, features)
  local student, distiller, step = student_of(p, net, features)
  local ratio, schedule = p.distiller.ratio or 1, p.distiller.schedule or { p.distiller.sigma_init }
  local clock, worst = 0, -math.huge
  local steps = p.updates * ratio
  local real = fashion.split "train":batches { p.batch, shuffle = true, steps = steps, stream = "real" }
  for update = 1, p.updates do
    local began = as.clock()
    for _ = 1, ratio do
      as.scope(function()
        local _, batch = real()
        step(as.randn { p.batch, 1, 14, 14, stream = "z" }, as.randint(10, p.batch), batch)
      end)
    end
    clock = clock + as.clock() - began
    if update % p.every == 0 then
      local row = measure(function(z, labels) return sample(student, schedule, z, labels) end,
        update == p.updates)
      worst = update > p.updates - 5 * p.every and math.max(worst, row.FD) or worst
      for name, value in pairs(distiller.reports) do
        row["train/" .. name] = value
      end
      row["clock/seconds"], row["clock/ms a step"] = clock, clock * 1000 / (update * ratio)
      row["FD/worst of last five"] = update == p.updates and worst or nil
      run:log(update, row)
    end
  end
end

return images
