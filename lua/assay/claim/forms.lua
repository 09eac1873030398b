-- Claims of the common forms, in one line each: as.claim.beats { "aldr", "ce", metric = "test/top1",
-- by = 0.01, seeds = "4 of 5" }.
local arms = require "assay.claim.arms"
local core = require "assay.core"
local declared = require "assay.claim.declared"
local drawn = require "assay.claim.drawn"
local per_seed = require "assay.claim.per_seed"
local statistics = require "assay.statistics"
local text = require "assay.claim.text"

local arm = { declared.text, "an arm's name" }
local metric = { function(v) return arms.check(v) ~= nil end, 'a name or like { "loss", tail = 10 }' }
local flag = { function(v) return type(v) == "boolean" end, "true or false" }
local number = { declared.finite, "a number" }
local positive = { function(v) return declared.finite(v) and v > 0 end, "a number above 0" }
local factor = { function(v) return declared.finite(v) and v >= 1 end, "a number from 1 on" }
local center = { function(v) return v == "mean" or v == "median" end, '"mean" or "median"' }

-- A claim of the form `name` from what was given and what the form makes of it.
local function made(name, given, fields)
  local what = "as.claim." .. name
  fields.statement, fields.paper = given.statement or fields.statement, given.paper
  fields.seeds, fields.interval = given.seeds, given.interval
  if fields.or_equal == nil then
    fields.or_equal = given.or_equal
  end
  return declared.new(what, fields, ("%s %s"):format(what, text.lua(given)))
end

local function require_fields(name, given, wanted)
  for _, field in ipairs(wanted) do
    if given[field] == nil then
      local word = type(field) == "number" and "arm " .. field or field
      core.fail(("as.claim.%s: %s is missing"):format(name, word))
    end
  end
end

-- Puts the least (or most) center where the declaration wants it.
local function centered(given, fields, least)
  fields[given.center or "mean"] = least
  if given.center == "median" and least == nil then
    core.fail "as.claim: center = \"median\" without a number for it"
  end
  return fields
end

---------------------------------------------------------------------- two arms

local scales = { "by", "relative", "factor" }
local losses = { "margin", "relative", "factor" }

-- Which of the three scales a comparison uses, nil for none.
local function scale_of(name, given, list)
  local found
  for _, scale in ipairs(list) do
    if given[scale] and found then
      core.fail(("as.claim.%s: both %s and %s"):format(name, found, scale))
    end
    found = given[scale] and scale or found
  end
  return found
end

-- What the first arm is better by, on the scale: a difference, a share of the second, a log ratio.
local function gain(given, scale)
  local lower = given.lower
  return function(finished)
    local a, b = finished[given[1]](given.metric), finished[given[2]](given.metric)
    if scale == "relative" then
      return lower and 1 - a / b or a / b - 1
    elseif scale == "factor" then
      return lower and (b / a):log() or (a / b):log()
    end
    return lower and b - a or a - b
  end
end

local amounts = {
  by = "%.6g", margin = "%.6g", relative = "%.6g of it", factor = "a factor of %.6g",
}

local function comparison(given, verb, scale, before)
  local amount = scale and before .. amounts[scale]:format(given[scale]) or ""
  return ("%s %s %s in %s%s%s"):format(given[1], verb, given[2], text.metric(given.metric), amount,
    given.lower and " (lower is better)" or "")
end

---@class assay.ClaimFields   of every form
---@field statement string?  one sentence; the form has one of its own
---@field paper string?      the paper's own number, for the table
---@field seeds string?      "4 of 5": so many on the right side of the null
---@field or_equal boolean?  the null itself is on the right side
---@field interval "t"|"bootstrap"|"sign"|"wilcoxon"|nil

