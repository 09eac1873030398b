-- What a claim is, from the fields a script gives: as.claim { kind =, statement =, value =, ... }.
local core = require "assay.core"
local settings = require "assay.settings"
local written = require("assay.claim.text").lua

---@class assay.Claim
---@field kind string       superiority | non_inferiority | threshold | joint | reported
---@field statement string
---@field paper string?     the paper's own number
---@field side string?      the side of the null that is the right one: above | below
---@field null number?
---@field or_equal boolean
---@field center string     mean | median
---@field least number?     of the center
---@field least_seeds integer?
---@field of_seeds integer?
---@field share number?     least share of the bootstrap's numbers on the right side
---@field method string     t | bootstrap | sign | wilcoxon
---@field parts string[]?
---@field value? fun(arms: table<string, assay.Arm>): assay.PerSeed|number|assay.Drawn|table<integer, number>
---@field text string       its source
---@field place string      "ldr.lua:31"
local Claim = {}
Claim.__index = Claim
Claim.__name = "claim"

---------------------------------------------------------------------- checking what is given

local function one_of(list)
  return function(v)
    for _, word in ipairs(list) do
      if v == word then
        return true
      end
    end
    return false
  end
end

local function finite(v)
  return type(v) == "number" and v - v == 0
end

local function text(v)
  return type(v) == "string" and v ~= ""
end

-- What each field must be: a test and its words. A form adds its own.
local common = {
  statement = { text, "a sentence" },
  paper = { text, "a text" },
  seeds = { function(v) return type(v) == "string" and v:find "^%d+ of %d+$" ~= nil end, 'like "4 of 5"' },
  or_equal = { function(v) return type(v) == "boolean" end, "true or false" },
  interval = { one_of { "t", "bootstrap", "sign", "wilcoxon" }, '"t", "bootstrap", "sign" or "wilcoxon"' },
}

local general = {
  kind = { one_of { "superiority", "non_inferiority", "threshold", "reported" },
    '"superiority", "non_inferiority", "threshold" or "reported"' },
  value = { function(v) return type(v) == "function" end, "a function of the arms" },
  null = { finite, "a number" },
  side = { one_of { "above", "below" }, '"above" or "below"' },
  mean = { finite, "a number" },
  median = { finite, "a number" },
  share = { function(v) return finite(v) and v > 0 and v <= 1 end, "a number from 0 to 1" },
}

local function check(what, given, own)
  if type(given) ~= "table" then
    core.fail(("%s: expected a table, found %s"):format(what, settings.describe(given)))
  end
  local known = {}
  for _, fields in ipairs { common, own } do
    for name, field in pairs(fields) do
      known[name] = field
    end
  end
  for name, value in pairs(given) do
    if type(name) == "string" and not known[name] then
      core.fail(('%s: no field "%s"%s'):format(what, name, core.suggest(name, settings.names(known))))
    elseif known[name] and not known[name][1](value) then
      core.fail(("%s: %s is %s, expected %s"):format(what, name, written(value), known[name][2]))
    elseif not known[name] then
      core.fail(("%s: an item too many: %s"):format(what, written(value)))
    end
  end
end

-- 4 and 5 of "4 of 5".
local function counts(what, seeds)
  if not seeds then
    return nil
  end
  local least, of = seeds:match "^(%d+) of (%d+)$"
  least, of = math.tointeger(least), math.tointeger(of)
  if least < 1 or least > of then
    core.fail(('%s: seeds = "%s": expected like "4 of 5"'):format(what, seeds))
  end
  return least, of
end

---------------------------------------------------------------------- making one

-- The lines of a function as its file has them.
local function source_of(f)
  local info = debug.getinfo(f, "S")
  local file = info.source:sub(1, 1) == "@" and io.open(info.source:sub(2))
  if not file then
    return info.source
  end
  local lines, number = {}, 0
  for line in file:lines() do
    number = number + 1
    if number >= info.linedefined and number <= info.lastlinedefined then
      lines[#lines + 1] = line
    end
  end
  file:close()
  return table.concat(lines, "\n")
end

local function needs(what, given, name, why)
  if given[name] == nil then
    core.fail(("%s: %s is missing%s"):format(what, name, why or ""))
  end
end

-- From fields that were checked. `source` is the text of a one-line form.
local function new(what, given, source)
  local least_seeds, of_seeds = counts(what, given.seeds)
  if given.mean and given.median then
    core.fail(what .. ": both mean and median; the rule is about one of them")
  end
  local center = given.median and "median" or "mean"
  return setmetatable({
    kind = given.kind, statement = given.statement, paper = given.paper, value = given.value,
    side = given.side, null = given.null, or_equal = given.or_equal or false,
    center = center, least = given.median or given.mean, least_seeds = least_seeds, of_seeds = of_seeds,
    share = given.share, method = given.interval or center == "median" and "bootstrap" or "t",
    parts = given.parts, text = source or source_of(given.value), place = core.where() or "",
  }, Claim)
end

--- The general form.
---@param given assay.ClaimFields | { kind: string, statement: string, value: function, null: number?,
---  side: "above"|"below"|nil, mean: number?, median: number?, share: number? }
---@return assay.Claim
local function make(given)
  local what = "as.claim"
  check(what, given, general)
  for _, name in ipairs { "kind", "statement", "value" } do
    needs(what, given, name)
  end
  local full = {}
  for name, value in pairs(given) do
    full[name] = value
  end
  if given.kind == "reported" then
    for _, name in ipairs { "null", "side", "mean", "median", "share", "seeds" } do
      if given[name] ~= nil then
        core.fail(("%s: %s: of a number that is only reported nothing is claimed"):format(what, name))
      end
    end
  else
    if given.kind ~= "superiority" then
      needs(what, given, "null", ": the margin or threshold, a number")
    end
    full.null, full.side = given.null or 0, given.side or "above"
  end
  return new(what, full)
end

return {
  check = check, new = new, make = make, finite = finite, text = text,
  is = function(value) return getmetatable(value) == Claim end,
}
