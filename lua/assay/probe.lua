-- What a classifier can read off frozen features: local probe = require "assay.probe". Features [N, H] come
-- from assay.metrics.outputs; labels count from 0.
local core = require "assay.core"
local options = require "assay.options"

local probe = {}

-- { x = [N, H], y = i64[N] }, or an error that says what was found.
local function checked(what, name, set)
  local x, y = set and set.x, set and set.y
  local ok = core.is_tensor(x) and core.is_tensor(y) and x.rank == 2 and y.rank == 1 and y.dtype == "i64"
  if not ok or #x ~= #y or #x == 0 then
    core.fail(("%s: %s has x %s and y %s, expected features [N, H] and labels i64[N]"):format(what, name,
      core.is_tensor(x) and tostring(x) or type(x), core.is_tensor(y) and tostring(y) or type(y)))
  end
  return x:detach(), y
end

local function checked_pair(what, train, test)
  local x, y = checked(what, "train", train)
  local u, v = checked(what, "test", test)
  if x:size(2) ~= u:size(2) then
    core.fail(("%s: train has features of %d numbers, test of %d"):format(what, x:size(2), u:size(2)))
  end
  local all = core.concat({ y, v }, 1):double()
  local least, most = all:min():item(), all:max():item()
  if least < 0 then
    core.fail(("%s: a label is %d, expected 0 or more"):format(what, least))
  end
  return x, y, u, v, math.tointeger(most) + 1
end

-- Standardised by the train set's mean and deviation, and a column of ones; a feature that is constant there
-- (up to rounding) is left out of both.
local function standardised(x, u)
  local mean, deviation = x:mean(1), x:var(1, 0):sqrt()
  local scale = deviation:gt(mean:abs() * 1e-6 + 1e-12):where(1 / deviation:clamp(1e-30), 0)
  local function rows(t)
    return core.concat({ (t - mean) * scale, core.ones { #t, 1, dtype = x.dtype } }, 2)
  end
  return rows(x), rows(u)
end

--- Accuracy on test of a multinomial logistic regression on train, features standardised by train's mean and
--- deviation, and its logits [M, K]: probe.linear({ x = features, y = labels }, { x = ..., y = ... }). It
--- minimises the mean cross-entropy + l2/2 |W|^2 (the bias is free) by Newton's method with Boehning's (1992)
--- bound X^T X / 2N of the curvature in place of the Hessian, which needs no rate and no draw; with
--- Nesterov's momentum, begun anew where the loss rises.
---@param train table  x [N, H], y i64[N]
---@param test table   x [M, H], y i64[M]
---@param o table?  l2 = 1e-3, steps = 200, tolerance = 1e-5 (largest slope at which it ends)
---@return number accuracy
---@return assay.Tensor logits
function probe.linear(train, test, o)
  local what = "probe.linear"
  o = options.check(what, o or {}, { "l2", "steps", "tolerance" })
  local l2 = options.number(what, o.l2, "l2", 0, math.huge, 1e-3)
  local steps = options.count(what, o.steps, "steps", 1, 200)
  local tolerance = options.number(what, o.tolerance, "tolerance", 0, math.huge, 1e-5)
  return core.no_grad(core.scope, function()
    local x, y, u, v, classes = checked_pair(what, train, test)
    x, u = standardised(x:double(), u:double())
    local H, N = x:size(2), #x
    local decay = core.arange(H):lt(H - 1):double():unsqueeze(2) * l2 -- [H, 1], 0 at the bias
    local identity = core.arange(H):one_hot(H):double()
    -- a feature left out has no curvature of its own; 1e-9 keeps the bound regular and moves no minimum
    local bound = x:transpose():matmul(x) / (2 * N) + identity * (decay + 1e-9)
    local inverse = bound:solve(identity)
    local target = y:one_hot(classes):double()
    local w = core.zeros { H, classes, dtype = "f64" }
    local ahead, momentum, before = w, 1, math.huge
    for _ = 1, steps do
      local stop
      ahead, w, momentum, before, stop = core.scope(function()
        local f = x:matmul(ahead)
        local penalty = (ahead:square() * decay):sum():item() / 2
        local loss = (f:logsumexp(-1) - (f * target):sum(-1)):mean():item() + penalty
        local slope = x:transpose():matmul(f:softmax(-1) - target) / N + ahead * decay
        if loss > before then
          momentum = 1
        end
        local next_w = ahead - inverse:matmul(slope)
        local next_momentum = (1 + math.sqrt(1 + 4 * momentum ^ 2)) / 2
        local further = next_w + (next_w - w) * ((momentum - 1) / next_momentum)
        return further, next_w, next_momentum, loss, slope:abs():max():item() <= tolerance
      end)
      if stop then
        break
      end
    end
    local logits = u:matmul(w)
    return logits:argmax(-1):eq(v):sum():item() / #v, logits
  end)
end

--- Accuracy on test of a vote among the nearest items of train by cosine: probe.knn(train, test). A tie goes
--- to the class whose voters are nearer.
---@param train table  x [N, H], y i64[N]
---@param test table   x [M, H], y i64[M]
---@param o table?  k = 20
---@return number accuracy
function probe.knn(train, test, o)
  local what = "probe.knn"
  o = options.check(what, o or {}, { "k" })
  local k = options.count(what, o.k, "k", 1, 20)
  return core.no_grad(core.scope, function()
    local x, y, u, v, classes = checked_pair(what, train, test)
    if k > #x then
      core.fail(("%s: k is %d, train has %d items"):format(what, k, #x))
    end
    local function unit(t)
      local norm = t:square():sum { 2, keep = true }:sqrt()
      if norm:min():item() == 0 then
        core.fail(what .. ": a feature vector has norm 0, so it has no direction to compare")
      end
      return t / norm
    end
    local right, gallery = 0, unit(x):transpose()
    u = unit(u)
    for first = 1, #u, 1000 do
      right = right + core.scope(function()
        local last = math.min(first + 999, #u)
        local near, places = u:slice(1, first, last):matmul(gallery):top_k(k) -- [m, k]
        local votes = y:index_select(places:reshape(-1), 1):one_hot(classes) -- [m k, K]
        local weights = near / (2 * k + 1) + 1 -- all k together move a sum by less than one vote
        local score = (votes:reshape(#near, k, classes) * weights:unsqueeze(3)):sum(2) -- [m, K]
        return score:argmax(-1):eq(v:slice(1, first, last)):sum():item()
      end)
    end
    return right / #u
  end)
end

return probe
