-- What run:resume and run:checkpoint keep: named parts, the script's random streams and the step, in one
-- safetensors file. Parts are objects with :state() and :load(state) (models, optimizers, plugins, batches),
-- or plain tables of numbers and tensors ({ best = 0, bad_epochs = 0 }).
local core = require "assay.core"
local settings = require "assay.settings"

local function is_object(part)
  return type(part) == "userdata" or type(part) == "table" and getmetatable(part) ~= nil
end

--- What is wrong with the parts; nil if nothing.
local function check(parts)
  if type(parts) ~= "table" or next(parts) == nil then
    return "expected a table of what to keep, like { net = net, opt = opt, batches = batches }"
  end
  for name, part in pairs(parts) do
    if type(name) ~= "string" or not name:find "^[%w_]+$" then
      return ("%s is no name of a part: letters, digits and _ make one"):format(settings.describe(name))
    elseif is_object(part) then
      local ok, state, load = pcall(function() return part.state, part.load end)
      if not ok or type(state) ~= "function" or type(load) ~= "function" then
        return ("%s has no :state() and :load()"):format(name)
      end
    elseif type(part) ~= "table" then
      return ("%s is %s; numbers go into a table: { %s = { value = ... } }"):format(
        name, settings.describe(part), name)
    end
  end
end

local function add(flat, name, tensor)
  flat[#flat + 1], flat[name] = name, tensor
end

local function add_plain(flat, name, part)
  for key, value in pairs(part) do
    local at = name .. ":" .. tostring(key)
    if math.type(value) == "integer" then
      value = core.i64 { value }
    elseif type(value) == "number" then
      value = core.tensor({ value }, "f64")
    elseif not core.is_tensor(value) then
      core.fail(("run:checkpoint: %s.%s is %s, expected a number or a tensor"):format(
        name, tostring(key), settings.describe(value)))
    end
    add(flat, at, value)
  end
end

--- One state of everything.
local function pack(parts, step)
  local flat = {}
  add(flat, "run:step", core.i64 { step })
  for name, place in pairs(core.streams()) do
    add(flat, "stream:" .. name, core.i64(place))
  end
  for name, part in pairs(parts) do
    if is_object(part) then
      local state = part:state()
      for _, key in ipairs(state) do
        add(flat, name .. ":" .. key, state[key])
      end
    else
      add_plain(flat, name, part)
    end
  end
  return flat
end

-- The tensors below `prefix` as a state of their own.
local function part_of(flat, prefix)
  local state = {}
  for _, name in ipairs(flat) do
    if name:sub(1, #prefix) == prefix then
      add(state, name:sub(#prefix + 1), flat[name])
    end
  end
  return state
end

local function load_plain(part, state)
  for key, value in pairs(part) do
    local kept = state[tostring(key)]
    if not kept then
      core.fail(("run:resume: the checkpoint has no %s"):format(tostring(key)))
    elseif type(value) == "number" then
      part[key] = kept:tolist()[1]
    else
      part[key] = core.keep(kept)
    end
  end
end

--- Puts everything back; gives the step.
local function unpack_into(parts, flat)
  for name, part in pairs(parts) do
    local state = part_of(flat, name .. ":")
    if is_object(part) then
      part:load(state)
    else
      load_plain(part, state)
    end
  end
  for name, place in pairs(part_of(flat, "stream:")) do
    if type(name) == "string" then
      core.set_stream(name, table.unpack(place:tolist()))
    end
  end
  return flat["run:step"]:tolist()[1]
end

--- Lua's own generator cannot be read: it starts anew at each checkpoint, in a run that was never interrupted
--- as well.
local function restart_math(run, step)
  math.randomseed(run.seed or 0, step)
end

return { check = check, pack = pack, unpack_into = unpack_into, restart_math = restart_math }
