-- A density in the plane as colours, with samples on it.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local heat = require "assay.plot.heat"
local options = require "assay.options"
local scale = require "assay.plot.scale"
local scatter = require "assay.plot.scatter"
local values = require "assay.plot.values"

local WHAT <const> = "plot.density"
local CELLS <const> = 120

-- The centres of CELLS x CELLS cells, first row on top: [CELLS * CELLS, 2].
local function centres(x, y)
  local function along(span)
    return core.arange(CELLS):float():add(0.5):mul((span.high - span.low) / CELLS):add(span.low)
  end
  local across = along(x):reshape(1, CELLS):expand(CELLS, CELLS):reshape(CELLS * CELLS, 1)
  local down = along(y):flip(1):reshape(CELLS, 1):expand(CELLS, CELLS):reshape(CELLS * CELLS, 1)
  return core.concat({ across, down }, 2)
end

-- exp of a log density, 1 at its highest: how high it is does not matter to colours.
local function from_log(log_density, at)
  local out = log_density(at)
  if not core.is_tensor(out) or out:count() ~= CELLS * CELLS then
    core.fail(("%s: log_density gave %s, expected [%d], a number for each point"):format(WHAT,
      values.describe(out), CELLS * CELLS))
  end
  out = out:detach():reshape(CELLS, CELLS)
  return (out - out:max()):exp()
end

-- Samples smoothed by Gaussians, Scott's width on each axis.
local function from_samples(p, at)
  local n = p:size(1)
  local width = n ^ (-1 / 6)
  local sum = core.zeros(CELLS * CELLS)
  local spread = (p - p:mean { 1, keep = true }):square():mean { 1, keep = true }:sqrt():clamp(1e-12,
    nil) * width
  local CHUNK <const> = 256
  for first = 1, n, CHUNK do
    local some = p:slice(1, first, math.min(first + CHUNK - 1, n))
    sum = core.scope(function()
      local away = ((at / spread):unsqueeze(2) - (some / spread):unsqueeze(1)):square():sum { 3 }
      return sum + (away * -0.5):exp():sum { 2 }
    end)
  end
  return (sum / sum:max()):reshape(CELLS, CELLS)
end

local function spans(p, o)
  local out = {}
  for axis, name in ipairs { "x_range", "y_range" } do
    local extent = scale.extent()
    for _, v in ipairs(p and p:size(1) > 0 and p:slice(2, axis, axis):reshape(-1):tolist() or {}) do
      extent:add(v)
    end
    out[axis] = scale.span(extent, values.range(WHAT, name, o[name]))
  end
  return out[1], out[2]
end

local function check(o)
  chart.check(WHAT, o, { "samples", "density", "log_density", "x_range", "y_range", "map", "show" })
  local p = o.samples and values.tensor(WHAT, "samples", o.samples, "[n,2]")
  if p and p:size(2) ~= 2 then
    core.fail(("%s: samples is %s, expected [n,2]"):format(WHAT, values.describe(p)))
  elseif not p and not (o.x_range and o.y_range) then
    core.fail(WHAT .. ": without samples it needs x_range and y_range")
  elseif o.log_density and o.density then
    core.fail(WHAT .. ": density and log_density are two ways of saying the same")
  end
  return p
end

-- The rows of which both numbers are finite.
local function finite_rows(p)
  local keep, list = {}, p:size(1) > 0 and p:tolist() or {}
  for i, point in ipairs(list) do
    if scale.shows(point[1]) and scale.shows(point[2]) then
      keep[#keep + 1] = i - 1
    end
  end
  local hidden = { hidden = #list - #keep, seen = #list }
  return #keep > 0 and p:index_select(core.i64(keep), 1) or p:slice(1, 1, 0), hidden
end

--- A density and samples: samples = tensor [n,2]; log_density = f(points [m,2]) -> [m], or density = tensor
--- [h,w] with its first row on top; of neither, the samples' own, smoothed. x_range and y_range are those of
--- the samples if not said. show: how many samples are drawn, 1000 if not said.
---@param o table
---@return assay.Chart
return function(o)
  local p, hidden = check(o), nil
  if p then
    p, hidden = finite_rows(p)
  end
  local x, y = spans(p, o)
  local show = options.count(WHAT, o.show, "show", 0, 1000)
  local map = heat.map(WHAT, o.map)
  local notes = chart.notes(o, hidden and chart.hidden(hidden))
  local shades = core.no_grad(function()
    if o.density then
      return values.tensor(WHAT, "density", o.density, "[h,w]")
    elseif o.log_density then
      return from_log(o.log_density, centres(x, y))
    elseif p:size(1) > 0 then
      return from_samples(p, centres(x, y))
    end
  end)
  return chart.new(o, "density", function(width) return width * 0.8 end, function(canvas, width, height)
    local f = frame.draw(canvas, width, height, { title = o.title, x_label = o.x_label, y_label = o.y_label,
      notes = notes, x = x, y = y })
    if not shades or shades:count() == 0 then
      frame.say(canvas, f, "no samples")
    else
      local low, high = heat.limits(WHAT, shades)
      canvas:image(f.left, f.top, f.right - f.left, f.bottom - f.top, colours.paint(map, shades, low, high))
    end
    if p and show > 0 and p:size(1) > 0 then
      local points = {}
      for i, point in ipairs(p:slice(1, 1, math.min(show, p:size(1))):tolist()) do
        points[i] = { f.x(point[1]), f.y(point[2]) }
      end
      frame.clip(canvas, f, function()
        scatter.put(canvas, points, 1, "#ffffff")
      end)
    end
    frame.close(canvas, f)
  end)
end
