-- Networks as compositions: layers, nn.seq, nn.module. Every layer is a model (assay.module): it can be
-- called, trained, saved, cloned, looked into. New weights are drawn from the stream "init", as PyTorch draws
-- them: uniform between -1/sqrt(fan in) and 1/sqrt(fan in).
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local nn = {}

local no_fields <const> = {}

local function uniform(bound, ...)
  return module.parameter(core.rand({ stream = "init", ... }):affine(2 * bound, -bound))
end

local function filled(value, ...)
  return module.parameter(core.full(value, ...))
end

-- A class and its constructor in nn.
local function layer(name)
  return module.class("nn." .. name)
end

-- A layer without parameters that is one function of its input.
local function activation(name, f)
  local class = layer(name)
  class.forward = f
  nn[name] = function(o)
    o = options.check("nn." .. name, o or {}, { "name" })
    return module.register(setmetatable({ name = o.name }, class), no_fields, no_fields, no_fields)
  end
end

for _, name in ipairs { "relu", "silu", "gelu", "tanh", "sigmoid", "softplus" } do
  local method = core.methods[name]
  activation(name, function(_, x)
    return method(x)
  end)
end

---------------------------------------------------------------------- linear, convolution

local Linear = layer "linear"

function Linear:forward(x)
  return core.linear(x, self.weight, self.bias)
end

function Linear:describe()
  return ("nn.linear %d -> %d"):format(self.weight:size(2), self.weight:size(1))
end

--- y = x W^T + b over the last axis: nn.linear { 784, 128 }
---@param o table  [1] inputs, [2] outputs, bias = true, name
---@return assay.Module
function nn.linear(o)
  options.check("nn.linear", o, { "bias", "name" })
  local inputs = options.count("nn.linear", o[1], "[1] (inputs)", 1)
  local outputs = options.count("nn.linear", o[2], "[2] (outputs)", 1)
  local bound = 1 / math.sqrt(inputs)
  local self = setmetatable({ name = o.name, weight = uniform(bound, outputs, inputs) }, Linear)
  if o.bias == false then
    return module.register(self, { "weight" }, no_fields, no_fields)
  end
  self.bias = uniform(bound, outputs)
  return module.register(self, { "weight", "bias" }, no_fields, no_fields)
end

local Conv2d = layer "conv2d"

function Conv2d:forward(x)
  return core.conv2d(x, self.weight, self.bias, self.window)
end

