-- Distances between two samples, items along the first axis: local distance = require "assay.distance". All
-- are computed in f64 and keep no history.
local core = require "assay.core"
local options = require "assay.options"

local distance = {}

-- Both as f64 rows [N, D].
local function rows(what, x, y)
  local out = {}
  for i, sample in ipairs { x or false, y or false } do
    if not core.is_tensor(sample) or sample.rank < 2 or #sample < 2 then
      local found = core.is_tensor(sample) and tostring(sample) or type(sample)
      core.fail(("%s: sample %d is %s, expected a tensor of two items or more, [N, ...]"):format(what, i,
        found))
    end
    out[i] = sample:detach():double():flatten(2)
  end
  if out[1]:size(2) ~= out[2]:size(2) then
    core.fail(("%s: items of %d and of %d numbers"):format(what, out[1]:size(2), out[2]:size(2)))
  end
  return out[1], out[2]
end

-- sum_ij |x_i - y_j|, a block of rows at a time.
local function sum_of_distances(x, y)
  local sum, step = 0, math.max(1, 4000000 // #y)
  for first = 1, #x, step do
    sum = sum + core.scope(function()
      local block = x:slice(1, first, math.min(first + step - 1, #x))
      return block:squared_distances(y):sqrt():sum():item()
    end)
  end
  return sum
end

--- Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely & Rizzo 2013), without bias: pairs of an item
--- with itself are left out, so that two samples of one law give values around 0, also below.
--- distance.energy(x, y)
---@param x assay.Tensor  [N, ...]
---@param y assay.Tensor  [M, ...]
---@return number
function distance.energy(x, y)
  return core.no_grad(function()
    local a, b = rows("distance.energy", x, y)
    return 2 * sum_of_distances(a, b) / (#a * #b) - sum_of_distances(a, a) / (#a * (#a - 1))
      - sum_of_distances(b, b) / (#b * (#b - 1))
  end)
end

-- Where the quantile functions of samples of n and m items are constant together: places in both, from 0, and
-- the lengths of the pieces.
local function common_pieces(n, m)
  local in_x, in_y, length, at, i, j = {}, {}, {}, 0, 0, 0
  while i < n and j < m do
    local stop = math.min((i + 1) * m, (j + 1) * n)
    in_x[#in_x + 1], in_y[#in_y + 1], length[#length + 1] = i, j, (stop - at) / (n * m)
    at, i, j = stop, stop == (i + 1) * m and i + 1 or i, stop == (j + 1) * n and j + 1 or j
  end
  return core.i64(in_x), core.i64(in_y), core.tensor(length, "f64")
end

--- Sliced Wasserstein distance (Bonneel et al. 2015): (mean over projections of W_p^p)^(1/p), W_p of the
--- projections exactly, also for samples of different sizes. distance.sliced_wasserstein(x, y, { projections
--- = 64 })
---@param x assay.Tensor  [N, ...]
---@param y assay.Tensor  [M, ...]
---@param o table?  projections = 64, p = 2, stream = "projections", directions (f64 [D, K] of length 1, in
---  place of drawn ones)
---@return number
function distance.sliced_wasserstein(x, y, o)
  local what = "distance.sliced_wasserstein"
  o = options.check(what, o or {}, { "projections", "p", "stream", "directions" })
  local n = options.count(what, o.projections, "projections", 1, 64)
  local p = options.number(what, o.p, "p", 1, 100, 2)
  return core.no_grad(core.scope, function()
    local a, b = rows(what, x, y)
    local to = o.directions
    if not to then
      to = core.randn { a:size(2), n, stream = o.stream or "projections", dtype = "f64" }
      to = to / to:square():sum { 1, keep = true }:sqrt()
    end
    local u, v, length = a:matmul(to):sort(1), b:matmul(to):sort(1), nil
    if #a ~= #b then
      local in_u, in_v
      in_u, in_v, length = common_pieces(#a, #b)
      u, v = u:index_select(in_u, 1), v:index_select(in_v, 1)
    end
    local each = (u - v):abs():power(p) -- [N, K]
    local mean = length and (each * length:unsqueeze(2)):sum(1):mean() or each:mean()
    return mean:item() ^ (1 / p)
  end)
end

local function moments(x)
  local mean = x:mean(1)
  local centred = x - mean
  return mean, centred:transpose():matmul(centred) / (#x - 1)
end

-- The positive root of a symmetric matrix; what rounding made negative counts as 0.
local function root(matrix)
  local values, vectors = ((matrix + matrix:transpose()) / 2):eigh()
  return (vectors * values:clamp(0):sqrt()):matmul(vectors:transpose())
end

--- Frechet distance between Gaussians fitted to both (Dowson & Landau 1982; Heusel et al. 2017 in features):
--- |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2), covariances over N - 1. distance.frechet(x, y)
---@param x assay.Tensor  [N, ...]
---@param y assay.Tensor  [M, ...]
---@return number
function distance.frechet(x, y)
  return core.no_grad(core.scope, function()
    local a, b = rows("distance.frechet", x, y)
    local mean_a, cov_a = moments(a)
    local mean_b, cov_b = moments(b)
    local half = root(cov_a)
    local function trace(m)
      return m:reshape(-1):slice(1, 1, -1, m:size(1) + 1):sum():item()
    end
    local both = trace(root(half:matmul(cov_b):matmul(half)))
    return (mean_a - mean_b):square():sum():item() + trace(cov_a) + trace(cov_b) - 2 * both
  end)
end

return distance
