-- Part of a model's parameters, chosen by name: net:group { "3" }, net:group { except = { "head" } }.
local core = require "assay.core"
local options = require "assay.options"

---@class assay.Group
---@field list assay.Tensor[]
local Group = {}
Group.__index = Group

--- Its trained tensors, in the model's order.
---@return assay.Tensor[]
function Group:parameters()
  return self.list
end

local function below(name, prefixes)
  for _, prefix in ipairs(prefixes) do
    if name == prefix or name:sub(1, #prefix + 1) == prefix .. "." then
      return true
    end
  end
  return false
end

-- Refuses what names neither a child nor a parameter.
local function check(prefixes, known)
  for _, prefix in ipairs(prefixes) do
    local found = false
    for _, name in ipairs(known) do
      found = found or name == prefix
    end
    if not found then
      prefix = tostring(prefix)
      core.fail(('net:group: the model has no "%s"%s'):format(prefix, core.suggest(prefix, known)))
    end
  end
end

--- The entries ({ name =, tensor = }) that `which` names: those under its names, or all, without those under
--- its `except`.
---@param which table
---@param entries table[]
---@param paths string[]  of the model's children
---@return assay.Group
local function new(which, entries, paths)
  options.check("net:group", which, { "except" })
  local except = which.except or {}
  local known = { table.unpack(paths) }
  for _, entry in ipairs(entries) do
    known[#known + 1] = entry.name
  end
  check(which, known)
  check(except, known)
  local list = {}
  for _, entry in ipairs(entries) do
    if (#which == 0 or below(entry.name, which)) and not below(entry.name, except) then
      list[#list + 1] = entry.tensor
    end
  end
  return setmetatable({ list = list }, Group)
end

return new
