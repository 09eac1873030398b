-- Claims as text: their declaration as a script would write it, and what tables call a metric.
local settings = require "assay.settings"

local text = {}

local function number(value)
  if value ~= value then
    return "NaN"
  elseif value - value ~= 0 then
    return "infinite"
  end
  local short = ("%.14g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

--- A value as a script would write it: items of a table first, then its fields in sorted order.
function text.lua(value)
  if type(value) == "table" then
    local parts = {}
    for i, item in ipairs(value) do
      parts[i] = text.lua(item)
    end
    for _, name in ipairs(settings.names(value)) do
      parts[#parts + 1] = ("%s = %s"):format(name, text.lua(value[name]))
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
  elseif type(value) == "number" then
    return number(value)
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

--- "test/top1", "loss (tail 10)"
function text.metric(spec)
  if type(spec) == "string" then
    return spec
  end
  local how = {}
  for _, name in ipairs(settings.names(spec)) do
    how[#how + 1] = spec[name] == true and name or ("%s %s"):format(name, spec[name])
  end
  local names = table.concat(spec, ", ")
  return #how > 0 and ("%s (%s)"):format(names, table.concat(how, ", ")) or names
end

return text
