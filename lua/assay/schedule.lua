-- Schedules of a learning rate: functions of the update about to be made, counted from 1.
--   local lr = as.optim.warm_up { as.optim.cosine { 1e-3, 0, steps = 1000 }, steps = 50 }
--   opt.lr = lr(step)
local core = require "assay.core"
local options = require "assay.options"

local schedule = {}

local huge <const> = math.huge

-- From [1] to [2] over `steps` updates, of which the first `after` stay at [1]: shape(0) = 0, shape(1) = 1.
local function between(name, shape)
  local what = "optim." .. name
  schedule[name] = function(o)
    options.check(what, o, { "steps", "after" })
    local from = options.number(what, o[1], "[1] (first rate)", 0, huge)
    local to = options.number(what, o[2], "[2] (last rate)", 0, huge, 0)
    local steps = options.count(what, o.steps, "steps", 1)
    local after = options.count(what, o.after, "after", 0, 0)
    if after >= steps then
      core.fail(("%s: after = %d, expected less than steps = %d"):format(what, after, steps))
    end
    return function(step)
      local way = (step - 1 - after) / (steps - after)
      return from + (to - from) * shape(math.min(math.max(way, 0), 1))
    end
  end
end

--- A straight line: optim.linear { 1e-3, 0, steps = 1000, after = 500 }. Update 1 has the first rate,
--- update steps + 1 and all later ones the last.
---@param o table  [1] first rate, [2] last rate = 0, steps, after = 0
---@return fun(step: integer): number
between("linear", function(way)
  return way
end)

--- Half a cosine: optim.cosine { 1e-3, 0, steps = 1000 } (Loshchilov & Hutter 2017, one period).
---@param o table  [1] first rate, [2] last rate = 0, steps, after = 0
---@return fun(step: integer): number
between("cosine", function(way)
  return (1 - math.cos(math.pi * way)) / 2
end)

--- Times `factor` after each of the updates named: optim.steps { 0.1, at = { 100, 150 }, factor = 0.1 }
---@param o table  [1] first rate, at, factor = 0.1
---@return fun(step: integer): number
function schedule.steps(o)
  local what = "optim.steps"
  options.check(what, o, { "at", "factor" })
  local rate = options.number(what, o[1], "[1] (first rate)", 0, huge)
  local factor = options.number(what, o.factor, "factor", 0, huge, 0.1)
  if type(o.at) ~= "table" then
    core.fail(("%s: at is a %s, expected a list of updates"):format(what, type(o.at)))
  end
  local at = {}
  for i, update in ipairs(o.at) do
    at[i] = options.count(what, update, ("at[%d]"):format(i), 1)
  end
  return function(step)
    local now = rate
    for _, update in ipairs(at) do
      now = step > update and now * factor or now
    end
    return now
  end
end

--- Another schedule, or a number, that comes up from 0 in a straight line: update `steps` is the first whole
--- one. optim.warm_up { 1e-3, steps = 100 }
---@param o table  [1] schedule or rate, steps
---@return fun(step: integer): number
function schedule.warm_up(o)
  local what = "optim.warm_up"
  options.check(what, o, { "steps" })
  local inner, steps = o[1], options.count(what, o.steps, "steps", 1)
  if type(inner) ~= "function" then
    local rate = options.number(what, inner, "[1] (rate, or a schedule)", 0, huge)
    inner = function()
      return rate
    end
  end
  return function(step)
    return inner(step) * math.min(step / steps, 1)
  end
end

return schedule
