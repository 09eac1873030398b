-- Schema 1 to 2: sweeps and tunings; a best_metric that goes through a run once for each end of each
-- name; the uuid of a run behind what people read;
-- claims of more forms and rehearsed verdicts.

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

-- Claims as they were, until their tables are made anew.
CREATE TEMP TABLE old_claim AS SELECT * FROM claim;
CREATE TEMP TABLE old_verdict AS SELECT * FROM verdict;
CREATE TEMP TABLE old_value AS SELECT * FROM claim_value;
CREATE TEMP TABLE old_value_run AS SELECT * FROM claim_value_run;
DROP VIEW verdicts;
DROP TABLE claim_value_run;
DROP TABLE claim_value;
DROP TABLE verdict;
DROP TABLE claim;

-- What an experiment says it will show, written down before its first full run: one number a seed (or one
-- pooled number), computed from finished arms. A changed claim is a new row that points at the old one.
CREATE TABLE claim (
  id             INTEGER PRIMARY KEY,
  experiment_id  INTEGER NOT NULL REFERENCES experiment(id),
  name           TEXT NOT NULL,
  statement      TEXT NOT NULL,     -- one sentence
  paper_says     TEXT,              -- the paper's own number: "+1.3 points (table 2)"
  -- joint: holds when all its parts do; reported: numbers of which nothing is claimed
  kind           TEXT NOT NULL CHECK (kind IN ('superiority', 'non_inferiority', 'threshold', 'joint',
                                               'reported')),
  -- the side of the null that is the right one; NULL for joint and reported
  side           TEXT CHECK (side IN ('above', 'below')),
  pooled         INTEGER NOT NULL CHECK (pooled IN (0, 1)),         -- 1: one number over all seeds
  null_value     REAL,              -- no effect, or the margin that may be lost, or the threshold
  or_equal       INTEGER NOT NULL CHECK (or_equal IN (0, 1)),       -- 1: the null itself is on the right side
  center         TEXT NOT NULL CHECK (center IN ('mean', 'median')),    -- of the values: what is compared
  least_mean     REAL,              -- the center must be at least this (at most, for side "below")
  least_seeds    INTEGER,           -- so many values must be on the right side of the null ...
  of_seeds       INTEGER,           -- ... of so many
  least_share    REAL,              -- so large a share of the bootstrap's numbers must be on the right side
  -- of the interval: Student's t, percentile bootstrap, or those that belong to an exact test
  method         TEXT NOT NULL CHECK (method IN ('t', 'bootstrap', 'sign', 'wilcoxon')),
  parts          TEXT,              -- joint: the names of its claims as JSON, ["a","b"]
  source_id      INTEGER NOT NULL REFERENCES source(id),            -- the Lua text that computes the number
  previous_id    INTEGER REFERENCES claim(id),                      -- the claim this one replaces
  change         TEXT,              -- what is different from it
  created_at     TEXT NOT NULL,
  CHECK ((kind IN ('joint', 'reported')) = (side IS NULL)),
  CHECK ((side IS NULL) = (null_value IS NULL)),
  CHECK ((kind = 'joint') = (parts IS NOT NULL)),
  CHECK ((previous_id IS NULL) = (change IS NULL)),
  CHECK ((least_seeds IS NULL) = (of_seeds IS NULL))
) STRICT;
CREATE INDEX claim_experiment ON claim(experiment_id);
CREATE INDEX claim_previous ON claim(previous_id);

