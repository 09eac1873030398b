-- A mixture of round Gaussians in closed form: local mixture = require "assay.mixture". With noise of
-- deviation sigma added to its items it is a mixture again, of variances v_k + sigma^2.
local core = require "assay.core"

-- The distances and log shares of x [B, D] in the modes of variance v + sigma^2: [B, K] each.
local function shares(modes, x, sigma)
  local total = modes.variance -- [K], or [B, K]
  if core.is_tensor(sigma) then
    total = total + sigma:square():reshape(-1, 1)
  elseif sigma then
    total = total + sigma ^ 2
  end
  local distance = (x:unsqueeze(2) - modes.mean:unsqueeze(1)):square():sum(-1)
  return total, modes.log_weight - total:log() * (x:size(2) / 2) - distance / (total * 2)
end

--- The functions of a data set's mixture: local ring = mixture(as.dataset { "gauss_mixture" }).
--- ring.log_density(x, sigma) [B, D] -> [B] in nats, without sigma that of the data; ring.denoise(x, sigma)
--- is E[x_0 | x_0 + sigma z = x] [B, D], a model for samplers (`output = "edm"`); sigma is a number or [B].
---@param data table  a datasets/gauss_mixture
---@return { log_density: function, denoise: function, mean: assay.Tensor, variance: assay.Tensor }
local function mixture(data)
  local modes = data.modes
  local own = { mean = modes.x, variance = modes.variance, log_weight = modes.weight:log():keep() }

  -- log sum_k w_k N(x; mu_k, v_k + sigma^2)
  function own.log_density(x, sigma)
    local _, log_share = shares(own, x, sigma)
    return log_share:logsumexp(-1) - x:size(2) / 2 * math.log(2 * math.pi)
  end

  -- sum_k r_k (v_k x + sigma^2 mu_k) / (v_k + sigma^2),  r = softmax of the log shares
  function own.denoise(x, sigma)
    local total, log_share = shares(own, x, sigma)
    local r = log_share:softmax(-1) / total -- [B, K]
    local square = core.is_tensor(sigma) and sigma:square():reshape(-1, 1) or sigma ^ 2
    return x * (r * own.variance):sum { -1, keep = true } + r:matmul(own.mean) * square
  end

  return own
end

return mixture
