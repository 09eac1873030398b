-- A copy of a model whose parameters follow the model's: nn.ema.
local core = require "assay.core"
local module = require "assay.module"
local options = require "assay.options"

---@class assay.Average
---@field net assay.Module   the copy, frozen, in eval mode
---@field decay number
---@field steps integer      updates made
local Average = {}
Average.__index = Average
Average.__name = "nn.ema"

--- The copy moves towards the model: copy = decay copy + (1 - decay) model; buffers are copied.
function Average:update()
  local decay, k = self.decay, self.steps
  if self.warm then
    decay = math.min(decay, (1 + k) / (10 + k))
  end
  self.steps = k + 1
  core.average_(self.targets, self.sources, 1 - decay)
  for i, buffer in ipairs(self.buffers) do
    self.copies[i]:copy_(buffer)
  end
  return self
end

--- What to save: the copy's state and the number of updates.
---@return table
function Average:state()
  local state = self.net:state()
  state[#state + 1], state.steps = "steps", core.i64 { self.steps }
  return state
end

---@param state table
function Average:load(state)
  local rest, steps = {}, state.steps
  if not core.is_tensor(steps) then
    core.fail 'nn.ema: load: the state has no "steps"'
  end
  for name, value in pairs(state) do
    if type(name) == "string" and name ~= "steps" then
      rest[name] = value
    end
  end
  self.net:load(rest)
  self.steps = math.tointeger(steps:item())
  return self
end

---@param nn table  the library this is put into
return function(nn)
  --- An exponential moving average of a model's parameters: local mean = nn.ema { net, decay = 0.999 }, after
  --- each step of training mean:update(), then mean.net(x). With warm = true the decay of update k (from 0)
  --- is at most (1 + k) / (10 + k).
  ---@param o table  [1] net, decay = 0.999, warm = false
  ---@return assay.Average
  function nn.ema(o)
    options.check("nn.ema", o, { "decay", "warm" })
    local net = o[1]
    if not module.is_module(net) then
      core.fail(("nn.ema: [1] is a %s, expected a model"):format(type(net)))
    end
    local self = setmetatable({
      decay = options.number("nn.ema", o.decay, "decay", 0, 1, 0.999), warm = o.warm, steps = 0,
      net = net:clone():freeze():eval(),
    }, Average)
    self.sources, self.targets = net:parameters(), self.net:parameters()
    self.buffers, self.copies = net:buffers(), self.net:buffers()
    return self
  end
end
