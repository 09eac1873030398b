-- as.experiment { ... }: what a script declares. The planner reads it, applies overrides (assay.plan) and
-- says which runs there are; a worker reads it again and makes one of them.
local runtime = require "assay.runtime"
local settings = require "assay.settings"

---@class assay.SweepDefinition
---@field over table        by name, "params.lr": a list, { from =, to =, log =, n = }; { "arms.a.loss.lam" }:
---                         a name alone takes its plugin's range
---@field method string?    "grid" or "random"
---@field count integer?    of random points
---@field seed integer?     of the draw
---@field seeds integer|integer[]|nil  instead of the experiment's

---@class assay.TuneDefinition: assay.SweepDefinition
---@field metric string     what is chosen by: "val/accuracy"
---@field split string?     the data it is measured on; else the metric's first part
---@field rule string?      "highest" or "lowest" mean over the seeds

---@class assay.Experiment
---@field name string
---@field paper string?    "arXiv:2112.14869"
---@field doc string?      one line
---@field params table     numbers, booleans, strings, lists and tables of these, plugins
---@field arms table<string, table>  what differs between the arms, by name
---@field seeds integer[]  a count in the declaration: 3 is { 1, 2, 3 }
---@field claims table<string, assay.Claim>  what it is expected to show, by name
---@field smoke table?     params, arms and seeds of --smoke; arms may be a list of those to make
---@field headline string? the metric that stands for a run in tables
---@field time_limit number?    seconds a run may take
---@field memory_limit number?  bytes a run may hold
---@field allow_nan boolean  runs go on after logging NaN or an infinity
---@field sweep assay.SweepDefinition?  what assay sweep does without a YAML file
---@field tune assay.TuneDefinition?     what assay tune does without a YAML file
---@field run fun(run: assay.Run, p: table)
---@field place string  where it is declared, for messages
---@field pool? fun(run: assay.Run, p: table, members: assay.Member[])  once an arm, after its runs
local Experiment = {}
Experiment.__index = Experiment
Experiment.__name = "experiment"

local field_types = {
  name = "string", paper = "string", doc = "string", params = "table", arms = "table", claims = "table",
  headline = "string", allow_nan = "boolean", time_limit = "number", memory_limit = "number",
  run = "function", pool = "function", seeds = true, sweep = "table", tune = "table",
  smoke = "table",
}
local field_names = settings.names(field_types)

local function check_fields(declared)
  if type(declared) ~= "table" then
    return "as.experiment expects a table, found " .. type(declared)
  end
  for name, value in pairs(declared) do
    local wanted = field_types[name]
    if not wanted then
      return "as.experiment: no field " .. settings.quoted(name, field_names)
    elseif wanted ~= true and type(value) ~= wanted then
      return ("as.experiment: %s: expected a %s, found %s"):format(name, wanted, settings.describe(value))
    end
  end
  for _, name in ipairs { "name", "arms", "run" } do
    if declared[name] == nil then
      return ("as.experiment: %s is missing"):format(name)
    end
  end
  for _, name in ipairs { "time_limit", "memory_limit" } do
    local limit = declared[name]
    if limit and not (limit > 0 and limit < math.huge) then
      return ("as.experiment: %s = %s, expected a positive number"):format(name, limit)
    end
  end
  if declared.name == "" then
    return "as.experiment: name is empty"
  end
end

local function check_claims(claims)
  for name, claim in pairs(claims) do
    if type(name) ~= "string" or not name:find "^[%w_%-]+$" then
      local found = type(name) == "string" and ("%q"):format(name) or settings.describe(name)
      return ("as.experiment: claims: %s is no name; write better = as.claim.beats { ... }"):format(found)
    elseif not require("assay.claim.declared").is(claim) then
      return ("as.experiment: claims.%s: expected as.claim { ... } or a form of it, found %s"):format(name,
        settings.describe(claim))
    end
  end
end

local function check_seeds(seeds)
  if math.type(seeds) == "integer" and seeds >= 1 then
    return nil
  elseif type(seeds) ~= "table" or #seeds == 0 or settings.count(seeds) ~= #seeds then
    return "as.experiment: seeds: expected a count (3 stands for 1, 2, 3) or a list of integers, found "
      .. settings.describe(seeds)
  end
  return settings.bad_seeds(seeds) and "as.experiment: seeds: " .. settings.bad_seeds(seeds)
end

local function check_arms(arms)
  if next(arms) == nil then
    return "as.experiment: arms is empty; give one at least, like arms = { plain = {} }"
  end
  for name, fields in pairs(arms) do
    if type(name) ~= "string" or not name:find "^[%w_%-]+$" then
      return ("as.experiment: arms: %s is no name of an arm: letters, digits, _ and - make one"):format(
        type(name) == "string" and ("%q"):format(name) or settings.describe(name))
    elseif type(fields) ~= "table" then
      return ("as.experiment: arms.%s: expected a table, found %s"):format(name, settings.describe(fields))
    end
    local wrong = settings.check(fields, "arms." .. name)
    if wrong then
      return wrong
    end
  end
end

--- Declares an experiment; the script returns the result.
---@param declared table
---@return assay.Experiment
local function declare(declared)
  local wrong = check_fields(declared)
    or check_seeds(declared.seeds == nil and 1 or declared.seeds)
    or check_arms(declared.arms)
    or declared.params and settings.check(declared.params, "params")
    or check_claims(declared.claims or {})
  if wrong then
    error(wrong:find("as.experiment", 1, true) and wrong or "as.experiment: " .. wrong, 3)
  end
  local x = {}
  for name, value in pairs(declared) do
    x[name] = value
  end
  local here = debug.getinfo(3, "Sl")
  x.place = here and ("%s:%d"):format(here.short_src, here.currentline) or "?"
  x.params, x.claims = x.params or {}, x.claims or {}
  x.seeds = settings.seed_list(x.seeds or 1)
  x.allow_nan = x.allow_nan or false
  return setmetatable(x, Experiment)
end

--- Whether a script returned what declare makes.
local function is_experiment(value)
  return getmetatable(value) == Experiment
end

--- What `run` and `pool` get as p: the parameters and the arm's fields, typed as declared.
---@param x assay.Experiment
---@param job { arm: string, params: table, config: table }
local function view(x, job)
  local values, declared = settings.restore(x.params, job.params), {}
  for _, from in ipairs { x.params, x.arms[job.arm] or {} } do -- an arm may have its own value of a parameter
    for name, value in pairs(from) do
      declared[name] = value
    end
  end
  for name, value in pairs(settings.restore(declared, job.config)) do
    values[name] = value
  end
  return settings.view(values, "p")
end

--- Makes the run described by `job` with the run object `run`.
---@param x assay.Experiment
---@param run assay.Run
---@param job table
local function execute(x, run, job)
  if not x.arms[job.arm] then
    error(("no arm %s"):format(settings.quoted(job.arm, settings.names(x.arms))), 0)
  end
  runtime.allow_nan(run, x.allow_nan)
  local p = view(x, job)
  if job.stage ~= "pool" then
    x.run(run, p)
  elseif not x.pool then
    error("the experiment has no function pool", 0)
  else
    x.pool(run, p, run:members())
  end
end

-- `return as.experiment { ... }` is a tail call, which takes the script's line off the stack unless C stands
-- in between.
declare = runtime.through_c(declare)

return { declare = declare, is = is_experiment, view = view, execute = execute }
