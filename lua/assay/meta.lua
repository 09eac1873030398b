-- Annotations for Lua language servers (`assay plugins meta`): tensors and functions written in C, from the
-- table of operations and assay.signatures; plugins' parameters, from their descriptors. What is written in
-- Lua is annotated in lua/assay itself.
local core = require "assay.core"
local signatures = require "assay.signatures"

local function one_line(text)
  return (text:gsub("%s+", " "))
end

local function tensor_type(text)
  return (text:gsub("%f[%w_]T%f[^%w_]", "assay.Tensor"))
end

-- The parts of a list at commas that stand in no bracket.
local function split(list)
  local parts, depth, part = {}, 0, ""
  for c in list:gmatch "." do
    depth = depth + (c:find "[%({<%[]" and 1 or c:find "[%)}>%]]" and -1 or 0)
    if c == "," and depth == 0 then
      parts[#parts + 1], part = part, ""
    else
      part = part .. c
    end
  end
  if part:find "%S" then
    parts[#parts + 1] = part
  end
  for i, text in ipairs(parts) do
    parts[i] = text:match "^%s*(.-)%s*$"
  end
  return parts
end

-- One function from "(parameters): results | text"; unknown ones take and give anything.
local function add_function(out, name, signature, text)
  local parameters, results, doc = (signature or "(...: any): any"):match "^(%b())(.-) | (.*)$"
  if not parameters then
    parameters, results, doc = (signature or "(...: any): any"):match "^(%b())(.*)$"
  end
  doc = text or doc
  local names = {}
  if doc and doc ~= "" then
    out[#out + 1] = "---" .. one_line(doc)
  end
  for i, parameter in ipairs(split(parameters:sub(2, -2))) do
    local word, kind = parameter:match "^([%w_.]+%??):%s*(.*)$"
    names[i] = word:gsub("%?", "")
    out[#out + 1] = ("---@param %s %s"):format(word, tensor_type(kind))
  end
  for _, result in ipairs(split(results:match "^:%s*(.*)$" or "")) do
    out[#out + 1] = "---@return " .. tensor_type(result)
  end
  out[#out + 1] = ("function %s(%s) end\n"):format(name, table.concat(names, ", "))
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  return keys
end

local function add_properties(out, kind)
  local list = signatures.properties[kind]
  for _, name in ipairs(sorted_keys(list)) do
    out[#out + 1] = ("---@field %s %s"):format(name, tensor_type(list[name]))
  end
end

---------------------------------------------------------------------- tensors and functions

local function tensors(operations)
  local by_name, out = {}, { "---@meta\n" }
  for _, op in ipairs(operations) do
    by_name[op.name] = op
  end
  out[#out + 1] = "---@alias assay.Dtype \"f32\"|\"f64\"|\"i64\""
  out[#out + 1] = "---@alias assay.Pair integer|{ [1]: integer, [2]: integer }\n"
  out[#out + 1] = "---A tensor. Axes count from 1, and from -1 backwards; what is in it counts from 0."
  out[#out + 1] = "---@class assay.Tensor"
  add_properties(out, "tensor")
  for _, event in ipairs { "add", "sub", "mul", "div", "pow" } do
    out[#out + 1] = ("---@operator %s(assay.Tensor|number): assay.Tensor"):format(event)
  end
  out[#out + 1] = "---@operator unm: assay.Tensor\n---@operator len: integer"
  out[#out + 1] = "---@field [integer] assay.Tensor"
  out[#out + 1] = "local Tensor = {}\n"
  for _, name in ipairs(sorted_keys(core.methods)) do
    local op = by_name[name]
    local signature = signatures.methods[name] or op and signatures.forms[op.form]
    local text = not signatures.methods[name] and op and op.doc or nil
    add_function(out, "Tensor:" .. name, signature, text)
  end
  return table.concat(out, "\n")
end

local function read_all(path)
  local file = io.open(path)
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  return text
end

-- Functions of a module that its source does not show by name.
local function add_made(out, module)
  local value, made = require(module), signatures.made[module]
  local own = read_all(package.searchpath(module, package.path))
  for _, name in ipairs(sorted_keys(value)) do
    local f = value[name]
    local info = type(f) == "function" and debug.getinfo(f, "S")
    if info and info.what == "Lua" and not own:find("%." .. name .. "%s*=") and
        not read_all(info.source:sub(2)):find("function [%w_]+[.:]" .. name .. "%f[^%w_]") then
      add_function(out, module:match "[%w_]+$" .. "." .. name, made[name] or made[1])
    end
  end
end

local function functions()
  local as = require "assay"
  local out = { "---@meta\n", "---@class assay", "local as = {}\n" }
  for _, name in ipairs(sorted_keys(as)) do
    local f = as[name]
    if type(f) == "function" and debug.getinfo(f, "S").what == "C" then
      add_function(out, "as." .. name, signatures.functions[name])
    end
  end
  for _, name in ipairs(sorted_keys(getmetatable(as).__keys)) do
    if name == "experiment" then
      out[#out + 1] = "as.experiment = require(\"assay.experiment\").declare"
    else
      out[#out + 1] = ("as.%s = require \"assay.%s\""):format(name, name)
    end
  end
  for _, module in ipairs(sorted_keys(signatures.made)) do
    out[#out + 1] = ("\nlocal %s = require \"%s\"\n"):format(module:match "[%w_]+$", module)
    add_made(out, module)
  end
  return table.concat(out, "\n") .. "\n"
end

---------------------------------------------------------------------- plugins

local lua_types <const> = {
  real = "number", integer = "integer", bool = "boolean", string = "string", reals = "number[]",
  integers = "integer[]", tensor = "assay.Tensor",
}

local function parameter_type(q)
  if q.type ~= "choice" then
    return lua_types[q.type] or "any"
  end
  local words = {}
  for word in q.limits:gmatch "[^|]+" do
    words[#words + 1] = ("%q"):format(word)
  end
  return table.concat(words, "|")
end

local function parameter_text(q)
  local limits = q.type ~= "choice" and q.limits ~= "" and (", " .. q.limits) or ""
  local unit = q.unit and (" [%s]"):format(q.unit) or ""
  return one_line(("%s%s; %s if not said. %s%s"):format(q.type, limits, q.default, q.doc, unit))
end

local function add_plugin(out, row)
  local class = ("assay.%s.%s"):format(row.kind, row.name)
  out[#out + 1] = ("---%s/%s %s: %s%s"):format(row.kind, row.name, row.version, one_line(row.doc or ""),
    row.paper and " (" .. row.paper .. ")" or "")
  out[#out + 1] = "---\n---" .. one_line(row.signature or "")
  out[#out + 1] = ("---@class %s\n---@field [1] %q"):format(class, row.name)
  local named = {}
  for _, q in ipairs(row.params) do
    named[q.name] = true
    out[#out + 1] = ("---@field %s? %s %s"):format(q.name, parameter_type(q), parameter_text(q))
  end
  for _, input in ipairs(row.inputs) do
    local tensor = input.text:find "^[fi]%d%d%f[^%w_]" -- these come with each call
    if not tensor and not named[input.name] then
      named[input.name] = true
      out[#out + 1] = ("---@field %s? any input that may be given here: %s"):format(input.name,
        one_line(input.text))
    end
  end
  if row.kind == "losses" and not named.reduction then
    out[#out + 1] = "---@field reduction? \"mean\"|\"sum\"|\"none\" of the items' losses; mean if not said"
  end
  out[#out + 1] = ""
  return class
end

local objects <const> = {
  losses = "---@class assay.Loss: assay.Plugin\n---@overload fun(...: any): assay.Tensor",
  heads = "---@class assay.Head: assay.Plugin\n---@overload fun(...: any): assay.Tensor",
  scores = "---@class assay.Score: assay.Plugin\n---@overload fun(...: any): assay.Tensor, ...",
  distillers = "---@class assay.Distiller: assay.Plugin\n---@overload fun(...: any): assay.Tensor, ...\n"
    .. "---@field step fun(self, ...: any): assay.Tensor, ...",
  soups = "---@class assay.Soup: assay.Plugin\n---@overload fun(...: any): table<string, assay.Tensor>",
  samplers = "---@class assay.Sampler: assay.Plugin\n---@overload fun(...: any): assay.Tensor, ...\n"
    .. "---@field sample fun(self, ...: any): assay.Tensor, ... all steps\n"
    .. "---@field start fun(self, ...: any): assay.Sampling",
  datasets = "---@class assay.Dataset: assay.Plugin\n---@field [string] table<string, assay.Tensor> a split",
}

-- The class of what a kind's function returns.
local function object_of(kind)
  return objects[kind] and objects[kind]:match "^%-%-%-@class ([%w_.]+)" or "assay.Plugin"
end

local function plugin_objects()
  local out = { "---@meta\n", "---@class assay.Plugin" }
  add_properties(out, "assay.plugin")
  out[#out + 1] = [[
---@field parameters fun(self): assay.Tensor[]  what is trained of its state
---@field state fun(self): table<string, assay.Tensor>
---@field load fun(self, state: table<string, assay.Tensor>)
---@field train fun(self): self
---@field eval fun(self): self
---@field reset fun(self): self  as newly made
]]
  for _, kind in ipairs(sorted_keys(objects)) do
    out[#out + 1] = objects[kind] .. "\n"
  end
  out[#out + 1] = "---A sampling under way.\n---@class assay.Sampling"
  add_properties(out, "assay.sampling")
  out[#out + 1] = "---@field step fun(self): boolean  whether there are more"
  out[#out + 1] = "---@field finish fun(self): assay.Tensor, ...\n"
  return table.concat(out, "\n")
end

-- The plugins of one kind and the function of `as` that makes them.
local function kind_of_plugins(word, kind, plugins)
  local out, classes = { "---@meta\n", "---@class assay", "local as = {}\n" }, {}
  for _, row in ipairs(plugins) do
    if row.kind == kind and not row.error then
      classes[#classes + 1] = add_plugin(out, row)
    end
  end
  classes[#classes + 1] = "string"
  out[#out + 1] = ("---A plugin of %s: as.%s { \"name\", parameter = ... }"):format(kind, word)
  out[#out + 1] = "---@param spec " .. table.concat(classes, "|")
  out[#out + 1] = "---@return " .. object_of(kind)
  out[#out + 1] = ("function as.%s(spec) end\n"):format(word)
  return table.concat(out, "\n")
end

--- The files as { name =, text = }.
---@param operations { name: string, form: string, doc: string }[]
---@param plugins table[]  as `assay plugins list --json` prints them
---@return { name: string, text: string }[]
return function(operations, plugins)
  local files = {
    { name = "tensor", text = tensors(operations) },
    { name = "assay", text = functions() },
    { name = "plugins", text = plugin_objects() },
  }
  local kinds = getmetatable(require "assay").__kinds
  for _, word in ipairs(sorted_keys(kinds)) do
    files[#files + 1] = { name = kinds[word], text = kind_of_plugins(word, kinds[word], plugins) }
  end
  return files
end
