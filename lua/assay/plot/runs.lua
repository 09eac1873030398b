-- What charts show of the results database. Of each arm and seed one run counts: one that is under way, else
-- one that the latest verdicts rest on, else the newest, and what only a sweep made comes last.
local core = require "assay.core"
local store = require "assay.store"

local runs = {}

local chosen <const> = [[
WITH candidate AS (
  SELECT r.id, r.arm, r.seed, r.status, row_number() OVER (
           PARTITION BY r.arm, r.seed ORDER BY r.status = 'running' DESC,
             EXISTS (SELECT 1 FROM claim_value_run v JOIN claim_value c ON c.id = v.claim_value_id
                       JOIN verdict d ON d.id = c.verdict_id
                      WHERE v.run_id = r.id AND d.trial IS NULL) DESC,
             EXISTS (SELECT 1 FROM sweep_run s WHERE s.run_id = r.id),
             r.status = 'done' DESC, r.id DESC) AS place
    FROM run r JOIN experiment x ON x.id = r.experiment_id
   WHERE x.name = ?1 AND r.stage = 'run'),
chosen AS (SELECT id, arm, seed, status FROM candidate WHERE place = 1)
]]

--- The beginning of a statement that reads from `chosen` (id, arm, seed, status), ?1 the experiment's name.
runs.chosen = chosen

local function refuse_unknown(what, kind, name, known, of)
  if #known == 0 then
    core.fail(("%s: %s"):format(what, of))
  end
  core.fail(("%s: no %s %q%s"):format(what, kind, name, core.suggest(name, known)))
end

local function names_of(rows)
  local out = {}
  for i, row in ipairs(rows) do
    out[i] = row.name
  end
  return out
end

--- Refuses experiments and metrics nobody knows, with a suggestion.
function runs.check(what, db, experiment, ...)
  if type(experiment) ~= "string" then
    core.fail(what .. ": experiment: expected its name")
  end
  local known = names_of(db:query "SELECT DISTINCT name FROM experiment")
  if not table.concat(known, "\n"):find(experiment, 1, true)
    or #db:query("SELECT 1 FROM experiment WHERE name = ?1 LIMIT 1", experiment) == 0 then
    refuse_unknown(what, "experiment", experiment, known, "the database has no experiments")
  end
  for i = 1, select("#", ...) do
    local metric = select(i, ...)
    if type(metric) ~= "string" then
      core.fail(what .. ": metric: expected its name")
    end
    local logged = names_of(db:query(chosen .. [[
      SELECT DISTINCT n.name FROM chosen JOIN run_metric u ON u.run_id = chosen.id
        JOIN metric_name n ON n.id = u.name_id]], experiment))
    local there = {}
    for _, name in ipairs(logged) do
      there[name] = true
    end
    if not there[metric] then
      refuse_unknown(what, "metric", metric, logged, ("%s has logged no metrics"):format(experiment))
    end
  end
end

-- Whether an arm was asked for.
local function wants(o, arm)
  if not o.arms then
    return true
  end
  for _, name in ipairs(o.arms) do
    if name == arm then
      return true
    end
  end
  return false
end

