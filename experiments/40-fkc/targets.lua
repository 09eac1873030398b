-- Targets made of mixtures in one and two dimensions, and what is known of them.
local as = require "assay"
local denoiser = require "assay.denoiser"
local mixture = require "assay.mixture"
local teacher = require "assay.teacher"

local targets = {}

local function positive(x) return x:slice(2, 1, 1):squeeze(2):gt(0) end
local function first(x) return x:slice(2, 1, 1):squeeze(2) end

-- Numbers to estimate: { function of x [B,D] -> [B], truth }. Those in one dimension are exact by quadrature.
local line <const> = {
  A = { -- q^2 of one mixture
    fkc = { target = "anneal", beta = 2 }, "mixed", positive, 0.268665,
  },
  A_half = { fkc = { target = "anneal", beta = 2, a = 0.5 }, "mixed", positive, 0.268665 },
  B = { fkc = { target = "geometric", beta = 2 }, "pair", first, 2.0710, second = "one" },
  C = { fkc = { target = "product" }, "left", first, -0.4888, second = "right" },
}

local mixtures <const> = {
  mixed = { means = { -3, 3 }, variances = { 1, 0.25 }, weights = { 0.7, 0.3 } },
  pair = { means = { -2, 2 }, variances = { 1, 1 } }, one = { means = { 2 }, variances = { 1 } },
  left = { means = { -3, 1 }, variances = { 1, 1 } },
  right = { means = { -2.5, 3 }, variances = { 1, 1 }, weights = { 0.3, 0.7 } },
  -- in the plane: three modes of unlike width; two that overlap in part
  three = { dim = 2, means = { -2, 0, 2, 1, 2, -2 }, variances = { 0.8, 0.2, 0.4 }, weights = { 5, 2, 3 } },
  upper = { dim = 2, means = { -2, 1, 1, 2 }, variances = { 0.7, 0.7 } },
  lower = { dim = 2, means = { -1, -1, 2, 1 }, variances = { 0.7, 0.7 }, weights = { 0.4, 0.6 } },
}

function targets.mixture(name)
  local o = { "gauss_mixture", kind = "list", train = 50000 }
  for field, value in pairs(mixtures[name]) do
    o[field] = value
  end
  local data = as.dataset(o)
  return mixture(data), data
end

--- Lists of name, fkc (its parameters), model, second, dim, value(x), truth: of the exact scores.
function targets.exact()
  local list = {}
  for name, t in pairs(line) do
    list[#list + 1] = {
      name = name, fkc = t.fkc, model = targets.mixture(t[1]).denoise, value = t[2], truth = t[3],
      second = t.second and targets.mixture(t.second).denoise, dim = 1,
    }
  end
  return list
end

-- E[value] under exp(log_target) by quadrature on 200 x 200 points of [-7, 7]^2.
local function by_quadrature(log_target, value)
  local axis = as.arange(200):double():affine(14 / 199, -7)
  local x = as.stack({ axis:reshape(200, 1):expand(200, 200), axis:reshape(1, 200):expand(200, 200) }, -1)
  x = x:reshape(40000, 2):float()
  return (log_target(x):softmax(-1) * value(x)):sum():item()
end

-- An EDM denoiser of one of the mixtures, trained once.
local function learned(run, name, params)
  return teacher {
    run, name = "denoiser-" .. name, params = { mixture = mixtures[name], net = params },
    plugins = { "datasets/gauss_mixture" },
    build = function(o)
      return denoiser.edm { denoiser.mlp { 2, width = o.net.width, layers = o.net.layers }, sigma_data = 2 }
    end,
    train = function(D, o)
      local _, data = targets.mixture(name)
      return denoiser.fit {
        D, data.train.x, steps = o.net.steps, batch = o.net.batch, ema = 0.999,
        loss = denoiser.edm_loss { D, sigma_data = 2, mean = 0, deviation = 1.6 },
        lr = as.optim.warm_up { as.optim.cosine { o.net.lr, 0, steps = o.net.steps }, steps = 100 },
      }
    end,
  }
end

--- The same of learned scores in the plane, the truth by quadrature of the true densities.
function targets.learned(run, params)
  local three, upper, lower = targets.mixture "three", targets.mixture "upper", targets.mixture "lower"
  local function net(name) return learned(run, name, params) end
  return {
    {
      name = "learned_anneal", fkc = { target = "anneal", beta = 2 }, model = net "three", dim = 2,
      value = positive,
      truth = by_quadrature(function(x) return three.log_density(x) * 2 end, positive),
    }, {
      name = "learned_product", fkc = { target = "product" }, model = net "upper", second = net "lower",
      dim = 2, value = first, truth = by_quadrature(function(x)
        return upper.log_density(x) + lower.log_density(x)
      end, first),
    },
  }
end

return targets
