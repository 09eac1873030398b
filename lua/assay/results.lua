-- Questions to a results database from scripts: as.results.query("SELECT ... WHERE arm = ?1", "ce").
-- Nothing here changes a result.
local core = require "assay.core"
local settings = require "assay.settings"
local store = require "assay.store"

local results = {}

---@class assay.Results
---@field query fun(self, sql: string, ...): table[]  rows as { column = value }; NULL is nil
---@field close fun(self)

--- A database; without a path $ASSAY_DB, else results/assay.db.
---@param path string?
---@return assay.Results
function results.open(path)
  return store.open(path)
end

local function with_default(use)
  local db <close> = store.open(nil)
  return use(db)
end

--- Rows of one reading statement over the default database, values for its ?1, ?2, ...
---@param sql string
function results.query(sql, ...)
  local values <const> = table.pack(...)
  return with_default(function(db)
    return db:query(sql, table.unpack(values, 1, values.n))
  end)
end

--- The runs for which an SQL condition on the view `runs` holds, oldest first; all without one.
---@param where string?
function results.runs(where, ...)
  return results.query(("SELECT * FROM runs WHERE (%s\n) ORDER BY id"):format(where or "1"), ...)
end

-- Why a run has no value of a metric.
local function explain(db, run, name)
  if #db:query("SELECT 1 FROM run WHERE id = ?1", run) == 0 then
    core.fail(("results.curve: no run %s; as.results.runs() lists them"):format(run))
  end
  local names = {}
  local sql = "SELECT name FROM run_metric JOIN metric_name ON id = name_id WHERE run_id = ?1 ORDER BY 1"
  for i, row in ipairs(db:query(sql, run)) do
    names[i] = row.name
  end
  local near = core.suggest(name, names)
  if near == "" then
    near = #names > 0 and "; it logged " .. table.concat(names, ", ") or "; it logged nothing"
  end
  core.fail(('results.curve: run %d never logged "%s"%s'):format(run, name, near))
end

--- A metric of one run as { step = { ... }, value = { ... } }, NaN where it was NaN.
---@param run integer
---@param name string
function results.curve(run, name)
  if math.type(run) ~= "integer" then
    core.fail(("results.curve: run is %s, expected a run's number"):format(settings.describe(run)))
  elseif type(name) ~= "string" then
    core.fail(("results.curve: name is %s, expected a metric's"):format(settings.describe(name)))
  end
  return with_default(function(db)
    local sql = "SELECT step, value FROM curve WHERE run_id = ?1 AND name = ?2 ORDER BY step"
    local steps, values = db:columns(sql, run, name)
    if #steps == 0 then
      explain(db, run, name)
    end
    return { step = steps, value = values }
  end)
end

return results
