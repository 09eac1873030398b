-- Views of images: local augment = require "assay.augment". Each function takes a table of options and gives
-- a function of images [B, C, H, W], black 0 and white 1, that draws anew for every image whenever it is
-- called, all from the stream "augment".
local core = require "assay.core"
local options = require "assay.options"

local augment = {}

-- A number for each image, [B, 1, 1]: uniform in low .. high, or whole, 0 .. below - 1.
local function between(x, low, high)
  return core.rand({ #x, 1, 1, stream = "augment" }):affine(high - low, low)
end

local function whole(x, below)
  return core.randint(below, { #x, 1, 1, stream = "augment" }):float()
end

-- What the option p says: the change for that share of the images, the others as they are.
local function for_some(what, o, default, change)
  local p = options.number(what, o.p, "p", 0, 1, default)
  if p == 1 then
    return change
  end
  return function(x)
    return between(x, 0, 1):lt(p):unsqueeze(4):where(change(x), x)
  end
end

local function interval(what, o, least)
  local low = options.number(what, o[1], "number 1", least, 1e6)
  return low, options.number(what, o[2], "number 2", low, 1e6)
end

-- rows [B, H', H] and columns [B, W', W] as matrices: rows x columns^T for every channel.
local function resampled(x, rows, columns)
  return rows:unsqueeze(2):matmul(x):matmul(columns:unsqueeze(2):transpose())
end

-- [B, places, n]: linear interpolation at coordinates [B, places, 1] of n pixels, zeros outside.
local function interpolation(coordinates, n)
  return (1 - (coordinates - core.arange(n):float()):abs()):relu()
end

local function grid(n)
  return core.arange(n):float():unsqueeze(2)
end

--- One after the other: local view = augment.chain { augment.flip {}, augment.crop { 20, 28 } }; view(x).
function augment.chain(list)
  for i, f in ipairs(list) do
    if type(f) ~= "function" then
      core.fail(("augment.chain: number %d is a %s, expected a function of images"):format(i, type(f)))
    end
  end
  return function(x)
    for _, f in ipairs(list) do
      x = f(x)
    end
    return x
  end
end

--- Moved by up to n whole pixels up, down and aside; what comes in is black: augment.shift { 3 }.
---@param o table  [1] n
function augment.shift(o)
  options.check("augment.shift", o, {})
  local n = options.count("augment.shift", o[1], "number 1", 0)
  return function(x)
    local function moved(size)
      return interpolation(grid(size) + whole(x, 2 * n + 1) - n, size)
    end
    return resampled(x, moved(x:size(3)), moved(x:size(4)))
  end
end

--- A square window of drawn size and place, of low to high whole pixels a side, brought to the image's size
--- bilinearly (pixel centres at i + 1/2, edges repeated): augment.crop { 20, 28 }.
---@param o table  [1] low, [2] high, p = 1
function augment.crop(o)
  local what = "augment.crop"
  options.check(what, o, { "p" })
  local low = options.count(what, o[1], "number 1", 1)
  local high = options.count(what, o[2], "number 2", low)
  return for_some(what, o, 1, function(x)
    local least = math.min(x:size(3), x:size(4))
    if high > least then
      core.fail(("%s: a window of up to %d pixels in images of %d x %d"):format(what, high, x:size(3),
        x:size(4)))
    end
    local side = whole(x, high - low + 1) + low -- [B, 1, 1]
    local function window(size)
      local first = (between(x, 0, 1) * (size - side + 1)):long():float():minimum(size - side)
      local at = first + (grid(size) + 0.5) * side / size - 0.5
      return interpolation(at:maximum(first):minimum(first + side - 1), size)
    end
    return resampled(x, window(x:size(3)), window(x:size(4)))
  end)
end

--- Mirrored left to right with probability p: augment.flip {}.
---@param o table  p = 0.5
function augment.flip(o)
  options.check("augment.flip", o, { "p" })
  return for_some("augment.flip", o, 0.5, function(x) return x:flip(4) end)
end

--- Blurred by a Gaussian of a drawn deviation, low to high pixels, cut at the edge and brought to sum 1
--- there: augment.blur { 0.1, 2 }.
---@param o table  [1] low > 0, [2] high, p = 0.5
function augment.blur(o)
  local what = "augment.blur"
  options.check(what, o, { "p" })
  local low, high = interval(what, o, 1e-3)
  return for_some(what, o, 0.5, function(x)
    local deviation = between(x, low, high)
    local function weights(size)
      local apart = grid(size) - core.arange(size):float()
      return ((apart / deviation):square() * -0.5):softmax(-1)
    end
    return resampled(x, weights(x:size(3)), weights(x:size(4)))
  end)
end

--- Times a drawn factor, cut to 0 .. 1: augment.brightness { 0.6, 1.4 }.
---@param o table  [1] low, [2] high, p = 1
function augment.brightness(o)
  local what = "augment.brightness"
  options.check(what, o, { "p" })
  local low, high = interval(what, o, 0)
  return for_some(what, o, 1, function(x)
    return (x * between(x, low, high):unsqueeze(4)):clamp(0, 1)
  end)
end

--- The distance from the image's own mean times a drawn factor, cut to 0 .. 1: augment.contrast { 0.6, 1.4 }.
---@param o table  [1] low, [2] high, p = 1
function augment.contrast(o)
  local what = "augment.contrast"
  options.check(what, o, { "p" })
  local low, high = interval(what, o, 0)
  return for_some(what, o, 1, function(x)
    local mean = x:mean { 2, 3, 4, keep = true }
    return (mean + (x - mean) * between(x, low, high):unsqueeze(4)):clamp(0, 1)
  end)
end

--- Black and white changed for one another with probability p: augment.inversion { p = 0.2 }.
---@param o table  p = 0.5
function augment.inversion(o)
  options.check("augment.inversion", o, { "p" })
  return for_some("augment.inversion", o, 0.5, function(x) return 1 - x end)
end

return augment
