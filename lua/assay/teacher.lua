-- Models that several runs use and one of them trains: local teacher = require "assay.teacher". They are kept
-- outside of the runs, in $XDG_CACHE_HOME/assay/teachers (else ~/.cache/assay/teachers), under a hash of all
-- that they were made from; the folder may be deleted at any time.
local core = require "assay.core"
local options = require "assay.options"
local runtime = require "assay.runtime"

local library <const> = debug.getinfo(1, "S").source:match "^(@.*/)"

-- Modules of assay by their tables: code that captures them is not described by what is in them.
local function modules()
  local names = {}
  for name, value in pairs(package.loaded) do
    if type(value) == "table" and (name:find "^assay" or value == _G or _G[name] == value) then
      names[value] = name
    end
  end
  return names
end

-- Appends a text that tells a value from every other: numbers by their digits, functions by their code and
-- what they capture, tables by what is in them.
local function describe(out, value, place, seen)
  local kind = math.type(value) or type(value)
  if kind ~= "function" and kind ~= "table" and kind ~= "userdata" then
    out[#out + 1] = kind == "float" and ("%a"):format(value) or kind == "string" and ("%q"):format(value)
      or tostring(value)
    return
  elseif core.is_tensor(value) then
    out[#out + 1] = ("tensor %s %s %s"):format(value.dtype, table.concat(value:shape(), "x"),
      core.sha256(value:contiguous():bytes()))
    return
  elseif seen[value] then
    out[#out + 1] = seen[value]
    return
  end
  seen[value] = "place " .. #out
  local meta = kind == "table" and getmetatable(value)
  if kind == "function" then
    local about = debug.getinfo(value, "S")
    if about.what == "C" or about.source:sub(1, #library) == library then
      out[#out + 1] = "host"
      return
    end
    out[#out + 1] = ("%q"):format(string.dump(value, true))
    for i = 1, math.huge do
      local name, captured = debug.getupvalue(value, i)
      if not name then
        return
      elseif captured ~= _G then
        describe(out, captured, place .. " uses " .. name .. ", which", seen)
      end
    end
  elseif kind == "table" and (not meta or meta.__pairs) then
    for key, item in pairs(value) do
      out[#out + 1] = ("[%q] ="):format(key)
      describe(out, item, place, seen)
    end
    out[#out + 1] = "end"
  else
    core.fail(("teacher: %s is an object (%s); make it in `train`: the model depends on its parameters alone")
      :format(place, core.is_tensor(value) and "tensor" or tostring(meta and meta.__name or kind)))
  end
end

local function key_of(o)
  local out, seen = { o.name, ("seed %d"):format(o.seed) }, modules()
  describe(out, o.params or {}, "params", seen)
  describe(out, o.build, "build", seen)
  describe(out, o.train, "train", seen)
  for _, name in ipairs(o.plugins or {}) do
    local kind, own = name:match "^(%w+)/([%w_]+)$"
    local _, identity = runtime.plugin(kind or "losses", own or name, {})
    if type(identity) ~= "table" then
      core.fail("teacher: plugins: " .. identity)
    end
    out[#out + 1] = name .. " " .. identity.source_hash
  end
  return core.sha256(table.concat(out, "\n"))
end

local function folder()
  local cache, home = os.getenv "XDG_CACHE_HOME", os.getenv "HOME"
  if cache and cache:find "^/" then
    return cache .. "/assay/teachers"
  elseif not home or home == "" then
    core.fail "teacher: no place to keep models: set XDG_CACHE_HOME or HOME"
  end
  return home .. "/.cache/assay/teachers"
end

local function bytes_of(path)
  local file = io.open(path, "rb")
  local bytes = file and file:read "a"
  return file and file:close() and bytes
end

-- Written beside its place first: who dies on the way leaves no half of a file.
local function train(o, path)
  local net = o.train(o.build(o.params), o.params)
  local ok, state = pcall(function() return net:state() end)
  if not ok then
    core.fail(('teacher "%s": train gave a %s, expected a model'):format(o.name, type(net)))
  end
  core.save(path .. ".new", state)
  assert(os.rename(path .. ".new", path))
end

--- A trained model, frozen and in eval mode: teacher { run, name = "edm-fashion", params = p.teacher, build =
--- function(params) return net end, train = function(net, params) ... return net end }. The first who asks
--- trains it, others wait and read it; whoever does, it has the same bits, and draws of the run stay where
--- they were. What build and train capture counts as part of them and must be plain values, functions and
--- tensors.
---@param o table  [1] the run, which gets a note with the model's hash (may be left out), name, build, train,
---  params = {}, seed = 1, plugins (a list of those train uses, "losses/dsm": their sources count, too)
---@return assay.Module net
---@return string sha256  of the file
local function teacher(o)
  options.check("teacher", o, { "name", "build", "train", "params", "seed", "plugins" })
  if type(o.name) ~= "string" or not o.name:find "^[%w_%-]+$" then
    core.fail(("teacher: name is %s, expected letters, digits, _ and -"):format(tostring(o.name)))
  end
  for _, part in ipairs { "build", "train" } do
    if type(o[part]) ~= "function" then
      core.fail(("teacher: %s is a %s, expected a function"):format(part, type(o[part])))
    end
  end
  o = {
    o[1], name = o.name, build = o.build, train = o.train, plugins = o.plugins, params = o.params or {},
    seed = options.count("teacher", o.seed, "seed", 0, 1),
  }
  local key, where = key_of(o), folder()
  local path = ("%s/%s-%s.safetensors"):format(where, o.name, key:sub(1, 16))
  local seed <const> = tonumber(key:sub(1, 15), 16)
  if not bytes_of(path) then
    local held <close> = core.lock(where, "." .. o.name .. ".lock") -- luacheck: ignore held
    if not bytes_of(path) then -- nobody made it meanwhile
      core.isolated(seed, train, o, path)
    end
  end
  local sha256 = core.sha256(bytes_of(path))
  if o[1] then
    o[1]:note(("teacher %s: sha256 %s"):format(o.name, sha256))
  end
  return core.isolated(seed, o.build, o.params):load(core.load(path)):freeze():eval(), sha256
end

return teacher
