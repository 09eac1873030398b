-- Networks that tell an item from its noise, and their training: local denoiser = require "assay.denoiser".
local core = require "assay.core"
local data = require "assay.data"
local nn = require "assay.nn"
local optim = require "assay.optim"
local options = require "assay.options"

local denoiser = {}

-- [B] beside x [B, ...]
local function beside(value, x)
  local sizes = { -1 }
  for axis = 2, x.rank do
    sizes[axis] = 1
  end
  return value:reshape(sizes)
end

local function layers(width, count, inputs, outputs)
  local list = { nn.linear { inputs, width }, nn.silu {} }
  for _ = 2, count do
    list[#list + 1], list[#list + 2] = nn.linear { width, width }, nn.silu {}
  end
  list[#list + 1] = nn.linear { width, outputs }
  return nn.seq(list)
end

--- A perceptron of x [B, D] and a time [B] -> [B, D]: denoiser.mlp { 2, width = 128, layers = 3 }. The time
--- goes in beside x, through an embedding if one is given.
---@param o table  [1] D, width = 128, layers = 3 (hidden ones), embedding (a model [B] -> [B, E], nn.fourier
---  { 32 }), classes (an embedding of i64[B] goes in too: net(x, t, class)), outputs = D
---@return assay.Module
function denoiser.mlp(o)
  local what = "denoiser.mlp"
  options.check(what, o, { "width", "layers", "embedding", "classes", "outputs" })
  local size = options.count(what, o[1], "[1] (numbers an item)", 1)
  local width = options.count(what, o.width, "width", 1, 128)
  local inputs = size + (o.embedding and o.embedding(core.zeros(1)):size(-1) or 1)
  local class = o.classes and nn.embedding { options.count(what, o.classes, "classes", 1), 32 }
  return nn.module {
    embedding = o.embedding, class = class,
    body = layers(width, options.count(what, o.layers, "layers", 1, 3), inputs + (class and 32 or 0),
      options.count(what, o.outputs, "outputs", 1, size)),
    forward = function(self, x, t, label)
      local parts = { x, self.embedding and self.embedding(t) or t:unsqueeze(2) }
      parts[3] = self.class and self.class(label)
      return self.body(core.concat(parts, -1))
    end,
  }
end

--- A residual perceptron for small images, x [B, ...] of D numbers and a time [B] -> [B, ...]:
--- denoiser.residual { 196, classes = 10 } has 0.6 million parameters. Each block adds silu(film(norm(h)))
--- W, where scale and shift come from the time's embedding plus the class's.
---@param o table  [1] D, width = 256, blocks = 4, condition = 128, embedding = nn.fourier { condition, scale
---  = 1 }, classes
---@return assay.Module
function denoiser.residual(o)
  local what = "denoiser.residual"
  options.check(what, o, { "width", "blocks", "condition", "embedding", "classes" })
  local size = options.count(what, o[1], "[1] (numbers an item)", 1)
  local width = options.count(what, o.width, "width", 1, 256)
  local condition = options.count(what, o.condition, "condition", 2, 128)
  local embedding = o.embedding or nn.fourier { condition, scale = 1 }
  local norms, films, linears = {}, {}, {}
  for i = 1, options.count(what, o.blocks, "blocks", 1, 4) do
    norms[i], films[i] = nn.layer_norm { width, affine = false }, nn.film { condition, width, zero = true }
    linears[i] = nn.linear { width, width }
  end
  return nn.module {
    time = nn.seq {
      embedding, nn.linear { embedding(core.zeros(1)):size(-1), condition }, nn.silu {},
      nn.linear { condition, condition },
    },
    class = o.classes and nn.embedding { options.count(what, o.classes, "classes", 1), condition },
    first = nn.linear { size, width }, last = nn.linear { width, size },
    norms = nn.list(norms), films = nn.list(films), linears = nn.list(linears),
    forward = function(self, x, t, label)
      local c = self.time(t)
      c = (self.class and c + self.class(label) or c):silu()
      local h = self.first(x:flatten(2))
      for i = 1, #norms do
        h = h + self.linears[i](self.films[i](self.norms[i](h), c):silu())
      end
      return self.last(h):reshape(x:shape())
    end,
  }
end

--- A denoiser D(x, sigma) [B, ...] of x = x_0 + sigma z out of a network of c_in x and c_noise = ln(sigma) /
--- 4 (Karras et al. 2022, table 1): denoiser.edm { net, sigma_data = 0.5 }; a further argument, the class,
--- is passed on.
---@param o table  [1] net, sigma_data = 0.5 (deviation of the data, a number)
---@return assay.Module
function denoiser.edm(o)
  options.check("denoiser.edm", o, { "sigma_data" })
  local sd = options.number("denoiser.edm", o.sigma_data, "sigma_data", 1e-30, 1e30, 0.5)
  return nn.module {
    net = o[1],
    forward = function(self, x, sigma, ...)
      local s = beside(sigma, x)
      local total = s:square() + sd ^ 2 -- c_in^-2
      local inner = self.net(x * total:rsqrt(), sigma:log() / 4, ...)
      return x / total * sd ^ 2 + inner * (s * total:rsqrt() * sd)
    end,
  }
end

--- A consistency function F(x, sigma) [B, ...], F(x, sigma_min) = x, out of a network of c_in x and c_noise =
--- ln(sigma) / 4 (Song et al. 2023, appendix C): denoiser.consistency { net, sigma_data = 0.5, sigma_min =
--- 0.002 }.
---@param o table  [1] net, sigma_data = 0.5 (deviation of the data, a number), sigma_min = 0.002
---@return assay.Module
function denoiser.consistency(o)
  local what = "denoiser.consistency"
  options.check(what, o, { "sigma_data", "sigma_min" })
  local sd = options.number(what, o.sigma_data, "sigma_data", 1e-30, 1e30, 0.5)
  local smallest = options.number(what, o.sigma_min, "sigma_min", 1e-30, 1e30, 0.002)
  return nn.module {
    net = o[1],
    forward = function(self, x, sigma)
      local s = beside(sigma, x)
      local above, c_in = s - smallest, (s:square() + sd ^ 2):rsqrt()
      local c_skip, c_out = sd ^ 2 / (above:square() + sd ^ 2), above * c_in * sd
      return x * c_skip + self.net(x * c_in, sigma:log() / 4) * c_out
    end,
  }
end

--- EDM's loss of a batch { x =, y = }: sigma from exp(N(mean, deviation^2)), mean over items and numbers of
--- (sigma^2 + sd^2) / (sigma sd)^2 (D - x)^2. denoiser.edm_loss { D, sigma_data = 0.5 } gives a function of
--- batches.
---@param o table  [1] D, sigma_data = 0.5, mean = -1.2, deviation = 1.2, classes (then D is given batch.y;
---  with drop = 0.1 that share of the labels becomes class number `classes`, "none"), drop = 0, stream =
---  "noise"
---@return fun(batch: table): assay.Tensor
function denoiser.edm_loss(o)
  local what = "denoiser.edm_loss"
  options.check(what, o, { "sigma_data", "mean", "deviation", "classes", "drop", "stream" })
  local sd = options.number(what, o.sigma_data, "sigma_data", 1e-30, 1e30, 0.5)
  local mean = options.number(what, o.mean, "mean", -100, 100, -1.2)
  local deviation = options.number(what, o.deviation, "deviation", 0, 100, 1.2)
  local drop = options.number(what, o.drop, "drop", 0, 1, 0)
  local stream = o.stream or "noise"
  local function draw(f, sizes)
    sizes.stream = stream
    return f(sizes)
  end
  return function(batch)
    local x, label = batch.x, nil
    if o.classes then
      local dropped = draw(core.rand, { #x }):lt(drop)
      label = dropped:where(core.full(o.classes, #x), batch.y:float()):long()
    end
    local sigma = (draw(core.randn, { #x }) * deviation + mean):exp()
    local s = beside(sigma, x)
    local guess = o[1](x + draw(core.randn, x:shape()) * s, sigma, label)
    return ((guess - x):square() * ((s:square() + sd ^ 2) / (s * sd):square())):mean()
  end
end

--- Trains a model by Adam on batches and gives the moving average of its parameters, frozen and in eval mode:
--- denoiser.fit { net, x, loss = function(batch) ... end, steps = 4000 }.
---@param o table  [1] model or list of what is trained, whose first is averaged, [2] data: a tensor, or a
---  table of tensors with x, loss (of a batch), steps, batch = 128, lr = 1e-3 (a number, or a schedule of
---  optim), clip (norm of the gradient), ema = 0.999, stream = "batches", each (function(step, loss), called
---  every 100 steps)
---@return assay.Module
function denoiser.fit(o)
  local what = "denoiser.fit"
  options.check(what, o, { "loss", "steps", "batch", "lr", "clip", "ema", "stream", "each" })
  local net = nn.is_module(o[1]) and o[1] or o[1][1]
  local steps = options.count(what, o.steps, "steps", 1)
  local size = options.count(what, o.batch, "batch", 1, 128)
  local lr = o.lr or 1e-3
  local items = data(core.is_tensor(o[2]) and { x = o[2] } or o[2])
  local opt = optim.adam { o[1], lr = type(lr) == "number" and lr or lr(1) }
  local mean = nn.ema { net, decay = options.number(what, o.ema, "ema", 0, 1, 0.999), warm = true }
  net:train()
  for step, batch in items:batches { size, shuffle = true, steps = steps, stream = o.stream or "batches" } do
    core.scope(function()
      opt.lr = type(lr) == "number" and lr or lr(step)
      local loss = o.loss(batch)
      opt:update(loss, o.clip)
      mean:update()
      if o.each and (step % 100 == 0 or step == steps) then
        o.each(step, loss)
      end
    end)
  end
  return mean.net
end

return denoiser
