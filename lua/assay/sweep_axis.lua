-- One parameter of a sweep: where it stands in the plan, which values it takes. What the user leaves out
-- comes from the table of the plugin it belongs to.
local overrides = require "assay.overrides"
local runtime = require "assay.runtime"
local settings = require "assay.settings"

local refuse, mismatch = overrides.refuse, overrides.mismatch

---@class assay.Axis
---@field name string       as written: "arms.ldr.loss.lam"
---@field arm string?       the only arm it concerns
---@field names string[]    the way from the parameters or the arm: { "loss", "lam" }
---@field column string     in the table param: "arm.loss.params.lam"
---@field node table        what was written, for its line
---@field written table[]   the values in it, each a node
---@field values any[]?     a list, or
---@field low number?       a range
---@field high number?
---@field integer boolean?
---@field log boolean?
---@field n integer?        values of a grid

---------------------------------------------------------------------- where

-- The declared value under `names` below `values`, and what the plugin's table says if it is a plugin's.
local function find(axis, values, path)
  for i, name in ipairs(axis.names) do
    local value = values[name]
    if value == nil then
      refuse(axis.node, "%s: no parameter %s", path, settings.quoted(name, settings.names(values)))
    end
    path = path .. "." .. name
    axis.column = axis.column .. (i > 1 and "." or "") .. name
    local plugin = type(value) == "table" and not runtime.is_list(value) and value.plugin and value.params
    if plugin then
      local parameter = axis.names[i + 1]
      if not parameter or axis.names[i + 2] then
        refuse(axis.node, "%s: expected one parameter of %s", axis.name, value.plugin)
      end
      local entry, wrong = runtime.parameter(value.plugin, parameter)
      if wrong and plugin[parameter] == nil then
        refuse(axis.node, "%s", wrong)
      end
      axis.column = ("%s.params.%s"):format(axis.column, parameter)
      return plugin[parameter], entry
    elseif type(value) ~= "table" then
      if axis.names[i + 1] then
        refuse(axis.node, "%s: %s is %s and has no %s", axis.name, path, settings.describe(value),
          axis.names[i + 1])
      end
      return value
    end
    values = value
  end
  refuse(axis.node, "%s: expected the name of one number, word or true/false", axis.name)
end

