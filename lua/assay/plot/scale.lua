-- An axis: which values it spans, where they lie in pixels, and its round numbers.
local scale = {}

local huge <const> = 1e300 -- beyond it a span is no number any more

--- Whether a value can be shown on such an axis.
function scale.shows(v, log)
  return v == v and math.abs(v) <= huge and (not log or v >= 1 / huge)
end

--- Those of a list that can be shown.
function scale.shown(list)
  local out = {}
  for _, v in ipairs(list) do
    if scale.shows(v) then
      out[#out + 1] = v
    end
  end
  return out
end

--- Collects lowest and highest of what can be shown, and counts what cannot.
---@class assay.Extent
---@field low number?
---@field high number?
---@field hidden integer  how many of the values added cannot be shown
---@field seen integer    how many were added
local Extent = {}
Extent.__index = Extent

function scale.extent(log)
  return setmetatable({ log = log, hidden = 0, seen = 0 }, Extent)
end

function Extent:add(v)
  self.seen = self.seen + 1
  if not scale.shows(v, self.log) then
    self.hidden = self.hidden + 1
    return
  end
  self.low = math.min(self.low or v, v)
  self.high = math.max(self.high or v, v)
end

--- The same for what may lie outside the picture's main values (ends of bands): not counted.
function Extent:stretch(v)
  if scale.shows(v, self.log) then
    self.low = math.min(self.low or v, v)
    self.high = math.max(self.high or v, v)
  end
end

-- A little air around the values, and room where there is but one value.
local function padded(low, high, log)
  if log then
    local factor = low == high and 2 or math.min((high / low) ^ 0.03, 1e3)
    return math.max(low / factor, 1 / huge), math.min(high * factor, huge)
  elseif low == high then
    local room = low == 0 and 1 or math.abs(low) * 0.1
    return low - room, high + room
  end
  local room = (high / 2 - low / 2) * 0.08 -- halves: their difference is still a number
  return low - room, high + room
end

--- The span of an axis: `range` where it is given, else the extent's with some air. Without values 0 to 1.
---@param extent assay.Extent
---@param range number[]?  { low, high }
---@param tight boolean?   no air: steps of a curve
---@return {low: number, high: number, log: boolean?}
function scale.span(extent, range, tight)
  local log = extent.log
  if range then
    return { low = range[1], high = range[2], log = log }
  elseif not extent.low then
    return { low = log and 0.1 or 0, high = 1, log = log }
  end
  local low, high = extent.low, extent.high
  if not tight or low == high then
    low, high = padded(low, high, log)
  end
  return { low = low, high = high, log = log }
end

--- A function from values to pixels.
function scale.placer(span, from, to)
  local low, high = span.low, span.high
  if span.log then
    local a, b = math.log(low), math.log(high)
    return function(v)
      return from + (math.log(v) - a) / (b - a) * (to - from)
    end
  end
  local unit = math.max(math.abs(low), math.abs(high)) -- so that no difference overflows
  local a, b = low / unit, high / unit
  return function(v)
    return from + (v / unit - a) / (b - a) * (to - from)
  end
end

-- "0.25", "20000", "1.5e6": as many digits as neighbours need to differ.
local function labels_of(values, step)
  local largest = 0
  for _, v in ipairs(values) do
    largest = math.max(largest, math.abs(v))
  end
  local place = math.floor(math.log(step, 10) + 1e-6) -- of the step's first digit
  local labels = {}
  for i, v in ipairs(values) do
    if place >= -5 and (largest < 1e6 or largest < 1e12 and place <= 3) then
      labels[i] = ("%%.%df"):format(math.max(-place, 0)):format(v)
    elseif v == 0 then
      labels[i] = "0"
    else
      local digits = math.max(math.floor(math.log(largest, 10) + 1e-6) - place, 0) -- the same for all
      local mantissa, exponent = ("%%.%de"):format(math.min(digits, 16)):format(v):match "(.*)e(.*)"
      labels[i] = mantissa .. "e" .. math.tointeger(tonumber(exponent))
    end
  end
  return labels
end

local function linear_ticks(span, most, whole)
  local width = span.high / most - span.low / most -- the least step; a difference of parts cannot overflow
  local power = 10.0 ^ math.floor(math.log(width, 10))
  local step = 10 * power
  for _, factor in ipairs { 1, 2, 5 } do
    if factor * power >= width * (1 - 1e-9) then
      step = factor * power
      break
    end
  end
  step = whole and math.max(step, 1.0) or step
  local values = {}
  local first, last = math.ceil(span.low / step - 1e-9), math.floor(span.high / step + 1e-9)
  for k = first, math.min(last, first + most + 1) do
    values[#values + 1] = k == 0 and 0 or k * step
  end
  return values, step
end

-- Decades, where there is room also 2 and 5 between them, where there is none only some.
local function log_ticks(span, most)
  local first = math.floor(math.log(span.low, 10) + 1e-9)
  local last = math.ceil(math.log(span.high, 10) - 1e-9)
  local function pick(mantissas, every)
    local values = {}
    for k = math.ceil(first / every) * every, last, every do
      for _, m in ipairs(mantissas) do
        local v = m * 10.0 ^ k
        if v >= span.low * (1 - 1e-9) and v <= span.high * (1 + 1e-9) then
          values[#values + 1] = v
        end
      end
    end
    return values
  end
  local values = pick({ 1, 2, 5 }, 1)
  for _, every in ipairs { 1, 2, 5, 10, 20, 50, 100, 200 } do
    if #values <= most then
      break
    end
    values = pick({ 1 }, every)
  end
  return values
end

--- Round numbers, at most about `most`: lists of values and of their labels.
---@param whole boolean?  no fractions: steps
function scale.ticks(span, most, whole)
  most = math.max(most, 2)
  local values
  if span.log then
    values = log_ticks(span, most)
    if #values >= 2 then
      local labels = {}
      for i, v in ipairs(values) do
        local plain = v >= 0.999e-3 and v < 1e5
        labels[i] = plain and ("%.6g"):format(v) or ("%.0e"):format(v):gsub("e%+?(-?)0*", "e%1")
      end
      return values, labels
    end
  end
  local step
  values, step = linear_ticks(span, most, whole)
  return values, labels_of(values, step)
end

return scale
