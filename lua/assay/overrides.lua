-- Values from the command line and from YAML, laid over resolved ones. An override is a node of core/config
-- as a table: { kind = "real", source = "sweep.yaml:12", value = 2.0 }; lists and maps have
-- { items = { node, ... } }, those of a map with a name each.
local runtime = require "assay.runtime"
local settings = require "assay.settings"

local kind_words = {
  null = "nothing", bool = "true or false", integer = "an integer", real = "a real number",
  string = "a string", list = "a list", map = "a map",
}

-- Wrong use: one line for the user, no line of the script.
local function refuse(node, text, ...)
  error({ refused = ("%s: " .. text):format(node.source, ...) }, 0)
end

local function text_of(node)
  if node.kind == "list" or node.kind == "map" then
    return ""
  end
  return node.kind == "string" and (" = %q"):format(node.value) or " = " .. tostring(node.value)
end

local function mismatch(node, path, wanted)
  refuse(node, "%s%s: expected %s, found %s", path, text_of(node), wanted, kind_words[node.kind])
end

-- The value of a node where `declared` is the default.
local function scalar(node, declared, path)
  local kind, value = type(declared), node.value
  if kind == "number" and (node.kind == "integer" or node.kind == "real") then
    if math.type(declared) == "integer" then
      return node.kind == "integer" and value or mismatch(node, path, "an integer")
    elseif value ~= value or value == math.huge or value == -math.huge then
      refuse(node, "%s = %s: a parameter must be finite", path, tostring(value))
    end
    return value + 0.0
  elseif kind == "boolean" and node.kind == "bool" or kind == "string" and node.kind == "string" then
    return value
  end
  mismatch(node, path, settings.describe(declared))
end

-- Resolved values again, tables and lists of their own.
local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, v in pairs(value) do
    out[key] = copy(v)
  end
  return runtime.is_list(value) and runtime.list(out) or out
end

local function known_names(values, shared)
  local known = settings.names(values)
  for _, name in ipairs(settings.names(shared or {})) do
    if values[name] == nil then
      known[#known + 1] = name
    end
  end
  return known
end

local override

-- A scalar's value, or a list's; nil for what a parameter of a plugin cannot be.
local function plugin_value(node)
  if node.kind ~= "list" then
    return node.value
  end
  local list = {}
  for i, item in ipairs(node.items) do
    list[i] = plugin_value(item)
  end
  return #list == #node.items and #list > 0 and list or nil
end

-- Gives a plugin's parameters, resolved by its table, the values of a map; one at a time, so that a mistake
-- is told with its own place. A data set's source is a plugin again.
local function override_plugin(spec, node, path)
  if node.kind ~= "map" then
    mismatch(node, path, "a map of parameters of " .. spec.plugin)
  end
  local kind, name = spec.plugin:match "^(.-)/(.*)$"
  local source = spec.params.source
  for _, item in ipairs(node.items) do
    if item.name == "source" and source then
      override_plugin(source, item, path .. ".source")
    else
      local value = plugin_value(item)
      if value == nil then
        mismatch(item, path .. "." .. item.name, "a value or a list of numbers")
      end
      local resolved, wrong = runtime.plugin(kind, name, { [item.name] = value })
      if not resolved then
        refuse(item, "%s", wrong)
      end
      spec.params[item.name] = resolved[item.name]
    end
  end
  spec.params.source = nil
  local wrong = runtime.check_plugin(spec.plugin, spec.params) -- rules between them
  spec.params.source = source
  if wrong then
    refuse(node.items[#node.items] or node, "%s", wrong)
  end
end

local function override_list(node, declared, path)
  if node.kind ~= "list" then
    mismatch(node, path, "a list")
  end
  local list = {}
  for i, item in ipairs(node.items) do
    local at = ("%s[%d]"):format(path, i)
    list[i] = scalar(item, declared[1], at)
  end
  return list
end

-- Lays a map of overrides over resolved values. What is not among them may be one of `shared`: an arm can
-- have its own value of an experiment's parameter.
function override(values, node, path, shared)
  if node.kind ~= "map" then
    mismatch(node, path, "a map")
  end
  for _, item in ipairs(node.items) do
    local declared, at = values[item.name], path .. "." .. item.name
    if declared == nil and shared then
      declared = copy(shared[item.name])
      values[item.name] = declared
    end
    if declared == nil then
      refuse(item, "%s: no parameter %s", path, settings.quoted(item.name, known_names(values, shared)))
    elseif type(declared) ~= "table" then
      values[item.name] = scalar(item, declared, at)
    elseif runtime.is_list(declared) then
      values[item.name] = runtime.list(override_list(item, declared, at))
    elseif declared.plugin and declared.params then
      override_plugin(declared, item, at)
    else
      override(declared, item, at)
    end
  end
end

-- The same for arms.
local function override_arms(plan, node)
  if node.kind ~= "map" then
    mismatch(node, "arms", "a map")
  end
  for _, item in ipairs(node.items) do
    local arm = plan.arms[item.name]
    if not arm then
      refuse(item, "arms: no arm %s", settings.quoted(item.name, settings.names(plan.arms)))
    end
    override(arm, item, "arms." .. item.name, plan.params)
  end
end

-- The seeds a node names: a count or a list.
local function seeds_of(node)
  local seeds = node.value
  if node.kind == "list" then
    seeds = {}
    for i, item in ipairs(node.items) do
      seeds[i] = item.value
    end
  end
  local wrong = node.kind == "list" and (#seeds == 0 and "expected at least one" or settings.bad_seeds(seeds))
  if wrong then
    refuse(node, "seeds: %s", wrong)
  elseif node.kind ~= "list" and (node.kind ~= "integer" or seeds < 1) then
    mismatch(node, "seeds", "a count or a list of integers")
  end
  return settings.seed_list(seeds)
end

return {
  refuse = refuse, mismatch = mismatch, copy = copy, values = override,
  arms = override_arms, seeds = seeds_of,
}
