-- The finished arms as a claim's function sees them: arms.aldr "test/top1" is the last value of each seed's
-- run, arms.aldr { "loss", tail = 100 } the mean of its last hundred.
local core = require "assay.core"
local fault = require "assay.claim.fault"
local per_seed = require "assay.claim.per_seed"
local settings = require "assay.settings"
local statistics = require "assay.statistics"

---@class assay.Arm
---@field name string
---@field runs { id: integer, seed: integer }[]  by seed
---@field pooled integer|false  the run of stage "pool"
---@field source { last: function, at: function, curve: function, names: function }
local Arm = {}
Arm.__name = "arm"

---------------------------------------------------------------------- one number of one curve

local function first_step(curve, spec)
  local row, from = 0, nil
  for i, value in ipairs(curve.value) do
    local reached = spec.above and value > spec.above or spec.below and value < spec.below
    row = reached and row + 1 or 0
    from = row == 1 and curve.step[i] or from
    if row == (spec.in_a_row or 1) then
      return from
    end
  end
  return spec.never or 0 / 0
end

local function area(curve)
  local sum = 0
  for i = 2, #curve.step do
    sum = sum + 0.5 * (curve.value[i] + curve.value[i - 1]) * (curve.step[i] - curve.step[i - 1])
  end
  return sum
end

local function best(curve, which)
  local found = 0 / 0
  for _, value in ipairs(curve.value) do
    if found ~= found or which == "max" and value > found or which == "min" and value < found then
      found = value
    end
  end
  return found
end

local reductions = {
  at = true, -- one value is read, no curve
  tail = function(curve, spec)
    local list = table.move(curve.value, math.max(1, #curve.value - spec.tail + 1), #curve.value, 1, {})
    return statistics.mean(list)
  end,
  best = function(curve, spec) return best(curve, spec.best) end,
  area = area,
  above = first_step,
  below = first_step,
}

---------------------------------------------------------------------- what a selector may be

local function whole(value, least)
  return math.type(value) == "integer" and value >= least
end

local function finite(value)
  return type(value) == "number" and value - value == 0
end

-- What each field of a selector must be: a test and its words.
local fields = {
  at = { function(v) return whole(v, 0) end, "a step" },
  tail = { function(v) return whole(v, 1) end, "a count" },
  best = { function(v) return v == "max" or v == "min" end, '"max" or "min"' },
  area = { function(v) return v == true end, "true" },
  above = { finite, "a number" },
  below = { finite, "a number" },
  in_a_row = { function(v) return whole(v, 1) end, "a count" },
  never = { finite, "a number" },
  pool = { function(v) return v == true end, "true" },
}
local field_names = settings.names(fields)

local function check_field(name, value)
  if type(name) ~= "string" then
    return type(value) ~= "string" and ("a metric is %s, expected its name"):format(settings.describe(value))
  elseif not fields[name] then
    return ('a metric has no "%s"%s'):format(name, core.suggest(name, field_names))
  elseif not fields[name][1](value) then
    return ("a metric's %s is %s, expected %s"):format(name, tostring(value), fields[name][2])
  end
end

-- The reduction a selector asks for (nil: the last value), and what is wrong with it.
local function check(spec)
  if type(spec) == "string" then
    spec = { spec }
  elseif type(spec) ~= "table" then
    return nil, ("a metric is %s, expected its name"):format(settings.describe(spec))
  end
  local wanted
  for name, value in pairs(spec) do
    local wrong = check_field(name, value)
    if wrong then
      return nil, wrong
    elseif reductions[name] and wanted then
      return nil, ("a metric has both %s and %s"):format(wanted, name)
    end
    wanted = reductions[name] and name or wanted
  end
  if #spec == 0 then
    return nil, "a metric without a name"
  elseif (spec.in_a_row or spec.never) and not (spec.above or spec.below) then
    return nil, "a metric's in_a_row and never go with above or below"
  end
  return { spec = spec, wanted = wanted }
end

---------------------------------------------------------------------- reading

local function told(arm, id, seed)
  return ("run %d (%s, %s)"):format(id, arm.name, seed and "seed " .. seed or "pool")
end

local function never_logged(arm, id, seed, name, step)
  local names = arm.source.names(id)
  local near = core.suggest(name, names)
  for _, known in ipairs(names) do
    near = known == name and "" or near
  end
  if near == "" then
    near = #names > 0 and "; it logged: " .. table.concat(names, ", ") or "; it logged nothing"
  end
  fault.raise('%s never logged "%s"%s%s', told(arm, id, seed), name, step and " at step " .. step or "", near)
end

-- One number of one run; never logged is a mistake.
local function number(arm, id, seed, name, selector)
  local value
  if selector.wanted == "at" then
    value = arm.source.at(id, seed, name, selector.spec.at)
  elseif selector.wanted then
    local curve = arm.source.curve(id, seed, name)
    value = #curve.step > 0 and reductions[selector.wanted](curve, selector.spec) or nil
  else
    value = arm.source.last(id, seed, name)
  end
  if value == nil then
    never_logged(arm, id, seed, name, selector.spec.at)
  end
  return value
end

local function mean_of_names(arm, id, seed, selector)
  local list = {}
  for i, name in ipairs(selector.spec) do
    list[i] = number(arm, id, seed, name, selector)
  end
  return statistics.mean(list)
end

Arm.__call = function(arm, spec)
  local selector, wrong = check(spec)
  if not selector then
    fault.raise("%s", wrong)
  elseif selector.spec.pool then
    if not arm.pooled then
      fault.raise("arm %s has no pool run", arm.name)
    end
    return mean_of_names(arm, arm.pooled, nil, selector)
  elseif #arm.runs == 0 then
    fault.raise("arm %s has no finished run", arm.name)
  end
  local items = {}
  for i, run in ipairs(arm.runs) do
    items[i] = {
      key = tostring(run.seed), seed = run.seed, value = mean_of_names(arm, run.id, run.seed, selector),
      runs = { run.id },
    }
  end
  return per_seed.new(items)
end

local methods = {}

--- Each seed's whole curve: { { seed = 1, step = { ... }, value = { ... } }, ... }
---@param name string
function methods:curves(name)
  local list = {}
  for i, run in ipairs(self.runs) do
    local curve = self.source.curve(run.id, run.seed, name)
    if #curve.step == 0 then
      never_logged(self, run.id, run.seed, name)
    end
    list[i] = { seed = run.seed, run = run.id, step = curve.step, value = curve.value }
  end
  return list
end

Arm.__index = function(_, name)
  local method = methods[name]
  if not method then
    local near = core.suggest(tostring(name), settings.names(methods))
    fault.raise('an arm has no "%s"%s; its numbers per seed are arm "metric"', tostring(name), near)
  end
  return method
end

---------------------------------------------------------------------- all arms

--- Arms by name. `list` has { name =, runs =, pooled = } of each; `source` reads their values.
local function new(list, source)
  local arms, names = {}, {}
  for i, given in ipairs(list) do
    names[i] = given.name
    arms[given.name] = setmetatable({
      name = given.name, runs = given.runs, pooled = given.pooled or false, source = source,
    }, Arm)
  end
  return setmetatable(arms, {
    __index = function(_, name)
      fault.raise("no arm %s", settings.quoted(name, names))
    end,
  })
end

return { new = new, check = check }
