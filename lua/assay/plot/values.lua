-- What a script hands to a chart, tensors or lists, as what the charts work on.
local core = require "assay.core"

local values = {}

local function refuse(what, name, found, expected)
  core.fail(("%s: %s is %s, expected %s"):format(what, name, found, expected))
end

-- "f32[2,3]", "a string"
local function describe(v)
  if core.is_tensor(v) then
    return ("%s[%s]"):format(v.dtype, table.concat(v:shape(), ","))
  end
  return v == nil and "not given" or "a " .. type(v)
end
values.describe = describe

local function check_numbers(what, name, list)
  for i, v in ipairs(list) do
    if type(v) ~= "number" then
      refuse(what, ("%s[%d]"):format(name, i), describe(v), "a number")
    end
  end
  return list
end

--- A list of numbers from such a list or from a tensor [n].
---@param what string  "plot.curves"
---@param name string  "y"
---@return number[]
function values.list(what, name, v)
  if core.is_tensor(v) then
    if #v:shape() ~= 1 then
      refuse(what, name, describe(v), "[n] or a list of numbers")
    end
    return v:tolist()
  elseif type(v) ~= "table" then
    refuse(what, name, describe(v), "a tensor or a list of numbers")
  end
  return check_numbers(what, name, v)
end

--- Lists of numbers from a list of them, a tensor [rows, n], or one row.
---@return number[][]
function values.rows(what, name, v)
  local flat = core.is_tensor(v) and #v:shape() or type(v) == "table" and type(v[1]) ~= "table" and 1
  if flat == 1 or not flat then
    return { values.list(what, name, v) }
  elseif core.is_tensor(v) then
    if flat ~= 2 then
      refuse(what, name, describe(v), "[n] or [seeds,n]")
    end
    return v:tolist()
  end
  local rows = {}
  for i, row in ipairs(v) do
    rows[i] = values.list(what, ("%s[%d]"):format(name, i), row)
  end
  return rows
end

--- A tensor of working floats with a rank among `ranks`, from a tensor or nested lists.
---@param ranks string  "[h,w]", for the text of an error; its commas give the rank
function values.tensor(what, name, v, ranks)
  if type(v) == "table" and #v > 0 then
    v = core.tensor(v)
  end
  if not core.is_tensor(v) then
    refuse(what, name, describe(v), "a tensor " .. ranks)
  end
  local rank = #v:shape()
  for form in ranks:gmatch "%b[]" do
    local _, commas = form:gsub(",", "")
    if commas + 1 == rank then
      return v:detach():float()
    end
  end
  refuse(what, name, describe(v), ranks)
end

--- Points { {x, y}, ... } as two lists: from x and y, or from a tensor [n,2].
function values.points(what, series)
  if series.points then
    local p = values.tensor(what, "points", series.points, "[n,2]")
    if p:size(2) ~= 2 then
      refuse(what, "points", describe(p), "[n,2]")
    elseif p:size(1) == 0 then
      return {}, {}
    end
    return p:slice(2, 1, 1):reshape(-1):tolist(), p:slice(2, 2, 2):reshape(-1):tolist()
  end
  local x, y = values.list(what, "x", series.x), values.list(what, "y", series.y)
  if #x ~= #y then
    core.fail(("%s: %d values of x and %d of y"):format(what, #x, #y))
  end
  return x, y
end

--- A pair { low, high } of rising numbers, or nil.
function values.range(what, name, v, log)
  if v == nil then
    return nil
  end
  local low, high = table.unpack(type(v) == "table" and v or {})
  local rising = type(low) == "number" and type(high) == "number" and low < high
  if not rising then
    refuse(what, name, type(v) == "table" and ("{ %s, %s }"):format(low, high) or describe(v),
      "{ low, high } with low < high")
  elseif math.abs(low) > 1e300 or math.abs(high) > 1e300 or log and low < 1e-300 then
    refuse(what, name, ("{ %g, %g }"):format(low, high),
      log and "numbers above 0 on an axis of logarithms" or "numbers within 1e300")
  end
  return { low, high }
end

return values
