-- Numbers about models on data.
local core = require "assay.core"
local options = require "assay.options"

local metrics = {}

--- The share of items whose largest output is the label's: metrics.accuracy(net, data.test). Runs in eval
--- mode and puts the model's mode back.
---@param net assay.Module|function
---@param data table   tensors x and y (labels from 0)
---@param o table?     [1] items a batch, 1000 if not said; x, y: names of other fields
---@return number
function metrics.accuracy(net, data, o)
  o = options.check("metrics.accuracy", o or {}, { "x", "y" })
  local size = options.count("metrics.accuracy", o[1], "[1] (items a batch)", 1, 1000)
  local x, y = data[o.x or "x"], data[o.y or "y"]
  local n, right = #y, 0
  local mode = type(net) == "table" and net.mode
  if mode then
    net:eval()
  end
  for first = 1, n, size do
    local last = math.min(first + size - 1, n)
    core.scope(function()
      core.no_grad(function()
        local guess = net(x:slice(1, first, last)):argmax(-1)
        right = right + guess:eq(y:slice(1, first, last)):sum():item()
      end)
    end)
  end
  if mode then
    net[mode](net)
  end
  return right / n
end

return metrics
