-- Models as objects: what every layer and network of assay.nn can do. A module is a table with its tensors
-- and children under their names; a class adds `forward`.
local core = require "assay.core"
local group = require "assay.group"

---@class assay.Module
---@field mode string  "train" | "eval" | "batch_stats"
local Module = { mode = "train" }

-- While a call with taps is under way: module -> what to do with its output.
local watching

local function is_module(value)
  local meta = type(value) == "table" and getmetatable(value)
  return meta and meta.is_module or false
end

local function call(self, ...)
  local watch = watching and watching[self]
  if watch then
    return watch(self:forward(...))
  end
  return self:forward(...)
end

--- A class of modules: a table for methods, among them forward(self, ...).
---@param name string
local function class(name)
  local c = setmetatable({ __call = call, __name = name, is_module = true }, { __index = Module })
  c.__index = c
  c.__tostring = function(self)
    return self:describe()
  end
  return c
end

---------------------------------------------------------------------- making

--- A tensor that is trained: a leaf that collects gradients and that no scope drops.
---@param x assay.Tensor
local function parameter(x)
  return core.keep(x):requires_grad_()
end

--- Registers tensors and children of a new module in the order given; the names are the fields' own.
---@param self table
---@param parameters string[]
---@param buffers string[]
---@param children string[]
local function register(self, parameters, buffers, children)
  rawset(self, "_parameters", parameters)
  rawset(self, "_buffers", buffers)
  rawset(self, "_children", children)
  for _, name in ipairs(buffers) do
    core.keep(self[name])
  end
  return self
end

-- The name a child is reached by: its own, else its field.
local function child_name(child, field)
  return child.name or tostring(field)
end

---------------------------------------------------------------------- walking

-- Calls visit(module, path) for the module and all below it, each once, children in order.
local function walk(self, visit, path, seen)
  path, seen = path or "", seen or {}
  if seen[self] then
    return
  end
  seen[self] = true
  visit(self, path)
  for _, field in ipairs(self._children) do
    local child = self[field]
    local name = child_name(child, field)
    walk(child, visit, path == "" and name or path .. "." .. name, seen)
  end
end

