-- The points of a sweep or a tuning: its definition, from the script or from YAML, made into what each arm
-- runs with. Every arm has points of its own, over what concerns it: a parameter of one arm multiplies nobody
-- else's runs.
local axes = require "assay.sweep_axis"
local overrides = require "assay.overrides"
local runtime = require "assay.runtime"
local settings = require "assay.settings"

local refuse, mismatch = overrides.refuse, overrides.mismatch

local MOST_POINTS = 10000
local common = { "count", "method", "over", "seed", "seeds" }
local of_tuning = { "metric", "rule", "split" }

---------------------------------------------------------------------- what is written

local kinds = { boolean = "bool", string = "string" }

-- A Lua value as a node, as if it were read from YAML.
local function node_of(value, source, name)
  local node = { source = source, name = name, kind = kinds[type(value)] or math.type(value) or "null" }
  if node.kind == "float" then
    node.kind = "real"
  end
  if type(value) ~= "table" then
    node.value = value
    return node
  end
  node.items, node.kind = {}, #value > 0 and "list" or next(value) == nil and "list" or "map"
  for _, key in ipairs(node.kind == "list" and {} or settings.names(value)) do
    node.items[#node.items + 1] = node_of(value[key], source, key)
  end
  for i = 1, node.kind == "list" and #value or 0 do
    node.items[i] = node_of(value[i], source)
  end
  return node
end

--- A script's own `sweep` or `tune` as a node. In `over`, names without a range stand by themselves.
---@param declared table
---@param source string
local function declared_node(declared, source)
  local over = declared.over
  local node = node_of(declared, source)
  for i, item in ipairs(node.items) do
    if item.name == "over" and type(over) == "table" then
      local map = { kind = "map", source = source, name = "over", items = {} }
      for _, name in ipairs(settings.names(over)) do
        map.items[#map.items + 1] = node_of(over[name], source, name)
      end
      for _, name in ipairs(over) do
        map.items[#map.items + 1] = { kind = "null", source = source, name = tostring(name) }
      end
      node.items[i] = map
    end
  end
  return node
end

local function check_method(item, given)
  if item.value ~= "grid" and item.value ~= "random" then
    mismatch(item, "method", "grid or random")
  elseif item.value == "random" and not given.count then
    refuse(item, "a random sweep needs count, how many points")
  end
end

local function check_rule(item)
  if item.value ~= "highest" and item.value ~= "lowest" then
    mismatch(item, "rule", "highest or lowest (mean over the seeds)")
  end
end

local function check_integer(least)
  return function(item)
    if item.kind ~= "integer" or item.value < least or item.value > 2 ^ 53 then
      mismatch(item, item.name, "an integer from " .. least .. " on")
    end
  end
end

local function check_text(item)
  if item.kind ~= "string" or item.value == "" then
    mismatch(item, item.name, "a name")
  end
end

local checks = {
  method = check_method, rule = check_rule, count = check_integer(1), seed = check_integer(0),
  metric = check_text, split = check_text,
}

-- The fields of a definition by name.
local function fields(node, tuning)
  if node.kind ~= "map" then
    mismatch(node, tuning and "tune" or "sweep", "a map with over, method, ...")
  end
  local given, known = {}, table.move(common, 1, #common, 1, {})
  table.move(of_tuning, 1, tuning and #of_tuning or 0, #known + 1, known)
  for _, item in ipairs(node.items) do
    given[item.name] = item
    if not tuning and settings.has(of_tuning, item.name) then
      refuse(item, "%s is a tuning's; a sweep chooses nothing: assay tune", item.name)
    elseif not settings.has(known, item.name) then
      refuse(item, "no field %s", settings.quoted(item.name, known))
    end
  end
  for _, name in ipairs(settings.names(given)) do
    if checks[name] then
      checks[name](given[name], given)
    end
  end
  if given.count and not (given.method and given.method.value == "random") then
    refuse(given.count, "count is of method: random; a grid has the points its lists give")
  elseif given.count and given.count.value > MOST_POINTS then
    refuse(given.count, "count is %d, more than %d points", given.count.value, MOST_POINTS)
  elseif not given.over or given.over.kind ~= "map" or #given.over.items == 0 then
    refuse(given.over or node, "over: name one parameter at least, like params.lr: [0.1, 0.01]")
  end
  return given
end

---------------------------------------------------------------------- points

-- A point of an arm before its values.
local function cell_of(plan, name, number)
  local config = overrides.copy(plan.arms[name] or {})
  return { number = number, values = {}, params = overrides.copy(plan.params),
    arm = { name = name, config = config } }
end

-- One value into the parameters of a cell, or into its arm's own where it has one or the axis names the arm.
local function assign(cell, axis, value, source)
  local leaf = node_of(value, source or axis.node.source, axis.names[#axis.names])
  for i = #axis.names - 1, 1, -1 do
    leaf = { kind = "map", source = leaf.source, name = axis.names[i], items = { leaf } }
  end
  local map = { kind = "map", source = leaf.source, items = { leaf } }
  if axis.arm or cell.arm.config[axis.names[1]] ~= nil then
    overrides.values(cell.arm.config, map, "arms." .. cell.arm.name, cell.params)
    cell.values[axis.arm and axis.column or "arm." .. axis.column] = value
  else
    overrides.values(cell.params, map, "params")
    cell.values[axis.column] = value
  end
end

-- All combinations, the last axis fastest, as lists of values by axis.
local function combinations(mine, node)
  local points, lists = { {} }, {}
  for i, axis in ipairs(mine) do
    lists[i] = axes.grid(axis)
    if #points * #lists[i] > MOST_POINTS then
      refuse(node, "the grid has more than %d points", MOST_POINTS)
    end
    local longer = {}
    for _, point in ipairs(points) do
      for _, value in ipairs(lists[i]) do
        longer[#longer + 1] = table.move(point, 1, #point, 1, {})
        longer[#longer][i] = value
      end
    end
    points = longer
  end
  return points
end

local function draws(mine, count, seed)
  local points = {}
  for number = 1, #mine > 0 and count or 1 do
    points[number] = {}
    for i, axis in ipairs(mine) do
      points[number][i] = axes.draw(axis, seed, number)
    end
  end
  return points
end

-- The cells of one arm; a combination that stands twice is one.
local function cells_of(plan, name, all, given)
  local mine = {}
  for _, axis in ipairs(all) do
    if not axis.arm or axis.arm == name then
      mine[#mine + 1] = axis
    end
  end
  local random = given.method and given.method.value == "random"
  local points = random and draws(mine, given.count.value, given.seed and given.seed.value or 1)
    or combinations(mine, given.over)
  local cells, seen = {}, {}
  for _, point in ipairs(points) do
    local key = {}
    for i, value in ipairs(point) do
      key[i] = tostring(value)
    end
    key = table.concat(key, "\0")
    if not seen[key] then
      seen[key] = true
      local cell = cell_of(plan, name, #cells + 1)
      for i, axis in ipairs(mine) do
        assign(cell, axis, point[i])
      end
      cells[#cells + 1] = cell
    end
  end
  return cells
end

-- What is kept of the definition: with it the same points come again.
local function described(axis)
  return {
    name = axis.name, column = axis.column, values = axis.values and runtime.list(axis.values),
    from = axis.low, to = axis.high, log = axis.log or nil, n = axis.n,
  }
end

local function read_axes(plan, given)
  local all, by_column = {}, {}
  for i, item in ipairs(given.over.items) do
    local axis = axes.read(plan, item, given.method ~= nil and given.method.value == "random")
    local own = axis.arm and axis.column:match "^arm%.(.*)$"
    local twice = by_column[axis.column .. "\0" .. (axis.arm or "")] or own and by_column[own .. "\0"]
    if twice then
      refuse(item, "%s: %s gives the same parameter its values", axis.name, twice)
    end
    all[i], by_column[axis.column .. "\0" .. (axis.arm or "")] = axis, axis.name
    for _, written in ipairs(axis.written) do -- a wrong one is told with its own line
      assign(cell_of(plan, axis.arm, 0), axis, written.value, written.source)
    end
  end
  return all
end

---------------------------------------------------------------------- tuning

-- Checks what a tuning adds, and says why verdicts that rest on it need a mark; nil for no reason.
local function read_tuning(given, node, judging, seeds, headline)
  if not given.metric then
    refuse(node, "a tuning needs metric, what to choose by, like val/accuracy")
  elseif not given.seeds then
    refuse(node, "a tuning needs seeds of its own, apart from those that judge (%s)",
      table.concat(judging, ", "))
  end
  local metric = given.metric.value
  local split = given.split and given.split.value or metric:match "^(.-)/"
  if not split then
    refuse(given.metric, "metric = %q: which data is that? Give split: validation", metric)
  end
  local marked
  for _, seed in ipairs(seeds) do
    if settings.has(judging, seed) then
      marked = ("tuned on seed %d, which judges too"):format(seed)
    end
  end
  if split:find "^test" or metric == headline then
    marked = "tuned on " .. (split:find "^test" and "the test split" or "the headline metric " .. metric)
  end
  return metric, split, marked
end

--- Adds to the plan what a sweep has beside it: `sweep`, `cells`, and its seeds.
---@param plan table     resolved: params, arms, seeds
---@param node table     the definition
---@param options { tuning: boolean, marked: boolean, seeds: integer[]?, headline: string?, arms: table }
local function expand(plan, node, options)
  local given = fields(node, options.tuning)
  local judging = plan.seeds
  local seeds = options.seeds or given.seeds and overrides.seeds(given.seeds) or judging
  local all = read_axes(plan, given)
  local sweep = {
    purpose = options.tuning and "tune" or "sweep", method = given.method and given.method.value or "grid",
    axes = runtime.list {},
  }
  if sweep.method == "random" then
    sweep.seed, sweep.count = given.seed and given.seed.value or 1, given.count.value
  end
  for i, axis in ipairs(all) do
    sweep.axes[i] = described(axis)
  end
  if options.tuning then
    sweep.rule = given.rule and given.rule.value or "highest"
    sweep.metric, sweep.split, sweep.marked = read_tuning(given, node, judging, seeds, options.headline)
    if sweep.marked and not options.marked then
      refuse(given.seeds, "%s; change that, or --marked tunes so and marks every verdict that rests on it",
        sweep.marked)
    end
  end
  local cells = runtime.list {}
  for _, name in ipairs(settings.names(options.arms)) do
    for _, cell in ipairs(cells_of(plan, name, all, given)) do
      cells[#cells + 1] = cell
    end
  end
  return sweep, cells, seeds
end

return { declared_node = declared_node, expand = expand }