-- "2 of 10 runs did not finish: 1 crashed, 1 running"
local function status_note(rows)
  local counts, n = {}, 0
  for _, row in ipairs(rows) do
    if row.status ~= "done" then
      counts[row.status] = (counts[row.status] or 0) + 1
      n = n + 1
    end
  end
  local parts = {}
  for status, count in pairs(counts) do
    parts[#parts + 1] = ("%d %s"):format(count, status:gsub("_", " "))
  end
  return n > 0 and ("%d of %d runs are not done: %s"):format(n, #rows, table.concat(parts, ", ")) or nil
end

local function open(what, o, ...)
  local db = store.open(o.db)
  local ok, problem = pcall(runs.check, what, db, o.experiment, ...)
  if not ok then
    db:close()
    error(problem, 0)
  end
  return db
end

local function chosen_rows(db, o)
  local rows = {}
  for _, row in ipairs(db:query(chosen .. "SELECT id, arm, seed, status FROM chosen ORDER BY arm, seed",
    o.experiment)) do
    if wants(o, row.arm) then
      rows[#rows + 1] = row
    end
  end
  return rows
end

--- A metric's curves by arm: { arms = { { name, steps, columns = values of the seeds at each step } }, note,
--- hidden, seen }.
function runs.curves(what, o)
  local db <close> = open(what, o, o.metric)
  local found = { arms = {}, note = status_note(chosen_rows(db, o)), hidden = 0, seen = 0 }
  local arm
  for _, row in ipairs(db:query(chosen .. [[
      SELECT chosen.arm, c.step, c.value FROM chosen JOIN curve c ON c.run_id = chosen.id AND c.name = ?2
       ORDER BY chosen.arm, c.step, chosen.seed]], o.experiment, o.metric)) do
    if wants(o, row.arm) then
      if not arm or arm.name ~= row.arm then
        arm = { name = row.arm, steps = {}, columns = {} }
        found.arms[#found.arms + 1] = arm
      end
      if arm.steps[#arm.steps] ~= row.step then
        arm.steps[#arm.steps + 1], arm.columns[#arm.columns + 1] = row.step, {}
      end
      table.insert(arm.columns[#arm.columns], row.value or 0 / 0)
      found.seen = found.seen + 1
      found.hidden = found.hidden + (row.value and math.abs(row.value) < math.huge and 0 or 1)
    end
  end
  return found
end

--- Last values of metrics: { arms = { { name, [metric] = values by seed } }, note }.
function runs.last(what, o, ...)
  local metrics <const> = { ... }
  local db <close> = open(what, o, ...)
  local rows = chosen_rows(db, o)
  local found, by_run = { arms = {}, note = status_note(rows) }, {}
  for _, metric in ipairs(metrics) do
    by_run[metric] = {}
    for _, row in ipairs(db:query(chosen .. [[
        SELECT l.run_id, l.value FROM chosen JOIN last_metric l ON l.run_id = chosen.id AND l.name = ?2]],
      o.experiment, metric)) do
      by_run[metric][row.run_id] = row.value or 0 / 0
    end
  end
  local arm
  for _, row in ipairs(rows) do
    if not arm or arm.name ~= row.arm then
      arm = { name = row.arm }
      for _, metric in ipairs(metrics) do
        arm[metric] = {}
      end
      found.arms[#found.arms + 1] = arm
    end
    local complete = true
    for _, metric in ipairs(metrics) do
      complete = complete and by_run[metric][row.id] ~= nil
    end
    for _, metric in ipairs(complete and metrics or {}) do
      table.insert(arm[metric], by_run[metric][row.id])
    end
  end
  return found
end

local function places_of(rows, name)
  local list, place = {}, {}
  for _, row in ipairs(rows) do
    if place[row.value] == nil then
      list[#list + 1] = row.value
      place[row.value] = #list
    end
  end
  if #list == 0 then
    core.fail(("no done run has a parameter %q"):format(tostring(name)))
  end
  return list, place
end

--- The mean of a metric's last values over all done runs, by the values of the parameters o.x and o.y:
--- { values = rows of numbers (NaN where there is no run), rows, columns }.
function runs.grid(what, o)
  local db <close> = open(what, o, o.metric)
  local found = { values = {} }
  local at = {}
  for _, name in ipairs { "x", "y" } do
    if type(o[name]) ~= "string" then
      core.fail(("%s: %s: expected the name of a parameter"):format(what, name))
    end
    at[name] = table.pack(places_of(db:query([[
      SELECT DISTINCT p.value, p.number FROM param p JOIN runs r ON r.id = p.run_id
       WHERE r.experiment = ?1 AND r.status = 'done' AND p.name = ?2 ORDER BY p.number, p.value]],
      o.experiment, o[name]), o[name]))
  end
  found.columns, found.rows = at.x[1], at.y[1]
  for i = 1, #found.rows do
    found.values[i] = {}
    for k = 1, #found.columns do
      found.values[i][k] = 0 / 0
    end
  end
  for _, row in ipairs(db:query([[
      SELECT a.value AS x, b.value AS y, avg(l.value) AS mean FROM last_metric l
        JOIN param a ON a.run_id = l.run_id AND a.name = ?3
        JOIN param b
          ON b.run_id = l.run_id AND b.name = ?4
       WHERE l.experiment = ?1 AND l.name = ?2 AND l.status = 'done' AND l.stage = 'run'
       GROUP BY a.value, b.value]], o.experiment, o.metric, o.x, o.y)) do
    found.values[at.y[2][row.y]][at.x[2][row.x]] = row.mean or 0 / 0
  end
  return found
end

return runs
