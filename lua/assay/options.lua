-- Tables of named options: an unknown name is an error at the user's line, with a suggestion.
local core = require "assay.core"

local options = {}

--- Refuses a table with names that are not among `names`.
---@param what string            begins the text: "nn.linear"
---@param given any
---@param names string[]
---@return table given
function options.check(what, given, names)
  if type(given) ~= "table" then
    core.fail(("%s: expected a table of options, got a %s"):format(what, type(given)))
  end
  for key in pairs(given) do
    if type(key) == "string" then
      local known = false
      for _, name in ipairs(names) do
        known = known or name == key
      end
      if not known then
        core.fail(('%s: no option "%s"%s'):format(what, key, core.suggest(key, names)))
      end
    end
  end
  return given
end

--- A whole number from `least` on; `default` where it is left out.
---@param what string
---@param value any
---@param name string    of the option, or "number 2"
---@param least integer
---@param default integer?
---@return integer
function options.count(what, value, name, least, default)
  if value == nil and default then
    return default
  end
  local n = math.tointeger(value)
  if type(value) ~= "number" or not n or n < least then
    core.fail(("%s: %s is %s, expected a whole number from %d"):format(what, name, tostring(value), least))
  end
  return n
end

--- A number in low .. high; `default` where it is left out.
---@param what string
---@param value any
---@param name string
---@param low number
---@param high number
---@param default number?
---@return number
function options.number(what, value, name, low, high, default)
  if value == nil and default then
    return default
  end
  if type(value) ~= "number" or not (value >= low and value <= high) then
    core.fail(("%s: %s is %s, expected a number from %g to %g"):format(what, name, tostring(value), low,
      high))
  end
  return value
end

--- A pair { height, width } from one number or a list of two.
---@param what string
---@param value any
---@param name string
---@param least integer
---@param default integer?
---@return integer, integer
function options.pair(what, value, name, least, default)
  if type(value) == "table" then
    return options.count(what, value[1], name .. "[1]", least),
      options.count(what, value[2], name .. "[2]", least)
  end
  local n = options.count(what, value, name, least, default)
  return n, n
end

return options