-- A judgement of a claim. Both halves are kept: whether its own rule was met, and where the interval lies.
CREATE TABLE verdict (
  id            INTEGER PRIMARY KEY,
  claim_id      INTEGER NOT NULL REFERENCES claim(id),
  at            TEXT NOT NULL,
  -- NULL: the declared plan; else why it is only a rehearsal: "--smoke", "--set params.lr=1", "seeds 1, 2"
  trial         TEXT,
  n             INTEGER NOT NULL,   -- values it rests on
  n_right       INTEGER,            -- of them on the right side of the null
  mean          REAL,               -- their mean or median, as the claim's center says; the pooled number
  low           REAL,               -- 95 % interval; NULL when there are too few values for one
  high          REAL,
  right_share   REAL,               -- of the bootstrap's numbers on the right side
  sign_p        REAL,               -- of the exact two-sided sign test; NULL below six values: no p is small
  wilcoxon_p    REAL,               -- of the exact two-sided signed-rank test; NULL likewise
  rule          TEXT CHECK (rule IN ('met', 'not_met')),                -- NULL: reported
  interval      TEXT CHECK (interval IN ('above', 'below', 'across')),  -- of the null value
  outcome       TEXT NOT NULL CHECK (outcome IN ('holds', 'fails', 'unclear', 'reported')),
  sentence      TEXT,               -- what a reader should know, above all when it does not hold
  CHECK ((outcome = 'reported') = (rule IS NULL))
) STRICT;
CREATE INDEX verdict_claim ON verdict(claim_id);

-- The numbers of a verdict and the runs each one came from.
CREATE TABLE claim_value (
  id          INTEGER PRIMARY KEY,
  verdict_id  INTEGER NOT NULL REFERENCES verdict(id) ON DELETE CASCADE,
  seed        INTEGER,              -- NULL: pooled
  label       TEXT,                 -- tells the values of one seed apart: "cars"
  value       REAL                  -- NULL is NaN
) STRICT;
CREATE INDEX claim_value_verdict ON claim_value(verdict_id);

CREATE TABLE claim_value_run (
  claim_value_id  INTEGER NOT NULL REFERENCES claim_value(id) ON DELETE CASCADE,
  run_id          INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  PRIMARY KEY (claim_value_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_value_run_run ON claim_value_run(run_id);

-- One row a claim that was judged: its latest verdict on the declared plan, else its latest rehearsal.
-- replaced: the script has another claim of this name by now.
CREATE VIEW verdicts AS
SELECT x.name AS experiment, x.paper, c.name AS claim, c.statement, c.paper_says, v.outcome, v.trial, v.rule,
       v.interval, v.mean, v.low, v.high, v.n, v.n_right, c.kind, c.side, c.null_value, c.or_equal, c.center,
       c.least_mean, c.least_seeds, c.of_seeds, c.least_share, c.pooled, c.parts, c.method, v.right_share,
       v.sign_p, v.wilcoxon_p, v.at, v.sentence, c.created_at AS claimed_at, c.change,
       EXISTS (SELECT 1 FROM claim l WHERE l.previous_id = c.id) AS replaced,
       c.id AS claim_id, v.id AS verdict_id
  FROM claim c
  JOIN experiment x ON x.id = c.experiment_id
  JOIN verdict v ON v.id = (SELECT l.id FROM verdict l WHERE l.claim_id = c.id
                             ORDER BY l.trial IS NULL DESC, l.id DESC LIMIT 1);

INSERT INTO claim (id, experiment_id, name, statement, kind, side, pooled, null_value, or_equal, center,
                   least_mean, least_seeds, of_seeds, method, source_id, previous_id, change, created_at)
SELECT id, experiment_id, name, statement, kind, side, pooled, null_value, 0, 'mean', least_mean, least_seeds,
       of_seeds, 't', source_id, previous_id, change, created_at FROM old_claim;
INSERT INTO verdict (id, claim_id, at, n, mean, low, high, rule, interval, outcome, sentence)
SELECT id, claim_id, at, n, mean, low, high, rule, interval, outcome, sentence FROM old_verdict;
INSERT INTO claim_value (id, verdict_id, seed, value) SELECT id, verdict_id, seed, value FROM old_value;
INSERT INTO claim_value_run SELECT * FROM old_value_run;
DROP TABLE old_claim;
DROP TABLE old_verdict;
DROP TABLE old_value;
DROP TABLE old_value_run;
