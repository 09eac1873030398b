-- A table of numbers as colours.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local runs = require "assay.plot.runs"
local scale = require "assay.plot.scale"
local text = require "assay.plot.text"
local values = require "assay.plot.values"

local WHAT <const> = "plot.heat"
local KEY <const> = 16 -- width of the colour key

local heat = {}

--- Lowest and highest of a tensor's finite values; around 0 for the map of two sides.
function heat.limits(what, x, range, map)
  if range then
    return table.unpack(values.range(what, "range", range))
  end
  local extent = scale.extent()
  for _, v in ipairs(x:count() > 0 and x:reshape(-1):tolist() or {}) do
    extent:add(v)
  end
  local low, high = extent.low or 0, extent.high or 1
  if map == "diverging" then
    local most = math.max(math.abs(low), math.abs(high))
    low, high = -most, most
  end
  if low == high then
    high = low + (low == 0 and 1 or math.abs(low))
  end
  return low, high, extent
end

function heat.map(what, name)
  name = name or "viridis"
  for _, known in ipairs(colours.maps) do
    if known == name then
      return name
    end
  end
  core.fail(("%s: no map %q%s"):format(what, tostring(name), core.suggest(tostring(name), colours.maps)))
end

--- The key of the colours at the right edge, from top to bottom; its width with labels.
function heat.key_width(low, high)
  local _, labels = scale.ticks({ low = low, high = high }, 5)
  local most = 0
  for _, label in ipairs(labels) do
    most = math.max(most, text.width(label, frame.SMALL))
  end
  return KEY + 12 + most + 6
end

function heat.put_key(canvas, right, top, bottom, map, low, high)
  local width = heat.key_width(low, high)
  local x = right - width + 8
  local shades = core.arange(256):float():reshape(256, 1):mul(-1 / 255):add(1)
  canvas:image(x, top, KEY, bottom - top, colours.paint(map, shades, 0, 1))
  local span = { low = low, high = high }
  local place = scale.placer(span, bottom, top)
  local ticks, labels = scale.ticks(span, math.max(2, (bottom - top) // 40))
  for i, v in ipairs(ticks) do
    canvas:text(x + KEY + 5, place(v) + 4, labels[i], { size = frame.SMALL })
  end
end

local function names_or_places(given, n, what)
  if given and #given ~= n then
    core.fail(("%s: %d names of %s, the values have %d"):format(WHAT, #given, what, n))
  end
  local names = {}
  for i = 1, n do
    names[i] = given and tostring(given[i]) or tostring(i)
  end
  return names
end

-- Few enough names that each can be read; else every k-th.
local function sparse(names, most)
  local every = math.ceil(#names / math.max(most, 1))
  local out = {}
  for i, name in ipairs(names) do
    out[i] = (i - 1) % every == 0 and name or ""
  end
  return out
end

local function put_numbers(canvas, f, rows, map, low, high)
  local cell = (f.right - f.left) / math.max(#(rows[1] or {}), 1)
  for i, row in ipairs(rows) do
    for k, v in ipairs(row) do
      local label = v == v and ("%.3g"):format(v) or "NaN"
      if text.width(label, frame.SMALL) <= cell - 4 then
        local unit = v == v and math.max(0, math.min(1, (v - low) / (high - low))) or 0.7
        local dark = v == v and colours.is_dark(map, unit)
        canvas:text(f.x(k), f.y(i) + 4, label, { size = frame.SMALL, anchor = "middle",
          fill = dark and "#ffffff" or "#111111" })
      end
    end
  end
end

-- A mean for each pair of values of two parameters.
local function from_runs(o)
  local found = runs.grid(WHAT, o)
  return core.tensor(found.values), found
end

--- A heat map: [1] or values = tensor [h,w], first row on top; rows and columns name them, numbers = true
--- writes the values in, map: "viridis", "diverging" (around 0) or "grey". Or, from the database:
--- experiment, metric and two parameters x and y: the mean of the last values of all done runs at each pair.
---@param o table
---@return assay.Chart
function heat.chart(o)
  chart.check(WHAT, o, { "values", "rows", "columns", "numbers", "map", "range", "experiment", "metric",
    "x", "y",
    "arms", "db" })
  local x, found
  if o.experiment then
    x, found = from_runs(o)
  else
    x = values.tensor(WHAT, "values", o.values or o[1], "[h,w]")
  end
  local h, w = x:size(1), x:size(2)
  local map = heat.map(WHAT, o.map)
  local low, high, extent = heat.limits(WHAT, x, o.range, map)
  local rows = names_or_places(o.rows or found and found.rows, h, "rows")
  local columns = names_or_places(o.columns or found and found.columns, w, "columns")
  local notes = chart.notes(o, found and found.note, extent and chart.hidden(extent))
  local tall <const> = math.max(160, math.min(560, h * 44)) + 90
  return chart.new(o, "heat map", tall, function(canvas, width, height)
    local f = frame.draw(canvas, width, height, { title = o.title,
      x_label = o.x_label or found and o.x, y_label = o.y_label or found and ("%s, mean of %s"):format(o.y,
        o.metric),
      notes = notes, x = { names = sparse(columns, (width - 150) // 46) },
      y = { names = sparse(rows, (height - 90) // 18) }, right = heat.key_width(low, high) })
    if x:count() == 0 then
      frame.say(canvas, f, "no values")
    else
      canvas:image(f.left, f.top, f.right - f.left, f.bottom - f.top, colours.paint(map, x, low, high))
      if o.numbers then
        put_numbers(canvas, f, x:tolist(), map, low, high)
      end
    end
    heat.put_key(canvas, width - 12, f.top, f.bottom, map, low, high)
  end)
end

return heat
