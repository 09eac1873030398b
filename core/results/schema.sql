-- The results database of Assay, schema 3. This file is the schema: the program carries its text and runs
-- it in a new file. It is also what a reader of the database needs to know. Every table is STRICT, foreign
-- keys are on, the journal is a WAL. Moments are ISO-8601 UTC text with milliseconds, durations REAL
-- seconds, other units stand in the name. Rows are inserted and kept; deleting a run deletes what belongs
-- to it, and nothing else is ever removed.
--
-- A change of the schema: edit this file, raise user_version below, and add migrations/NNN.sql, which turns
-- schema NNN - 1 into exactly this text (a test compares them).

PRAGMA application_id = 1098080633; -- 'Asay'
PRAGMA user_version = 3;

-- Lua sources, one row a text, whoever loaded it.
CREATE TABLE source (
  id      INTEGER PRIMARY KEY,
  sha256  TEXT NOT NULL UNIQUE,     -- of the text
  text    TEXT NOT NULL
) STRICT;

-- What a script declares. An edited script is a new row: runs keep the text they were made with.
CREATE TABLE experiment (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,        -- "ldr"; several rows may share it
  paper       TEXT,                 -- "arXiv:2112.14869"
  doc         TEXT,                 -- one line
  headline    TEXT,                 -- the metric that stands for a run in tables: "test/accuracy"
  script      TEXT NOT NULL,        -- path as the user gave it
  source_id   INTEGER NOT NULL REFERENCES source(id),
  created_at  TEXT NOT NULL
) STRICT;
CREATE INDEX experiment_name ON experiment(name);

-- The program that made a run, its library of matrix products, and the state of its own source tree.
CREATE TABLE build (
  id           INTEGER PRIMARY KEY,
  version      TEXT,                -- "0.1.0"
  git_commit   TEXT,                -- 40 digits
  dirty_diff   TEXT,                -- uncommitted changes as a diff; NULL: none
  compiler     TEXT,                -- "gcc 12.2.0"
  build_type   TEXT,                -- "Release"
  blas         TEXT,                -- "OpenBLAS 0.3.21"
  blas_kernel  TEXT                 -- "SkylakeX": the same bits are promised for the same kernel
) STRICT;

-- The machine that made a run.
CREATE TABLE host (
  id            INTEGER PRIMARY KEY,
  name          TEXT,
  machine       TEXT,               -- "x86_64"
  system        TEXT,               -- "Linux 6.1.0"
  cpu           TEXT,               -- "AMD EPYC 9354"
  cores         INTEGER,            -- that the process may use
  memory_bytes  INTEGER
) STRICT;

-- One run: one arm with one seed in one process, or (stage "pool") one look at all finished runs of an arm.
CREATE TABLE run (
  id             INTEGER PRIMARY KEY,
  uuid           TEXT NOT NULL UNIQUE,  -- also the name of its folder under artifacts
  experiment_id  INTEGER NOT NULL REFERENCES experiment(id),
  stage          TEXT NOT NULL CHECK (stage IN ('run', 'pool')),
  arm            TEXT NOT NULL,
  seed           INTEGER,               -- NULL for stage "pool"
  identity       TEXT NOT NULL,         -- hash of script, parameters, arm, seed, plugin sources and data
  status         TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'crashed', 'timeout',
                                            'out_of_memory', 'interrupted', 'lost')),
  started_at     TEXT NOT NULL,
  ended_at       TEXT,                  -- NULL while running, and when lost: nobody saw it end
  seconds        REAL,          -- of all attempts; NULL while running; when lost, up to the last logged value
  error          TEXT,                  -- why it is not done
  signal         INTEGER,               -- the number that killed it
  plugin         TEXT,                  -- a crash: "losses/poly1", what ran
  call           TEXT,                  -- a crash: "forward"
  step           INTEGER,               -- a crash: the training loop's step
  pid            INTEGER,        -- the process it belongs to; with the next two it names one process for ever
  process_start  INTEGER,               -- its start in clock ticks since boot
  boot_id        TEXT,                  -- the kernel's id of that boot
  threads        INTEGER,               -- given to the worker
  build_id       INTEGER REFERENCES build(id),
  host_id        INTEGER REFERENCES host(id),
  CHECK ((stage = 'run') = (seed IS NOT NULL)),
  CHECK (status <> 'running' OR ended_at IS NULL)
) STRICT;
CREATE INDEX run_experiment ON run(experiment_id);
CREATE INDEX run_identity ON run(identity);
CREATE INDEX run_running ON run(status) WHERE status = 'running';

