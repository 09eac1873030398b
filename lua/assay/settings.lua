-- The values an experiment may declare as parameters and in its arms: numbers, booleans, strings, lists of
-- one type of these, tables of named ones, and plugins: a table whose first item is a plugin's name, under a
-- key that says its kind (loss, teacher_loss, sampler, ...); a data set's `source` is one again. They travel
-- as JSON between planner, supervisor and worker.
local runtime = require "assay.runtime"

-- What a key says about the plugin under it.
local kinds = {
  loss = "losses", head = "heads", sampler = "samplers", hook = "hooks", distiller = "distillers",
  soup = "soups", score = "scores", adapter = "adapters", dataset = "datasets",
}

---------------------------------------------------------------------- words

-- The keys of a table that are strings, sorted.
local function names(t)
  local list = {}
  for name in pairs(t) do
    if type(name) == "string" then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

local function has(list, value)
  for _, v in ipairs(list) do
    if v == value then
      return true
    end
  end
  return false
end

local function count(t)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
  end
  return n
end

-- '"epsilom"; did you mean "epsilon"?', or the words there are when none is near.
local function quoted(word, known)
  word = tostring(word)
  local near = runtime.suggest(word, known)
  if near then
    return ('"%s"; did you mean "%s"?'):format(word, near)
  elseif #known == 0 then
    return ('"%s"; there are none'):format(word)
  end
  return ('"%s"; there are: %s'):format(word, table.concat(known, ", "))
end

-- "an integer", "a list", ...
local function describe(value)
  local kind = type(value)
  if kind == "number" then
    return math.type(value) == "integer" and "an integer" or "a real number"
  elseif kind == "table" then
    if getmetatable(value) then
      return "an object"
    end
    return #value > 0 and "a list" or "a table"
  elseif kind == "nil" then
    return "nothing"
  end
  return kind == "boolean" and "true or false" or "a " .. kind
end

---------------------------------------------------------------------- what may be declared

-- "losses" for a plugin declared under this key, nil for anything else.
local function kind_of(key, value)
  if type(value) == "table" and type(value[1]) == "string" and type(key) == "string" then
    return kinds[key] or kinds[key:match "_(%l+)$"]
  end
end

local check

local function check_scalar(value, path)
  local kind = type(value)
  if kind == "number" and (value ~= value or value == math.huge or value == -math.huge) then
    return ("%s is %s; a parameter must be finite"):format(path, value ~= value and "NaN" or "infinite")
  elseif kind == "number" and math.type(value) == "integer" and math.abs(value) > 2 ^ 53 then
    return ("%s = %d is beyond 2^53, which a parameter cannot keep exactly"):format(path, value)
  elseif kind ~= "number" and kind ~= "boolean" and kind ~= "string" then
    return ("%s is %s; a parameter is a number, true or false, a text, a plugin, or a list or table of these")
      :format(path, describe(value))
  end
end

local function check_list(list, path)
  for i, value in ipairs(list) do
    local at = ("%s[%d]"):format(path, i)
    local wrong = check_scalar(value, at)
    if wrong then
      return wrong
    elseif type(value) ~= type(list[1]) then
      return ("%s is %s, but the list begins with %s"):format(at, describe(value), describe(list[1]))
    end
  end
  if count(list) ~= #list then
    return ("%s has a list's items and names; a plugin stands under a key that names its kind: %s"):format(
      path, table.concat(names(kinds), ", "))
  end
end

-- A list of a plugin: numbers, or lists of them for a tensor.
local function check_numbers(list, path)
  for i, value in ipairs(list) do
    local at = ("%s[%d]"):format(path, i)
    local wrong
    if type(value) == "table" and not getmetatable(value) then
      wrong = check_numbers(value, at)
    else
      wrong = type(value) ~= "number" and ("%s is %s, expected a number"):format(at, describe(value))
        or check_scalar(value, at)
    end
    if wrong then
      return wrong
    end
  end
  return count(list) ~= #list and ("%s has a list's items and names"):format(path) or nil
end

-- The data set another one is made of, as declared: { "corrupt", source = { "digits" } }.
local function source_of(spec)
  local source = spec.source
  return type(source) == "table" and type(source[1]) == "string" and source or nil
end

