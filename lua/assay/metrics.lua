-- Numbers about models on data.
local core = require "assay.core"
local options = require "assay.options"

local metrics = {}

-- Calls use(y, first, last) with the net's outputs for items first .. last (from 1), batch by batch: in eval
-- mode, without history. The model's mode is put back.
local function each_batch(net, x, size, use)
  local mode = type(net) == "table" and net.mode
  if mode then
    net:eval()
  end
  for first = 1, #x, size do
    local last = math.min(first + size - 1, #x)
    core.scope(function()
      core.no_grad(function()
        use(net(x:slice(1, first, last)), first, last)
      end)
    end)
  end
  if mode then
    net[mode](net)
  end
end

--- What the net makes of all items, computed in batches: metrics.outputs(net, data.test) is [N, ...]. Runs in
--- eval mode, without history, and puts the model's mode back.
---@param net assay.Module|function
---@param data table   tensor x
---@param o table?     [1] items a batch, 1000 if not said; x: name of another field
---@return assay.Tensor
function metrics.outputs(net, data, o)
  o = options.check("metrics.outputs", o or {}, { "x" })
  local size = options.count("metrics.outputs", o[1], "[1] (items a batch)", 1, 1000)
  local list = {}
  each_batch(net, data[o.x or "x"], size, function(y)
    list[#list + 1] = core.keep(y)
  end)
  return core.concat(list, 1)
end

--- The share of items whose largest output is the label's: metrics.accuracy(net, data.test). Runs in eval
--- mode and puts the model's mode back.
---@param net assay.Module|function
---@param data table   tensors x and y (labels from 0)
---@param o table?     [1] items a batch, 1000 if not said; x, y: names of other fields
---@return number
function metrics.accuracy(net, data, o)
  o = options.check("metrics.accuracy", o or {}, { "x", "y" })
  local size = options.count("metrics.accuracy", o[1], "[1] (items a batch)", 1, 1000)
  local y, right = data[o.y or "y"], 0
  each_batch(net, data[o.x or "x"], size, function(guess, first, last)
    right = right + guess:argmax(-1):eq(y:slice(1, first, last)):sum():item()
  end)
  return right / #y
end

return metrics
