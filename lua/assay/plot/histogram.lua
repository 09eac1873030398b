-- How values are spread.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local options = require "assay.options"
local runs = require "assay.plot.runs"
local scale = require "assay.plot.scale"
local svg = require "assay.plot.svg"
local values = require "assay.plot.values"

local WHAT <const> = "plot.histogram"

local function series_of(o)
  local all = {}
  if o.experiment then
    local found = runs.last(WHAT, o, o.metric)
    for i, arm in ipairs(found.arms) do
      all[i] = { name = arm.name, values = arm[o.metric] }
    end
    return all, found.note
  end
  for i, given in ipairs(o) do
    options.check(WHAT, given, { "name", "values" })
    local v = given.values
    all[i] = { name = given.name, values = values.list(WHAT, "values", core.is_tensor(v) and v:reshape(-1)
      or v) }
  end
  return all
end

-- Shares of the series' values in equal parts of the span; values outside count, but in no part.
local function shares(list, span, bins)
  local counts, n = {}, 0
  for i = 1, bins do
    counts[i] = 0
  end
  local place = scale.placer(span, 0, bins)
  for _, v in ipairs(list) do
    if scale.shows(v) then
      n = n + 1
      if v >= span.low and v <= span.high then
        local i = math.min(math.floor(place(v)) + 1, bins)
        counts[i] = counts[i] + 1
      end
    end
  end
  for i = 1, bins do
    counts[i] = n > 0 and counts[i] / n or 0
  end
  return counts
end

-- As many parts as the square root of the values, within what can be told apart.
local function default_bins(all)
  local most = 1
  for _, series in ipairs(all) do
    most = math.max(most, #series.values)
  end
  return math.max(5, math.min(60, math.ceil(math.sqrt(most))))
end

-- The outline of a histogram in pixels.
local function outline(f, span, counts)
  local d = { "M", svg.number(f.x(span.low)), " ", svg.number(f.y(0)) }
  local edge = scale.placer(span, f.left, f.right)
  local wide = (span.high / #counts - span.low / #counts)
  for i, share in ipairs(counts) do
    local y = svg.number(f.y(share))
    d[#d + 1] = ("L%s %sL%s %s"):format(svg.number(edge(span.low + (i - 1) * wide)), y,
      svg.number(edge(span.low + i * wide)), y)
  end
  d[#d + 1] = ("L%s %s"):format(svg.number(f.x(span.high)), svg.number(f.y(0)))
  return table.concat(d)
end

--- Histograms: each { name =, values = list or tensor }, as shares of its values. Or, from the database,
--- experiment and metric: the last values of each arm. bins: parts of the range.
---@param o table
---@return assay.Chart
return function(o)
  chart.check(WHAT, o, { "experiment", "metric", "arms", "db", "bins", "range" })
  local all, note = series_of(o)
  local bins = options.count(WHAT, o.bins, "bins", 1, default_bins(all))
  local extent = scale.extent()
  for _, series in ipairs(all) do
    for _, v in ipairs(series.values) do
      extent:add(v)
    end
  end
  local span = scale.span(extent, values.range(WHAT, "range", o.range), true)
  local top, legend = scale.extent(), {}
  top:stretch(0)
  for i, series in ipairs(all) do
    series.shares = shares(series.values, span, bins)
    for _, share in ipairs(series.shares) do
      top:add(share)
    end
    if series.name then
      legend[#legend + 1] = { name = tostring(series.name), draw = frame.box_swatch((colours.of(i))) }
    end
  end
  local y_span = { low = 0, high = top.high and top.high > 0 and top.high * 1.05 or 1 }
  local notes = chart.notes(o, note, chart.hidden(extent))
  local x_label = o.x_label or o.metric
  return chart.new(o, x_label and "histogram of " .. x_label or "histogram", 420, function(canvas, width,
    height)
    local f = frame.draw(canvas, width, height, { title = o.title, x_label = x_label,
      y_label = o.y_label or "share of the values", notes = notes, legend = legend, x = span, y = y_span })
    if not extent.low then
      frame.say(canvas, f, extent.seen > 0 and "none of the values can be shown" or "no values")
    else
      for i, series in ipairs(all) do
        canvas:path(outline(f, span, series.shares), { fill = colours.of(i), fill_opacity = 0.25,
          stroke = (colours.of(i)), stroke_width = 1.8, stroke_linejoin = "round" })
      end
    end
    frame.close(canvas, f)
  end)
end