--- The first arm is better than the second: by a difference (`by`), a share of the second (`relative`) or a
--- `factor`, in the mean or median, in so many seeds.
---@param given assay.ClaimFields | { [1]: string, [2]: string, metric: string|table, by: number?,
---  relative: number?, factor: number?, lower: boolean?, center: "mean"|"median"|nil }
---@return assay.Claim
local function beats(given)
  declared.check("as.claim.beats", given, {
    arm, arm, metric = metric, by = number, relative = number, factor = factor, lower = flag, center = center,
  })
  require_fields("beats", given, { 1, 2, "metric" })
  local scale = scale_of("beats", given, scales)
  local least = scale == "factor" and math.log(given.factor) or scale and given[scale]
  return made("beats", given, centered(given, {
    kind = "superiority", null = 0, side = "above", value = gain(given, scale),
    statement = comparison(given, "beats", scale, " by at least "),
  }, least))
end

--- The first arm is not worse than the second by more than a margin, on the same scales.
---@param given assay.ClaimFields | { [1]: string, [2]: string, metric: string|table, margin: number?,
---  relative: number?, factor: number?, lower: boolean?, center: "mean"|"median"|nil }
---@return assay.Claim
local function within(given)
  declared.check("as.claim.within", given, {
    arm, arm, metric = metric, margin = positive, relative = positive, factor = factor, lower = flag,
    center = center,
  })
  require_fields("within", given, { 1, 2, "metric" })
  local scale = scale_of("within", given, losses)
  if not scale then
    core.fail "as.claim.within: margin is missing (or relative, or factor)"
  end
  local null = scale == "factor" and -math.log(given.factor) or -given[scale]
  return made("within", given, centered(given, {
    kind = "non_inferiority", null = null, side = "above", value = gain(given, scale),
    statement = comparison(given, "is not worse than", scale, " by more than "),
  }, null))
end

---------------------------------------------------------------------- one arm

--- A number of one arm (with pool = true in the metric, of its pool run) lies above or below a bound.
---@param given assay.ClaimFields | { [1]: string, metric: string|table, above: number?, below: number?,
---  mean: number?, median: number? }
---@return assay.Claim
local function threshold(given)
  declared.check("as.claim.threshold", given, {
    arm, metric = metric, above = number, below = number, mean = number, median = number,
  })
  require_fields("threshold", given, { 1, "metric" })
  local side = given.above and "above" or "below"
  if (given.above == nil) == (given.below == nil) then
    core.fail "as.claim.threshold: expected either above or below, a number"
  end
  return made("threshold", given, {
    kind = "threshold", null = given[side], side = side, mean = given.mean, median = given.median,
    value = function(finished) return finished[given[1]](given.metric) end,
    statement = ("%s of %s is %s %.6g"):format(text.metric(given.metric), given[1], side, given[side]),
  })
end

--- Numbers of which nothing is claimed: of one arm, or the first less the second.
---@param given assay.ClaimFields | { [1]: string, [2]: string?, metric: string|table }
---@return assay.Claim
local function reported(given)
  declared.check("as.claim.reported", given, { arm, arm, metric = metric })
  require_fields("reported", given, { 1, "metric" })
  local one, two, of = given[1], given[2], text.metric(given.metric)
  return made("reported", given, {
    kind = "reported", statement = ("%s of %s%s"):format(of, one, two and " less " .. two or ""),
    value = function(finished)
      local v = finished[one](given.metric)
      return two and v - finished[two](given.metric) or v
    end,
  })
end

---------------------------------------------------------------------- several arms

local function arm_fields(given, own)
  for i in ipairs(type(given) == "table" and given or {}) do
    own[i] = arm
  end
  return own
end

-- The arms as given are in ascending (or descending) order: the smallest step between neighbours.
local function ordered(name, sign, verb)
  return function(given)
    local own = { metric = metric, by = number, center = center }
    declared.check("as.claim." .. name, given, arm_fields(given, own))
    require_fields(name, given, { 1, 2, "metric" })
    return made(name, given, centered(given, {
      kind = "superiority", null = 0, side = "above",
      statement = ("%s %s from %s"):format(text.metric(given.metric), verb, table.concat(given, " to ")),
      value = function(finished)
        local steps = {}
        for i = 2, #given do
          steps[i - 1] = sign * (finished[given[i]](given.metric) - finished[given[i - 1]](given.metric))
        end
        return per_seed.across(steps, function(row) return math.min(table.unpack(row)) end)
      end,
    }, given.by))
  end
