-- Embeddings of times and places: nn.sinusoidal, nn.fourier, nn.positions. Tokens and classes: nn.embedding.
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local no_fields <const> = {}

local function even(what, value)
  local size = options.count(what, value, "[1] (size)", 2)
  if size % 2 ~= 0 then
    core.fail(("%s: [1] (size) is %d, expected an even number"):format(what, size))
  end
  return size
end

---@param nn table  the library these are put into
return function(nn)
  local Waves = module.class "nn.waves"

  -- t [...] -> [..., size]: the sines of t times each frequency, then the cosines.
  function Waves:forward(t)
    local frequencies = self.frequencies
    if t.dtype ~= frequencies.dtype then
      t = t:to(frequencies.dtype)
    end
    local angle = t:unsqueeze(-1) * frequencies
    return core.concat({ angle:sin(), angle:cos() }, -1)
  end

  local function waves(o, frequencies)
    return module.register(setmetatable({ name = o.name, frequencies = frequencies }, Waves), no_fields,
      { "frequencies" }, no_fields)
  end

  --- Sines and cosines of a time, of periods from 2 pi to 2 pi * period (Vaswani et al. 2017):
  --- nn.sinusoidal { 32 } maps t [B] to [B, 32]
  ---@param o table  [1] size (even), period = 10000, name
  ---@return assay.Module
  function nn.sinusoidal(o)
    local what = "nn.sinusoidal"
    options.check(what, o, { "period", "name" })
    local half = even(what, o[1]) // 2
    local period = options.number(what, o.period, "period", 1, math.huge, 10000)
    return waves(o, core.arange(half):float():affine(-math.log(period) / half, 0):exp())
  end

  --- Sines and cosines at random frequencies N(0, scale^2), fixed and saved with the net (Tancik et al.
  --- 2020): nn.fourier { 32, scale = 16 } maps t [B] to [B, 32]
  ---@param o table  [1] size (even), scale = 16, name
  ---@return assay.Module
  function nn.fourier(o)
    local what = "nn.fourier"
    options.check(what, o, { "scale", "name" })
    local half = even(what, o[1]) // 2
    local scale = options.number(what, o.scale, "scale", 0, math.huge, 16)
    return waves(o, core.randn({ half, stream = "init" }):affine(2 * math.pi * scale, 0))
  end

  local Positions = module.class "nn.positions"

  function Positions:forward(x)
    local length, weight = x:size(-2), self.weight
    if length > weight:size(1) then
      core.fail(("nn.positions %d: input of %d places"):format(weight:size(1), length))
    end
    return x + (length < weight:size(1) and weight:slice(1, 1, length) or weight)
  end

  --- A trained vector for each place, added: nn.positions { 64, 128 } takes x [..., up to 64, 128]; it starts
  --- at 0.
  ---@param o table  [1] places, [2] size, name
  ---@return assay.Module
  function nn.positions(o)
    local what = "nn.positions"
    options.check(what, o, { "name" })
    local places = options.count(what, o[1], "[1] (places)", 1)
    local size = options.count(what, o[2], "[2] (size)", 1)
    local weight = module.parameter(core.zeros(places, size))
    local self = setmetatable({ name = o.name, weight = weight }, Positions)
    return module.register(self, { "weight" }, no_fields, no_fields)
  end
end
