-- How the models and optimizers given to an adapter were when it was made, so that :reset() brings them back.
local core = require "assay.core"

local function kept(state)
  local copy = {}
  for name, value in pairs(state) do
    copy[name] = core.is_tensor(value) and core.keep(value:clone()) or value
  end
  return copy
end

local function method(value, name)
  local object = (type(value) == "table" or type(value) == "userdata") and not core.is_tensor(value)
  local found = object and value[name]
  return type(found) == "function" and found or nil
end

---@param spec table  the adapter's { "name", model = net, optimizer = opt, ... }
---@return fun()
return function(spec)
  local undo = {}
  for _, value in pairs(spec) do
    if method(value, "state") and method(value, "load") then
      local state = kept(value:state())
      undo[#undo + 1] = function()
        value:load(state)
      end
    end
    local mode = type(value) == "table" and rawget(value, "mode")
    if mode and method(value, mode) then
      undo[#undo + 1] = function()
        value[mode](value)
      end
    end
  end
  return function()
    for _, back in ipairs(undo) do
      back()
    end
  end
end
