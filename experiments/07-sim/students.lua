-- One-step students of a ring of eight Gaussians and of images, by an arm's distiller.
local as = require "assay"
local nn = require "assay.nn"
local fashion = require "testbed.fashion"
local ring = require "testbed.ring"

local students = {}

-- The divergences as the fake sees the student, over the generator's levels: the mean of sigma |s_F - s_T|
-- and of its square, at x0 + sigma eps.
local function divergence(p, law, fake, x0)
  local low, high = 0.002 ^ (1 / 7), p.sigma_max ^ (1 / 7)
  local sigma = (as.rand { #x0, stream = "judged level" } * (0.8 * (high - low)) + low):power(7)
  local x = x0 + as.randn { #x0, 2, stream = "judged noise" } * sigma:unsqueeze(2)
  local square = ((fake(x, sigma) - law.denoise(x, sigma)) / sigma:unsqueeze(2)):square():sum(2)
  return square:sqrt():mean():item(), square:mean():item()
end

-- p.updates alternations from `first` with o.teacher and o.of_data, the data's parameters; o.step(distiller)
-- is one of them, o.measure(student, fake, last) gives the row of the averaged student every p.every.
local function train(run, p, first, o)
  local d = p.distiller
  for name, value in pairs(o.of_data) do
    d[name] = value
  end
  d.teacher, d.sigma_init, d.sigma_max = o.teacher, p.sigma_init, p.sigma_max
  d.student, d.fake = first:clone():unfreeze(), first:clone():unfreeze()
  d.student_optimizer = as.optim.adam { d.student, lr = p.lr, beta1 = 0 }
  d.fake_optimizer = as.optim.adam { d.fake, lr = p.lr, beta1 = 0 }
  local distiller, mean, clock = as.distiller(d), nn.ema { d.student, decay = p.ema }, 0
  for update = 1, p.updates do
    local began = as.clock()
    as.scope(function()
      o.step(distiller)
      mean:update()
    end)
    clock = clock + as.clock() - began
    if update % p.every == 0 then
      local row = as.scope(as.no_grad, o.measure, mean.net, d.fake, update == p.updates)
      row["gap"] = distiller.reports.gap
      row["clock/seconds"], row["clock/ms a step"] = clock, clock * 1000 / update
      run:log(update, row)
    end
  end
end

--- Tier A: the ring, whose denoiser is known.
function students.of_ring(run, p)
  local law, fresh = ring.law(p.samples)
  local function sample(net, n, stream)
    return net(as.randn { n, 2, stream = stream } * p.sigma_init, as.full(p.sigma_init, n))
  end
  train(run, p, ring.start(run, p.start), {
    teacher = law.denoise,
    of_data = {
      sigma_data = ring.sd, fake_mean = -1.2 + math.log(ring.sd / 0.5), fake_deviation = 1.6,
    },
    step = function(distiller) distiller:step(as.randn { p.batch, 2, stream = "z" }) end,
    measure = function(student, fake, last)
      local row = ring.judge(law, fresh, sample(student, p.samples, "samples"))
      if last then
        row["divergence/ph"], row["divergence/l2"] =
          divergence(p, law, fake, sample(student, 20000, "judged"))
      end
      return row
    end,
  })
end

--- Tier B: Fashion-MNIST at 14 x 14 with classes and a teacher that was trained on it.
function students.of_images(run, p)
  local net = fashion.teacher(run, p.teacher)
  local measure = fashion.judge(p, fashion.classifier(run, p.classifier))
  train(run, p, net, {
    teacher = net, of_data = { sigma_data = 0.5 },
    step = function(distiller)
      distiller:step(as.randn { p.batch, 1, 14, 14, stream = "z" }, as.randint(10, p.batch))
    end,
    measure = function(student, _, last)
      return measure(function(z, labels)
        return student(z * p.sigma_init, as.full(p.sigma_init, #z), labels)
      end, last)
    end,
  })
end

return students