local function check_plugin(spec, path)
  for name, value in pairs(spec) do
    local wrong
    if type(name) ~= "string" then
      wrong = name ~= 1 and ("%s has two plugins"):format(path)
    elseif name == "source" and source_of(spec) then
      wrong = check_plugin(value, path .. ".source")
    elseif type(value) == "table" and #value > 0 and not getmetatable(value) then
      wrong = check_numbers(value, path .. "." .. name)
    else
      wrong = check_scalar(value, path .. "." .. name)
    end
    if wrong then
      return wrong
    end
  end
end

local function check_value(key, value, path)
  if type(value) ~= "table" then
    return check_scalar(value, path)
  elseif getmetatable(value) then
    return check_scalar(value, path)
  elseif kind_of(key, value) then
    return check_plugin(value, path)
  elseif #value > 0 then
    return check_list(value, path)
  end
  return check(value, path)
end

-- Says what is wrong in a table of declared values, nil if nothing is.
function check(values, path)
  for key, value in pairs(values) do
    if type(key) ~= "string" or key == "" or key:find "%." then
      return ("%s: %s is no name of a parameter: a string without dots is one"):format(
        path, type(key) == "string" and ("%q"):format(key) or describe(key))
    end
    local wrong = check_value(key, value, path .. "." .. key)
    if wrong then
      return wrong
    end
  end
end

---------------------------------------------------------------------- seeds

local function bad_seeds(seeds)
  local seen = {}
  for _, seed in ipairs(seeds) do
    if math.type(seed) ~= "integer" or seed < 0 or seed > 2 ^ 53 then
      return ("expected integers from 0 to 2^53, found %s"):format(tostring(seed))
    elseif seen[seed] then
      return ("%d stands there twice"):format(seed)
    end
    seen[seed] = true
  end
end

-- { 1, 2, 3 } of 3; a copy of a list.
local function seed_list(seeds)
  local list = {}
  for i = 1, type(seeds) == "table" and #seeds or seeds do
    list[i] = type(seeds) == "table" and seeds[i] or i
  end
  return list
end

---------------------------------------------------------------------- back from JSON

local restore

-- What a script gives to as.loss and its like, from a resolved plugin.
local function plugin_spec(value)
  local spec = { (value.plugin:match "/(.*)$") }
  for name, v in pairs(value.params) do
    if type(v) == "table" and v.plugin then
      spec[name] = plugin_spec(v)
    else
      spec[name] = type(v) == "table" and table.move(v, 1, #v, 1, {}) or v
    end
  end
  return spec
end

-- A JSON value with the type of the declared one: 1 is 1.0 where a real was declared.
local function typed(key, declared, value)
  if type(value) == "table" then
    if kind_of(key, declared) then
      return plugin_spec(value)
    elseif type(declared) == "table" and #declared == 0 and #value == 0 then
      return restore(declared, value)
    end
    local list = {}
    for i, v in ipairs(value) do
      list[i] = typed(nil, type(declared) == "table" and declared[1] or nil, v)
    end
    return list
  elseif math.type(declared) == "float" and type(value) == "number" then
    return value + 0.0
  end
  return value
end

-- All values of a job's params or config, typed like the declared ones.
function restore(declared, values)
  local out = {}
  for key, value in pairs(values) do
    out[key] = typed(key, declared[key], value)
  end
  return out
end

-- A table of values that can be read but not changed, where a name that is not there is an error. Lists and
-- plugins in it are plain tables.
local function view(values, path)
  for key, value in pairs(values) do
    if type(value) == "table" and #value == 0 then
      values[key] = view(value, path .. "." .. key)
    end
  end
  return setmetatable({}, {
    __index = function(_, key)
      local value = values[key]
      if value == nil then
        error(("%s has no %s"):format(path, quoted(key, names(values))), 2)
      end
      return value
    end,
    __newindex = function(_, key)
      error(("%s.%s: the parameters of a run cannot be changed"):format(path, tostring(key)), 2)
    end,
    __pairs = function()
      return pairs(values)
    end,
  })
end

return {
  kinds = kinds, names = names, has = has, count = count, quoted = quoted, describe = describe,
  kind_of = kind_of, source_of = source_of, check = check, bad_seeds = bad_seeds, seed_list = seed_list,
  restore = restore, view = view,
}
