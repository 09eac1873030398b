-- Fashion-MNIST at 14 x 14: one unconditional model fills in lower halves, draws classes and weighs images.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local metrics = require "assay.metrics"
local teacher = require "assay.teacher"

local images = {}

-- [N,1,14,14] in [-1, 1], the mean of 2 x 2 pixels
local function split(name, n)
  local data = as.data(as.dataset { "fashion_mnist" }[name])
  data = n and data:subset(n) or data
  return as.data { x = data.x:avg_pool2d(2):affine(2, -1), y = data.y }
end

-- n(x, t) of the vp and subvp SDEs, with the time label 999 t
local function score_model(run, p)
  return teacher {
    run, name = "score-fashion-" .. p.sde, params = { sde = p.sde, net = p.unet },
    plugins = { "losses/dsm", "datasets/fashion_mnist" },
    build = function(o)
      return nn.module {
        net = nn.unet { 1, 1, channels = { o.net.channels[1], o.net.channels[2] }, skips = "all" },
        forward = function(self, x, t) return self.net(x, t * 999) end,
      }
    end,
    train = function(net, o)
      local dsm = as.loss { "dsm", sde = o.sde, output = "noise", model = net }
      return denoiser.fit {
        net, split "train".x, loss = function(batch) return dsm(batch.x) end, steps = o.net.steps,
        batch = o.net.batch, lr = as.optim.warm_up { o.net.lr, steps = 200 }, clip = 1, ema = 0.9999,
      }
    end,
  }
end

-- A classifier of x, or of (x_t, t) for every t of an SDE.
local function classifier(run, name, p, noisy)
  return teacher {
    run, name = name, params = { net = p.classifier, sde = noisy and p.sde },
    plugins = { "datasets/fashion_mnist" },
    build = function(o)
      return nn.module {
        first = nn.conv2d { 2, 16, 3, padding = 1 }, second = nn.conv2d { 16, 32, 3, padding = 1 },
        body = nn.seq { nn.flatten {}, nn.linear { 32 * 9, o.net.width }, nn.relu {} },
        last = nn.linear { o.net.width, 10 },
        features = function(self, x, t)
          local time = t and t:reshape(-1, 1, 1, 1):expand(x:shape()) or x * 0
          local h = self.first(as.concat({ x, time }, 2)):relu():max_pool2d(2)
          return self.body(self.second(h):relu():max_pool2d(2))
        end,
        forward = function(self, x, t) return self.last(self:features(x, t)) end,
      }
    end,
    train = function(net, o)
      return denoiser.fit {
        net, split "train", steps = o.net.steps, batch = 128, ema = 0.99, loss = function(batch)
          local x, t = batch.x, nil
          if o.sde then
            t = as.rand { #x, stream = "t" }
            local alpha = (t:square() * (-19.9 / 4) - t * 0.05):exp():reshape(-1, 1, 1, 1)
            local variance = 1 - alpha:square()
            local sigma = o.sde == "vp" and variance:sqrt() or variance
            x = x * alpha + as.randn(x:shape()) * sigma
          end
          return net(x, t):cross_entropy(batch.y):mean()
        end,
      }
    end,
  }
end

-- The share of images in which the judge sees the class.
local function seen(judge, x, y)
  return metrics.accuracy(judge, { x = x, y = y })
end

-- Lower halves: filled by the model that sees the upper ones, by a sample that does not, and by the middle
-- grey.
local function inpainting(sampler, judge, test, free, row)
  local truth = test.x
  local mask = as.concat({ as.ones(#truth, 1, 7, 14), as.zeros(#truth, 1, 7, 14) }, 3)
  local filled = sampler { { "impute", mask = mask, data = truth } }
  for name, x in pairs {
    impute = filled, unconditional = truth * mask + free * (1 - mask), zero = truth * mask,
  } do
    row[name .. "/mse"] = (x - truth):slice(3, 8, 14):square():mean()
    row[name .. "/accuracy"] = seen(judge, x, test.y)
  end
end

-- 8-bit values with uniform noise, in [-1, 1]
local function dequantised(x)
  local level = (x:affine(127.5, 127.5) - 0.5):round_through():clamp(0, 255)
  return (level + as.rand { stream = "dequantise", table.unpack(x:shape()) }) / 128 - 1
end

--- Imputation, class guidance and likelihood of one SDE.
function images.run(run, p)
  local net, judge = score_model(run, p), classifier(run, "judge-fashion", p)
  local guide = classifier(run, "guide-fashion-" .. p.sde, p, true)
  local shuffled = as.permutation(10000, { stream = "test" }):slice(1, 1, p.items)
  local test, row = split "test":subset(shuffled), {}
  local start = as.clock()
  local function sampler(hooks)
    return as.sampler {
      "sde_pc", sde = p.sde, output = "noise", model = net, n = p.n, snr = 0.16, hooks = hooks,
    } { noise = as.randn { p.items, 1, 14, 14, stream = "prior" } }
  end
  local free = sampler {}
  row["clock/ms a step"] = (as.clock() - start) * 1000 / p.n
  inpainting(sampler, judge, test, free, row)
  local wanted = as.arange(10):tile(p.items // 10, 1)
  local drawn = sampler { { "class_guidance", classifier = guide, labels = wanted } }
  row["guided/accuracy"], row["free/accuracy"] = seen(judge, drawn, wanted), seen(judge, free, wanted)
  row["real/accuracy"] = seen(judge, test.x, test.y)
  local function features(x) return judge:features(x) end
  row["free/frechet"] = distance.frechet(features(free), features(split "test".x))
  local score = as.score { "pf_ode_nll", sde = p.sde, output = "noise", model = net, offset = 7 }
  local _, bits = score(dequantised(test.x:slice(1, 1, p.weighed)))
  row["bits"], row["bits/calls"] = bits:mean(), score.reports.calls
  run:log(p.n, row)
end

return images
