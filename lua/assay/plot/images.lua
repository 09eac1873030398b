-- A grid of images.
local chart = require "assay.plot.chart"
local colours = require "assay.plot.colours"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local heat = require "assay.plot.heat"
local options = require "assay.options"
local text = require "assay.plot.text"
local values = require "assay.plot.values"

local WHAT <const> = "plot.images"
local GAP <const>, LABEL <const> = 4, 17

-- [n,h,w] or [n,c,h,w] as [n,c,h,w] with one channel or three.
local function batch_of(o)
  local x = values.tensor(WHAT, "images", o.images or o[1], "[n,h,w] or [n,c,h,w]")
  if #x:shape() == 3 then
    x = x:unsqueeze(2)
  end
  if x:size(2) ~= 1 and x:size(2) ~= 3 then
    core.fail(("%s: images is %s, expected one channel or three"):format(WHAT, values.describe(x)))
  end
  return x
end

-- One image as pixels [h,w,3].
local function pixels_of(x, i, low, high)
  local image = x:slice(1, i, i):reshape(x:size(2), x:size(3), x:size(4))
  if image:size(1) == 1 then
    return colours.paint("grey", image:reshape(x:size(3), x:size(4)), low, high)
  end
  return ((image - low) / (high - low)):permute(2, 3, 1)
end

--- Images: [1] or images = tensor [n,h,w], [n,1,h,w] or [n,3,h,w]; columns of them, labels below each. range
--- is what is black and white, the lowest and highest value if not said.
---@param o table
---@return assay.Chart
return function(o)
  chart.check(WHAT, o, { "images", "columns", "labels", "range" })
  local x = batch_of(o)
  local n, h, w = x:size(1), x:size(3), x:size(4)
  local columns = options.count(WHAT, o.columns, "columns", 1, math.max(1, math.min(n, 8)))
  if o.labels and #o.labels ~= n then
    core.fail(("%s: %d labels for %d images"):format(WHAT, #o.labels, n))
  end
  local low, high, extent = heat.limits(WHAT, x, o.range)
  local rows = math.ceil(n / columns)
  local notes = chart.notes(o, extent and chart.hidden(extent))
  local below = o.labels and LABEL or 0
  local function cell_width(width)
    return (width - 24 - (columns - 1) * GAP) / columns
  end
  local function height(width)
    local each = w > 0 and cell_width(width) * h / w or 0
    return math.ceil(24 + (o.title and 26 or 0) + 17 * #notes + math.max(rows * (each + below + GAP), 60))
  end
  return chart.new(o, ("%d images"):format(n), height, function(canvas, width, tall)
    local f = frame.draw(canvas, width, tall, { title = o.title, notes = notes, bare = true })
    if x:count() == 0 then
      return frame.say(canvas, f, "no images")
    end
    local each = math.min(cell_width(width), ((f.bottom - f.top) / rows - below - GAP) * w / h)
    for i = 1, n do
      local left = f.left + (i - 1) % columns * (each + GAP)
      local top = f.top + (i - 1) // columns * (each * h / w + below + GAP)
      canvas:image(left, top, each, each * h / w, pixels_of(x, i, low, high))
      if o.labels then
        canvas:text(left + each / 2, top + each * h / w + 13,
          text.shorten(tostring(o.labels[i]), frame.SMALL, each), { size = frame.SMALL, anchor = "middle" })
      end
    end
  end)
end
