#!/bin/sh
# How long judging takes: 53 experiments of 10 arms, 5 seeds and 1000 rows a run (2.65 million values), three
# claims each, from the database alone.   sh bench/judge.sh [build/release]
set -eu
build=$(cd "${1:-build/release}" && pwd)
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
cat >script.lua <<'END'
local as = require "assay"
local arms = {}
for i = 1, 10 do arms["a" .. i] = {} end
return as.experiment {
  name = "x", arms = arms, seeds = 5, run = function() end,
  claims = {
    last = as.claim.beats { "a2", "a1", metric = "m", by = 0.1, seeds = "4 of 5" },
    best = as.claim.beats { "a10", "a9", metric = { "m", best = "max" }, interval = "bootstrap" },
    order = as.claim.rises { "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", metric = { "m", tail = 100 } },
  },
}
END
sqlite3 x.db <"$(dirname "$build")/../core/results/schema.sql" >/dev/null
sqlite3 x.db <<'END'
PRAGMA journal_mode = WAL;
BEGIN;
INSERT INTO source (sha256, text) VALUES ('0', CAST(readfile('script.lua') AS TEXT));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 53)
INSERT INTO experiment (name, script, source_id, created_at) SELECT 'x' || i, 'x.lua', 1, 'now' FROM n;
INSERT INTO claim (experiment_id, name, statement, kind, side, pooled, null_value, or_equal, center, method,
                   source_id, created_at)
SELECT x.id, column1, 's', 'superiority', 'above', 0, 0, 0, 'mean', 't', 1, 'now'
  FROM experiment x, (VALUES ('last'), ('best'), ('order'));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10),
               k(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM k WHERE s < 5)
INSERT INTO run (uuid, experiment_id, stage, arm, seed, identity, status, started_at)
SELECT x.id || '-' || i || '-' || s, x.id, 'run', 'a' || i, s, 'i', 'done', 'now' FROM experiment x, n, k;
INSERT INTO attempt (run_id, attempt, started_at, status) SELECT id, 1, 'now', 'done' FROM run;
INSERT INTO metric_name (name, clock) VALUES ('m', 0);
INSERT INTO run_metric SELECT id, 1 FROM run;
WITH RECURSIVE t(step) AS (SELECT 1 UNION ALL SELECT step + 1 FROM t WHERE step < 1000)
INSERT INTO metric SELECT r.id, 1, t.step, 1, CAST(substr(arm, 2) AS REAL) + 0.1 * seed - 1.0 / t.step, 0
  FROM run r, t;
COMMIT;
END
jobs=$(sqlite3 -newline '
' x.db "SELECT json_object('experiment', x.id, 'claims', (SELECT json_group_object(c.name, c.id) FROM claim c
  WHERE c.experiment_id = x.id),
  'runs', (SELECT json_group_array(r.id) FROM run r WHERE r.experiment_id = x.id))
  FROM experiment x")
IFS='
'
# shellcheck disable=SC2086 # one word a line
set -- $jobs
for try in 1 2 3 4 5; do
    before=$(date +%s%N)
    "$build/assay-worker" judge x.db "$@"
    after=$(date +%s%N)
    echo "judging 53 experiments, try $try: $(((after - before) / 1000000)) ms"
done
sqlite3 x.db "SELECT count(*) || ' verdicts, ' || sum(outcome = 'holds') || ' hold' FROM verdict"
