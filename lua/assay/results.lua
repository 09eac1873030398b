-- Questions to a results database from scripts: as.results.query("SELECT ... WHERE arm = ?1", "ce").
-- Nothing here writes.
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

--- A metric of one run as { step = { ... }, value = { ... } }, NaN where it was NaN.
---@param run integer
---@param name string
function results.curve(run, name)
  local curve = { step = {}, value = {} }
  local sql = "SELECT step, value FROM curve WHERE run_id = ?1 AND name = ?2 ORDER BY step"
  for i, row in ipairs(results.query(sql, run, name)) do
    curve.step[i], curve.value[i] = row.step, row.value or 0 / 0
  end
  return curve
end

return results