-- The tensors in order: { name =, tensor =, places = { owner, field, owner, field, ... } }; one that is used
-- in several places stands once, under its first name.
local function entries(self, parameters, buffers)
  local list, by_tensor = {}, {}
  walk(self, function(module, path)
    local function add(fields)
      for _, field in ipairs(fields) do
        local tensor = module[field]
        local entry = by_tensor[tensor]
        if not entry then
          entry = { name = path == "" and field or path .. "." .. field, tensor = tensor, places = {} }
          by_tensor[tensor] = entry
          list[#list + 1] = entry
        end
        table.move({ module, field }, 1, 2, #entry.places + 1, entry.places)
      end
    end
    add(parameters and module._parameters or {})
    add(buffers and module._buffers or {})
  end)
  return list
end

---------------------------------------------------------------------- parameters and state

local function tensors(list)
  for i, entry in ipairs(list) do
    list[i] = entry.tensor
  end
  return list
end

--- The trained tensors, in order.
---@return assay.Tensor[]
function Module:parameters()
  return tensors(entries(self, true, false))
end

--- The tensors that are saved but not trained, in order.
---@return assay.Tensor[]
function Module:buffers()
  return tensors(entries(self, false, true))
end

--- The trained tensors by name, the names in order: { "1.weight", "1.bias", ["1.weight"] = ..., ... }
---@return table
function Module:named_parameters()
  local named = {}
  for i, entry in ipairs(entries(self, true, false)) do
    named[i], named[entry.name] = entry.name, entry.tensor
  end
  return named
end

--- Copies of all parameters and buffers, in the form of named_parameters.
---@return table
function Module:state()
  local state = {}
  for i, entry in ipairs(entries(self, true, true)) do
    state[i], state[entry.name] = entry.name, entry.tensor:clone()
  end
  return state
end

local function sizes(x)
  return ("%s[%s]"):format(x.dtype, table.concat(x:shape(), ","))
end

-- What of `list` the state lacks, has besides, or has in another shape; nil if nothing.
local function differences(list, state)
  local known, wrong = {}, {}
  for _, entry in ipairs(list) do
    local x = state[entry.name]
    known[entry.name] = true
    if x == nil then
      wrong[#wrong + 1] = entry.name .. " is missing"
    elseif not core.is_tensor(x) then
      wrong[#wrong + 1] = ("%s is a %s"):format(entry.name, type(x))
    elseif sizes(x) ~= sizes(entry.tensor) then
      wrong[#wrong + 1] = ("%s is %s, expected %s"):format(entry.name, sizes(x), sizes(entry.tensor))
    end
  end
  for name in pairs(state) do
    if type(name) == "string" and not known[name] then
      wrong[#wrong + 1] = name .. " is extra"
    end
  end
  return #wrong > 0 and table.concat(wrong, "; ") or nil
end

--- Copies a state's values in: same storage, so optimizers stay valid. Nothing changes if a name is missing,
--- extra or of another shape.
---@param state table
function Module:load(state)
  if type(state) ~= "table" then
    core.fail("load: expected a state (a table of named tensors), got a " .. type(state))
  end
  local list = entries(self, true, true)
  local wrong = differences(list, state)
  if wrong then
    core.fail("load: " .. wrong)
  end
  for _, entry in ipairs(list) do
    entry.tensor:copy_(state[entry.name])
  end
  return self
end

-- Runs f(...) with everything in `undo` put back afterwards, whether it fails or not.
local function protected(undo, f, ...)
  local function finish(ok, ...)
    undo()
    if not ok then
      error((...), 0)
    end
    return ...
  end
  return finish(pcall(f, ...))
end

--- Calls the model with the tensors of `theta` in place of its own of the same names; differentiable in them.
---@param theta table
function Module:call_with(theta, ...)
  local swapped, known = {}, {}
  for _, entry in ipairs(entries(self, true, true)) do
    known[#known + 1] = entry.name
    known[entry.name] = true
    local x = theta[entry.name]
    if x ~= nil then
      if not core.is_tensor(x) then
        core.fail(('call_with: "%s" is a %s, expected a tensor'):format(entry.name, type(x)))
      end
      swapped[#swapped + 1] = { entry, x }
    end
  end
  for name in pairs(theta) do
    if type(name) == "string" and not known[name] then
      core.fail(('call_with: the model has no "%s"%s'):format(name, core.suggest(name, known)))
    end
  end
  local function put(which)
    for _, swap in ipairs(swapped) do
      local places = swap[1].places
      for i = 1, #places, 2 do
        places[i][places[i + 1]] = which == 1 and swap[1].tensor or swap[2]
      end
    end
  end
  put(2)
  return protected(function()
    put(1)
  end, call, self, ...)
end

---------------------------------------------------------------------- taps

--- Names of the places whose values can be read and replaced: the output of every module below this one.
---@return string[]
function Module:taps()
  local names = {}
  walk(self, function(_, path)
    if path ~= "" then
      names[#names + 1] = path
    end
  end)
  return names
end

local function tap_watcher(name, read, replace)
  return function(h, ...)
    if replace ~= nil then
      if type(replace) == "function" or is_module(replace) then
        h = replace(h)
      else
        h = replace
      end
    end
    if read then
      read[name] = h
    end
    return h, ...
  end
end

--- Calls the model and looks inside: net:call { x, read = { "3" }, replace = { ["1"] = f } } gives
--- y, { ["3"] = h }. `replace` maps a tap to a function of the value or to a tensor; values read are
--- those after it.
---@param request table  inputs in order, read?, replace?
function Module:call(request)
  local modules, names = {}, {}
  walk(self, function(module, path)
    if path ~= "" then
      modules[path] = module
      names[#names + 1] = path
    end
  end)
  local function at(name)
    if not modules[name] then
      core.fail(('the model has no tap "%s"%s'):format(tostring(name), core.suggest(tostring(name), names)))
    end
    return modules[name]
  end
  for key in pairs(request) do
    if type(key) == "string" and key ~= "read" and key ~= "replace" then
      core.fail(('net:call: no option "%s"%s'):format(key, core.suggest(key, { "read", "replace" })))
    end
  end
  local before, values, reads = watching, {}, {}
  local replace = request.replace or {}
  local watch = setmetatable({}, { __index = before })
  for _, name in ipairs(request.read or {}) do
    reads[name] = values
    watch[at(name)] = tap_watcher(name, values, replace[name])
  end
  for name, with in pairs(replace) do
    if not reads[name] then
      watch[at(name)] = tap_watcher(name, nil, with)
    end
  end
  watching = watch
  local results = table.pack(protected(function()
    watching = before
  end, call, self, table.unpack(request)))
  results[results.n + 1] = values
  return table.unpack(results, 1, results.n + 1)
end

---------------------------------------------------------------------- modes, copies, groups

local function set_mode(self, mode)
  walk(self, function(module)
    rawset(module, "mode", mode)
  end)
  return self
end

--- Training mode, the one a new model is in.
function Module:train()
  return set_mode(self, "train")
end

--- Evaluation: running statistics, no dropout.
function Module:eval()
  return set_mode(self, "eval")
end

--- Evaluation with the statistics of the batch at hand. Refused where no layer has any (nn.batch_norm; a
--- module of one's own says batch_statistics = true).
function Module:batch_stats()
  local found = false
  walk(self, function(module)
    found = found or module.batch_statistics
  end)
  if not found then
    core.fail(("batch_stats: no layer of %s has batch statistics, expected an nn.batch_norm"):format(self))
  end
  return set_mode(self, "batch_stats")
end

local function copy(value, memo)
  if memo[value] ~= nil then
    return memo[value]
  elseif core.is_tensor(value) then
    local x = core.keep(value:clone())
    memo[value] = value.requires_grad and x:requires_grad_() or x
    return memo[value]
  elseif type(value) ~= "table" then
    return value
  end
  local t = {}
  memo[value] = t
  for key, v in pairs(value) do
    t[key] = copy(v, memo)
  end
  return setmetatable(t, getmetatable(value))
end

--- A copy with tensors of its own.
function Module:clone()
  return copy(self, {})
end

--- Its parameters take no gradient from here on: an optimizer that holds them leaves them as they are.
function Module:freeze()
  for _, tensor in ipairs(self:parameters()) do
    tensor:requires_grad_(false):drop_grad()
  end
  return self
end

--- Its parameters take gradients again.
function Module:unfreeze()
  for _, tensor in ipairs(self:parameters()) do
    tensor:requires_grad_()
  end
  return self
end

--- Part of the parameters, for an optimizer of their own: net:group { "3" } is what lies under child 3,
--- net:group { except = { "3" } } all the rest.
---@param which table
---@return assay.Group
function Module:group(which)
  local paths = {}
  walk(self, function(_, path)
    paths[#paths + 1] = path
  end)
  return group(which, entries(self, true, false), paths)
end

---------------------------------------------------------------------- text

--- One line: what it is and what is in it.
function Module:describe()
  local parts = {}
  for _, field in ipairs(self._children) do
    parts[#parts + 1] = tostring(self[field])
  end
  local name = getmetatable(self).__name
  return #parts > 0 and ("%s { %s }"):format(name, table.concat(parts, ", ")) or name
end

return {
  class = class, parameter = parameter, register = register, is_module = is_module, child_name = child_name,
  walk = walk,
}
