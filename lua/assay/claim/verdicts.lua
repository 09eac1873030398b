-- The verdicts on an experiment's claims from the runs in a database.
local experiment = require "assay.experiment"
local judge = require "assay.claim.judge"
local runtime = require "assay.runtime"
local settings = require "assay.settings"
local store = require "assay.store"

local nan <const> = 0 / 0

-- The steps and values of several attempts, one attempt after the other: the latest value of each step.
local function merged(steps, values)
  local latest, order = {}, {}
  for i, step in ipairs(steps) do
    order[#order + 1] = not latest[step] and step or nil
    latest[step] = values[i]
  end
  table.sort(order)
  local curve = { step = order, value = {} }
  for i, step in ipairs(order) do
    curve.value[i] = latest[step]
  end
  return curve
end

-- Straight from the table: over a whole curve the view costs ten times as much.
local curve_sql <const> = "SELECT step, value FROM metric WHERE run_id = ?1"
  .. " AND name_id = (SELECT id FROM metric_name WHERE name = ?2) ORDER BY attempt, step"

local function read_curve(db, run, name)
  local steps, values = db:columns(curve_sql, run, name)
  for i = 2, #steps do
    if steps[i] <= steps[i - 1] then
      return merged(steps, values)
    end
  end
  return { step = steps, value = values }
end

-- Reads values; a NULL is NaN, no row is nil.
local function reader(db)
  local function first(rows)
    return rows[1] and (rows[1].value or nan)
  end
  return {
    last = function(run, _, name)
      return first(db:query("SELECT value FROM last_metric WHERE run_id = ?1 AND name = ?2", run, name))
    end,
    at = function(run, _, name, step)
      local sql = "SELECT value FROM curve WHERE run_id = ?1 AND name = ?2 AND step = ?3"
      return first(db:query(sql, run, name, step))
    end,
    curve = function(run, _, name) return read_curve(db, run, name) end,
    names = function(run)
      local names = {}
      local sql = "SELECT name FROM run_metric JOIN metric_name ON id = name_id WHERE run_id = ?1 ORDER BY 1"
      for i, row in ipairs(db:query(sql, run)) do
        names[i] = row.name
      end
      return names
    end,
  }
end

-- The arms with their runs among those of the job.
local function arms_of(x, db, ids)
  local runs = {}
  for _, name in ipairs(settings.names(x.arms)) do
    runs[name] = { name = name, runs = {} }
  end
  for _, id in ipairs(ids) do
    local row = db:query("SELECT arm, seed, stage FROM run WHERE id = ?1", id)[1]
    local arm = row and runs[row.arm]
    if arm and row.stage == "pool" then
      arm.pooled = id
    elseif arm then
      table.insert(arm.runs, { id = id, seed = row.seed })
    end
  end
  local list = {}
  for _, arm in pairs(runs) do
    table.sort(arm.runs, function(a, b) return a.seed < b.seed end)
    list[#list + 1] = arm
  end
  return list
end

-- JSON has no NaN: a value that is none is left out.
local function plain(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, item in pairs(value) do
    if type(item) ~= "number" or item - item == 0 then
      out[key] = plain(item)
    end
  end
  return out
end

--- One row a claim, for the database.
---@param x assay.Experiment
---@param path string  of the database
---@param job { claims: table<string, integer>, runs: integer[], trial: string? }
local function verdicts(x, path, job)
  if not experiment.is(x) then
    error("the script returned no experiment", 0)
  end
  local db <close> = store.open(path)
  local rows = {}
  for name, v in pairs(judge.all(x.claims, arms_of(x, db, job.runs), reader(db))) do
    local values = {}
    for i, item in ipairs(v.values) do
      values[i] = plain { seed = item.seed, label = item.label, value = item.value }
      values[i].runs = runtime.list(item.runs)
    end
    v.values = nil
    local row = plain(v)
    row.claim, row.trial, row.values = job.claims[name], job.trial, runtime.list(values)
    rows[#rows + 1] = row
  end
  return runtime.list(rows)
end

return verdicts
