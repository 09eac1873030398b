-- How wide text is, without asking a font: the advances of DejaVu Sans (Verdana's are nearly the same), in
-- thousandths of the size, for ASCII. So a layout does not depend on the machine that makes it.
local text = {}

local advances <const> = {
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
  636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
  1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
  603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
  500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
  635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
}

-- Beyond ASCII: letters of alphabets, and from Hangul and CJK on, full squares.
local LETTER <const>, SQUARE <const>, SQUARES_FROM <const> = 640, 1000, 0x1100

local function advance(code)
  return advances[code - 31] or (code < SQUARES_FROM and LETTER or SQUARE)
end

local function codes(s)
  return utf8.codes(utf8.len(s) and s or s:gsub("[\x80-\xff]", "?"))
end

--- Pixels of a line at this size; bold letters are a tenth wider.
---@param s string
---@param size number
---@param bold boolean?
function text.width(s, size, bold)
  local sum = 0
  for _, code in codes(s) do
    sum = sum + advance(code)
  end
  return sum * size / 1000 * (bold and 1.1 or 1)
end

--- The line itself, or its beginning and an ellipsis, within `width` pixels.
function text.shorten(s, size, width, bold)
  if text.width(s, size, bold) <= width then
    return s
  end
  local out, room = {}, width - text.width("...", size, bold)
  for _, code in codes(s) do
    room = room - advance(code) * size / 1000 * (bold and 1.1 or 1)
    if room < 0 then
      break
    end
    out[#out + 1] = utf8.char(code)
  end
  return table.concat(out):gsub("%s+$", "") .. "…"
end

--- Lines of words within `width` pixels, at most `most`; what does not fit is shortened.
---@return string[]
function text.wrap(s, size, width, most, bold)
  local lines, line = {}, nil
  for word in s:gmatch "%S+" do
    local longer = line and line .. " " .. word or word
    if line and #lines + 1 < most and text.width(longer, size, bold) > width then
      lines[#lines + 1], line = line, word
    else
      line = longer
    end
  end
  lines[#lines + 1] = line
  for i, each in ipairs(lines) do
    lines[i] = text.shorten(each, size, width, bold)
  end
  return lines
end

return text
