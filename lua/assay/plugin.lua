-- A plugin in Lua: plugins/KIND/NAME.lua returns as.plugin { ... } with `local as = require "assay.plugin"`.
-- The same descriptor as a C file's, the same checks; each call is a function of the same name, which gets
-- self (its parameters and what it registered), then what the call has, then the signature's inputs.
local core = require "assay.core"

---@class assay.plugin
local as = {}

for _, name in ipairs {
  "tensor", "i64", "zeros", "ones", "full", "arange", "concat", "stack", "attention", "weighted_sum",
  "is_tensor", "scope", "no_grad", "grad", "per_sample_norms", "per_sample_grad",
} do
  as[name] = core[name]
end
as.where = core.methods.where

--- Operations are recorded in f: samplers and hooks record nothing unless they ask for it.
---@generic T
---@param f fun(): T
---@return T
function as.record(f)
  local before = core.recording(true)
  local results = table.pack(pcall(f))
  core.recording(before)
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

--- The bytes of a text (self:read) from place `first` on as f32 numbers 0 to 255, for shaping and scaling.
---@param text string
---@param first integer?
---@param last integer?
---@return assay.Tensor
function as.bytes(text, first, last)
  return core.bytes(text, first or 1, last or -1)
end

---------------------------------------------------------------------- the description

local texts <const> = { "kind", "name", "version", "paper", "doc", "signature" }
local calls <const> = {
  "validate", "setup", "forward", "step", "score", "merge", "start", "advance", "finish", "open", "read",
  "draw", "guide", "pre_step", "update", "post_step", "adapt",
}
-- as_param_type of assay/types.h
local types <const> = { real = 1, int = 2, bool = 3, choice = 4, string = 5, reals = 6, ints = 7, tensor = 8 }

local field_types = { params = "table" }
for _, name in ipairs(texts) do
  field_types[name] = "string"
end
for _, name in ipairs(calls) do
  field_types[name] = "function"
end

