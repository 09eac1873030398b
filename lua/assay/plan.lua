-- The plan of an experiment: its declaration with overrides applied, every plugin's parameters resolved and
-- checked, and the points of a sweep.
local overrides = require "assay.overrides"
local runtime = require "assay.runtime"
local settings = require "assay.settings"
local sweep = require "assay.sweep"
local plan_claims = require "assay.claim.plan"

local refuse = overrides.refuse

-- A declared plugin as { plugin =, params = } with all parameters; its identity goes into `used`. `path` says
-- where it stands.
local function resolve_plugin(kind, spec, path, used)
  local given, source = {}, settings.source_of(spec)
  for name, v in pairs(spec) do
    if name ~= 1 and not (source and name == "source") then
      given[name] = v
    end
  end
  local params, identity = runtime.plugin(kind, spec[1], given)
  if not params then
    error(("%s: %s"):format(path, identity), 0)
  end
  local name = ("%s/%s"):format(identity.kind, identity.name)
  local wrong = runtime.check_plugin(name, params)
  if wrong then
    error(("%s: %s"):format(path, wrong), 0)
  end
  used[name] = identity
  params.source = source and resolve_plugin("datasets", source, path .. ".source", used)
  return { plugin = name, params = params }
end

-- A copy of declared values as the plan writes them: lists marked, plugins resolved. `place` is the
-- declaration's line.
local function resolve(values, path, used, place)
  local out = {}
  for key, value in pairs(values) do
    local kind = settings.kind_of(key, value)
    if kind then
      out[key] = resolve_plugin(kind, value, ("%s: %s.%s"):format(place, path, key), used)
    elseif type(value) == "table" and #value > 0 then
      out[key] = runtime.list(settings.seed_list(value))
    elseif type(value) == "table" then
      out[key] = resolve(value, path .. "." .. key, used, place)
    else
      out[key] = value
    end
  end
  return out
end

-- The arms of a list of names, or all if it is empty.
local function chosen_arms(what, wanted, arms)
  local chosen, known = {}, settings.names(arms)
  for _, name in ipairs(wanted) do
    if not arms[name] then
      error({ refused = ("%s: no arm %s"):format(what, settings.quoted(name, known)) }, 0)
    end
    chosen[name] = arms[name]
  end
  return #wanted > 0 and chosen or arms
end

-- Overrides from the top: params, arms and seeds.
local function apply(plan, node)
  for _, item in ipairs(node.items) do
    if item.name == "seeds" then
      plan.seeds = overrides.seeds(item)
    elseif item.name == "params" then
      overrides.values(plan.params, item, "params")
    elseif item.name == "arms" then
      overrides.arms(plan, item)
    elseif plan.params[item.name] ~= nil then
      refuse(item, "no setting \"%s\"; did you mean \"params.%s\"?", item.name, item.name)
    else
      refuse(item, "no setting %s", settings.quoted(item.name, { "arms", "params", "seeds" }))
    end
  end
end

-- What to sweep or tune over: from the command's YAML file, else from the script.
local function definition(x, options)
  local declared = x[options.mode]
  if options.sweep then
    return options.sweep
  elseif not declared then
    error({ refused = ("%s declares no %s: add %s = { over = { ... } }, or name a YAML file with it"):format(
      options.script, options.mode, options.mode) }, 0)
  end
  return sweep.declared_node(declared, ("%s: %s"):format(options.script, options.mode))
end

-- Params, arms and seeds as declared, resolved; the plugins' identities go into `used`.
local function settled(x, used)
  local plan = { params = resolve(x.params, "params", used, x.place), arms = {}, seeds = x.seeds }
  for name, fields in pairs(x.arms) do
    plan.arms[name] = resolve(fields, "arms." .. name, used, x.place)
  end
  return plan
end

-- The experiment at the size of a quick look: its `smoke` settings, and its first seed if these say nothing.
-- Of the arms a list of names chooses some, a map changes them.
local function smoke(x, script)
  local plan, given, what = settled(x, {}), {}, ("%s: smoke"):format(script)
  plan.seeds = { x.seeds[1] }
  for name, value in pairs(x.smoke or {}) do
    if name == "arms" and type(value) == "table" and #value > 0 then
      plan.arms = chosen_arms(what .. ": arms", value, plan.arms)
    else
      given[name] = value
    end
  end
  apply(plan, sweep.declared_node(given, what))
  return plan
end

-- Why the runs are not those the claims are about; nil if they are.
local function trial_of(options, seeds, declared)
  local words = { options.smoke and "--smoke" or nil }
  for _, item in ipairs(options.overrides.items) do
    words[#words + 1] = "own " .. item.name
  end
  if table.concat(seeds, " ") ~= table.concat(declared, " ") and not options.smoke then
    words[#words + 1] = "seeds " .. table.concat(seeds, ", ")
  end
  words[#words + 1] = #options.arms > 0 and "arms " .. table.concat(options.arms, ", ") or nil
  return #words > 0 and table.concat(words, "; ") or nil
end

--- The plan of `x` as a table ready for JSON. Raises { refused = text } for wrong overrides.
---@param x assay.Experiment
---@param options { overrides: table, seeds: integer[]?, count: integer?, arms: string[], mode: string,
---  sweep: table?, marked: boolean?, script: string, smoke: boolean? }
local function make(x, options)
  local used = {}
  local plan, small = settled(x, used), smoke(x, options.script) -- wrong settings are found in any case
  plan = options.smoke and small or plan
  apply(plan, options.overrides)
  local seeds = options.seeds
  if #seeds == 0 then
    seeds = options.count and settings.seed_list(options.count)
  end
  local chosen, swept, cells = chosen_arms("--arm", options.arms, plan.arms), nil, nil
  local whole = not options.mode or options.mode == "run"
  if not whole then
    swept, cells, seeds = sweep.expand(plan, definition(x, options), {
      tuning = options.mode == "tune", marked = options.marked, seeds = seeds, headline = x.headline,
      arms = chosen })
  end
  seeds = seeds or plan.seeds
  local wrong = settings.bad_seeds(seeds)
  if wrong then
    error({ refused = "--seed: " .. wrong }, 0)
  end
  local arms, plugins = {}, {}
  for _, name in ipairs(settings.names(chosen)) do
    arms[#arms + 1] = { name = name, config = plan.arms[name] }
  end
  for _, name in ipairs(settings.names(used)) do
    plugins[#plugins + 1] = used[name]
  end
  return {
    name = x.name, paper = x.paper, doc = x.doc, headline = x.headline, params = plan.params,
    arms = runtime.list(arms), seeds = runtime.list(seeds),
    claims = whole and plan_claims(x) or runtime.list {}, trial = trial_of(options, seeds, x.seeds),
    pool = x.pool ~= nil and options.mode ~= "tune",
    time_limit = x.time_limit, memory_limit = x.memory_limit,
    plugins = runtime.list(plugins), sweep = swept, cells = cells,
  }
end

return { make = make }
