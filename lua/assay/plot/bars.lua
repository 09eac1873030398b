-- A bar for each arm or method, with its interval and the values behind it. Bars lie: their names have room.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local options = require "assay.options"
local runs = require "assay.plot.runs"
local scale = require "assay.plot.scale"
local statistics = require "assay.statistics"
local values = require "assay.plot.values"

local WHAT <const> = "plot.bars"
local ROW <const> = 34

-- One bar: name, group, mean, low, high, and the values it is the mean of.
local function bar_of(given)
  options.check(WHAT, given, { "name", "group", "value", "values", "low", "high" })
  local bar = { name = tostring(given.name or ""), group = given.group, value = given.value, low = given.low,
    high = given.high }
  if given.values then
    bar.values = values.list(WHAT, "values", given.values)
    local known = scale.shown(bar.values)
    bar.value = #known > 0 and statistics.mean(known) or 0 / 0
    if #known > 1 then
      bar.low, bar.high = statistics.t_interval(known)
    end
  elseif type(given.value) ~= "number" then
    core.fail(("%s: %s: value is %s, expected a number (or values, a list)"):format(WHAT, bar.name,
      values.describe(given.value)))
  end
  return bar
end

local function from_runs(o)
  local found = runs.last(WHAT, o, o.metric)
  local bars = {}
  for i, arm in ipairs(found.arms) do
    bars[i] = bar_of { name = arm.name, values = arm[o.metric] }
  end
  return bars, found.note
end

local function extent_of(bars, log)
  local extent = scale.extent(log)
  for _, bar in ipairs(bars) do
    for _, v in ipairs(bar.values or { bar.value }) do
      extent:add(v)
    end
    extent:stretch(bar.low or 0 / 0)
    extent:stretch(bar.high or 0 / 0)
  end
  return extent
end

-- The colour follows the group where there are groups, with a legend; else all bars have one.
local function colour_groups(bars)
  local number, legend = {}, {}
  for _, bar in ipairs(bars) do
    if bar.group and not number[bar.group] then
      legend[#legend + 1] = { name = tostring(bar.group) }
      number[bar.group] = #legend
      legend[#legend].draw = frame.box_swatch((colours.of(#legend)))
    end
    bar.colour = colours.of(bar.group and number[bar.group] or 1)
  end
  return legend
end

local function put_bar(canvas, f, bar, y, log, from_zero)
  if not scale.shows(bar.value, log) then
    canvas:text(f.left + 6, y + 4, #(bar.values or { 1 }) == 0 and "no values" or "NaN or infinite",
      { size = 12 })
    return
  end
  local x = f.x(bar.value)
  if from_zero then
    local zero = f.x(0)
    canvas:rect(math.min(zero, x), y - 9, math.abs(x - zero), 18, { fill = bar.colour, fill_opacity = 0.55 })
  end
  for _, v in ipairs(bar.values or {}) do
    if scale.shows(v, log) then
      canvas:element("circle", { cx = f.x(v), cy = y, r = 3, fill = "none", stroke = "currentColor",
        stroke_opacity = 0.6 })
    end
  end
  if bar.low and bar.high then
    canvas:line(f.x(bar.low), y, f.x(bar.high), y, { stroke = "currentColor", stroke_width = 2 })
    for _, v in ipairs { bar.low, bar.high } do
      canvas:line(f.x(v), y - 6, f.x(v), y + 6, { stroke = "currentColor", stroke_width = 2 })
    end
  end
  if from_zero then
    canvas:line(x, y - 9, x, y + 9, { stroke = bar.colour, stroke_width = 3 })
  else
    canvas:element("circle", { cx = x, cy = y, r = 6, fill = bar.colour })
  end
end

--- Bars: each { name =, value =, low =, high = } or { name =, values = } for the mean with its 95 % interval
--- (Student's t) and a ring for each value; group = "x" gives colours. Or, from the database, experiment and
--- metric: the last values of each arm. Where zero is not in the picture (range, log) a point stands for a
--- bar.
---@param o table
---@return assay.Chart
return function(o)
  chart.check(WHAT, o, { "experiment", "metric", "arms", "db", "log", "range", "lines" })
  local bars, note = {}, nil
  if o.experiment then
    bars, note = from_runs(o)
  else
    for i, given in ipairs(o) do
      bars[i] = bar_of(given)
    end
  end
  local legend, names = colour_groups(bars), {}
  for i, bar in ipairs(bars) do
    names[i] = bar.name
  end
  local extent = extent_of(bars, o.log)
  local range = values.range(WHAT, "range", o.range, o.log)
  if not range and not o.log and extent.low then
    extent:stretch(0)
  end
  local span = scale.span(extent, range)
  if not range and not o.log and extent.low then -- no air on the side where bars begin
    span.low = extent.low == 0 and 0 or span.low
    span.high = extent.high == 0 and 0 or span.high
  end
  local from_zero = not o.log and span.low <= 0 and span.high >= 0
  local notes = chart.notes(o, note, chart.hidden(extent, o.log))
  local x_label = o.x_label or o.metric
  local function height()
    return 74 + ROW * math.max(#bars, 2) + (o.title and 24 or 0) + (#legend > 0 and 24 or 0) + 18 * #notes
  end
  return chart.new(o, x_label and "bars of " .. x_label or "bars", height, function(canvas, width, tall)
    local f = frame.draw(canvas, width, tall, { title = o.title, x_label = x_label, y_label = o.y_label,
      notes = notes, legend = legend, x = span, y = { names = names }, upright = true })
    if #bars == 0 then
      frame.say(canvas, f, "no values")
    end
    frame.clip(canvas, f, function()
      for i, bar in ipairs(bars) do
        put_bar(canvas, f, bar, f.y(i), o.log, from_zero)
      end
    end)
    if from_zero and span.low < 0 then
      canvas:line(f.x(0), f.top, f.x(0), f.bottom, { stroke = "currentColor" })
    end
    frame.close(canvas, f)
  end)
end
