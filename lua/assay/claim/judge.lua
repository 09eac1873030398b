-- Judging: from a claim's numbers to a verdict. The rule the claim states and the 95 % interval are kept side
-- by side; a claim holds when its rule is met and the interval does not lie on the wrong side of the null.
local arms = require "assay.claim.arms"
local drawn = require "assay.claim.drawn"
local fault = require "assay.claim.fault"
local per_seed = require "assay.claim.per_seed"
local statistics = require "assay.statistics"
local text = require "assay.claim.text"

local judge = {}

local least_for_tests <const> = 6 -- values: with five no exact two-sided p is below 0.05

---------------------------------------------------------------------- the numbers

-- A plain table of one number per seed, as numbers per seed.
local function from_table(t, runs_of)
  local items = {}
  for seed, value in pairs(t) do
    if math.type(seed) ~= "integer" or type(value) ~= "number" then
      fault.raise("its function returned a table with [%s] = %s, expected a number for each seed",
        tostring(seed), tostring(value))
    end
    items[#items + 1] = { key = tostring(seed), seed = seed, value = value, runs = runs_of(seed) }
  end
  if #items == 0 then
    fault.raise("its function returned an empty table, expected a number for each seed")
  end
  return per_seed.new(items)
end

--- What the claim's function makes of the arms: { items = { { seed =, label =, value =, runs = }, ... } }, or
--- for a pooled number { pooled = true, items = { one }, drawn = list? }.
---@param claim assay.Claim
---@param finished table<string, assay.Arm>
---@param runs_of fun(seed: integer?): integer[]  those read for a seed, for all without one
function judge.evaluate(claim, finished, runs_of)
  local value = claim.value(finished)
  if type(value) == "table" and not getmetatable(value) then
    value = from_table(value, runs_of)
  end
  if per_seed.is(value) then
    return { items = value.items }
  elseif drawn.is(value) then
    return { pooled = true, items = { { value = value.value, runs = runs_of() } }, drawn = value.drawn }
  elseif type(value) == "number" then
    return { pooled = true, items = { { value = value, runs = runs_of() } } }
  end
  fault.raise("its function returned %s, expected one number per seed or one number",
    value == nil and "nothing" or "a " .. type(value))
end

---------------------------------------------------------------------- the interval

local function percentiles(list)
  return statistics.quantile(list, 0.025), statistics.quantile(list, 0.975)
end

local intervals = {
  t = statistics.t_interval, sign = statistics.sign_interval, wilcoxon = statistics.wilcoxon_interval,
}

local function finite(x)
  return x == x and x - x == 0
end

-- low, high (nil: none) and what the bootstrap drew, if it did.
local function interval(claim, numbers, list)
  if numbers.pooled then
    if not numbers.drawn then
      return nil
    end
    local low, high = percentiles(numbers.drawn)
    return low, high, numbers.drawn
  elseif #list < 2 then
    return nil
  elseif claim.method == "bootstrap" then
    local draws = statistics.bootstrap(list, claim.center == "median")
    local low, high = percentiles(draws)
    return low, high, draws
  end
  local low, high = intervals[claim.method](list)
  if finite(low) then
    return low, high
  end
end

---------------------------------------------------------------------- the rule

local function right(claim, value)
  if value == claim.null then
    return claim.or_equal
  end
  return (value > claim.null) == (claim.side == "above")
end

local function count_right(claim, list)
  local n = 0
  for _, value in ipairs(list) do
    n = n + (right(claim, value) and 1 or 0)
  end
  return n
end

-- Whether the center is what the claim wants; a margin is not decided by the last bit of a sum.
local function reaches(claim, center)
  local slack = 1e-12 * math.max(1, math.abs(claim.least))
  if claim.side == "above" then
    return center >= claim.least - slack
  end
  return center <= claim.least + slack
end

-- Adds to `missed` a sentence for each part of the rule that is not met.
local function rule_missed(claim, v, n)
  local missed = {}
  if claim.least and not reaches(claim, v.mean) then
    missed[#missed + 1] = ("%s %.4g, wanted at %s %.4g"):format(claim.center, v.mean,
      claim.side == "above" and "least" or "most", claim.least)
  end
  if claim.of_seeds and (n ~= claim.of_seeds or v.right < claim.least_seeds) then
    local words = "%d of %d on the right side of %.4g, wanted %d of %d"
    missed[#missed + 1] = words:format(v.right, n, claim.null, claim.least_seeds, claim.of_seeds)
  end
  if claim.share and not (v.right_share and v.right_share >= claim.share) then
    missed[#missed + 1] = ("%.3g of the resamples on the right side, wanted %.3g"):format(v.right_share or 0,
      claim.share)
  end
  if not (claim.least or claim.of_seeds or claim.share) and not right(claim, v.mean) then
    missed[#missed + 1] = ("%.4g is not %s %.4g"):format(v.mean, claim.side, claim.null)
  end
  return missed
end

---------------------------------------------------------------------- the verdict

local function where(low, high, null)
  return low > null and "above" or high < null and "below" or "across"
end

local function outcome(claim, numbers, v)
  if v.interval then
    local wrong = claim.side == "above" and "below" or "above"
    return v.interval == wrong and "fails" or v.rule == "met" and "holds" or "unclear"
  elseif numbers.pooled then -- without an interval the rule is all there is
    return v.rule == "met" and "holds" or "fails"
  end
  return "unclear"
end

-- What a small number of seeds can and cannot say.
local function about_tests(v, list, null)
  local n = #list
  if n < 2 then
    return "one seed has no interval"
  elseif n < least_for_tests then
    return ("%d seeds: no exact two-sided p is below %.4g"):format(n, 2.0 ^ (1 - n))
  end
  local shifted = {}
  for i, value in ipairs(list) do
    shifted[i] = value - null
  end
  v.sign_p, v.wilcoxon_p = statistics.sign_p(shifted), statistics.wilcoxon_p(shifted)
  if v.sign_p == v.sign_p then
    return ("sign test p = %.2g, signed-rank p = %.2g"):format(v.sign_p, v.wilcoxon_p)
  end
end

local function unclear(claim, sentence, items)
  local reported = claim.kind == "reported"
  return {
    outcome = reported and "reported" or "unclear", rule = not reported and "not_met" or nil,
    sentence = sentence, values = items or {},
  }
end

local function not_finite(items)
  for _, item in ipairs(items) do
    if not finite(item.value) then
      return ("%s is %s"):format(item.key and "seed " .. item.key or "the number", text.lua(item.value))
    end
  end
end

--- The verdict on numbers as judge.evaluate gives them.
---@param claim assay.Claim
function judge.decide(claim, numbers)
  local wrong = not_finite(numbers.items)
  if wrong then
    return unclear(claim, wrong, numbers.items)
  end
  local list = {}
  for i, item in ipairs(numbers.items) do
    list[i] = item.value
  end
  local v = { values = numbers.items }
  v.mean = claim.center == "median" and statistics.quantile(list, 0.5) or statistics.mean(list)
  local draws
  v.low, v.high, draws = interval(claim, numbers, list)
  if claim.kind == "reported" then
    v.outcome = "reported"
    return v
  end
  v.right = count_right(claim, list)
  v.right_share = draws and count_right(claim, draws) / #draws
  local missed = rule_missed(claim, v, #list)
  v.rule = #missed == 0 and "met" or "not_met"
  v.interval = v.low and where(v.low, v.high, claim.null)
  v.outcome = outcome(claim, numbers, v)
  missed[#missed + 1] = not numbers.pooled and about_tests(v, list, claim.null) or nil
  v.sentence = #missed > 0 and table.concat(missed, "; ") or nil
  return v
end

-- A joint claim's verdict from those of its parts, by name.
local function joined(claim, verdicts)
  local words, all_hold, some_fail = {}, true, false
  for i, name in ipairs(claim.parts) do
    local part = verdicts[name].outcome
    words[i] = ("%s %s"):format(name, part == "unclear" and "is unclear" or part)
    all_hold, some_fail = all_hold and part == "holds", some_fail or part == "fails"
  end
  return {
    rule = all_hold and "met" or "not_met",
    outcome = all_hold and "holds" or some_fail and "fails" or "unclear",
    sentence = table.concat(words, ", "), values = {},
  }
end

--- Judges every claim of an experiment on its finished runs, by name.
---@param claims table<string, assay.Claim>
---@param list table[]   the arms as assay.claim.arms wants them
---@param source table   that reads their values
function judge.all(claims, list, source)
  local verdicts = {}
  for name, claim in pairs(claims) do
    if claim.kind ~= "joint" then
      local touched = {}
      local function noted(read)
        return function(id, seed, ...)
          touched[id] = seed or true
          return read(id, seed, ...)
        end
      end
      local finished = arms.new(list, {
        last = noted(source.last), at = noted(source.at), curve = noted(source.curve), names = source.names,
      })
      local function runs_of(seed)
        local runs = {}
        for id, of in pairs(touched) do
          runs[#runs + 1] = (not seed or of == seed or of == true) and id or nil
        end
        return runs
      end
      local ok, numbers = pcall(judge.evaluate, claim, finished, runs_of)
      verdicts[name] = ok and judge.decide(claim, numbers)
        or unclear(claim, fault.text(numbers) or "its function failed: " .. tostring(numbers))
    end
  end
  for name, claim in pairs(claims) do
    if claim.kind == "joint" then
      verdicts[name] = joined(claim, verdicts)
    end
  end
  return verdicts
end

return judge
