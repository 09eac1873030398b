-- Lines over steps, with a band over seeds.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local options = require "assay.options"
local runs = require "assay.plot.runs"
local scale = require "assay.plot.scale"
local statistics = require "assay.statistics"
local svg = require "assay.plot.svg"
local values = require "assay.plot.values"

local WHAT <const> = "plot.curves"
local number <const> = svg.number

local bands = {}

function bands.ci95(list)
  return statistics.t_interval(list)
end

function bands.range(list)
  return math.min(table.unpack(list)), math.max(table.unpack(list))
end

function bands.none()
  return nil
end

-- Mean and band over rows at each place: columns of several seeds.
local function summarize(series, columns, band)
  series.y, series.low, series.high = {}, {}, {}
  for i, column in ipairs(columns) do
    local known = scale.shown(column)
    series.y[i] = #known > 0 and statistics.mean(known) or 0 / 0
    local low, high
    if #known > 1 then
      low, high = bands[band](known)
    end
    series.low[i], series.high[i] = low or 0 / 0, high or 0 / 0
  end
end

local function steps_of(n)
  local x = {}
  for i = 1, n do
    x[i] = i
  end
  return x
end

local function series_of(given, band)
  options.check(WHAT, given, { "name", "x", "y", "low", "high" })
  local rows = values.rows(WHAT, "y", given.y)
  local n = rows[1] and #rows[1] or 0
  local series = { name = given.name, x = given.x and values.list(WHAT, "x", given.x) or steps_of(n) }
  if #series.x ~= n then
    core.fail(("%s: %d values of x and %d of y"):format(WHAT, #series.x, n))
  end
  if #rows == 1 then
    series.y = rows[1]
    series.low = given.low and values.list(WHAT, "low", given.low)
    series.high = given.high and values.list(WHAT, "high", given.high)
    return series
  end
  local columns = {}
  for i = 1, n do
    columns[i] = {}
    for k, row in ipairs(rows) do
      columns[i][k] = row[i] or 0 / 0
    end
  end
  summarize(series, columns, band)
  return series
end

-- A pixel column holds at most four points of a line: first, lowest, highest, last.
local function thinned(points)
  local out, i = {}, 1
  while i <= #points do
    local last, low, high = i, i, i
    local column = points[i][1] // 0.5
    while points[last + 1] and points[last + 1][1] // 0.5 == column do
      last = last + 1
      low = points[last][2] < points[low][2] and last or low
      high = points[last][2] > points[high][2] and last or high
    end
    local kept = { i, math.min(low, high), math.max(low, high), last }
    for k, place in ipairs(kept) do
      if k == 1 or place ~= kept[k - 1] then
        out[#out + 1] = points[place]
      end
    end
    i = last + 1
  end
  return out
end

-- Runs of values that can be shown, as lists of { x, y } in pixels: a line breaks where a value is NaN.
local function pieces(f, xs, ys, log_x, log_y)
  local out, piece = {}, nil
  for i, x in ipairs(xs) do
    local y = ys[i]
    if y and scale.shows(x, log_x) and scale.shows(y, log_y) then
      piece = piece or {}
      piece[#piece + 1] = { f.x(x), f.y(y) }
    elseif piece then
      out[#out + 1], piece = piece, nil
    end
  end
  out[#out + 1] = piece
  return out
end

-- Far outside the window, yet finite for a renderer.
local function near(y)
  return number(math.max(-1e5, math.min(1e5, y)))
end

-- "M1 2L3 4": the points in order
local function path_of(points)
  local d = {}
  for i, p in ipairs(points) do
    d[i] = (i == 1 and "M" or "L") .. number(p[1]) .. " " .. near(p[2])
  end
  return table.concat(d)
end

local function put_band(canvas, f, series, colour, o)
  local low = pieces(f, series.x, series.low, o.log_x, o.log_y)
  local high = pieces(f, series.x, series.high, o.log_x, o.log_y)
  for k, piece in ipairs(low) do
    local around, upper = thinned(piece), high[k] and thinned(high[k]) or {}
    for i = #upper, 1, -1 do
      around[#around + 1] = upper[i]
    end
    canvas:path(path_of(around) .. "Z", { fill = colour, fill_opacity = 0.18, stroke = "none" })
  end
end

local function put_line(canvas, f, series, colour, dashes, o)
  for _, piece in ipairs(pieces(f, series.x, series.y, o.log_x, o.log_y)) do
    if #piece == 1 then -- a point alone: no line would show it
      canvas:element("circle", { cx = piece[1][1], cy = piece[1][2], r = 3.5, fill = colour })
    else
      canvas:path(path_of(thinned(piece)), { fill = "none", stroke = colour, stroke_width = 2,
        stroke_linejoin = "round", stroke_dasharray = dashes })
    end
  end
end

local function extents(all, o)
  local x, y = scale.extent(o.log_x), scale.extent(o.log_y)
  for _, series in ipairs(all) do
    for i, at in ipairs(series.x) do
      x:stretch(at)
      y:add(series.y[i])
      y:stretch(series.low and series.low[i] or 0 / 0)
      y:stretch(series.high and series.high[i] or 0 / 0)
    end
  end
  for _, line in ipairs(o.lines or {}) do
    y:stretch(line.y)
  end
  return x, y
end

-- Lines across: { y = 0.1, name = "chance" }
local function check_lines(lines)
  for _, line in ipairs(lines or {}) do
    options.check(WHAT .. ": lines", line, { "y", "name" })
    if type(line.y) ~= "number" then
      core.fail(("%s: lines: y is %s, expected a number"):format(WHAT, values.describe(line.y)))
    end
  end
end

local function legend_of(all, o)
  local legend = {}
  for i, series in ipairs(all) do
    local colour, dashes = colours.of(i)
    if series.name then
      legend[#legend + 1] = { name = tostring(series.name), draw = frame.line_swatch(colour, dashes) }
    end
  end
  for _, line in ipairs(o.lines or {}) do
    if line.name then
      legend[#legend + 1] = { name = line.name, draw = frame.line_swatch("currentColor", "3 3") }
    end
  end
  return legend
end

local function is_whole(all)
  for _, series in ipairs(all) do
    for _, x in ipairs(series.x) do
      if x % 1 ~= 0 then
        return false
      end
    end
  end
  return true
end

--- Curves: each { name =, y =, x = }, y a list or tensor [n], or [seeds,n] for mean and band; low and high
--- are a band of your own. Or, from the database, experiment and metric: a curve an arm, over its seeds.
--- band: "ci95" (Student's t), "range" or "none". lines = { { y = 0.1, name = "chance" } } go across.
---@param o table
---@return assay.Chart
return function(o)
  chart.check(WHAT, o, { "experiment", "metric", "arms", "db", "band", "log_x", "log_y", "x_range", "y_range",
    "lines" })
  local band = o.band or "ci95"
  if not bands[band] then
    core.fail(('%s: band is %s, expected "ci95", "range" or "none"'):format(WHAT, tostring(band)))
  end
  check_lines(o.lines)
  local all, found, y_label = {}, nil, o.y_label
  if o.experiment then
    found = runs.curves(WHAT, o)
    y_label = y_label or o.title ~= o.metric and o.metric or nil -- once is enough
    for i, arm in ipairs(found.arms) do
      all[i] = { name = arm.name, x = arm.steps }
      summarize(all[i], arm.columns, band)
    end
  else
    for i, given in ipairs(o) do
      all[i] = series_of(given, band)
    end
  end
  local x, y = extents(all, o)
  y.hidden, y.seen = found and found.hidden or y.hidden, found and found.seen or y.seen
  local x_span = scale.span(x, values.range(WHAT, "x_range", o.x_range, o.log_x), true)
  local y_span = scale.span(y, values.range(WHAT, "y_range", o.y_range, o.log_y))
  x_span.whole = is_whole(all)
  local notes = chart.notes(o, found and found.note, chart.hidden(y, o.log_y))
  local x_label = o.x_label or found and "step"
  return chart.new(o, y_label and "curves of " .. y_label or "curves", 420, function(canvas, width, height)
    local f = frame.draw(canvas, width, height, { title = o.title, x_label = x_label, y_label = y_label,
      notes = notes, legend = legend_of(all, o), x = x_span, y = y_span })
    if not y.low then
      frame.say(canvas, f, y.seen > 0 and "none of the values can be shown" or "no values")
    end
    frame.clip(canvas, f, function()
      for i, series in ipairs(all) do
        if series.low and series.high then
          put_band(canvas, f, series, (colours.of(i)), o)
        end
      end
      for _, line in ipairs(o.lines or {}) do
        canvas:line(f.left, f.y(line.y), f.right, f.y(line.y), { stroke = "currentColor",
          stroke_dasharray = "3 3" })
      end
      for i, series in ipairs(all) do
        local colour, dashes = colours.of(i)
        put_line(canvas, f, series, colour, dashes, o)
      end
    end)
    frame.close(canvas, f)
  end)
end
