-- Writes SVG: elements with escaped text, numbers without noise, so that the same picture has the same bytes.
local core = require "assay.core"

local svg = {}

--- At most two decimals and no exponent: a hundredth of a pixel is seen by nobody.
---@param v number
---@return string
function svg.number(v)
  local text = ("%.2f"):format(v):gsub("%.?0+$", "", v % 1 == 0 and 1 or nil)
  return text == "-0" and "0" or text
end

local entities <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

--- Text as it stands in XML and HTML. What neither can hold (control characters, broken UTF-8) becomes
--- U+FFFD.
---@param text any
---@return string
function svg.escape(text)
  text = tostring(text)
  if not utf8.len(text) then
    text = text:gsub("[\x80-\xff]", "\u{FFFD}")
  end
  return (text:gsub("[%z\1-\8\11\12\14-\31\127]", "\u{FFFD}"):gsub("[&<>\"']", entities))
end

---@class assay.Canvas
local Canvas = {}
Canvas.__index = Canvas

--- An empty picture. magnify: for a reader that smooths enlarged images.
function svg.canvas(magnify)
  return setmetatable({ n = 0, magnify = magnify }, Canvas)
end

function Canvas:put(text)
  self.n = self.n + 1
  self[self.n] = text
end

-- Attributes in the order of their names; numbers are rounded.
local function attributes_of(attributes)
  local out = {}
  for name, value in pairs(attributes) do
    if math.type(value) then
      value = svg.number(value)
    end
    out[#out + 1] = (' %s="%s"'):format(name:gsub("_", "-"), svg.escape(value))
  end
  return table.concat(out)
end

--- <name ...>, closed by close(name); names are written with _ for -.
function Canvas:open(name, attributes)
  self:put(("<%s%s>"):format(name, attributes_of(attributes)))
end

function Canvas:close(name)
  self:put(("</%s>"):format(name))
end

function Canvas:element(name, attributes)
  self:put(("<%s%s/>"):format(name, attributes_of(attributes)))
end

function Canvas:rect(x, y, width, height, attributes)
  attributes.x, attributes.y, attributes.width, attributes.height = x, y, width, height
  self:element("rect", attributes)
end

function Canvas:line(x1, y1, x2, y2, attributes)
  attributes.x1, attributes.y1, attributes.x2, attributes.y2 = x1, y1, x2, y2
  self:element("line", attributes)
end

function Canvas:path(d, attributes)
  if d ~= "" then
    attributes.d = d
    self:element("path", attributes)
  end
end

--- Text at its baseline; size, anchor ("start", "middle", "end"), weight and opacity as SVG has them.
function Canvas:text(x, y, text, o)
  local attributes <const> = {
    x = x, y = y, font_size = o.size, fill = o.fill or "currentColor",
    text_anchor = o.anchor ~= "start" and o.anchor or nil, font_weight = o.weight,
  }
  self:put(("<text%s>%s</text>"):format(attributes_of(attributes), svg.escape(text)))
end

-- Each pixel as a square of many: librsvg smooths what it enlarges.
local function magnified(pixels, width, height)
  local h, w, c = pixels:size(1), pixels:size(2), pixels:count() // (pixels:size(1) * pixels:size(2))
  local down, across = math.ceil(2 * height / h), math.ceil(2 * width / w)
  return pixels:reshape(h, 1, w, 1, c):expand(h, down, w, across, c):reshape(h * down, w * across, c)
end

--- A tensor [H,W] or [H,W,3] in 0 to 1, its pixels as squares.
function Canvas:image(x, y, width, height, pixels)
  if self.magnify then
    pixels = magnified(pixels, width, height)
  end
  self:element("image", {
    x = x, y = y, width = width, height = height, preserveAspectRatio = "none",
      style = "image-rendering:pixelated",
    href = "data:image/png;base64," .. core.png_base64(pixels),
  })
end

local root <const> = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
  .. 'role="img" aria-label="%s" font-family="DejaVu Sans, Verdana, sans-serif"%s>'

--- The whole file. o.inline: for a page that has a colour and a background of its own.
---@param width integer
---@param height integer
---@param o {label: string, inline: boolean?}
function Canvas:document(width, height, o)
  local own = o.inline and "" or ' color="#222222"'
  local ground = o.inline and "" or ('<rect width="%d" height="%d" fill="#ffffff"/>\n'):format(width, height)
  return ("%s\n%s%s\n</svg>\n"):format(
    root:format(width, height, width, height, svg.escape(o.label), own), ground, table.concat(self, "\n"))
end

return svg
