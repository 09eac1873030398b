-- Checks of whole models for specs: gradients of a smooth scalar of the outputs against central differences
-- in f64, at some items of every parameter and input.
local as = require "assay"

local gradients = {}

local step <const>, tolerance <const> = 1e-5, 1e-7 -- truncation about 1e-10, rounding about 1e-11

local function in_double(x)
  return x.dtype == "f32" and x:double() or x
end

-- sum(y * w) with fixed weights that differ from item to item
local function scalar(y)
  return (y * as.arange(y:count()):double():affine(0.7, 0.3):sin():reshape(y:shape())):sum()
end

--- Fails where a gradient of net(inputs...) is off by more than 1e-7 (1 + |gradient|).
---@param net assay.Module
---@param inputs assay.Tensor[]
---@param items integer?  of each tensor, 3 if not said
function gradients.check(net, inputs, items)
  local state, theta, leaves, names = net:state(), {}, {}, {}
  for _, name in ipairs(state) do
    theta[name] = in_double(state[name])
  end
  for _, name in ipairs(net:named_parameters()) do
    theta[name]:requires_grad_()
    leaves[#leaves + 1], names[#names + 1] = theta[name], name
  end
  local x = {}
  for i, input in ipairs(inputs) do
    x[i] = in_double(input)
    if x[i].dtype == "f64" then
      x[i]:requires_grad_()
      leaves[#leaves + 1], names[#names + 1] = x[i], "input " .. i
    end
  end
  local function value()
    return scalar(net:call_with(theta, table.unpack(x)))
  end
  local found = as.grad(value(), leaves)
  for i, leaf in ipairs(leaves) do
    local n = leaf:count()
    local flat, at = leaf:detach():reshape(n), found[i]:flatten()
    for k = 1, math.min(items or 3, n) do
      local place = (k * 7919) % n
      local moved = as.i64({ place }):one_hot(n):reshape(n):double() * step
      local before = flat:clone()
      flat:copy_(before + moved)
      local up = as.no_grad(value):item()
      flat:copy_(before - moved)
      local down = as.no_grad(value):item()
      flat:copy_(before)
      local want, got = (up - down) / (2 * step), at[place + 1]:item()
      if math.abs(want - got) > tolerance * (1 + math.abs(want)) then
        error(("gradient of %s at %d: %.10g, central difference %.10g"):format(names[i], place, got, want), 2)
      end
    end
  end
end

return gradients
