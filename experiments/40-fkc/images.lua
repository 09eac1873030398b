-- The same question of guided images, beside the judged experiment: classes of Fashion-MNIST at 14 x 14 with
-- classifier-free guidance q1^(1-beta) q2^beta, 64 particles a class, with weights and without.
--   ./assay run experiments/40-fkc/images.lua -j 2
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local distance = require "assay.distance"
local teacher = require "assay.teacher"

local sd <const>, none <const> = 0.6, 10 -- of the pixels; the label that means "no class"

-- [N,1,14,14] in [-1, 1], the mean of 2 x 2 pixels
local function split(name)
  local data = as.dataset { "fashion_mnist" }[name]
  return { x = data.x:avg_pool2d(2):affine(2, -1), y = data.y }
end

local function conditional(run, params)
  return teacher {
    run, name = "edm-fashion", params = params, plugins = { "datasets/fashion_mnist" },
    build = function()
      return denoiser.edm {
        nn.unet {
          1, 1, channels = { 16, 32 }, skips = "all", classes = 11, embedding = nn.fourier { 16, scale = 1 },
        },
        sigma_data = sd,
      }
    end,
    train = function(D, o)
      return denoiser.fit {
        D, split "train", steps = o.steps, batch = 64, lr = as.optim.warm_up { o.lr, steps = 100 }, clip = 1,
        loss = denoiser.edm_loss { D, sigma_data = sd, classes = none, drop = 0.1 },
      }
    end,
  }
end

-- A classifier of images without noise: its features are what distances are taken in.
local function judge_of(run, params)
  return teacher {
    run, name = "judge-fashion", params = params, plugins = { "datasets/fashion_mnist" },
    build = function()
      return nn.module {
        body = nn.seq {
          nn.conv2d { 1, 16, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
          nn.conv2d { 16, 32, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
          nn.flatten {}, nn.linear { 288, 32 }, nn.relu {},
        },
        last = nn.linear { 32, 10 },
        forward = function(self, x) return self.last(self.body(x)) end,
      }
    end,
    train = function(net, o)
      return denoiser.fit {
        net, split "train", steps = o.judge, ema = 0.99,
        loss = function(batch) return net(batch.x):cross_entropy(batch.y):mean() end,
      }
    end,
  }
end

-- Particles of one class; weighted ones are resampled at the end. The share of them that are copies.
local function particles(D, class, p)
  local label, nothing = as.i64(as.full(class, p.items)), as.i64(as.full(none, p.items))
  local hook = p.weighted and as.hook { "smc", threshold = 0.5 } or nil
  local x, logw = as.sampler {
    "fkc", target = "geometric", beta = p.beta, output = "edm", steps = p.steps, sigma_max = 40,
    sigma_min = 0.02, model = function(y, sigma) return D(y, sigma, nothing) end, hooks = { hook },
    second = function(y, sigma) return D(y, sigma, label) end,
  } { noise = as.randn { p.items, 1, 14, 14, stream = "prior" } }
  if p.weighted then
    x = x:index_select(as.categorical(logw:softmax(-1), { n = p.items, stream = "last" }), 1)
  end
  return x, hook and hook:state().resampled:item() or 0
end

local function guided(beta, weighted)
  return { beta = beta, weighted = weighted }
end

return as.experiment {
  name = "40-fkc-images", paper = "arXiv:2503.02819", headline = "accuracy",
  doc = "classifier-free guidance of Fashion-MNIST with and without weights",
  params = { items = 64, steps = 50, classes = 10, net = { steps = 3000, lr = 1e-3, judge = 1500 } },
  arms = {
    plain_1_5 = guided(1.5, false), fkc_1_5 = guided(1.5, true),
    plain_3 = guided(3, false), fkc_3 = guided(3, true),
  },
  seeds = 3,
  smoke = { seeds = 1, params = { items = 8, steps = 4, classes = 1, net = { steps = 3, judge = 3 } } },
  claims = {
    frechet_1_5 = as.claim.reported { "plain_1_5", "fkc_1_5", metric = "frechet" },
    frechet_3 = as.claim.reported { "plain_3", "fkc_3", metric = "frechet" },
    accuracy_1_5 = as.claim.reported { "fkc_1_5", "plain_1_5", metric = "accuracy" },
    accuracy_3 = as.claim.reported { "fkc_3", "plain_3", metric = "accuracy" },
  },
  run = function(run, p)
    local D, judge, test = conditional(run, p.net), judge_of(run, p.net), as.data(split "test")
    local row, start = { accuracy = 0, frechet = 0, resampled = 0 }, as.clock()
    for class = 0, p.classes - 1 do
      local x, resampled = particles(D, class, p)
      local order = test.y:eq(as.i64 { class }):argsort():flip(1):slice(1, 1, 1000)
      local real = test:subset(order).x -- the 1,000 of this class
      row.accuracy = row.accuracy + judge(x):argmax(-1):eq(as.i64 { class }):mean():item() / p.classes
      row.frechet = row.frechet + distance.frechet(judge.body(x), judge.body(real)) / p.classes
      row.resampled = row.resampled + resampled / p.classes
    end
    row["clock/ms a step"] = (as.clock() - start) * 1000 / (p.steps * p.classes)
    run:log(p.steps, row)
  end,
}
