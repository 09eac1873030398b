-- What surrounds the values of a chart: title, legend, axes with round numbers, notes. It decides how much
-- room each takes, so that nothing overlaps, and says where values lie in pixels.
local scale = require "assay.plot.scale"
local text = require "assay.plot.text"

local frame = { SMALL = 12, TITLE = 15 }

local SMALL <const>, TITLE <const> = frame.SMALL, frame.TITLE
local LINE <const>, EDGE <const>, GAP <const> = 17, 12, 8
local SWATCH <const> = 22 -- of a legend's line or mark

-- Titles and notes: lines one below another. Returns the next line's top.
local function put_lines(canvas, lines, x, y, size, o)
  for _, line in ipairs(lines) do
    canvas:text(x, y + size, line, { size = size, weight = o.weight, anchor = o.anchor })
    y = y + size + 5
  end
  return y
end

-- Places legend entries in rows: { x, y, entry }; returns them and the height.
local function flow(entries, width)
  local placed, x, y = {}, 0, 0
  for _, entry in ipairs(entries) do
    local label = text.shorten(entry.name, SMALL, width - SWATCH)
    local wide = SWATCH + text.width(label, SMALL) + 2 * GAP
    if x > 0 and x + wide - 2 * GAP > width then
      x, y = 0, y + LINE
    end
    placed[#placed + 1] = { x = x, y = y, entry = entry, label = label }
    x = x + wide
  end
  return placed, #placed > 0 and y + LINE + 4 or 0
end

local function put_legend(canvas, placed, left, top)
  for _, p in ipairs(placed) do
    local x, middle = left + p.x, top + p.y + 8
    p.entry.draw(canvas, x, middle, SWATCH - 6)
    canvas:text(x + SWATCH, middle + 4, p.label, { size = SMALL })
  end
end

---@class assay.FrameOptions
---@field title string?
---@field x_label string?
---@field y_label string?
---@field notes string[]   below everything
---@field legend table[]   { name, draw = function(canvas, x, middle, width) }
---@field x table          { low, high, log, whole } or { names = {...} }, a row of categories
---@field y table          the same

-- The labels of an axis for so many pixels: places (from 0 to 1 of the axis) and texts.
local function labels_for(axis, pixels, each)
  if axis.names then
    return nil, axis.names
  end
  return scale.ticks(axis, math.floor(pixels / each), axis.whole)
end

local function widest(labels)
  local most = 0
  for _, label in ipairs(labels) do
    most = math.max(most, text.width(label, SMALL))
  end
  return most
end

-- As many round numbers as fit side by side.
local function x_labels(axis, width)
  if axis.names then
    return nil, axis.names
  end
  for count = 10, 3, -1 do
    local places, labels = scale.ticks(axis, count, axis.whole)
    if #labels * (widest(labels) + 2 * GAP) <= width then
      return places, labels
    end
  end
  return scale.ticks(axis, 2, axis.whole)
end

-- From values, or from numbers of categories (1 is first; rows count downwards), to pixels.
local function placer(axis, from, to)
  if not axis.names then
    return scale.placer(axis, from, to)
  end
  local n = math.max(#axis.names, 1)
  return function(k)
    return from + (k - 0.5) / n * (to - from)
  end
end

local function put_y_axis(canvas, f, places, labels, room)
  for i, label in ipairs(labels) do
    local y = f.y(places and places[i] or i)
    if places then
      canvas:line(f.left, y, f.right, y, { stroke = "currentColor", stroke_opacity = 0.15 })
    end
    canvas:text(f.left - GAP, y + 4, text.shorten(label, SMALL, room), { size = SMALL, anchor = "end" })
  end
end

local function put_x_axis(canvas, f, places, labels)
  local each = (f.right - f.left) / math.max(#labels, 1) - 4
  for i, label in ipairs(labels) do
    local x = f.x(places and places[i] or i)
    if places then
      canvas:line(x, f.bottom, x, f.bottom + 4, { stroke = "currentColor" })
      if f.upright then
        canvas:line(x, f.top, x, f.bottom, { stroke = "currentColor", stroke_opacity = 0.15 })
      end
    else
      label = text.shorten(label, SMALL, each)
    end
    canvas:text(x, f.bottom + 4 + SMALL + 2, label, { size = SMALL, anchor = "middle" })
  end
end

--- Draws the frame and returns where the values go: left, right, top, bottom, and x(value), y(value) in
--- pixels. o.bare: no axes (images). o.upright: lines of the grid stand upright.
---@param o assay.FrameOptions
function frame.draw(canvas, width, height, o)
  local room = width - 2 * EDGE
  local top = EDGE
  if o.title then
    top = put_lines(canvas, text.wrap(o.title, TITLE, room, 2, true), EDGE, top, TITLE,
      { weight = "bold" }) + 3
  end
  local placed, legend_height = flow(o.legend or {}, room)
  put_legend(canvas, placed, EDGE, top)
  top = top + legend_height
  local bottom = height - EDGE
  local notes = {}
  for _, note in ipairs(o.notes or {}) do
    table.move(text.wrap(note, SMALL, room, 2), 1, 2, #notes + 1, notes)
  end
  bottom = bottom - #notes * (SMALL + 5)
  put_lines(canvas, notes, EDGE, bottom + 2, SMALL, {})
  if o.bare then
    return { left = EDGE, right = width - EDGE, top = top, bottom = bottom }
  end
  if o.x_label then
    bottom = bottom - LINE
    canvas:text(width - EDGE, bottom + 13, text.shorten(o.x_label, SMALL, room), { size = SMALL,
      anchor = "end" })
  end
  if o.y_label then
    canvas:text(EDGE, top + SMALL, text.shorten(o.y_label, SMALL, room), { size = SMALL })
    top = top + LINE
  end
  return frame.axes(canvas, width, o, top + 6, bottom - LINE - 4)
end

--- The axes alone, between these heights.
function frame.axes(canvas, width, o, top, bottom)
  local places, labels = labels_for(o.y, bottom - top, 28)
  local y_room = math.min(widest(labels), width * 0.4)
  local f = { top = top, bottom = bottom, left = EDGE + y_room + GAP, upright = o.upright }
  f.right = width - EDGE - (o.right or 0)
  local x_places, x_texts = x_labels(o.x, f.right - f.left)
  if x_places and #x_texts > 0 then -- half of the last label stands right of its value
    f.right = f.right - math.max(0, text.width(x_texts[#x_texts], SMALL) / 2 - EDGE + 2)
  end
  f.x = placer(o.x, f.left, f.right)
  f.y = o.y.names and placer(o.y, f.top, f.bottom) or placer(o.y, f.bottom, f.top)
  if o.upright then
    put_y_axis(canvas, f, places, labels, y_room)
    put_x_axis(canvas, f, x_places, x_texts)
  else
    put_x_axis(canvas, f, x_places, x_texts)
    put_y_axis(canvas, f, places, labels, y_room)
  end
  return f
end

--- Ends a chart with axes: the line below it.
function frame.close(canvas, f)
  if f.upright then
    canvas:line(f.left, f.top, f.left, f.bottom, { stroke = "currentColor" })
  end
  canvas:line(f.left, f.bottom, f.right, f.bottom, { stroke = "currentColor" })
end

--- A window that cuts off what is drawn between the axes; coordinates stay.
function frame.clip(canvas, f, draw)
  local x, y, w, h = f.left, f.top, f.right - f.left, f.bottom - f.top
  canvas:open("svg", { x = x, y = y, width = w, height = h,
    viewBox = ("%.2f %.2f %.2f %.2f"):format(x, y, w, h), overflow = "hidden" })
  draw()
  canvas:close "svg"
end

--- A sentence in the middle, where there is nothing to show.
function frame.say(canvas, f, words)
  local lines = text.wrap(words, SMALL + 1, f.right - f.left - 2 * GAP, 4)
  local middle, y = (f.left + f.right) / 2, (f.top + f.bottom) / 2 - #lines * 9
  put_lines(canvas, lines, middle, y, SMALL + 1, { anchor = "middle" })
end

--- Legend swatches.
function frame.line_swatch(colour, dashes)
  return function(canvas, x, middle, width)
    canvas:line(x, middle, x + width, middle, { stroke = colour, stroke_width = 2.5,
      stroke_dasharray = dashes })
  end
end

function frame.box_swatch(colour)
  return function(canvas, x, middle, width)
    canvas:rect(x + width / 2 - 6, middle - 6, 12, 12, { fill = colour })
  end
end

return frame