local function keys(t)
  local list = {}
  for key in pairs(t) do
    list[#list + 1] = key
  end
  return list
end

local function number_list(list)
  local parts = {}
  for i, value in ipairs(list) do
    parts[i] = ("%.17g"):format(value)
  end
  return table.concat(parts, ", ")
end

local lua_types <const> = {
  real = "number", int = "number", bool = "boolean", choice = "string", string = "string", reals = "table",
  ints = "table", tensor = "string",
}
local forms <const> = {
  bool = '{ "name", "bool", false, "doc" }', string = '{ "name", "string", "default", "doc" }',
  choice = '{ "name", "choice", "mean", "mean|sum|none", "doc" }',
  tensor = '{ "name", "tensor", "f32[C]", "doc" }',
  reals = '{ "name", "reals", { 0.5, 1 }, "(0, inf)", "doc" }',
  ints = '{ "name", "ints", { 1, 2 }, "[1, 10]", "doc" }',
  real = '{ "name", "real", 1, "[0, 10]", "doc" }', int = '{ "name", "int", 1, "[1, 10]", "doc" }',
}

-- One row of params as the host's struct has it: { name, type, default, range, doc, unit =, log = }.
local function parameter(row, i)
  local at = type(row) == "table" and type(row[1]) == "string" and row[1] or "number " .. i
  if type(row) ~= "table" or not types[row[2]] then
    local word = type(row) == "table" and row[2] or row
    core.fail(("parameter %s: type %s, expected one of %s%s"):format(at, tostring(word),
      table.concat(keys(types), ", "), core.suggest(tostring(word), keys(types))))
  end
  local kind = row[2]
  local plain = kind == "bool" or kind == "string"
  local range = not plain and row[kind == "tensor" and 3 or 4] or nil
  local doc = row[(plain or kind == "tensor") and 4 or 5]
  if type(row[3]) ~= lua_types[kind] or type(doc) ~= "string" or range == nil and not plain or
      range ~= nil and type(range) ~= "string" then
    core.fail(("parameter %s: expected %s"):format(at, forms[kind]))
  end
  for key in pairs(row) do
    if type(key) == "string" and key ~= "unit" and key ~= "log" then
      core.fail(('parameter %s: no field "%s"; there are unit and log'):format(at, key))
    end
  end
  local value, text = 0, nil
  if kind == "real" or kind == "int" then
    value = row[3]
  elseif kind == "bool" then
    value = row[3] and 1 or 0
  elseif kind == "reals" or kind == "ints" then
    text = number_list(row[3])
  elseif kind ~= "tensor" then
    text = row[3]
  end
  return {
    name = row[1], type = types[kind], value = value, text = text, range = range, doc = doc, unit = row.unit,
    log = row.log and 1 or 0,
  }
end

local Plugin = {}

--- Describes a plugin; the file returns the result, or a list of several.
---@param declared table
---@return table
function as.plugin(declared)
  if type(declared) ~= "table" then
    core.fail("as.plugin expects a table, found " .. type(declared))
  end
  local x = { params = {} }
  for name, value in pairs(declared) do
    local wanted = field_types[name]
    if not wanted then
      core.fail(('as.plugin: no field "%s"%s'):format(tostring(name),
        core.suggest(tostring(name), keys(field_types))))
    elseif type(value) ~= wanted then
      core.fail(("as.plugin: %s is a %s, expected a %s"):format(name, type(value), wanted))
    end
    x[name] = value
  end
  for i, row in ipairs(declared.params or {}) do
    x.params[i] = parameter(row, i)
  end
  return setmetatable(x, Plugin)
end

---------------------------------------------------------------------- what a file may use

local function copy(t, without)
  local out = {}
  for key, value in pairs(t) do
    if not without or not without[key] then
      out[key] = value
    end
  end
  return out
end

-- No files, no clock, no random numbers but self's, no globals, no catching of errors: they are the host's.
local function environment()
  local allowed = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, print = print,
    select = select, setmetatable = setmetatable, tonumber = tonumber, tostring = tostring, type = type,
    math = copy(math, { random = true, randomseed = true }), string = copy(string), table = copy(table),
    utf8 = copy(utf8),
  }
  function allowed.require(name)
    if name ~= "assay.plugin" then
      core.fail(('require "%s": a plugin is one file, whose hash is its identity; there is "assay.plugin"')
        :format(tostring(name)))
    end
    return as
  end
  return setmetatable({}, {
    __index = function(_, name)
      local value = allowed[name]
      if value == nil then
        core.fail(("a plugin has no %s"):format(tostring(name)))
      end
      return value
    end,
    __newindex = function(_, name)
      core.fail(("%s: a plugin has no globals that change; write local %s"):format(tostring(name),
        tostring(name)))
    end,
    __metatable = false,
  })
end

-- Instructions the top level of a file may take: it only declares.
local most_instructions <const> = 10000000

local function run_file(chunk, path)
  debug.sethook(function()
    debug.sethook()
    error(path .. ": its top level does not come to an end; it only declares", 0)
  end, "", most_instructions)
  local ok, result = pcall(chunk)
  debug.sethook()
  if not ok then
    error(result, 0)
  end
  return result
end

--- The plugins of a file, for the host (core/lua/sketch_load.c).
---@param path string
---@return table[]
function as.load(path)
  local chunk, wrong = loadfile(path, "t", environment())
  if not chunk then
    error(wrong, 0)
  end
  local result = run_file(chunk, path)
  local list = getmetatable(result) == Plugin and { result } or result
  if type(list) ~= "table" or #list == 0 then
    error(("%s: returned %s, expected as.plugin { ... } or a list of them"):format(path,
      type(list) == "table" and "an empty list" or "a " .. type(list)), 0)
  end
  for i, x in ipairs(list) do
    if getmetatable(x) ~= Plugin then
      error(("%s: item %d of what it returned is a %s, expected as.plugin { ... }"):format(path, i,
        type(x)), 0)
    end
  end
  return list
end

return as
