-- Schema 1 to 2: sweeps and tunings; a best_metric that goes through a run once for each end of each
-- name; the uuid of a run behind what people read.

-- A sweep: an experiment at many points, each giving values to some parameters. Continued, it is the same
-- row.
CREATE TABLE sweep (
  id             INTEGER PRIMARY KEY,
  experiment_id  INTEGER NOT NULL REFERENCES experiment(id),
  purpose        TEXT NOT NULL CHECK (purpose IN ('sweep', 'tune')),   -- tune: to choose a point by
  method         TEXT NOT NULL CHECK (method IN ('grid', 'random')),
  draw_seed      INTEGER,           -- of random points
  definition     TEXT NOT NULL,     -- JSON: what each parameter ranges over
  created_at     TEXT NOT NULL,
  CHECK ((method = 'random') = (draw_seed IS NOT NULL))
) STRICT;
CREATE INDEX sweep_experiment ON sweep(experiment_id);

-- A point of a sweep. Every arm has its own: only what concerns it varies.
CREATE TABLE sweep_point (
  id        INTEGER PRIMARY KEY,
  sweep_id  INTEGER NOT NULL REFERENCES sweep(id) ON DELETE CASCADE,
  arm       TEXT NOT NULL,
  number    INTEGER NOT NULL CHECK (number >= 1),
  params    TEXT NOT NULL,          -- JSON: {"lr":0.1}, by the names of table param
  UNIQUE (sweep_id, arm, number)
) STRICT;

-- The runs made at a point, one a seed; a run made before the sweep counts too.
CREATE TABLE sweep_run (
  point_id  INTEGER NOT NULL REFERENCES sweep_point(id) ON DELETE CASCADE,
  run_id    INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  PRIMARY KEY (point_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_run_run ON sweep_run(run_id);

-- What a tuning chose for an arm, and how. A later choice is a new row.
CREATE TABLE tuning (
  id        INTEGER PRIMARY KEY,
  sweep_id  INTEGER NOT NULL REFERENCES sweep(id),
  arm       TEXT NOT NULL,
  metric    TEXT NOT NULL,          -- "val/accuracy": its last value in each run
  split     TEXT NOT NULL,          -- "val": the data that is measured on
  rule      TEXT NOT NULL CHECK (rule IN ('highest mean', 'lowest mean')),        -- over the seeds
  seeds     TEXT NOT NULL,          -- JSON list, apart from the seeds that judge
  points    INTEGER NOT NULL,       -- the budget: points of this arm ...
  runs      INTEGER NOT NULL,       -- ... and its runs
  point     INTEGER NOT NULL,       -- sweep_point.number of the chosen one
  params    TEXT NOT NULL,          -- its values, as in sweep_point
  mean      REAL NOT NULL,          -- of the metric at this point
  marked    TEXT,                   -- why a verdict that rests on this needs a mark
  at        TEXT NOT NULL
) STRICT;
CREATE INDEX tuning_sweep ON tuning(sweep_id);

DROP VIEW best_metric;
CREATE VIEW best_metric AS
SELECT u.run_id, x.name AS experiment, r.arm, r.seed, r.stage, r.status, n.name,
       low.value AS lowest, low.step AS lowest_step, high.value AS highest, high.step AS highest_step
  FROM run_metric u JOIN metric_name n ON n.id = u.name_id CROSS JOIN metric low CROSS JOIN metric high
  JOIN run r ON r.id = u.run_id
  JOIN experiment x ON x.id = r.experiment_id
 WHERE low.run_id = u.run_id AND low.name_id = u.name_id
   AND (low.attempt, low.step) = (
       SELECT m.attempt, m.step FROM metric m
        WHERE m.run_id = u.run_id AND m.name_id = u.name_id AND m.value IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM attempt a CROSS JOIN metric l
                           WHERE a.run_id = m.run_id AND a.attempt > m.attempt
                             AND l.run_id = m.run_id AND l.attempt = a.attempt
                             AND l.step = m.step AND l.name_id = m.name_id)
        ORDER BY m.value, m.step LIMIT 1)
   AND high.run_id = u.run_id AND high.name_id = u.name_id
   AND (high.attempt, high.step) = (
       SELECT m.attempt, m.step FROM metric m
        WHERE m.run_id = u.run_id AND m.name_id = u.name_id AND m.value IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM attempt a CROSS JOIN metric l
                           WHERE a.run_id = m.run_id AND a.attempt > m.attempt
                             AND l.run_id = m.run_id AND l.attempt = a.attempt
                             AND l.step = m.step AND l.name_id = m.name_id)
        ORDER BY m.value DESC, m.step LIMIT 1);

DROP VIEW runs;
CREATE VIEW runs AS
SELECT r.id, x.name AS experiment, r.arm, r.seed, r.stage, r.status,
       (SELECT m.value FROM metric m
         WHERE m.run_id = r.id AND m.name_id = (SELECT n.id FROM metric_name n WHERE n.name = x.headline)
         ORDER BY m.attempt DESC, m.step DESC LIMIT 1) AS headline,
       x.headline AS headline_name, r.seconds, r.started_at, r.ended_at,
       (SELECT max(a.attempt) FROM attempt a WHERE a.run_id = r.id) AS attempts,
       r.error, x.paper, x.script, r.uuid, r.identity
  FROM run r JOIN experiment x ON x.id = r.experiment_id;
