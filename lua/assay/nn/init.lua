-- Initialisers: nn.init.kaiming(net) draws the weights of a net anew. Each takes a tensor, or a model, of
-- which it fills the parameters "weight" with two axes or more and sets "bias" to 0 where one stands.
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

-- The inputs and outputs that meet in one item of a weight [out, in, ...].
local function fans(x)
  if x.rank < 2 then
    core.fail(("nn.init: a tensor of rank %d has no inputs and outputs"):format(x.rank))
  end
  return x:count() / x:size(1), x:count() / x:size(2)
end

-- f(x, ...) gives new values for x.
local function initialiser(f)
  return function(target, ...)
    if core.is_tensor(target) then
      return target:copy_(f(target, ...))
    elseif not module.is_module(target) then
      core.fail(("nn.init: expected a tensor or a model, got a %s"):format(type(target)))
    end
    local values = table.pack(...)
    module.walk(target, function(layer)
      local weight, bias = layer.weight, layer.bias
      if core.is_tensor(weight) and weight.rank >= 2 then
        weight:copy_(f(weight, table.unpack(values, 1, values.n)))
        if core.is_tensor(bias) then
          bias:zero_()
        end
      end
    end)
    return target
  end
end

local function drawn(kind, x)
  local sizes = x:shape()
  sizes.stream, sizes.dtype = "init", x.dtype
  return core[kind](sizes)
end

local function normal(x, deviation)
  return drawn("randn", x) * options.number("nn.init.normal", deviation, "deviation", 0, math.huge, 1)
end

local function uniform(x, bound)
  return drawn("rand", x):affine(2 * bound, -bound)
end

local init = {}

--- N(0, deviation^2); 1 if not said
init.normal = initialiser(normal)

--- Uniform between -bound and bound
init.uniform = initialiser(function(x, bound)
  return uniform(x, options.number("nn.init.uniform", bound, "bound", 0, math.huge))
end)

--- N(0, gain^2 / inputs): keeps the variance through relu with gain sqrt(2), which is meant if none is
--- said (He et al. 2015)
init.kaiming = initialiser(function(x, gain)
  gain = options.number("nn.init.kaiming", gain, "gain", 0, math.huge, math.sqrt(2))
  return normal(x, gain / math.sqrt((fans(x))))
end)

--- Uniform with variance 2 gain^2 / (inputs + outputs), gain 1 if not said (Glorot & Bengio 2010)
init.xavier = initialiser(function(x, gain)
  local inputs, outputs = fans(x)
  gain = options.number("nn.init.xavier", gain, "gain", 0, math.huge, 1)
  return uniform(x, gain * math.sqrt(6 / (inputs + outputs)))
end)

---@param nn table  the library these are put into
return function(nn)
  nn.init = init
end