end

-- Points { x, y } of the steps at which a run logged both.
local function points(arm_, x, y, list)
  local ys = arm_:curves(y)
  for i, curve in ipairs(arm_:curves(x)) do
    local at = {}
    for k, step in ipairs(ys[i].step) do
      at[step] = ys[i].value[k]
    end
    for k, step in ipairs(curve.step) do
      list[#list + 1] = at[step] and { curve.value[k], at[step] }
    end
  end
  return list
end

local function rank_correlation(list)
  local x, y = {}, {}
  for i, point in ipairs(list) do
    x[i], y[i] = point[1], point[2]
  end
  return statistics.spearman(x, y)
end

-- Over the points of all runs: one pooled number with its bootstrap.
local function over_points(given)
  return function(finished)
    local list = {}
    for _, name in ipairs(given) do
      points(finished[name], given.x, given.y, list)
    end
    return drawn.bootstrap(list, rank_correlation)
  end
end

-- Over the arms, each with its number in x: one number per seed.
local function over_arms(given)
  return function(finished)
    local values = {}
    for i, name in ipairs(given) do
      values[i] = finished[name](given.y)
    end
    return per_seed.across(values, function(row) return statistics.spearman(given.x, row) end)
  end
end

local axis = { function(v)
  return type(v) == "string" or type(v) == "table" and #v > 2 and declared.finite(v[1])
end, "a metric's name or a list of numbers, one an arm" }

--- Spearman's rank correlation of y with x is above (or below) a bound: x a metric logged at the same steps,
--- over all points of all runs; or a list of numbers, one an arm, over the arms of each seed.
---@param given assay.ClaimFields | { [1]: string, x: string|number[], y: string|table, above: number?,
---  below: number?, share: number?, mean: number? }
---@return assay.Claim
local function correlates(given)
  declared.check("as.claim.correlates", given, arm_fields(given, {
    x = axis, y = metric, above = number, below = number, share = positive, mean = number,
  }))
  require_fields("correlates", given, { 1, "x", "y" })
  local side, by_arm = given.above and "above" or "below", type(given.x) == "table"
  if (given.above == nil) == (given.below == nil) then
    core.fail "as.claim.correlates: expected either above or below, a number"
  elseif by_arm and #given.x ~= #given then
    core.fail(("as.claim.correlates: x has %d numbers for %d arms"):format(#given.x, #given))
  elseif not by_arm and type(given.y) ~= "string" then
    core.fail "as.claim.correlates: y is a metric's name where x is one"
  end
  return made("correlates", given, {
    kind = "threshold", null = given[side], side = side, share = given.share, mean = given.mean,
    value = by_arm and over_arms(given) or over_points(given),
    statement = ("rank correlation of %s with %s over %s is %s %.6g"):format(text.metric(given.y),
      by_arm and "x" or given.x, table.concat(given, ", "), side, given[side]),
  })
end

---------------------------------------------------------------------- several claims

--- Holds when all the named claims do: a page's headline that needs two conditions.
---@param given { [integer]: string, statement: string?, paper: string? }
---@return assay.Claim
local function all(given)
  local own = arm_fields(given, {})
  for i in ipairs(own) do
    own[i] = { declared.text, "a claim's name" }
  end
  declared.check("as.claim.all", given, own)
  for _, field in ipairs { "seeds", "or_equal", "interval" } do
    if given[field] ~= nil then
      core.fail(("as.claim.all: %s belongs to the claims it joins"):format(field))
    end
  end
  if #given < 2 then
    core.fail "as.claim.all: expected the names of two claims at least"
  end
  return made("all", given, {
    kind = "joint", parts = { table.unpack(given) }, statement = table.concat(given, " and ") .. " hold",
  })
end

return {
  beats = beats, within = within, threshold = threshold, reported = reported,
  rises = ordered("rises", 1, "rises"), falls = ordered("falls", -1, "falls"),
  correlates = correlates, all = all,
}
