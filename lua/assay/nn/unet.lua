-- The time-conditioned UNet of diffusion models, with skips that can be read, replaced and scaled by name.
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local no_fields <const> = {}

---@param nn table  the library these are put into
return function(nn)
  local UNet = module.class "nn.unet"

  --- x [B, C, H, W], t [B], class i64[B] if the net has classes -> [B, C', H, W]
  function UNet:forward(x, t, class)
    local condition = self.time(t)
    if self.class then
      condition = condition + self.class(class)
    end
    local encoder, kept = self.encoder, {}
    local h = x
    for i, keeps in ipairs(self.keeps) do
      h = encoder[i](h, condition)
      if keeps then
        kept[#kept + 1] = h
      end
    end
    h = self.middle(h, condition)
    local decoder, skips, bodies, met = self.decoder, self.skips, self.bodies, 0
    for i, joins in ipairs(self.joins) do
      if joins then
        met = met + 1
        h = core.concat({ bodies[met](h), skips[met](kept[#kept + 1 - met]) }, 2)
      end
      h = decoder[i](h, condition)
    end
    return self.conv_out(self.norm_out(h):silu())
  end

  local Skip = module.class "nn.skip"

  function Skip:forward(x)
    local factor = self.factor
    return factor == 1 and x or x * factor
  end

  --- Names of the taps at the concatenations, in the decoder's order, so the deepest is the first: what comes
  --- through the skips, and what comes through the body.
  ---@return string[] skips
  ---@return string[] bodies
  function UNet:skip_taps()
    local skips, bodies = {}, {}
    for i = 1, #self.skips do
      skips[i], bodies[i] = "skips." .. i, "bodies." .. i
    end
    return skips, bodies
  end

  --- Factors of the skips from here on, in the decoder's order; numbers or tensors (differentiable in them).
  --- Factors of 1 give the bits of the net as it was.
  ---@param factors table
  ---@return assay.Module
  function UNet:scale_skips(factors)
    local n = #self.skips
    if type(factors) ~= "table" or #factors ~= n then
      core.fail(("unet:scale_skips: %s factors, the net has %d skips"):format(
        type(factors) == "table" and #factors or "no list of", n))
    end
    for i, factor in ipairs(factors) do
      if not core.is_tensor(factor) then
        options.number("unet:scale_skips", factor, ("factor %d"):format(i), 0, 1e30)
      end
    end
    for i, factor in ipairs(factors) do
      self.skips[i].factor = factor
    end
    return self
  end

  local function skip()
    return module.register(setmetatable({ factor = 1 }, Skip), no_fields, no_fields, no_fields)
  end

  -- The stages in the order of the signal: { model, keeps or joins, channels out }. `all`: every stage of the
  -- encoder is kept and the lowest level is the middle's; else one skip a level, and the middle below them.
  local function plan(o, channels, blocks, middle, all, block)
    local encoder, decoder, width, kept = {}, {}, channels[1], {}
    local function encode(model, keeps, out)
      encoder[#encoder + 1] = { model, keeps }
      width = out
      if keeps then
        kept[#kept + 1] = out
      end
    end
    local function decode(out)
      decoder[#decoder + 1] = { block(width + table.remove(kept), out), true }
      width = out
    end
    encode(nn.conv2d { o[1], width, 3, padding = 1 }, all, width)
    for level, out in ipairs(channels) do
      for i = 1, blocks do
        encode(block(width, out), all or i == blocks, out)
      end
      if not all or level < #channels then
        encode(nn.conv2d { out, out, 3, stride = 2, padding = 1 }, all, out)
      end
    end
    local middle_block = block(width, middle)
    width = middle
    for level = #channels, 1, -1 do
      local out = channels[level]
      if not all or level < #channels then
        local conv = nn.conv2d { width, out, 3, padding = 1 }
        decoder[#decoder + 1] = { nn.seq { nn.upsample { 2 }, conv }, false }
        width = out
      end
      for i = 1, all and blocks + 1 or blocks do
        if all or i == 1 then
          decode(out)
        else
          decoder[#decoder + 1] = { block(width, out), false }
        end
      end
    end
    return encoder, middle_block, decoder
  end

  local function stages(list)
    local models, marks = {}, {}
    for i, stage in ipairs(list) do
      models[i], marks[i] = stage[1], stage[2]
    end
    return nn.list(models), marks
  end

  --- A UNet: nn.unet { 1, 1, channels = { 32, 64 }, middle = 128 } halves the size after each level by a
  --- strided convolution and doubles it again. skips = "level": one skip a level, and the middle lies below
  --- the levels; "all": a skip from every stage of the encoder (Dhariwal & Nichol 2021), and the middle lies
  --- on the last level. Sizes must be divisible by 2 a halving.
  ---@param o table  [1] channels in, [2] channels out, channels (one a level), middle = the last of them,
  ---  blocks = 1 (a level), skips = "level", time = 4 * channels[1] (size of the condition), embedding =
  ---  nn.sinusoidal { channels[1] }, classes, film = false, groups = 8, scale = 1 (of a block's sum), name
  ---@return assay.Module
  function nn.unet(o)
    local what = "nn.unet"
    options.check(what, o, { "channels", "middle", "blocks", "skips", "time", "embedding", "classes", "film",
      "groups", "scale", "name" })
    options.count(what, o[1], "[1] (channels in)", 1)
    options.count(what, o[2], "[2] (channels out)", 1)
    local channels = o.channels
    if type(channels) ~= "table" or #channels == 0 then
      core.fail("nn.unet: channels is not a list of numbers, one a level")
    end
    for i, n in ipairs(channels) do
      options.count(what, n, ("channels[%d]"):format(i), 1)
    end
    local kinds = { level = false, all = true }
    local all = kinds[o.skips or "level"]
    if all == nil then
      core.fail(('nn.unet: skips = %s, expected "level" or "all"'):format(tostring(o.skips)))
    end
    local time = options.count(what, o.time, "time", 1, 4 * channels[1])
    local groups = options.count(what, o.groups, "groups", 1, 8)
    local embedding = o.embedding or nn.sinusoidal { channels[1] }
    local size = embedding(core.zeros(1)):size(-1)
    local self = {
      name = o.name,
      time = nn.seq { embedding, nn.linear { size, time }, nn.silu {}, nn.linear { time, time }, nn.silu {} },
      class = o.classes and nn.embedding { options.count(what, o.classes, "classes", 1), time },
    }
    local function block(inputs, outputs)
      return nn.res_block {
        inputs, outputs, condition = time, film = o.film, groups = groups, scale = o.scale,
      }
    end
    local encoder, middle, decoder = plan(o, channels, options.count(what, o.blocks, "blocks", 1, 1),
      options.count(what, o.middle, "middle", 1, channels[#channels]), all, block)
    self.encoder, self.keeps = stages(encoder)
    self.middle = middle
    self.decoder, self.joins = stages(decoder)
    local skips, bodies = {}, {}
    for _, joins in ipairs(self.joins) do
      if joins then
        skips[#skips + 1], bodies[#bodies + 1] = skip(), nn.identity()
      end
    end
    self.skips, self.bodies = nn.list(skips), nn.list(bodies)
    self.norm_out = nn.group_norm { groups, channels[1] }
    self.conv_out = nn.conv2d { channels[1], o[2], 3, padding = 1 }
    local children = { "time", "encoder", "middle", "decoder", "skips", "bodies", "norm_out", "conv_out" }
    if self.class then
      table.insert(children, 2, "class")
    end
    return module.register(setmetatable(self, UNet), no_fields, no_fields, children)
  end
end
