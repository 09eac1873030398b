-- One number per seed, with the runs it came from: arms.aldr "test/top1" - arms.ce "test/top1". Arithmetic
-- pairs by seed.
local core = require "assay.core"
local fault = require "assay.claim.fault"
local statistics = require "assay.statistics"

---@class assay.PerSeed
---@field items { key: string, seed: integer, label: string?, value: number, runs: integer[] }[]
local PerSeed = {}

local methods = {}
local method_names

local function is(value)
  return getmetatable(value) == PerSeed
end

local function new(items)
  return setmetatable({ items = items }, PerSeed)
end

PerSeed.__index = function(_, name)
  local method = methods[name]
  if not method then
    fault.raise('numbers per seed have no "%s"%s', tostring(name), core.suggest(tostring(name), method_names))
  end
  return method
end

PerSeed.__len = function(v)
  return #v.items
end

local function both(a, b)
  local seen, runs = {}, {}
  for _, list in ipairs { a, b } do
    for _, run in ipairs(list) do
      if not seen[run] then
        seen[run] = true
        runs[#runs + 1] = run
      end
    end
  end
  return runs
end

local function with_value(item, value, runs)
  return { key = item.key, seed = item.seed, label = item.label, value = value, runs = runs or item.runs }
end

-- f of each pair of items with one key; an item without a partner is a mistake, not left out.
local function paired(a, b, f)
  local partner, items = {}, {}
  for _, item in ipairs(b.items) do
    partner[item.key] = item
  end
  for i, item in ipairs(a.items) do
    local other = partner[item.key]
    if not other then
      fault.raise("seed %s has no partner: the other numbers lack it", item.key)
    end
    partner[item.key] = nil
    items[i] = with_value(item, f(item.value, other.value), both(item.runs, other.runs))
  end
  local alone = next(partner)
  if alone then
    fault.raise("seed %s has no partner: the other numbers lack it", alone)
  end
  return new(items)
end

local function combined(a, b, f)
  if is(a) and is(b) then
    return paired(a, b, f)
  elseif is(a) and type(b) == "number" then
    return a:map(function(x) return f(x, b) end)
  elseif is(b) and type(a) == "number" then
    return b:map(function(x) return f(a, x) end)
  end
  fault.raise("arithmetic between numbers per seed and a %s", type(is(a) and b or a))
end

for event, f in pairs {
  __add = function(a, b) return a + b end,
  __sub = function(a, b) return a - b end,
  __mul = function(a, b) return a * b end,
  __div = function(a, b) return a / b end,
  __pow = function(a, b) return a ^ b end,
} do
  PerSeed[event] = function(a, b)
    return combined(a, b, f)
  end
end

PerSeed.__unm = function(v)
  return v:map(function(x) return -x end)
end

--- f of each number.
---@param f fun(x: number): number
---@return assay.PerSeed
function methods:map(f)
  local items = {}
  for i, item in ipairs(self.items) do
    items[i] = with_value(item, f(item.value))
  end
  return new(items)
end

for name, f in pairs { log = math.log, exp = math.exp, abs = math.abs, sqrt = math.sqrt } do
  methods[name] = function(v)
    return v:map(function(x) return f(x) end)
  end
end

-- 1 where it holds, else 0: (arms.a "err"):at_most(0.01)
for name, f in pairs {
  above = function(a, b) return a > b end,
  below = function(a, b) return a < b end,
  at_least = function(a, b) return a >= b end,
  at_most = function(a, b) return a <= b end,
} do
  methods[name] = function(v, other)
    return combined(v, other, function(a, b) return f(a, b) and 1 or 0 end)
  end
end

--- The numbers as a plain list, in the order of the seeds.
---@return number[]
function methods:list()
  local list = {}
  for i, item in ipairs(self.items) do
    list[i] = item.value
  end
  return list
end

--- The number of one seed.
---@param seed integer
---@return number
function methods:of(seed)
  for _, item in ipairs(self.items) do
    if item.seed == seed then
      return item.value
    end
  end
  fault.raise("there is no seed %s", tostring(seed))
end

function methods:mean()
  return statistics.mean(self:list())
end

function methods:median()
  return statistics.quantile(self:list(), 0.5)
end

function methods:min()
  return math.min(table.unpack(self:list()))
end

function methods:max()
  return math.max(table.unpack(self:list()))
end

method_names = {}
for name in pairs(methods) do
  method_names[#method_names + 1] = name
end

--- Several lists under one another, told apart by their labels: 4 seeds on two data sets are 8 numbers.
---@param parts table<string, assay.PerSeed>
---@return assay.PerSeed
local function join(parts)
  local items = {}
  for label, v in pairs(parts) do
    if not is(v) then
      fault.raise("join: %s is a %s, expected numbers per seed", tostring(label), type(v))
    end
    for _, item in ipairs(v.items) do
      local part = item.label and label .. "/" .. item.label or tostring(label)
      items[#items + 1] = {
        key = ("%s/%d"):format(part, item.seed), seed = item.seed, label = part, value = item.value,
        runs = item.runs,
      }
    end
  end
  return new(items)
end

-- f of the numbers that a list of lists (or numbers) has for each seed.
local function across(list, f)
  local first
  for _, v in ipairs(list) do
    first = first or is(v) and v
  end
  if not first then
    return f(list)
  end
  local rows = {}
  for i in ipairs(first.items) do
    rows[i] = {}
  end
  local sum = first
  for place, v in ipairs(list) do
    local one = is(v) and paired(first, v, function(_, x) return x end) or first:map(function() return v end)
    for i, item in ipairs(one.items) do
      rows[i][place] = item.value
    end
    sum = is(v) and paired(sum, v, function(x) return x end) or sum -- for its runs
  end
  local items = {}
  for i, item in ipairs(sum.items) do
    items[i] = with_value(item, f(rows[i]))
  end
  return new(items)
end

return { new = new, is = is, join = join, across = across }
