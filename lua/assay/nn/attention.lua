-- Attention over several heads, and the transformer block made of it. Sequences are [B, T, D].
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local no_fields <const> = {}

---@param nn table  the library these are put into
return function(nn)
  local Attention = module.class "nn.attention"

  -- 0 where a place may look, -inf where it would look ahead: [T, T] of x's dtype.
  local function look_back(self, x, length)
    local mask = self.masks[length]
    if not mask or mask.dtype ~= x.dtype then
      local place = core.arange(length)
      local ahead = place:unsqueeze(-1):lt(place):to(x.dtype)
      mask = core.keep(core.methods.where(ahead, core.full(-math.huge, 1):to(x.dtype), 0))
      self.masks[length] = mask
    end
    return mask
  end

  -- [B, T, n, heads, D / heads] -> n tensors [B, heads, T, D / heads]
  local function heads_of(self, x, n)
    local batch, length = x:size(1), x:size(2)
    local split = x:reshape(batch, length, n, self.heads, -1):permute(3, 1, 4, 2, 5)
    local list = {}
    for i = 1, n do
      list[i] = split[i]
    end
    return table.unpack(list)
  end

  --- x [B, T, D], context [B, S, D'] for cross-attention; mask is added to the scores [B, heads, T, S].
  function Attention:forward(x, context, mask)
    local q, k, v
    if self.qkv then
      q, k, v = heads_of(self, self.qkv(x), 3)
      mask = context or mask -- self-attention has no context
    else
      if not core.is_tensor(context) then
        core.fail("nn.attention: cross-attention needs a context [B, S, D]")
      end
      q = heads_of(self, self.query(x), 1)
      k, v = heads_of(self, self.keys_values(context), 2)
    end
    if self.causal then
      local ahead = look_back(self, x, x:size(2))
      mask = mask and mask + ahead or ahead
    end
    return self.out(core.attention(q, k, v, mask):transpose(2, 3):reshape(x:size(1), x:size(2), -1))
  end

  function Attention:describe()
    return ("nn.attention %d, %d heads"):format(self.out.weight:size(1), self.heads)
  end

  --- Scaled dot-product attention: nn.attention { 128, 4, causal = true } looks at its own sequence, net(x,
  --- mask); nn.attention { 128, 4, context = 64 } at another of that size, net(x, context, mask).
  ---@param o table  [1] size, [2] heads, context, causal = false, bias = true, name
  ---@return assay.Module
  function nn.attention(o)
    local what = "nn.attention"
    options.check(what, o, { "context", "causal", "bias", "name" })
    local size = options.count(what, o[1], "[1] (size)", 1)
    local heads = options.count(what, o[2], "[2] (heads)", 1)
    if size % heads ~= 0 then
      core.fail(("nn.attention: size %d does not divide into %d heads"):format(size, heads))
    end
    local self = { name = o.name, heads = heads, causal = o.causal, masks = {} }
    local children = { "qkv", "out" }
    if o.context then
      if o.causal then
        core.fail("nn.attention: cross-attention cannot be causal")
      end
      self.query = nn.linear { size, size, bias = o.bias }
      self.keys_values = nn.linear { options.count(what, o.context, "context", 1), 2 * size, bias = o.bias }
      children = { "query", "keys_values", "out" }
    else
      self.qkv = nn.linear { size, 3 * size, bias = o.bias }
    end
    self.out = nn.linear { size, size, bias = o.bias }
    return module.register(setmetatable(self, Attention), no_fields, no_fields, children)
  end

  local Block = module.class "nn.transformer_block"

  function Block:forward(x, context, mask)
    if self.cross then
      x = x + self.attention(self.norm1(x))
      x = x + self.cross(self.norm_cross(x), context, mask)
    else
      x = x + self.attention(self.norm1(x), context or mask)
    end
    return x + self.narrow(self.activation(self.widen(self.norm2(x))))
  end

  --- Self-attention, cross-attention if `context` is given, and a perceptron, each after a layer norm and
  --- added to what came in: nn.transformer_block { 128, 4, causal = true }. Called as nn.attention is.
  ---@param o table  [1] size, [2] heads, context, causal = false, widen = 4, activation = nn.gelu {}, name
  ---@return assay.Module
  function nn.transformer_block(o)
    local what = "nn.transformer_block"
    options.check(what, o, { "context", "causal", "widen", "activation", "name" })
    local size = options.count(what, o[1], "[1] (size)", 1)
    local wide = size * options.count(what, o.widen, "widen", 1, 4)
    local self = {
      name = o.name,
      norm1 = nn.layer_norm { size }, attention = nn.attention { size, o[2], causal = o.causal },
      norm2 = nn.layer_norm { size }, widen = nn.linear { size, wide }, narrow = nn.linear { wide, size },
      activation = o.activation or nn.gelu {},
    }
    local children = { "norm1", "attention", "norm2", "widen", "activation", "narrow" }
    if o.context then
      self.norm_cross = nn.layer_norm { size }
      self.cross = nn.attention { size, o[2], context = o.context }
      children = { "norm1", "attention", "norm_cross", "cross", "norm2", "widen", "activation", "narrow" }
    end
    return module.register(setmetatable(self, Block), no_fields, no_fields, children)
  end
end
