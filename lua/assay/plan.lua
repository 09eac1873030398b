-- The plan of an experiment: its declaration with overrides applied, every plugin's parameters resolved and
-- checked. An override is a node of core/config as a table: { kind = "real", source = "sweep.yaml:12",
-- value = 2.0 }; lists and maps have { items = { node, ... } }, those of a map with a name each.
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

local override

-- Gives a plugin's parameters, resolved by its table, the values of a map; one at a time, so that a mistake
-- is told with its own place.
local function override_plugin(spec, node, path)
  if node.kind ~= "map" then
    mismatch(node, path, "a map of parameters of " .. spec.plugin)
  end
  local kind, name = spec.plugin:match "^(.-)/(.*)$"
  for _, item in ipairs(node.items) do
    if item.value == nil then
      mismatch(item, path .. "." .. item.name, "a value")
    end
    local resolved, wrong = runtime.plugin(kind, name, { [item.name] = item.value })
    if not resolved then
      refuse(item, "%s", wrong)
    end
    spec.params[item.name] = resolved[item.name]
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

-- Lays a map of overrides over resolved values.
function override(values, node, path)
  if node.kind ~= "map" then
    mismatch(node, path, "a map")
  end
  for _, item in ipairs(node.items) do
    local declared, at = values[item.name], path .. "." .. item.name
    if declared == nil then
      refuse(item, "%s: no %s %s", path, path == "arms" and "arm" or "parameter",
        settings.quoted(item.name, settings.names(values)))
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

-- A copy of declared values as the plan writes them: lists marked, plugins as { plugin =, params = } with all
-- parameters. Their identities go into `used`.
local function resolve(values, path, used)
  local out = {}
  for key, value in pairs(values) do
    local kind = settings.kind_of(key, value)
    if kind then
      local given = {}
      for name, v in pairs(value) do
        if name ~= 1 then
          given[name] = v
        end
      end
      local params, identity = runtime.plugin(kind, value[1], given)
      if not params then
        error(("%s.%s: %s"):format(path, key, identity), 0)
      end
      used[("%s/%s"):format(identity.kind, identity.name)] = identity
      out[key] = { plugin = ("%s/%s"):format(identity.kind, identity.name), params = params }
    elseif type(value) == "table" and #value > 0 then
      out[key] = runtime.list(settings.seed_list(value))
    elseif type(value) == "table" then
      out[key] = resolve(value, path .. "." .. key, used)
    else
      out[key] = value
    end
  end
  return out
end

local function chosen_seeds(node)
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

local function chosen_arms(wanted, arms)
  local chosen, known = {}, settings.names(arms)
  for _, name in ipairs(wanted) do
    if not arms[name] then
      error({ refused = ("--arm: no arm %s"):format(settings.quoted(name, known)) }, 0)
    end
    chosen[name] = true
  end
  return #wanted > 0 and chosen or arms
end

-- Overrides from the top: params, arms and seeds.
local function apply(plan, node)
  for _, item in ipairs(node.items) do
    if item.name == "seeds" then
      plan.seeds = chosen_seeds(item)
    elseif item.name == "params" or item.name == "arms" then
      override(plan[item.name], item, item.name)
    elseif plan.params[item.name] ~= nil then
      refuse(item, "no setting \"%s\"; did you mean \"params.%s\"?", item.name, item.name)
    else
      refuse(item, "no setting %s", settings.quoted(item.name, { "arms", "params", "seeds" }))
    end
  end
end

--- The plan of `x` as a table ready for JSON. Raises { refused = text } for wrong overrides.
---@param x assay.Experiment
---@param options { overrides: table, seeds: integer[]?, count: integer?, arms: string[] }
local function make(x, options)
  local used = {}
  local plan = { params = resolve(x.params, "params", used), arms = {}, seeds = x.seeds }
  for name, fields in pairs(x.arms) do
    plan.arms[name] = resolve(fields, "arms." .. name, used)
  end
  apply(plan, options.overrides)
  local seeds = options.seeds
  if #seeds == 0 then
    seeds = options.count and settings.seed_list(options.count) or plan.seeds
  end
  local wrong = settings.bad_seeds(seeds)
  if wrong then
    error({ refused = "--seed: " .. wrong }, 0)
  end
  local arms, plugins = {}, {}
  for _, name in ipairs(settings.names(chosen_arms(options.arms, plan.arms))) do
    arms[#arms + 1] = { name = name, config = plan.arms[name] }
  end
  for _, name in ipairs(settings.names(used)) do
    plugins[#plugins + 1] = used[name]
  end
  return {
    name = x.name, paper = x.paper, doc = x.doc, headline = x.headline, params = plan.params,
    arms = runtime.list(arms), seeds = runtime.list(seeds), claims = runtime.list {}, pool = x.pool ~= nil,
    time_limit = x.time_limit, memory_limit = x.memory_limit,
    plugins = runtime.list(plugins),
  }
end

return { make = make }
