-- Low-rank adapters beside frozen linear layers: one a layer (LoRA, Hu et al. 2021) or a bank of several that
-- are mixed by task (Polytropon and multi-head routing, Caccia et al. 2023).
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

local no_fields <const> = {}

-- Weights a [Q, S] or [B, Q, S] over the skills of x [Q, S, m, n] -> [Q, m, n] or [B, Q, m, n]; without
-- weights their mean.
local function mix(x, a)
  local heads, skills, m, n = table.unpack(x:shape())
  if skills == 1 then
    return x:squeeze(2)
  elseif not a then
    return x:mean(2)
  elseif a.rank == 2 then
    return a:unsqueeze(2):matmul(x:reshape(heads, skills, m * n)):reshape(heads, m, n)
  end
  return a:permute(2, 1, 3):matmul(x:reshape(heads, skills, m * n)):reshape(heads, -1, m, n):transpose(1, 2)
end

---@param nn table  the library these are put into
return function(nn)
  local Adapted = module.class "nn.adapted"

  local function check_routing(self, a, x)
    local heads, skills = self.down:size(1), self.down:size(2)
    local size = core.is_tensor(a) and a:shape() or {}
    local n = #size
    if n < 2 or n > 3 or size[n - 1] ~= heads or size[n] ~= skills or n == 3 and size[1] ~= x:size(1) then
      core.fail(("nn.adapted: routing %s, expected [%d,%d] or [%d,%d,%d]"):format(
        core.is_tensor(a) and ("[%s]"):format(table.concat(size, ",")) or type(a), heads, skills, x:size(1),
        heads, skills))
    end
  end

  --- W x + b + alpha / rank (x A) B, A and B mixed separately, each head for its part of the inputs and
  --- of the outputs.
  function Adapted:forward(x)
    local a = self.routing
    if a then
      check_routing(self, a, x)
    end
    local down, up = mix(self.down, a), mix(self.up, a)
    local rank = down:size(-1)
    local y
    if down.rank == 4 then
      local batch = down:size(1)
      down = down:reshape(batch, -1, rank)
      up = up:permute(1, 3, 2, 4):reshape(batch, rank, -1)
      local flat = x.rank == 2
      y = (flat and x:unsqueeze(2) or x):matmul(down):matmul(up)
      y = flat and y:squeeze(2) or y
    else
      down, up = down:reshape(-1, rank), up:permute(2, 1, 3):reshape(rank, -1)
      y = core.linear(core.linear(x, down:transpose()), up:transpose())
    end
    return self.base(x) + (self.scale == 1 and y or y * self.scale)
  end

  function Adapted:describe()
    local heads, skills, _, rank = table.unpack(self.down:shape())
    return ("nn.adapted { %s, rank %d, %d skills, %d heads }"):format(self.base, rank, skills, heads)
  end

  -- Parameters down [Q, S, in / Q, r] and up [Q, S, r, out / Q]; up starts at 0, so the layer as it was.
  local function adapted(what, linear, o)
    local rank = options.count(what, o.rank, "rank", 1, 8)
    local skills = options.count(what, o.skills, "skills", 1, 1)
    local heads = options.count(what, o.heads, "heads", 1, 1)
    local alpha = options.number(what, o.alpha, "alpha", 0, math.huge, 1)
    local outputs, inputs = linear.weight:size(1), linear.weight:size(2)
    if inputs % heads ~= 0 or outputs % heads ~= 0 then
      core.fail(("%s: a layer %d -> %d does not divide into %d heads"):format(what, inputs, outputs, heads))
    end
    local bound = math.sqrt(2 / 6) / math.sqrt(inputs)
    local down = core.rand { heads, skills, inputs // heads, rank, stream = "init" }
    down = down:affine(2 * bound, -bound)
    local self = {
      name = linear.name, base = linear, scale = alpha / rank, down = module.parameter(down),
      up = module.parameter(core.zeros(heads, skills, rank, outputs // heads)),
    }
    return module.register(setmetatable(self, Adapted), { "down", "up" }, no_fields, { "base" })
  end

  local function is_linear(value)
    return module.is_module(value) and getmetatable(value).__name == "nn.linear"
  end

  -- Puts an adapted layer in the place of each linear one named, or of all. Returns those made.
  local function wrap(what, bank, o)
    local wanted, names, found = {}, {}, {}
    for _, name in ipairs(o.layers or {}) do
      wanted[name] = true
    end
    local places = {}
    module.walk(bank, function(owner, path)
      for _, field in ipairs(owner._children) do
        local child = owner[field]
        if is_linear(child) then
          local name = module.child_name(child, field)
          name = (path == "" and name or path .. "." .. name):gsub("^net%.", "")
          names[#names + 1] = name
          if not o.layers or wanted[name] then
            places[#places + 1] = { owner, field }
            found[name] = true
          end
        end
      end
    end)
    for _, name in ipairs(o.layers or {}) do
      if not found[name] then
        core.fail(('%s: the model has no linear layer "%s"%s'):format(what, tostring(name),
          core.suggest(tostring(name), names)))
      end
    end
    if #places == 0 then
      core.fail(what .. ": the model has no linear layer")
    end
    local list, made = {}, {}
    for i, place in ipairs(places) do
      local linear = place[1][place[2]]
      made[linear] = made[linear] or adapted(what, linear, o)
      list[i] = made[linear]
    end
    for i, place in ipairs(places) do
      place[1][place[2]] = list[i]
    end
    return list
  end

  local Bank = module.class "nn.adapters"

  --- Inputs of the net, and as `routing` the weights of the skills: [heads, skills], or [B, heads, skills]
  --- with a row a sample, or a list with one of these a layer; nil takes the mean of the skills.
  function Bank:forward(routing, ...)
    for i, layer in ipairs(self.layers) do
      if type(routing) == "table" and not core.is_tensor(routing) then
        layer.routing = routing[i]
      else
        layer.routing = routing
      end
    end
    local results = table.pack(pcall(self.net, ...))
    for _, layer in ipairs(self.layers) do
      layer.routing = nil
    end
    if not results[1] then
      error(results[2], 0)
    end
    return table.unpack(results, 2, results.n)
  end

  --- The trained tensors: of each layer A (down) and B (up).
  ---@return assay.Tensor[]
  function Bank:adapters()
    local list = {}
    for _, layer in ipairs(self.layers) do
      list[#list + 1], list[#list + 2] = layer.down, layer.up
    end
    return list
  end

  --- Puts the mean of its skills, heads joined, in the place of each bank: an ordinary LoRA of new
  --- tensors, so make the optimizer after it.
  function Bank:average()
    for _, layer in ipairs(self.layers) do
      local down, up = mix(layer.down), mix(layer.up)
      local rank = down:size(-1)
      down = down:reshape(1, 1, -1, rank)
      up = up:permute(2, 1, 3):reshape(1, 1, rank, -1)
      layer.down, layer.up = module.parameter(down:clone()), module.parameter(up:clone())
    end
    return self
  end

  --- Freezes a net and puts low-rank adapters beside its linear layers, in place:
  ---   local bank = nn.adapters { net, rank = 1, skills = 8, heads = 8 }
  ---   local opt = as.optim.adam { bank:adapters(), lr = 1e-3 }
  ---   local y = bank(routing(task), x)
  --- skills = 1 is LoRA; heads = 1 is Poly. Adapters start at 0: the net as it was.
  ---@param o table  [1] net, layers = all (a list of names), rank = 8, skills = 1, heads = 1, alpha = 1, name
  ---@return assay.Module
  function nn.adapters(o)
    local what = "nn.adapters"
    options.check(what, o, { "layers", "rank", "skills", "heads", "alpha", "name" })
    if not module.is_module(o[1]) then
      core.fail(("%s: [1] is a %s, expected a model"):format(what, type(o[1])))
    end
    local self = setmetatable({ name = o.name, net = o[1] }, Bank)
    module.register(self, no_fields, no_fields, { "net" })
    self.layers = wrap(what, self, o)
    self.net:freeze()
    for _, tensor in ipairs(self:adapters()) do
      tensor:requires_grad_()
    end
    return self
  end

  local Routing = module.class "nn.routing"

  function Routing:forward(task)
    local heads, skills = self.heads, self.skills
    local gate = self.weight:index_select(task, 1):sigmoid():reshape(-1, heads, skills)
    return gate / (gate:sum { 3, keep = true } + 1e-12)
  end

  --- Weights of the skills for each task: nn.routing { tasks, skills, heads } maps i64[B] to
  --- [B, heads, skills], sums over the skills 1. Its parameter wants a rate of its own, about 100 times the
  --- adapters'.
  ---@param o table  [1] tasks, [2] skills, [3] heads = 1, name
  ---@return assay.Module
  function nn.routing(o)
    local what = "nn.routing"
    options.check(what, o, { "name" })
    local tasks = options.count(what, o[1], "[1] (tasks)", 1)
    local skills = options.count(what, o[2], "[2] (skills)", 1)
    local heads = options.count(what, o[3], "[3] (heads)", 1, 1)
    local logits = core.rand({ tasks, heads * skills, stream = "init" }):affine(2e-3, -1e-3)
    local self = { name = o.name, skills = skills, heads = heads, weight = module.parameter(logits) }
    return module.register(setmetatable(self, Routing), { "weight" }, no_fields, no_fields)
  end
end
