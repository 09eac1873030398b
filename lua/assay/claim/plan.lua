-- Claims before anything runs: every mistake that can be seen now is found by calling each claim's function
-- with arms whose numbers are made up.
local arms = require "assay.claim.arms"
local drawn = require "assay.claim.drawn"
local fault = require "assay.claim.fault"
local judge = require "assay.claim.judge"
local runtime = require "assay.runtime"
local settings = require "assay.settings"

-- A number from 0.1 to 0.9 that follows the words.
local function made_up(...)
  local h = 5381
  for i = 1, select("#", ...) do
    for _, byte in ipairs { tostring((select(i, ...))):byte(1, -1) } do
      h = (h * 33 + byte) % 2147483647
    end
    h = (h * 48271) % 2147483647
  end
  return 0.1 + 0.8 * h / 2147483647
end

-- Arms with a made-up run for each seed.
local function rehearsal(x)
  local list = {}
  for place, name in ipairs(settings.names(x.arms)) do
    local runs = {}
    for i, seed in ipairs(x.seeds) do
      runs[i] = { id = 1000 * place + i, seed = seed }
    end
    list[place] = { name = name, runs = runs, pooled = x.pool and -place or nil }
  end
  return arms.new(list, {
    last = made_up,
    at = made_up,
    names = function() return {} end,
    curve = function(id, seed, metric)
      local curve = { step = {}, value = {} }
      for i = 1, 20 do
        curve.step[i], curve.value[i] = i, made_up(id, seed, metric, i)
      end
      return curve
    end,
  })
end

local function refuse(name, claim, text, ...)
  error(("%s: claims.%s: " .. text):format(claim.place, name, ...), 0)
end

-- The claim's numbers on made-up values, or the mistake its author should hear of. Other errors tell nothing:
-- they may come from values that cannot be.
local function rehearse(claim, finished)
  local ok, numbers = drawn.with_draws(20, function()
    return judge.evaluate(claim, finished, function() return {} end)
  end)
  if ok then
    return numbers
  end
  return nil, fault.text(numbers)
end

local function check_numbers(name, claim, numbers)
  local n = #numbers.items
  if numbers.pooled and claim.of_seeds then
    refuse(name, claim, 'seeds = "%d of %d", but its number is one for all seeds', claim.least_seeds,
      claim.of_seeds)
  elseif claim.of_seeds and n ~= claim.of_seeds then
    refuse(name, claim, 'seeds = "%d of %d", but there are %d values, one a seed', claim.least_seeds,
      claim.of_seeds, n)
  elseif claim.share and not numbers.drawn and claim.method ~= "bootstrap" then
    refuse(name, claim, 'share needs interval = "bootstrap", or as.claim.bootstrap in its function')
  elseif not numbers.pooled and (claim.method == "sign" or claim.method == "wilcoxon") and n < 6 then
    refuse(name, claim, 'interval = "%s" needs six values, there are %d: no exact p of these is below 0.05',
      claim.method, n)
  end
end

local function check_parts(name, claim, claims)
  for _, part in ipairs(claim.parts) do
    local other = rawget(claims, part)
    if not other then
      refuse(name, claim, "no claim %s", settings.quoted(part, settings.names(claims)))
    elseif other.kind == "joint" or other.kind == "reported" then
      refuse(name, claim, "%s is %s; joined are claims that are judged themselves", part, other.kind)
    end
  end
end

-- As the plan's JSON has it.
local function row(name, claim, pooled)
  return {
    name = name, statement = claim.statement, paper_says = claim.paper, kind = claim.kind, side = claim.side,
    pooled = pooled, null_value = claim.null, or_equal = claim.or_equal, center = claim.center,
    least_mean = claim.least, least_seeds = claim.least_seeds, of_seeds = claim.of_seeds,
    least_share = claim.share, method = claim.method, parts = claim.parts and runtime.list(claim.parts),
    source = claim.text,
  }
end

--- The claims of an experiment as rows for the plan, in the order of their names.
---@param x assay.Experiment
local function plan(x)
  local rows, finished = {}, rehearsal(x)
  for name, claim in pairs(x.claims) do
    local pooled = false
    if claim.kind == "joint" then
      check_parts(name, claim, x.claims)
    else
      local numbers, wrong = rehearse(claim, finished)
      if wrong then
        refuse(name, claim, "%s", wrong)
      elseif numbers then
        check_numbers(name, claim, numbers)
        pooled = numbers.pooled or false
      end
    end
    rows[#rows + 1] = row(name, claim, pooled)
  end
  return runtime.list(rows)
end

return plan
