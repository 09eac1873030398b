# assay sweep and assay tune as their user sees them; the answers are worked out below.
. "$(dirname "$0")/lib.sh"

# val/acc = 1 - (lr - 0.2)^2 - (epsilon - 1)^2 + seed / 1000: best at lr 0.2, epsilon 1 (ce counts as 0.5).
cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "x", headline = "test/acc",
  params = { lr = 0.01, fail = -1.0 },
  arms = { ce = { loss = { "cross_entropy" } }, poly = { loss = { "poly1" } } },
  seeds = 2,
  run = function(run, p)
    local epsilon = run.arm == "poly" and p.loss.epsilon or 0.5
    assert(p.lr ~= p.fail, "as asked")
    local value = 1 - (p.lr - 0.2) ^ 2 - (epsilon - 1) ^ 2 + run.seed / 1000
    run:log(1, { ["val/acc"] = value, ["test/acc"] = p.lr })
  end,
}
END_LUA
cat >s.yaml <<'END_YAML'
over:
  params.lr: [0.1, 0.2, 0.3]
  arms.poly.loss.epsilon: { from: 0, to: 2, n: 3 }
END_YAML
db=results/assay.db

# A dry run says what is to come and makes nothing, not even the database.
expect_exit 0 assay sweep x.lua s.yaml --dry-run
expect_lines 24 1
expect_line '[2] ce seed 1 lr=0.2: new'
expect_line '[24] poly seed 2 loss.epsilon=2 lr=0.3: new'
expect_err '24 runs: 0 done, 24 to make; nothing was started'
[ ! -e results ] || fail "a dry run made something"

# The sweep: 3 points of ce, 9 of poly, two seeds.
expect_exit 0 assay sweep x.lua s.yaml -j 2
expect_out 'ce        2  lr=0.2                     2   0.2       0 '
expect_query $db "SELECT count(*), sum(status = 'done') FROM run" '24|24'
expect_query $db "SELECT arm, count(*) FROM sweep_point GROUP BY arm" 'ce|3
poly|9'
expect_query $db "SELECT arm, params, avg(value), count(*)
    FROM sweep_point p JOIN sweep_run w ON w.point_id = p.id JOIN last_metric m
    USING (run_id, arm) WHERE m.name = 'val/acc' GROUP BY p.id ORDER BY 3 DESC LIMIT 1" \
    'poly|{"arm.loss.params.epsilon":1,"lr":0.2}|1.0015|2'
expect_query $db "SELECT count(*)
    FROM sweep_run w JOIN sweep_point p ON p.id = w.point_id, json_each(p.params) v
    JOIN param q ON q.run_id = w.run_id AND q.name = v.key WHERE q.number = v.value" 42 # 6 + 2 x 18

# Done is not repeated; a larger grid makes what is new; the same sweep keeps its row.
expect_exit 0 assay sweep x.lua s.yaml -j 2
expect_err '24 of 24 runs were done already (--again repeats them)'
sed 's/0.3\]/0.3, 0.4]/' s.yaml >larger.yaml
expect_exit 0 assay sweep x.lua larger.yaml
expect_query $db "SELECT count(*) FROM run" 32
expect_query $db "SELECT count(*) FROM sweep" 2
expect_exit 0 assay sweep x.lua larger.yaml --dry-run --json
expect_out '"state":	"done"'
expect_exit 0 assay runs --where "id IN (SELECT run_id FROM sweep_run JOIN sweep_point p ON p.id = point_id
    WHERE p.sweep_id = 2 AND p.arm = 'ce')" --csv
expect_lines 9 0

# What has changed is made again and told: a parameter, the script.
expect_exit 0 assay run x.lua --arm ce --seed 1
expect_exit 0 assay run x.lua --arm ce --seed 1
expect_err '[1/1] ce seed 1: already done as run 33 (--again repeats it)'
expect_exit 0 assay run x.lua --arm ce --seed 1 --set params.lr=0.02
expect_err '[1/1] ce seed 1: not as run 33: lr 0.01 -> 0.02'
sed 's/0.01, fail/0.01,  fail/' x.lua >y && mv y x.lua
expect_exit 0 assay run x.lua --arm ce --seed 1 --dry-run
expect_line '[1] ce seed 1: new, not as run 33: script'

# ... the source of a plugin, here one in Lua, whose table gives the range its end.
mkdir -p plugins/losses
cp "$ASSAY_ROOT/tests/plugins_good/losses/sketch_params.lua" plugins/losses/
cat >plug.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "plug", arms = { a = { loss = { "sketch_params" } } },
  sweep = { method = "random", count = 2, over = { ["arms.a.loss.rate"] = { from = 0.5 } } },
  run = function(run, p)
    as.loss(p.loss)
    run:log(1, { rate = p.loss.rate })
  end,
}
END_LUA
expect_exit 0 assay sweep plug.lua --db plug.db
expect_query plug.db "SELECT count(DISTINCT value),
    min(value) > 0.5, max(value) <= 1 FROM last_metric" '2|1|1'
sed 's/an integer/a whole number/' plugins/losses/sketch_params.lua >y
mv y plugins/losses/sketch_params.lua
expect_exit 0 assay sweep plug.lua --db plug.db --dry-run
expect_out ': new, not as run 1: losses/sketch_params'

