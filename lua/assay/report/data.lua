-- What the database says about an experiment: plain tables for the page.
local runs = require "assay.plot.runs"

local data = {}

--- The experiments: { name, paper, doc, runs, running, last }, by name.
function data.experiments(db)
  return db:query [[
    SELECT x.name, max(x.paper) AS paper, max(x.doc) AS doc, count(r.id) AS runs,
           sum(r.status = 'running') AS running, sum(r.status = 'done') AS done, max(r.started_at) AS last
      FROM experiment x LEFT JOIN run r ON r.experiment_id = x.id GROUP BY x.name ORDER BY x.name]]
end

--- The experiment's newest declaration.
function data.declaration(db, name)
  return db:query([[
    SELECT x.*, s.text AS source FROM experiment x JOIN source s ON s.id = x.source_id
     WHERE x.name = ?1 ORDER BY x.id DESC LIMIT 1]], name)[1]
end

--- Claims in force with their latest verdict on the declared plan, else their latest rehearsal; ?1 a name,
--- or NULL for all.
function data.claims(db, name)
  return db:query([[
    SELECT x.name AS experiment, c.name, c.statement, c.paper_says, c.kind, c.null_value, v.outcome, v.trial,
           v.mean, v.low, v.high, v.n, v.n_right, v.rule, v.interval, v.sentence, c.change
      FROM claim c JOIN experiment x ON x.id = c.experiment_id
      LEFT JOIN verdict v ON v.id = (SELECT l.id FROM verdict l WHERE l.claim_id = c.id
                                      ORDER BY l.trial IS NULL DESC, l.id DESC LIMIT 1)
     WHERE NOT EXISTS (SELECT 1 FROM claim l WHERE l.previous_id = c.id) AND (?1 IS NULL OR x.name = ?1)
     ORDER BY x.name, c.name]], name)
end

--- The runs that count (one of each arm and seed), the ways the others ended, and pools.
function data.runs(db, name)
  return db:query(runs.chosen .. [[
    SELECT r.id, r.arm, r.seed, r.status, r.headline, r.headline_name, r.seconds, r.error, r.started_at
      FROM chosen JOIN runs r ON r.id = chosen.id ORDER BY r.arm, r.seed]], name),
    db:query("SELECT status, count(*) AS n FROM runs WHERE experiment = ?1 GROUP BY status ORDER BY status",
      name)
end

--- Metrics of the chosen runs: { name, clock, steps = 1, or 2 where any has more than one }.
function data.metrics(db, name)
  return db:query(runs.chosen .. [[,
    logged AS (SELECT u.name_id, chosen.id AS run_id FROM chosen JOIN run_metric u ON u.run_id = chosen.id)
    SELECT n.name, n.clock,
           max((SELECT count(*) FROM (SELECT DISTINCT m.step FROM metric m
                                       WHERE m.run_id = l.run_id AND m.name_id = l.name_id LIMIT 2))) AS steps
      FROM logged l JOIN metric_name n ON n.id = l.name_id
     GROUP BY n.id ORDER BY n.clock, n.name]], name)
end

--- Values of parameters: { name, value, arms = NULL where all arms share it }.
function data.parameters(db, name)
  return db:query(runs.chosen .. [[,
    arms(n) AS (SELECT count(DISTINCT arm) FROM chosen),
    value AS (SELECT p.name, p.value, group_concat(DISTINCT chosen.arm) AS arms,
      count(DISTINCT chosen.arm) AS n
                FROM chosen JOIN param p ON p.run_id = chosen.id GROUP BY p.name, p.value)
    SELECT name, value, iif(n = (SELECT n FROM arms), NULL, replace(arms, ',', ', ')) AS arms FROM value
     ORDER BY name, arms]], name)
end

function data.plugins(db, name)
  return db:query(runs.chosen .. [[
    SELECT DISTINCT u.kind || '/' || u.name AS name, u.version, u.source_hash FROM chosen
      JOIN plugin_use u ON u.run_id = chosen.id ORDER BY 1, 2]], name)
end

function data.files(db, name)
  return db:query(runs.chosen .. [[
    SELECT DISTINCT u.dataset, u.path, u.sha256, u.size_bytes FROM chosen
      JOIN data_use u ON u.run_id = chosen.id ORDER BY 1, 2]], name)
end

--- Pictures that runs kept, pools' too: { run_id, arm, seed, name, path, size_bytes }.
function data.pictures(db, name, most)
  return db:query([[
    SELECT a.run_id, r.arm, r.seed, a.name, a.path, a.size_bytes
      FROM artifact a JOIN runs r ON r.id = a.run_id
     WHERE r.experiment = ?1 AND a.kind IN ('image', 'plot') AND r.status IN ('done', 'running')
     ORDER BY a.name, r.arm, r.seed, a.id DESC LIMIT ?2]], name, most)
end

--- What people said about its runs, and what the runs that count said themselves (warnings, relogged values).
function data.notes(db, name, most)
  return db:query(runs.chosen .. [[
    SELECT n.run_id, r.arm, r.seed, 'note' AS kind, n.text, n.at FROM note n JOIN runs r ON r.id = n.run_id
     WHERE r.experiment = ?1
     UNION ALL
    SELECT e.run_id, chosen.arm, chosen.seed, e.kind, e.text,
      e.at FROM event e JOIN chosen ON chosen.id = e.run_id
     WHERE e.kind <> 'checkpoint'
     ORDER BY 6, 1 LIMIT ?2]], name, most)
end

--- Programs and machines that made the chosen runs.
function data.machines(db, name)
  return db:query(runs.chosen .. [[
    SELECT b.version, b.git_commit, b.dirty_diff IS NOT NULL AS changed, b.compiler, b.blas, b.blas_kernel,
           h.name AS host, h.cpu, h.cores, h.system, count(*) AS runs
      FROM chosen JOIN run r ON r.id = chosen.id LEFT JOIN build b ON b.id = r.build_id
      LEFT JOIN host h ON h.id = r.host_id GROUP BY b.id, h.id ORDER BY count(*) DESC]], name)
end

--- Changes with every commit of another process: what a live page asks.
function data.version(db)
  return db:query("PRAGMA data_version")[1].data_version
end

return data
