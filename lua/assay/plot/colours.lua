-- Colours that remain apart for those who see fewer of them: the order of Okabe and Ito for series (their
-- yellow and black are left out: one vanishes on white, the other on black), for values the map viridis and a
-- blue to red one around a middle.
local core = require "assay.core"

local colours = {}

local series <const> = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f" }
local dashes <const> = { false, "8 3", "2 3", "8 3 2 3" }

--- Colour and dashes of the i-th series; after seven the colours begin anew with other dashes.
---@param i integer
---@return string colour, string? dashes
function colours.of(i)
  local round = (i - 1) // #series % #dashes + 1
  return series[(i - 1) % #series + 1], dashes[round] or nil
end

-- Ten points of each map; between them it is linear.
local maps <const> = {
  viridis = { "440154", "482878", "3e4a89", "31688e", "26828e", "1f9e89", "35b779", "6dcd59", "b4de2c",
    "fde725" },
  diverging = { "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "f7f7f7", "fddbc7", "f4a582", "d6604d",
    "b2182b" },
  grey = { "000000", "ffffff" },
}
local unknown <const> = "bfbfbf" -- NaN

colours.maps = { "viridis", "diverging", "grey" }

local function channel(hex, i)
  return tonumber(hex:sub(2 * i - 1, 2 * i), 16) / 255
end

local SHADES <const> = 256
local palettes = {}

-- f32[SHADES + 1, 3]; the last row is NaN's.
local function palette_of(name)
  if palettes[name] then
    return palettes[name]
  end
  local points, rows = maps[name], {}
  for k = 0, SHADES - 1 do
    local at = k / (SHADES - 1) * (#points - 1)
    local i = math.min(math.floor(at), #points - 2)
    local row = {}
    for c = 1, 3 do
      row[c] = channel(points[i + 1], c) * (1 - at + i) + channel(points[i + 2], c) * (at - i)
    end
    rows[k + 1] = row
  end
  rows[SHADES + 1] = { channel(unknown, 1), channel(unknown, 2), channel(unknown, 3) }
  palettes[name] = core.tensor(rows):keep()
  return palettes[name]
end

--- Values [H,W] as colours [H,W,3]: low is the map's first, high its last; NaN is grey.
function colours.paint(name, values, low, high)
  return core.no_grad(function()
    local h, w = values:size(1), values:size(2)
    local unit = (values - low) / (high > low and high - low or 1)
    local known = unit:eq(unit)
    local shade = unit:clamp(0, 1) * (SHADES - 1) + 0.5
    local index = core.methods.where(known, shade, core.full(SHADES, 1)):long()
    return palette_of(name):index_select(index:reshape(h * w), 1):reshape(h, w, 3)
  end)
end

--- Whether white text stands out on the map's colour of `unit` (0 to 1).
function colours.is_dark(name, unit)
  local points = maps[name]
  local hex = points[math.floor(unit * (#points - 1) + 0.5) + 1]
  return 0.299 * channel(hex, 1) + 0.587 * channel(hex, 2) + 0.114 * channel(hex, 3) < 0.5
end

return colours
