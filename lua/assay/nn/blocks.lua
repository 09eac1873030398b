-- Pieces larger networks are made of: lists, taps, residuals, FiLM, the convolutional block of diffusion
-- networks, up-sampling.
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local no_fields <const> = {}

---@param nn table  the library these are put into
return function(nn)
  local Identity = module.class "nn.identity"

  function Identity.forward(_, x)
    return x
  end

  --- Its input: a place with a name that taps can read and replace.
  ---@param o table?  name
  ---@return assay.Module
  function nn.identity(o)
    o = options.check("nn.identity", o or {}, { "name" })
    return module.register(setmetatable({ name = o.name }, Identity), no_fields, no_fields, no_fields)
  end

  local List = module.class "nn.list"

  function List:__len()
    return #self._children
  end

  function List.forward()
    core.fail "nn.list: a list is not called, its items are"
  end

  --- Models side by side, for a forward of your own to call: nn.list { a, b }[1](x)
  ---@param o table  models, name
  ---@return assay.Module
  function nn.list(o)
    options.check("nn.list", o, { "name" })
    local self, children = { name = o.name }, {}
    for i, child in ipairs(o) do
      if not module.is_module(child) then
        core.fail(("nn.list: item %d is a %s, expected a model"):format(i, type(child)))
      end
      self[i], children[i] = child, i
    end
    return module.register(setmetatable(self, List), no_fields, no_fields, children)
  end

  local Residual = module.class "nn.residual"

  function Residual:forward(x, ...)
    local y = self.body(x, ...) + (self.shortcut and self.shortcut(x) or x)
    return self.scale == 1 and y or y * self.scale
  end

  --- What came in is added to what the layers make of it: nn.residual { nn.linear { 8, 8 }, nn.relu {} };
  --- further inputs go to the first layer.
  ---@param o table  layers, shortcut = identity (a model), scale = 1 (of the sum), name
  ---@return assay.Module
  function nn.residual(o)
    options.check("nn.residual", o, { "shortcut", "scale", "name" })
    local self = {
      name = o.name, body = #o == 1 and o[1] or nn.seq { table.unpack(o) }, shortcut = o.shortcut,
      scale = options.number("nn.residual", o.scale, "scale", 0, math.huge, 1),
    }
    local children = o.shortcut and { "body", "shortcut" } or { "body" }
    for _, field in ipairs(children) do
      if not module.is_module(self[field]) then
        core.fail(("nn.residual: the %s is a %s, expected a model"):format(field, type(self[field])))
      end
    end
    return module.register(setmetatable(self, Residual), no_fields, no_fields, children)
  end

  -- c [B, n] beside x [B, n, ...]: axes of size 1 after the second
  local function beside(c, x)
    for _ = 3, x.rank do
      c = c:unsqueeze(-1)
    end
    return c
  end

  local Film = module.class "nn.film"

  function Film:forward(x, condition)
    local both, n = self.project(condition), self.channels
    return x * (beside(both:slice(2, 1, n), x) + 1) + beside(both:slice(2, n + 1, 2 * n), x)
  end

  --- x (1 + scale) + shift, both from a condition (Perez et al. 2018): nn.film { 64, 128 } takes
  --- x [B, 128, ...] and condition [B, 64]
  ---@param o table  [1] size of the condition, [2] channels, zero = false (starts as the identity), name
  ---@return assay.Module
  function nn.film(o)
    local what = "nn.film"
    options.check(what, o, { "zero", "name" })
    local size = options.count(what, o[1], "[1] (size of the condition)", 1)
    local channels = options.count(what, o[2], "[2] (channels)", 1)
    local self = { name = o.name, channels = channels, project = nn.linear { size, 2 * channels } }
    if o.zero then
      self.project.weight:zero_()
      self.project.bias:zero_()
    end
    return module.register(setmetatable(self, Film), no_fields, no_fields, { "project" })
  end

  local ResBlock = module.class "nn.res_block"

  function ResBlock:forward(x, condition)
    local h = self.conv1(self.norm1(x):silu())
    if self.film then
      h = self.film(self.norm2(h), condition)
    elseif self.shift then
      h = self.norm2(h + beside(self.shift(condition), h))
    else
      h = self.norm2(h)
    end
    h = self.conv2(h:silu())
    local y = h + (self.shortcut and self.shortcut(x) or x)
    return self.scale == 1 and y or y * self.scale
  end

  function ResBlock:describe()
    return ("nn.res_block %d -> %d"):format(self.conv1.weight:size(2), self.conv1.weight:size(1))
  end

  --- norm, silu, conv 3x3, condition, norm, silu, conv 3x3, added to the input: nn.res_block { 32, 64,
  --- condition = 128 } takes x [B, 32, H, W] and condition [B, 128], which is added between, or with
  --- film = true scales and shifts after the second norm.
  ---@param o table  [1] channels in, [2] channels out, condition, film = false, groups = 8, scale = 1, name
  ---@return assay.Module
  function nn.res_block(o)
    local what = "nn.res_block"
    options.check(what, o, { "condition", "film", "groups", "scale", "name" })
    local inputs = options.count(what, o[1], "[1] (channels in)", 1)
    local outputs = options.count(what, o[2], "[2] (channels out)", 1)
    local groups = options.count(what, o.groups, "groups", 1, 8)
    if o.film and not o.condition then
      core.fail("nn.res_block: film needs the size of the condition")
    end
    local self = {
      name = o.name, scale = options.number(what, o.scale, "scale", 0, math.huge, 1),
      norm1 = nn.group_norm { groups, inputs }, conv1 = nn.conv2d { inputs, outputs, 3, padding = 1 },
      norm2 = nn.group_norm { groups, outputs }, conv2 = nn.conv2d { outputs, outputs, 3, padding = 1 },
    }
    local children = { "norm1", "conv1", "norm2", "conv2" }
    if o.condition then
      local field = o.film and "film" or "shift"
      self[field] = o.film and nn.film { o.condition, outputs } or nn.linear { o.condition, outputs }
      table.insert(children, 3, field)
    end
    if inputs ~= outputs then
      self.shortcut = nn.conv2d { inputs, outputs, 1 }
      children[#children + 1] = "shortcut"
    end
    return module.register(setmetatable(self, ResBlock), no_fields, no_fields, children)
  end

  local Upsample = module.class "nn.upsample"

  function Upsample:forward(x)
    return x:resize2d({ x:size(3) * self.factor, x:size(4) * self.factor }, self.kind)
  end

  --- Images n times as high and wide, each item repeated: nn.upsample { 2 }; or bilinear = true
  ---@param o table  [1] n, bilinear = false, name
  ---@return assay.Module
  function nn.upsample(o)
    options.check("nn.upsample", o, { "bilinear", "name" })
    local self = {
      name = o.name, factor = options.count("nn.upsample", o[1], "[1] (factor)", 1),
      kind = o.bilinear and "bilinear" or "nearest",
    }
    return module.register(setmetatable(self, Upsample), no_fields, no_fields, no_fields)
  end
end