-- The runs a run of stage "pool" reads.
CREATE TABLE run_member (
  pool_id  INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  run_id   INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  PRIMARY KEY (pool_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_member_run ON run_member(run_id);

-- The Lua files a run loaded, the script among them.
CREATE TABLE run_source (
  run_id     INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  path       TEXT NOT NULL,         -- as opened
  source_id  INTEGER NOT NULL REFERENCES source(id),
  own        INTEGER NOT NULL CHECK (own IN (0, 1)),  -- 1: part of assay's library, not of the run's identity
  PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;

-- A start of a run: 1, then one more for each resume.
CREATE TABLE attempt (
  run_id      INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  attempt     INTEGER NOT NULL CHECK (attempt >= 1),
  started_at  TEXT NOT NULL,
  ended_at    TEXT,                 -- NULL while running or when lost
  seconds     REAL,
  status      TEXT NOT NULL,        -- how it ended, in the words of run.status
  PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;

-- Parameters, one row a value. The experiment's own stand under their dotted names ("optimizer.lr"), the
-- arm's under "arm." ("arm.loss.params.lam0"). A list is one value.
CREATE TABLE param (
  run_id  INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name    TEXT NOT NULL,
  value   TEXT NOT NULL,            -- as JSON: 0.001, true, "mean", [1,2]
  number  REAL,                     -- the value of a number, 0 or 1 of a boolean
  text    TEXT,                     -- the value of a string, without quotes
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX param_name ON param(name);

CREATE TABLE metric_name (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE CHECK (name <> ''),     -- "test/accuracy"
  -- 1: seconds, rates, memory; a repeat need not give the same
  clock  INTEGER NOT NULL CHECK (clock IN (0, 1))
) STRICT;

CREATE TABLE metric (
  run_id   INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  attempt  INTEGER NOT NULL,        -- 1, then one more for each resume
  step     INTEGER NOT NULL,
  name_id  INTEGER NOT NULL REFERENCES metric_name(id),
  value    REAL,                    -- NULL is NaN: SQLite has none
  at       REAL NOT NULL,           -- seconds since run.started_at
  PRIMARY KEY (run_id, attempt, step, name_id)   -- one step's metrics share a page: commits 2-3 times cheaper
) STRICT, WITHOUT ROWID;

-- Which metrics a run has logged, so that nobody needs to go through its values to know.
CREATE TABLE run_metric (
  run_id   INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name_id  INTEGER NOT NULL REFERENCES metric_name(id),
  PRIMARY KEY (run_id, name_id)
) STRICT, WITHOUT ROWID;

-- Files a run made, in the folder artifacts beside the database.
CREATE TABLE artifact (
  id          INTEGER PRIMARY KEY,
  run_id      INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  attempt     INTEGER NOT NULL,     -- that wrote it last
  name        TEXT NOT NULL,        -- "model"
  kind        TEXT NOT NULL CHECK (kind IN ('model', 'data', 'image', 'plot', 'text', 'log', 'job', 'other')),
  path        TEXT NOT NULL,        -- below the folder artifacts
  size_bytes  INTEGER NOT NULL,
  sha256      TEXT NOT NULL,
  at          TEXT NOT NULL,        -- when the row was written last
  UNIQUE (run_id, name)
) STRICT;

CREATE TABLE plugin_use (
  run_id       INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  kind         TEXT NOT NULL,       -- "losses"
  name         TEXT NOT NULL,       -- "poly1"
  version      TEXT NOT NULL,
  path         TEXT,                -- of the .so that was loaded
  source_hash  TEXT NOT NULL,       -- the plugin's identity, compiled in by the build
  so_sha256    TEXT,                -- of the .so: evidence
  PRIMARY KEY (run_id, kind, name)
) STRICT, WITHOUT ROWID;

-- The last conformance check of each plugin as it was then: assay plugins check.
CREATE TABLE plugin_check (
  kind         TEXT NOT NULL,       -- "losses"
  name         TEXT NOT NULL,       -- "poly1"
  source_hash  TEXT NOT NULL,       -- the plugin's identity: another source has another row
  version      TEXT NOT NULL,
  at           TEXT NOT NULL,       -- UTC
  result       TEXT NOT NULL CHECK (result IN ('passed', 'failed')),
  report       TEXT NOT NULL,       -- JSON: [{"check", "result", "text"}]
  PRIMARY KEY (kind, name, source_hash)
) STRICT, WITHOUT ROWID;

-- Data files a run read.
CREATE TABLE data_use (
  run_id      INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  dataset     TEXT NOT NULL,        -- "mnist"
  path        TEXT NOT NULL,        -- as opened
  sha256      TEXT NOT NULL,
  size_bytes  INTEGER NOT NULL,
  PRIMARY KEY (run_id, dataset, path)
) STRICT, WITHOUT ROWID;

-- What happened during a run and is no number.
CREATE TABLE event (
  id       INTEGER PRIMARY KEY,
  run_id   INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  attempt  INTEGER NOT NULL,
  step     INTEGER,
  at       TEXT NOT NULL,
  kind     TEXT NOT NULL,           -- "warning", "checkpoint", "relogged": a later attempt logged other bits
  text     TEXT NOT NULL
) STRICT;
CREATE INDEX event_run ON event(run_id);

-- What people say about a run.
CREATE TABLE note (
  id      INTEGER PRIMARY KEY,
  run_id  INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  at      TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;
CREATE INDEX note_run ON note(run_id);

CREATE TABLE tag (
  run_id  INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name    TEXT NOT NULL CHECK (name <> ''),
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_name ON tag(name);

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

-- The views: joined names, so that nobody needs an id. There are these five.

-- One row a run. headline is the last value of the experiment's headline metric in the latest attempt that
-- has one; NULL when it was never logged, or NaN.
CREATE VIEW runs AS
SELECT r.id, x.name AS experiment, r.arm, r.seed, r.stage, r.status,
       (SELECT m.value FROM metric m
         WHERE m.run_id = r.id AND m.name_id = (SELECT n.id FROM metric_name n WHERE n.name = x.headline)
         ORDER BY m.attempt DESC, m.step DESC LIMIT 1) AS headline,
       x.headline AS headline_name, r.seconds, r.started_at, r.ended_at,
       (SELECT max(a.attempt) FROM attempt a WHERE a.run_id = r.id) AS attempts,
       r.error, x.paper, x.script, r.uuid, r.identity
  FROM run r JOIN experiment x ON x.id = r.experiment_id;

-- One row a value: for each run, name and step that of the latest attempt which logged it.
CREATE VIEW curve AS
SELECT m.run_id, x.name AS experiment, r.arm, r.seed, r.stage, r.status, n.name, m.step, m.value, m.at,
       m.attempt
  FROM metric m
  JOIN run r ON r.id = m.run_id
  JOIN experiment x ON x.id = r.experiment_id
  JOIN metric_name n ON n.id = m.name_id
 WHERE NOT EXISTS (SELECT 1 FROM attempt a CROSS JOIN metric l
                    WHERE a.run_id = m.run_id AND a.attempt > m.attempt
                      AND l.run_id = m.run_id AND l.attempt = a.attempt
                      AND l.step = m.step AND l.name_id = m.name_id);

-- One row a run and name: the last step of the latest attempt that logged the name.
CREATE VIEW last_metric AS
SELECT m.run_id, x.name AS experiment, r.arm, r.seed, r.stage, r.status, n.name, m.step, m.value, m.at,
       m.attempt
  FROM run_metric u CROSS JOIN metric m
  JOIN run r ON r.id = m.run_id
  JOIN experiment x ON x.id = r.experiment_id
  JOIN metric_name n ON n.id = m.name_id
 WHERE m.run_id = u.run_id AND m.name_id = u.name_id
   AND (m.attempt, m.step) = (SELECT l.attempt, l.step FROM metric l
                               WHERE l.run_id = u.run_id AND l.name_id = u.name_id
                               ORDER BY l.attempt DESC, l.step DESC LIMIT 1);

-- One row a run and name: both ends of its curve, since what is best depends on the metric, with the first
-- step that reached each. NaN counts for neither.
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
                             ORDER BY l.trial IS NULL DESC, l.at DESC, l.id DESC LIMIT 1);
