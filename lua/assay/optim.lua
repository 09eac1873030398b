-- Optimizers over anything with parameters: as.optim.adam { net, head, lr = 1e-3 }. The result moves the
-- parameters (step), and is what a plugin's signature calls a group.
local core = require "assay.core"
local options = require "assay.options"

---@class assay.Optimizer
---@field lr number       learning rate; may be set between steps
---@field steps integer   updates made
---@field step fun(self)  moves every parameter that has a gradient and drops the gradients
---@field clip fun(self, norm: number): number  cuts the gradients' joint norm; gives the one before
---@field clip_each fun(self, limit: number): assay.Optimizer  each item of the gradients into [-limit, limit]
---@field update fun(self, loss: assay.Tensor, clip: number?)  one step on loss's gradient of these only
---@field state fun(self): table
---@field load fun(self, state: table)

local optim = {}

-- Appends the parameters of one item: a tensor, a list of such items, or what answers :parameters().
local function gather(what, item, place, list, seen)
  if core.is_tensor(item) then
    if not seen[item] then
      seen[item] = true
      list[#list + 1] = item
    end
    return
  end
  local method
  if type(item) == "userdata" or type(item) == "table" and getmetatable(item) then
    method = item.parameters
  end
  if type(method) == "function" then
    for _, tensor in ipairs(method(item)) do
      gather(what, tensor, place, list, seen)
    end
  elseif type(item) == "table" and #item > 0 then
    for _, tensor in ipairs(item) do
      if type(tensor) == "string" then -- a state: its list names the tensors
        tensor = item[tensor]
      end
      gather(what, tensor, place, list, seen)
    end
  else
    core.fail(("%s: item %d is a %s, expected a model, a tensor or a list of tensors"):format(
      what, place, type(item)))
  end
end

local function constructor(kind, names)
  local what = "optim." .. kind
  names[#names + 1] = "lr"
  names[#names + 1] = "decay"
  optim[kind] = function(o)
    options.check(what, o, names)
    local list, seen = {}, {}
    for place, item in ipairs(o) do
      gather(what, item, place, list, seen)
    end
    if #list == 0 then
      core.fail(what .. ": there are no parameters to move")
    end
    for _, tensor in ipairs(list) do
      core.keep(tensor)
    end
    return core.optimizer(kind, list, o)
  end
end

constructor("sgd", { "momentum", "nesterov" })
constructor("adam", { "beta1", "beta2", "eps" })
constructor("adamw", { "beta1", "beta2", "eps" })
constructor("radam", { "beta1", "beta2", "eps" })

--- Limits gradients that backward() left, of whatever has parameters: as.optim.clip { net, head, norm = 1 }
--- scales them together to a joint norm of at most 1, each = 0.1 puts every item into [-0.1, 0.1] first.
---@param o table  models, groups, tensors, lists; norm, each
---@return number? norm  the joint norm before it was cut, if `norm` is given
function optim.clip(o)
  local what = "optim.clip"
  options.check(what, o, { "norm", "each" })
  local list, seen, gradients = {}, {}, {}
  for place, item in ipairs(o) do
    gather(what, item, place, list, seen)
  end
  for _, tensor in ipairs(list) do
    gradients[#gradients + 1] = tensor.grad
  end
  if #list == 0 then
    core.fail(what .. ": there are no parameters")
  elseif o.norm == nil and o.each == nil then
    core.fail(what .. ": neither norm nor each is given")
  end
  local each = o.each and options.number(what, o.each, "each", 0, math.huge)
  local norm = o.norm and options.number(what, o.norm, "norm", 0, math.huge)
  if each and #gradients > 0 then
    core.clip_each_(gradients, each)
  end
  return norm and (#gradients > 0 and core.clip_norm_(gradients, norm) or 0.0)
end

for name, schedule in pairs(require "assay.schedule") do
  optim[name] = schedule
end

return optim