# Another build is shown, and its runs are repeated when asked for.
expect_exit 0 assay run x.lua --arm ce --seed 1
sqlite3 $db "UPDATE build SET compiler = 'cc 1'"
expect_exit 0 assay run x.lua --arm ce --seed 1
expect_err 'already done as run 35, by another build: compiler cc 1, now '
expect_exit 0 assay run x.lua --arm ce --seed 1 --rebuild-stale
expect_err ': run 35 was made by another build: compiler cc 1, now '
expect_exit 0 assay run x.lua --arm ce --seed 1 --rebuild-stale
expect_err 'already done as run 36 (--again'

# Assay's own Lua files are part of its build.
sqlite3 $db "UPDATE run_source SET source_id = (SELECT min(id) FROM source) WHERE run_id = 36 AND own = 1"
expect_exit 0 assay run x.lua --arm ce --seed 1
expect_err 'already done as run 36, by another build: files of lua/assay (--rebuild-stale repeats it)'

# A pool looks at the runs of one point.
pool='pool = function(run, p, members) run:log(1, { lr = p.lr, members = #members }) end,'
sed "s/^  seeds = 2,/&\n  $pool/" x.lua >p.lua
expect_exit 0 assay sweep p.lua s.yaml --arm ce --db p.db -j 2
expect_query p.db "SELECT q.number, m.value, n.value, count(w.run_id) FROM run r
    JOIN param q ON q.run_id = r.id AND q.name = 'lr' JOIN last_metric m ON m.run_id = r.id AND m.name = 'lr'
    JOIN last_metric n ON n.run_id = r.id AND n.name = 'members' JOIN sweep_run w ON w.run_id = r.id
    WHERE r.stage = 'pool' GROUP BY r.id ORDER BY q.number" '0.1|0.1|2.0|1
0.2|0.2|2.0|1
0.3|0.3|2.0|1'

# No more begun after so many failures: three points fail, ce with both seeds first.
expect_exit 1 assay sweep x.lua s.yaml --set params.fail=0.1 --max-failures 2 --db f.db
expect_err '2 runs have failed: no more are begun (--max-failures 2); 20 were not made'
expect_query f.db "SELECT sum(status = 'failed'), sum(status = 'done') FROM run" '2|2'

# Tuning: on its own seeds, by the mean over them; the choice is in the database and makes the next runs.
cat >t.yaml <<'END_YAML'
metric: val/acc
seeds: [100, 101]
over:
  params.lr: [0.1, 0.2, 0.3]
  arms.poly.loss.epsilon: [0, 1, 3]
END_YAML
expect_exit 0 assay tune x.lua t.yaml -j 2 --write tuned.yaml --db t.db
expect_out 'x: highest mean of val/acc over seeds [100,101]'
expect_err 'warning: the arms had different budgets'
expect_query t.db "SELECT arm, metric, split, rule, seeds, points, runs, params, mean, marked FROM tuning" \
    'ce|val/acc|val|highest mean|[100,101]|3|6|{"lr":0.2}|0.8505|
poly|val/acc|val|highest mean|[100,101]|9|18|{"arm.loss.params.epsilon":1,"lr":0.2}|1.1005|'
printf '%s\n' '# x: highest mean of val/acc over seeds [100,101]' 'arms:' '  ce:' '    lr: 0.2' '  poly:' \
    '    loss:' '      epsilon: 1' '    lr: 0.2' | cmp -s - tuned.yaml || fail "$(cat tuned.yaml)"
expect_exit 0 assay run x.lua --config tuned.yaml --db t.db
expect_query t.db "SELECT group_concat(headline) FROM runs WHERE seed < 100" '0.2,0.2,0.2,0.2'
expect_exit 0 assay tune x.lua t.yaml --db t.db # all done: the same choice, no new row
expect_query t.db "SELECT count(*) FROM tuning" 2

# One arm alone has its own budget; equal budgets give no warning; the lowest can be best.
sed 's/^seeds/rule: lowest\nseeds/; /epsilon/d' t.yaml >low.yaml
expect_exit 0 assay tune x.lua low.yaml --db low.db
if grep -q warning "$box/err"; then fail "equal budgets"; fi
expect_query low.db "SELECT arm, params FROM tuning" 'ce|{"lr":0.1}
poly|{"lr":0.1}'
expect_exit 2 assay tune x.lua t.yaml --seed 1 --db low.db
expect_err 'tuned on seed 1, which judges too'
expect_exit 0 assay tune x.lua t.yaml --seed 1 --marked --db low.db
expect_query low.db "SELECT DISTINCT marked FROM tuning WHERE seeds = '[1]'" \
    'tuned on seed 1, which judges too'

# A metric that is never logged chooses nothing.
sed 's/val.acc/val\/akk/' t.yaml >never.yaml
expect_exit 1 assay tune x.lua never.yaml --db t.db
expect_err 'ce: no point has a value of val/akk for every seed: nothing is chosen'

# Wrong use.
expect_exit 2 assay sweep
expect_err 'assay sweep: needs one experiment file and at most one YAML file, got 0'
expect_exit 2 assay sweep x.lua
expect_err 'x.lua declares no sweep'
expect_exit 2 assay sweep x.lua none.yaml
expect_err 'cannot read none.yaml'
expect_exit 2 assay sweep x.lua s.yaml --json
expect_err '--json is for --dry-run'
expect_exit 2 assay sweep x.lua s.yaml --max-failures 0