-- The axis of a name, without its values; the declared value and the plugin's entry.
local function locate(plan, node)
  local names = {}
  for name in (node.name .. "."):gmatch "(.-)%." do
    names[#names + 1] = name
  end
  local top = table.remove(names, 1)
  local axis = { name = node.name, node = node, names = names, column = "", written = {} }
  if top == "params" then
    return axis, find(axis, plan.params, "params")
  elseif top == "arms" and names[1] then
    axis.arm = table.remove(names, 1)
    local arm = plan.arms[axis.arm]
    if not arm then
      refuse(node, "arms: no arm %s", settings.quoted(axis.arm, settings.names(plan.arms)))
    end
    axis.column = "arm."
    local own = arm[names[1]] ~= nil or plan.params[names[1]] == nil
    return axis, find(axis, own and arm or plan.params, "arms." .. axis.arm)
  elseif plan.params[top] ~= nil then
    refuse(node, 'no setting "%s"; did you mean "params.%s"?', node.name, node.name)
  end
  refuse(node, "no setting %s", settings.quoted(node.name, { "arms", "params" }))
end

---------------------------------------------------------------------- values

local function take_list(axis, node)
  if #node.items == 0 then
    refuse(node, "%s: the list is empty", axis.name)
  end
  axis.values, axis.written = {}, node.items
  for i, item in ipairs(node.items) do
    if item.value == nil then
      mismatch(item, ("%s[%d]"):format(axis.name, i), "a number, a word, or true or false")
    end
    axis.values[i] = item.value
  end
end

local range_fields = { "from", "log", "n", "to" }

-- { from =, to =, log =, n = } as written; each its node.
local function range_items(axis, node)
  local given = {}
  for _, item in ipairs(node.items) do
    given[item.name] = item
    if not settings.has(range_fields, item.name) then
      refuse(item, "%s: no field %s", axis.name, settings.quoted(item.name, range_fields))
    elseif item.name == "log" and item.kind ~= "bool" then
      mismatch(item, axis.name .. ": log", "true or false")
    elseif item.name == "n" and not (item.kind == "integer" and item.value >= 2 and item.value <= 10000) then
      mismatch(item, axis.name .. ": n", "an integer from 2 to 10000")
    elseif item.name ~= "log" and item.kind ~= "integer" and item.kind ~= "real" then
      mismatch(item, axis.name .. ": " .. item.name, "a number")
    elseif axis.integer and item.kind == "real" then
      mismatch(item, axis.name .. ": " .. item.name, "an integer")
    end
  end
  return given
end

-- An end that was not written comes from the plugin's table, if it has one there that can be reached.
local function default_end(axis, entry, which, word, random)
  local value, open = entry and entry[which], entry and entry[which .. "_open"]
  if not value then
    refuse(axis.node, "%s has no range of its own: give from and to, or a list", axis.name)
  elseif value == math.huge or value == -math.huge then
    refuse(axis.node, "%s: its range, %s, has no end: give %s", axis.name, entry.range, word)
  elseif open and not random then
    refuse(axis.node, "%s: its range is %s: give %s", axis.name, entry.range, word)
  end
  return value, open
end

local function take_range(axis, given, entry, random)
  local node = axis.node
  axis.log = entry and entry.log or false
  if given.log then
    axis.log = given.log.value
  end
  if given.from then
    axis.low = given.from.value
  else
    axis.low, axis.low_open = default_end(axis, entry, "low", "from", random)
  end
  if given.to then
    axis.high = given.to.value
  else
    axis.high, axis.high_open = default_end(axis, entry, "high", "to", random)
  end
  if axis.log and axis.low <= 0 then
    refuse(given.from or node, "%s: a log scale begins above 0, not at %s: give from", axis.name, axis.low)
  elseif axis.low >= axis.high then
    refuse(given.from or node, "%s: from = %s is not below to = %s", axis.name, axis.low, axis.high)
  elseif random and given.n then
    refuse(given.n, "%s: n is a grid's; count says how many random points", axis.name)
  elseif not random and not given.n then
    refuse(node, "%s: a grid needs n, the number of values from %s to %s, or a list", axis.name, axis.low,
      axis.high)
  end
  if axis.integer then
    axis.low, axis.high = math.tointeger(axis.low), math.tointeger(axis.high)
  end
  axis.n = given.n and given.n.value
  axis.written = { given.from or given.to, given.from and given.to }
end

--- Reads one entry of `over`.
---@param plan table    with params and arms resolved
---@param node table    { name = "params.lr", kind = "null" | "list" | "map" }
---@param random boolean
---@return assay.Axis
local function read(plan, node, random)
  local axis, declared, entry = locate(plan, node)
  axis.integer = entry and entry.type == "int" or not entry and math.type(declared) == "integer"
  if node.kind == "list" then
    take_list(axis, node)
  elseif node.kind == "null" and entry and entry.words then
    axis.values = entry.words
  elseif node.kind == "null" and type(declared) == "boolean" then
    axis.values = { false, true }
  elseif node.kind ~= "null" and node.kind ~= "map" then
    mismatch(node, axis.name, "a list of values, { from, to }, or nothing for the plugin's own range")
  elseif type(declared) ~= "number" then
    refuse(node, "%s is %s: give a list", axis.name, settings.describe(declared))
  else
    take_range(axis, node.kind == "map" and range_items(axis, node) or {}, entry, random)
  end
  return axis
end

-- A number that reads well, if it still lies in the range.
local function rounded(axis, value, digits)
  local short = tonumber((("%%.%dg"):format(digits)):format(value)) + 0.0
  local inside = short >= axis.low and short <= axis.high and not (axis.low_open and short == axis.low)
    and not (axis.high_open and short == axis.high)
  return inside and short or value
end

local function between(axis, share)
  if axis.log then
    return axis.low * (axis.high / axis.low) ^ share
  end
  return axis.low + (axis.high - axis.low) * share
end

--- The values of a grid.
---@param axis assay.Axis
---@return any[]
local function grid(axis)
  if axis.values then
    return axis.values
  end
  local values = {}
  for i = 1, axis.n do
    local value = between(axis, (i - 1) / (axis.n - 1))
    values[i] = axis.integer and math.floor(value + 0.5) or rounded(axis, value, 12)
  end
  return values
end

--- A random value: a function of the seed, the axis' name and the point's number, so that another axis more
--- moves nothing here, and all arms get the same value of a parameter they share.
---@param axis assay.Axis
---@param seed integer
---@param number integer
local function draw(axis, seed, number)
  local share = runtime.uniform(seed, axis.name, number)
  if axis.values then
    return axis.values[1 + math.floor(share * #axis.values)]
  elseif axis.integer and axis.log then
    return math.floor(between(axis, share) + 0.5)
  elseif axis.integer then
    return math.min(axis.low + math.floor(share * (axis.high - axis.low + 1)), axis.high)
  end
  return rounded(axis, between(axis, share), 6)
end

return { read = read, grid = grid, draw = draw }
