-- A chart: its size and a function that draws it; as SVG text, as a file.
local core = require "assay.core"
local options = require "assay.options"
local svg = require "assay.plot.svg"

---@class assay.Chart
---@field width integer   pixels
---@field height integer
local Chart = {}
Chart.__index = Chart
Chart.__name = "chart"

local LEAST <const> = 200 -- pixels below which nothing can be read
local SHARP <const> = 2 -- pixels of a PNG for one of the chart's, so that it is sharp on today's screens

local function quoted(text)
  return ("%q"):format(text)
end

--- The picture as SVG text. inline = true leaves out colour and background: the page it goes into has them.
---@param o {inline: boolean?}?
---@return string
function Chart:svg(o)
  o = options.check("chart:svg", o or {}, { "inline" })
  return self:drawn(svg.canvas(), o.inline)
end

function Chart:drawn(canvas, inline)
  self.draw(canvas, self.width, self.height)
  return canvas:document(self.width, self.height, { label = self.label, inline = inline })
end

--- The picture as the bytes of a PNG, two pixels for one of the chart's.
---@return string
function Chart:png()
  local ok, png = pcall(require, "assay.png")
  if not ok then
    core.fail("chart: this assay was built without librsvg, which makes PNG pictures; SVG works. "
      .. "Install librsvg (Debian: librsvg2-dev fonts-dejavu-core), remove build/ and start assay again")
  end
  return png.render(self:drawn(svg.canvas(true)), self.width * SHARP, self.height * SHARP)
end

local function write(path, bytes)
  local temporary = path .. ".tmp"
  local file, problem = io.open(temporary, "wb")
  local ok = file and file:write(bytes)
  ok = file and file:close() and ok
  if not ok or not os.rename(temporary, path) then
    os.remove(temporary)
    core.fail(("chart:save: cannot write %s"):format(problem and problem:gsub("%.tmp", "", 1) or path))
  end
end

--- Writes the picture, as its ending says: .svg or .png.
---@param path string
---@return assay.Chart
function Chart:save(path)
  local ending = type(path) == "string" and path:lower():match "%.(%w+)$"
  if ending == "svg" then
    write(path, self:svg())
  elseif ending == "png" then
    write(path, self:png())
  else
    core.fail(("chart:save: %s ends in neither .svg nor .png"):format(
      type(path) == "string" and quoted(path) or "a path that is a " .. type(path)))
  end
  return self
end

function Chart:__tostring()
  return ("chart %d x %d, %s"):format(self.width, self.height, self.label)
end

local chart = {}

chart.options = { "title", "x_label", "y_label", "width", "height", "notes" }

--- The options of every chart beside its own names.
---@param what string
---@param o table
---@param own string[]
function chart.check(what, o, own)
  local names = table.move(chart.options, 1, #chart.options, 1, {})
  table.move(own, 1, #own, #names + 1, names)
  options.check(what, o, names)
  for _, name in ipairs { "title", "x_label", "y_label" } do
    if o[name] ~= nil and type(o[name]) ~= "string" then
      core.fail(("%s: %s is a %s, expected a string"):format(what, name, type(o[name])))
    end
  end
  options.count(what, o.width, "width", LEAST, 800)
  options.count(what, o.height, "height", LEAST // 4, LEAST)
  return o
end

--- A chart of a kind. `height` may depend on the width.
---@param o table     the script's options
---@param label string  what a reader who does not see it is told when there is no title
---@param height integer|fun(width: integer): integer
---@param draw fun(canvas, width: integer, height: integer)
---@return assay.Chart
function chart.new(o, label, height, draw)
  local width = o.width or 800
  local tall = o.height or math.type(height) and height or height(width)
  return setmetatable({ width = width, height = tall // 1 | 0, draw = draw, label = o.title or label }, Chart)
end

--- The note on what could not be drawn; nil when all was.
function chart.hidden(extent, log)
  if extent.hidden > 0 then
    local why = log and "NaN, infinite or not above 0" or "NaN or infinite"
    return ("%d of %d values are %s: not shown"):format(extent.hidden, extent.seen, why)
  end
end

--- The chart's notes and these, without the empty ones.
function chart.notes(o, ...)
  local out = {}
  for _, note in ipairs(type(o.notes) == "string" and { o.notes } or o.notes or {}) do
    out[#out + 1] = note
  end
  for i = 1, select("#", ...) do
    out[#out + 1] = (select(i, ...))
  end
  return out
end

return chart