--- Cross-correlation, [B,C,H,W] -> [B,O,H',W']: nn.conv2d { 1, 32, 3, padding = 1 }. Sizes are one number or
--- { height, width }.
---@param o table  [1] channels in, [2] channels out, [3] kernel, stride, padding, dilation, groups, bias,
---  name
---@return assay.Module
function nn.conv2d(o)
  local what = "nn.conv2d"
  options.check(what, o, { "stride", "padding", "dilation", "groups", "bias", "name" })
  local inputs = options.count(what, o[1], "[1] (channels in)", 1)
  local outputs = options.count(what, o[2], "[2] (channels out)", 1)
  local high, wide = options.pair(what, o[3], "[3] (kernel)", 1)
  local groups = options.count(what, o.groups, "groups", 1, 1)
  local stride_h, stride_w = options.pair(what, o.stride, "stride", 1, 1)
  local padding_h, padding_w = options.pair(what, o.padding, "padding", 0, 0)
  local dilation_h, dilation_w = options.pair(what, o.dilation, "dilation", 1, 1)
  if inputs % groups ~= 0 or outputs % groups ~= 0 then
    core.fail(("nn.conv2d: %d and %d channels do not divide into %d groups"):format(inputs, outputs, groups))
  end
  local bound = 1 / math.sqrt(inputs // groups * high * wide)
  local self = setmetatable({
    name = o.name,
    weight = uniform(bound, outputs, inputs // groups, high, wide),
    window = { stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w, groups },
  }, Conv2d)
  if o.bias == false then
    return module.register(self, { "weight" }, no_fields, no_fields)
  end
  self.bias = uniform(bound, outputs)
  return module.register(self, { "weight", "bias" }, no_fields, no_fields)
end

local MaxPool2d = layer "max_pool2d"

function MaxPool2d:forward(x)
  return x:max_pool2d(self.kernel, self.window)
end

--- Largest of each window: nn.max_pool2d { 2 }; the stride is the kernel if not said.
---@param o table  [1] kernel, stride, padding, name
---@return assay.Module
function nn.max_pool2d(o)
  local what = "nn.max_pool2d"
  options.check(what, o, { "stride", "padding", "name" })
  local kernel = { options.pair(what, o[1], "[1] (kernel)", 1) }
  local window = {
    stride = { options.pair(what, o.stride or kernel, "stride", 1) },
    padding = { options.pair(what, o.padding, "padding", 0, 0) },
  }
  local self = setmetatable({ name = o.name, kernel = kernel, window = window }, MaxPool2d)
  return module.register(self, no_fields, no_fields, no_fields)
end

---------------------------------------------------------------------- shapes

activation("flatten", function(_, x)
  return x:flatten(2)
end)

local Reshape = layer "reshape"

function Reshape:forward(x)
  return x:reshape(x:size(1), table.unpack(self.sizes))
end

--- Other sizes for all axes but the first: nn.reshape { 1, 28, 28 }
---@param o table  sizes, name
---@return assay.Module
function nn.reshape(o)
  options.check("nn.reshape", o, { "name" })
  local self = setmetatable({ name = o.name, sizes = { table.unpack(o) } }, Reshape)
  return module.register(self, no_fields, no_fields, no_fields)
end

---------------------------------------------------------------------- normalisation

-- weight and bias of a normalisation, both or none, or the bias alone.
local function affine(self, o, ...)
  if o.affine == false then
    return {}
  end
  if o.scale == false then
    self.bias = filled(0, ...)
    return { "bias" }
  end
  self.weight, self.bias = filled(1, ...), filled(0, ...)
  return { "weight", "bias" }
end

local LayerNorm = layer "layer_norm"

function LayerNorm:forward(x)
  return core.layer_norm(x, self.axes, self.eps, self.weight, self.bias)
end

--- Mean 0, variance 1 over the last axes: nn.layer_norm { 128 }
---@param o table  sizes of the axes, eps = 1e-5, affine = true, scale = true (false: a bias alone), name
---@return assay.Module
function nn.layer_norm(o)
  options.check("nn.layer_norm", o, { "eps", "affine", "scale", "name" })
  options.count("nn.layer_norm", o[1], "[1] (size)", 1)
  local eps = options.number("nn.layer_norm", o.eps, "eps", 0, 1, 1e-5)
  local self = setmetatable({ name = o.name, axes = #o, eps = eps }, LayerNorm)
  return module.register(self, affine(self, o, table.unpack(o)), no_fields, no_fields)
end

local GroupNorm = layer "group_norm"

function GroupNorm:forward(x)
  return core.group_norm(x, self.groups, self.eps, self.weight, self.bias)
end

--- Mean 0, variance 1 over the channels of a group and all places: nn.group_norm { groups, channels }
---@param o table  [1] groups, [2] channels, eps = 1e-5, affine = true, scale = true, name
---@return assay.Module
function nn.group_norm(o)
  local what = "nn.group_norm"
  options.check(what, o, { "eps", "affine", "scale", "name" })
  local groups = options.count(what, o[1], "[1] (groups)", 1)
  local channels = options.count(what, o[2], "[2] (channels)", 1)
  if channels % groups ~= 0 then
    core.fail(("nn.group_norm: %d channels do not divide into %d groups"):format(channels, groups))
  end
  local eps = options.number(what, o.eps, "eps", 0, 1, 1e-5)
  local self = setmetatable({ name = o.name, groups = groups, eps = eps }, GroupNorm)
  return module.register(self, affine(self, o, channels), no_fields, no_fields)
end

local BatchNorm = layer "batch_norm"
BatchNorm.batch_statistics = true

function BatchNorm:forward(x)
  return core.batch_norm(x, self.eps, self.weight, self.bias, self.running_mean, self.running_var, self.mode,
    self.momentum)
end

--- Mean 0, variance 1 of each channel over the batch; running statistics in eval mode, the batch's in
--- batch_stats mode: nn.batch_norm { channels }
---@param o table  [1] channels, eps = 1e-5, momentum = 0.1, affine = true, name
---@return assay.Module
function nn.batch_norm(o)
  local what = "nn.batch_norm"
  options.check(what, o, { "eps", "momentum", "affine", "name" })
  local channels = options.count(what, o[1], "[1] (channels)", 1)
  local self = setmetatable({
    name = o.name,
    eps = options.number(what, o.eps, "eps", 0, 1, 1e-5),
    momentum = options.number(what, o.momentum, "momentum", 0, 1, 0.1),
    running_mean = core.zeros(channels),
    running_var = core.ones(channels),
  }, BatchNorm)
  return module.register(self, affine(self, o, channels), { "running_mean", "running_var" }, no_fields)
end

---------------------------------------------------------------------- others

local Dropout = layer "dropout"

function Dropout:forward(x)
  if self.mode ~= "train" or self.p == 0 then
    return x
  end
  local sizes = x:shape()
  sizes.stream, sizes.dtype = "dropout", x.dtype
  return x * core.rand(sizes):ge(self.p) * (1 / (1 - self.p))
end

--- Zeroes an item with probability p while training and scales the others up: nn.dropout { 0.5 }
---@param o table  [1] p, name
---@return assay.Module
function nn.dropout(o)
  options.check("nn.dropout", o, { "name" })
  local p = options.number("nn.dropout", o[1], "[1] (p)", 0, 0.999)
  return module.register(setmetatable({ name = o.name, p = p }, Dropout), no_fields, no_fields, no_fields)
end

local Embedding = layer "embedding"

function Embedding:forward(index)
  local sizes = index:shape()
  sizes[#sizes + 1] = self.weight:size(2)
  return self.weight:index_select(index:reshape(-1), 1):reshape(sizes)
end

--- A row of a table for each index: nn.embedding { rows, size }, rows drawn from N(0, 1)
---@param o table  [1] rows, [2] size, name
---@return assay.Module
function nn.embedding(o)
  options.check("nn.embedding", o, { "name" })
  local rows = options.count("nn.embedding", o[1], "[1] (rows)", 1)
  local size = options.count("nn.embedding", o[2], "[2] (size)", 1)
  local weight = module.parameter(core.randn { rows, size, stream = "init" })
  local self = setmetatable({ name = o.name, weight = weight }, Embedding)
  return module.register(self, { "weight" }, no_fields, no_fields)
end

local Func = layer "func"

function Func:forward(...)
  return self.f(...)
end

--- A function as a model without parameters.
---@param f function
---@return assay.Module
function nn.func(f)
  if type(f) ~= "function" then
    core.fail("nn.func: expected a function, got a " .. type(f))
  end
  return module.register(setmetatable({ f = f }, Func), no_fields, no_fields, no_fields)
end

---------------------------------------------------------------------- compositions

local Seq = layer "seq"

function Seq:forward(...)
  local n = self.n
  if n == 0 then
    return ...
  end
  local x = self[1](...)
  for i = 2, n do
    x = self[i](x)
  end
  return x
end

--- One after the other; functions are taken as layers: nn.seq { nn.linear { 784, 128 }, nn.relu {}, ... }
---@param o table  layers, name
---@return assay.Module
function nn.seq(o)
  options.check("nn.seq", o, { "name" })
  local self, children, names = { name = o.name, n = #o }, {}, {}
  for i, child in ipairs(o) do
    child = type(child) == "function" and nn.func(child) or child
    if not module.is_module(child) then
      core.fail(("nn.seq: layer %d is a %s, expected a layer or a function"):format(i, type(child)))
    end
    local name = module.child_name(child, i)
    if names[name] then
      core.fail(('nn.seq: two layers are named "%s"'):format(name))
    end
    self[i], children[i], names[name] = child, i, true
  end
  return module.register(setmetatable(self, Seq), no_fields, no_fields, children)
end

--- A model with a forward of its own. Its fields that are models become children, tensors that require a
--- gradient parameters, other tensors buffers, all in the order of their names:
--- nn.module { stem = nn.conv2d { ... }, body = ..., forward = function(self, x) return ... end }
---@param o table
---@return assay.Module
function nn.module(o)
  if type(o) ~= "table" or type(o.forward) ~= "function" then
    core.fail("nn.module: expected a table with a function `forward`")
  end
  local self, parameters, buffers, children = {}, {}, {}, {}
  for field, value in pairs(o) do
    self[field] = value
    if module.is_module(value) then
      children[#children + 1] = field
    elseif core.is_tensor(value) then
      local list = value.requires_grad and parameters or buffers
      list[#list + 1] = field
      core.keep(value)
    end
  end
  return module.register(setmetatable(self, layer "module"), parameters, buffers, children)
end

--- A tensor as a trained parameter of nn.module.
nn.parameter = module.parameter

--- Whether a value is a model of this library.
nn.is_module = module.is_module

for _, part in ipairs { "embeddings", "attention", "blocks", "unet", "adapters", "average", "init" } do
  require("assay.nn." .. part)(nn)
end

return nn
