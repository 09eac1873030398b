-- Points.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local frame = require "assay.plot.frame"
local options = require "assay.options"
local runs = require "assay.plot.runs"
local scale = require "assay.plot.scale"
local svg = require "assay.plot.svg"
local values = require "assay.plot.values"

local WHAT <const> = "plot.scatter"

local scatter = {}

-- Marks differ in form as well as in colour: what a path draws around a point, filled, for radius 1.
local marks <const> = {
  { "a", 1 }, -- a disc: a line of no length with round ends
  { { 0.9, 0.9, -0.9, 0.9, -0.9, -0.9, 0.9, -0.9 } }, -- square
  { { 0, -1.2, 1.1, 0.8, -1.1, 0.8 } }, -- triangle
  { { 0, -1.3, 1.3, 0, 0, 1.3, -1.3, 0 } }, -- diamond
  { { 0, 1.2, 1.1, -0.8, -1.1, -0.8 } }, -- triangle downwards
}

-- One path for all points of a series. Points that fall on one spot (half a pixel) are one.
local function path_of(points, mark, radius)
  local d, seen = {}, {}
  for _, p in ipairs(points) do
    local x, y = svg.number(math.floor(p[1] * 2 + 0.5) / 2), svg.number(math.floor(p[2] * 2 + 0.5) / 2)
    local spot = x .. " " .. y
    if not seen[spot] then
      seen[spot] = true
      local corners = mark[1]
      if corners == "a" then
        d[#d + 1] = "M" .. spot .. "h0"
      else
        for i = 1, #corners, 2 do
          d[#d + 1] = (i == 1 and "M" or "L") .. svg.number(x + corners[i] * radius) .. " "
            .. svg.number(y + corners[i + 1] * radius)
        end
        d[#d + 1] = "Z"
      end
    end
  end
  return table.concat(d)
end

--- Draws { {x, y}, ... } in pixels as the i-th series' marks. Many points are small and let others through.
function scatter.put(canvas, points, i, colour)
  local mark = marks[(i - 1) % #marks + 1]
  local radius = #points > 1000 and 1.4 or #points > 200 and 2 or 3.5
  local opacity = #points > 200 and 0.6 or 0.85
  if mark[1] == "a" then
    canvas:path(path_of(points, mark, radius), { stroke = colour, stroke_width = 2 * radius,
      stroke_linecap = "round", stroke_opacity = opacity, fill = "none" })
  else
    canvas:path(path_of(points, mark, radius), { fill = colour, fill_opacity = opacity })
  end
end

function scatter.swatch(i)
  return function(canvas, x, middle, width)
    scatter.put(canvas, { { x + width / 2, middle } }, i, (colours.of(i)))
  end
end

local function series_of(o)
  local all = {}
  if o.experiment then
    local found = runs.last(WHAT, o, o.x, o.y)
    for i, arm in ipairs(found.arms) do
      all[i] = { name = arm.name, x = arm[o.x], y = arm[o.y] }
    end
    return all, found.note
  end
  for i, given in ipairs(o) do
    options.check(WHAT, given, { "name", "x", "y", "points" })
    all[i] = { name = given.name }
    all[i].x, all[i].y = values.points(WHAT, given)
  end
  return all
end

local function extents(all, o)
  local x, y, hidden = scale.extent(o.log_x), scale.extent(o.log_y), scale.extent()
  for _, series in ipairs(all) do
    for i, at in ipairs(series.x) do
      local shown = scale.shows(at, o.log_x) and scale.shows(series.y[i], o.log_y)
      hidden:add(shown and 0 or 0 / 0)
      if shown then
        x:add(at)
        y:add(series.y[i])
      end
    end
  end
  return x, y, hidden
end

-- Equal lengths on both axes: the narrower span grows.
local function same_unit(x, y, width, height)
  local unit = math.max((x.high - x.low) / width, (y.high - y.low) / height)
  for span, pixels in pairs { [x] = width, [y] = height } do
    local middle = (span.low + span.high) / 2
    span.low, span.high = middle - unit * pixels / 2, middle + unit * pixels / 2
  end
end

--- Points: each { name =, x =, y = } or { name =, points = tensor [n,2] }. Or, from the database, experiment
--- and the metrics x and y: a point a run. equal = true: a unit is as long upwards as sideways.
---@param o table
---@return assay.Chart
function scatter.chart(o)
  chart.check(WHAT, o, { "experiment", "x", "y", "arms", "db", "log_x", "log_y", "x_range", "y_range",
    "equal" })
  local all, note = series_of(o)
  local x, y, hidden = extents(all, o)
  local x_span = scale.span(x, values.range(WHAT, "x_range", o.x_range, o.log_x))
  local y_span = scale.span(y, values.range(WHAT, "y_range", o.y_range, o.log_y))
  local legend = {}
  for i, series in ipairs(all) do
    if series.name then
      legend[#legend + 1] = { name = tostring(series.name), draw = scatter.swatch(i) }
    end
  end
  local notes = chart.notes(o, note, chart.hidden(hidden, o.log_x or o.log_y))
  return chart.new(o, "points", o.equal and function(width) return width end or 420, function(canvas, width,
    height)
    if o.equal and not (o.log_x or o.log_y) then
      same_unit(x_span, y_span, width - 80, height - 80)
    end
    local f = frame.draw(canvas, width, height, { title = o.title, x_label = o.x_label or o.experiment
      and o.x,
      y_label = o.y_label or o.experiment and o.y, notes = notes, legend = legend, x = x_span, y = y_span })
    if not x.low then
      frame.say(canvas, f, hidden.seen > 0 and "none of the points can be shown" or "no points")
    end
    frame.clip(canvas, f, function()
      for i, series in ipairs(all) do
        local points = {}
        for k, at in ipairs(series.x) do
          if scale.shows(at, o.log_x) and scale.shows(series.y[k], o.log_y) then
            points[#points + 1] = { f.x(at), f.y(series.y[k]) }
          end
        end
        scatter.put(canvas, points, i, (colours.of(i)))
      end
    end)
    frame.close(canvas, f)
  end)
end

return scatter
