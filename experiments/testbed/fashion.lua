-- Fashion-MNIST at 14 x 14 with classes: its items, a teacher, a classifier that judges samples.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local teacher = require "assay.teacher"

local fashion = {}

-- [N,1,14,14] in [-1, 1], the mean of 2 x 2 pixels
local function split(name)
  local data = as.dataset { "fashion_mnist" }[name]
  return as.data { x = data.x:avg_pool2d(2):affine(2, -1), y = data.y }
end

--- D(x, sigma, class) after p.steps of rate p.lr, what students and fakes begin as; data of deviation 0.5
function fashion.teacher(run, p)
  return teacher {
    run, name = "edm-fashion", params = p, plugins = { "datasets/fashion_mnist" },
    build = function()
      return denoiser.edm { denoiser.residual { 196, classes = 10 }, sigma_data = 0.5 }
    end,
    train = function(net, o)
      local loss = denoiser.edm_loss { net, classes = 10 }
      return denoiser.fit {
        net, split "train", loss = loss, steps = o.steps, batch = 128, lr = o.lr, ema = 0.999,
      }
    end,
  }
end

--- A classifier after p.steps; `body` gives the 64 features that the Frechet distance is taken in
function fashion.classifier(run, p)
  return teacher {
    run, name = "features-fashion", params = p, plugins = { "datasets/fashion_mnist" },
    build = function()
      return nn.module {
        body = nn.seq {
          nn.conv2d { 1, 16, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
          nn.conv2d { 16, 32, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
          nn.flatten {}, nn.linear { 32 * 9, 64 }, nn.relu {},
        },
        last = nn.linear { 64, 10 },
        forward = function(self, x) return self.last(self.body(x)) end,
      }
    end,
    train = function(net, o)
      local function loss(batch) return net(batch.x):cross_entropy(batch.y):mean() end
      return denoiser.fit { net, split "train", loss = loss, steps = o.steps, batch = 128, ema = 0.99 }
    end,
  }
end

-- The share of real items that lie as near to a generated one as its k-th neighbour among these does
-- (Kynkaanniemi et al. 2019).
local function recall(real, fake, k)
  local radius = fake:squared_distances(fake):sort(2):slice(2, k + 1, k + 1):transpose() -- [1,N]; 1 is itself
  return (radius - real:squared_distances(fake)):ge(0):max(2):mean():item()
end

--- A function of draw(z, labels): the Frechet distance of what it makes from real images, and with `all` also
--- accuracy and recall. Each call draws anew; all arms of a seed get the same z in the same order. p: judged
--- (the split), samples, recalled (how many of them recall is taken of); net: a classifier of this file.
function fashion.judge(p, net)
  local labels = as.arange(10):tile(p.samples // 10, 1)
  local real = as.no_grad(function() return net.body(split(p.judged):subset(p.samples).x) end)
  return function(draw, all)
    return as.scope(as.no_grad, function()
      local x = draw(as.randn { p.samples, 1, 14, 14, stream = "judged" }, labels)
      local of_x = net.body(x)
      local row = { FD = distance.frechet(of_x, real) }
      if all then
        row.accuracy = net.last(of_x):argmax(2):eq(labels):mean()
        row.recall = recall(real:slice(1, 1, p.recalled), of_x:slice(1, 1, p.recalled), 5)
      end
      return row
    end)
  end
end

fashion.split = split

return fashion
