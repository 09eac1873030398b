# Claims from their declaration to the table: written before the runs, judged, rehearsed, changed; bad input.
. "$(dirname "$0")/lib.sh"

# experiment CLAIMS: x.lua with two arms, a is better than b by 0.2 in each of five seeds
experiment() {
    cat >x.lua <<END_LUA
local as = require "assay"
return as.experiment {
  name = "x", paper = "arXiv:1", allow_nan = true, seeds = 5, params = { shift = 0.0 },
  arms = { a = { m = 0.7 }, b = { m = 0.5 } }, smoke = { seeds = 1, params = { shift = 0.1 } },
  claims = { $1 },
  run = function(run, p)
    for step = 1, 3 do
      run:log(step, { acc = p.m + p.shift + 0.01 * run.seed * (p.m > 0.6 and 1 or 2), loss = 1 / step })
    end
    if run.arm == "a" and run.seed == 3 then run:log(4, { odd = 0 / 0 }) else run:log(4, { odd = 1 }) end
  end,
}
END_LUA
}
db=results/assay.db

# expect_row TEXT: as expect_out, whatever the width of columns
expect_row() {
    tr -s ' ' <"$box/out" | grep -qF -- "$1" || fail "no row: $1"
}

# a declared plan: judged at the end, the same table again from the database
experiment 'better = as.claim.beats { "a", "b", metric = "acc", by = 0.1, seeds = "4 of 5", paper = "+0.3" },
  worse = as.claim.beats { "b", "a", metric = "acc" }, odd = as.claim.beats { "a", "b", metric = "odd" },
  gone = as.claim.beats { "a", "b", metric = "accc" }, both = as.claim.all { "better", "worse" }'
expect_exit 0 assay run x.lua
# 0.2 - 0.01 seed: mean 0.17, sd sqrt(0.00025), half t(4) sd / sqrt(5) = 0.0196
expect_row 'arXiv:1 x/better +0.3 0.17 [0.1504, 0.1896] mean >= 0.1, 4 of 5 > 0 holds 10'
expect_row 'x/both all of better, worse fails'
expect_row 'x/worse -0.17 [-0.1896, -0.1504] mean > 0 fails 10'
expect_out 'x/gone: a beats b in accc; run 1 (a, seed 1) never logged "accc"; did you mean "acc"?'
expect_out 'x/odd: a beats b in odd; seed 3 is NaN'
expect_out 'x/both: better and worse hold; better holds, worse fails'
expect_query $db "SELECT max(c.created_at) <= min(r.started_at) FROM claim c, run r" 1
expect_query $db "SELECT count(*), count(v.value) FROM claim_value v JOIN verdict ON verdict.id = verdict_id
  JOIN claim c ON c.id = claim_id WHERE c.name = 'odd'" '5|4'
expect_query $db "SELECT group_concat(run_id) FROM claim_value_run WHERE claim_value_id =
  (SELECT min(v.id) FROM claim_value v JOIN verdicts d USING (verdict_id) WHERE d.claim = 'better')" 1,2
expect_exit 0 assay run x.lua
expect_query $db "SELECT count(*) FROM verdict" 5 # the same as before
expect_exit 0 assay claims x
expect_row 'x/better +0.3 0.17 [0.1504, 0.1896]'
expect_exit 0 assay claims x.lua --json
expect_out '"claim": "better", "statement": "a beats b in acc by at least 0.1", "paper_says": "+0.3"'
expect_exit 1 assay claims y
expect_err 'no claims of "y"; there are those of: x'
expect_exit 0 assay claims --md
expect_out '| arXiv:1 | x/better | +0.3'
expect_err 'written: results/claims.md'
[ "$(grep -c '^- \*\*x/' results/claims.md)" -eq 5 ] || fail "claims.md has a line for each claim"

# other settings, seeds or --smoke: a rehearsal that leaves the verdict alone
expect_exit 0 assay run x.lua --set params.shift=-9
expect_query $db "SELECT count(*) FROM verdict WHERE trial = 'own params'" 5
expect_exit 0 assay run x.lua --set params.shift=-9
expect_row 'x/better +0.3 0.17 [0.1504, 0.1896] mean >= 0.1, 4 of 5 > 0 (holds) 10'
expect_exit 0 assay claims x
expect_row 'x/better +0.3 0.17 [0.1504, 0.1896] mean >= 0.1, 4 of 5 > 0 holds 10'
expect_exit 0 assay run x.lua --seeds 2
expect_query $db "SELECT count(*) FROM verdict WHERE trial = 'seeds 1, 2'" 5
expect_exit 0 assay run x.lua --smoke
expect_query $db "SELECT count(*) FROM verdict WHERE trial = '--smoke'" 5
expect_query $db "SELECT outcome || ifnull(trial, '') || n FROM verdicts WHERE claim = 'better'" holds5
expect_query $db "SELECT count(*) FROM run WHERE seed = 1 AND arm = 'a'" 3
# back at the declared plan: the verdict that was, and no other row
declared="SELECT count(*), max(id) FROM verdict WHERE trial IS NULL"
before=$(sqlite3 $db "$declared")
expect_exit 0 assay run x.lua
expect_row 'x/better +0.3 0.17 [0.1504, 0.1896] mean >= 0.1, 4 of 5 > 0 holds 10'
expect_query $db "$declared" "$before"
expect_exit 0 assay run x.lua --smoke
expect_query $db "SELECT count(*) FROM verdict WHERE trial = '--smoke'" 5

# a changed claim is another row that says what changed; before its runs there is no verdict on it
experiment 'better = as.claim.beats { "a", "b", metric = "acc", by = 0.3, seeds = "4 of 5" }'
expect_exit 0 assay run x.lua --smoke
expect_err 'claim better is another than before: statement: a beats b in acc by at least 0.3, was a beats b'
expect_err 'paper_says: none, was +0.3; least_mean: 0.3, was 0.1; another source text'
expect_row 'x/better 0.19 mean >= 0.3, 4 of 5 > 0 (unclear) 2'
expect_out 'a rehearsal (--smoke), no verdict'
expect_exit 0 assay run x.lua
expect_row 'x/better 0.17 [0.1504, 0.1896] mean >= 0.3, 4 of 5 > 0 unclear'
expect_out 'mean 0.17, wanted at least 0.3'

# runs that are not done: nothing is judged
experiment 'better = as.claim.beats { "a", "b", metric = "acc" }, own = as.claim { kind = "threshold",
  statement = "s", null = 0, value = function(arms) return arms.a "acc" end }'
sed -i 's/for step = 1, 3 do/if run.seed == 2 then error "no" end; &/' x.lua
expect_exit 1 assay run x.lua --db new.db
expect_err 'claims are judged when all runs are done'
expect_err '2 of 10 runs are not done'
expect_query new.db "SELECT count(*) FROM verdict" 0
expect_exit 0 assay claims --db new.db
expect_out 'not judged'

# what can be known before is said before
refused() {
    experiment "$1"
    expect_exit 1 assay run x.lua --db none.db
    expect_lines 0 1
    expect_err "$2"
    [ ! -e none.db ] || fail "nothing is written"
}
refused 'c = as.claim.beats { "a", "bb", metric = "acc" }' 'x.lua:5: claims.c: no arm "bb"; did you mean "b"?'
refused 'c = as.claim.beats { "a", "b", metrik = "acc" }' \
    'x.lua:5: as.claim.beats: no field "metrik"; did you mean "metric"?'
refused 'c = as.claim.beats { "a", "b", metric = "acc", seeds = "4 of 6" }' 'there are 5 values, one a seed'
refused 'c = as.claim.all { "d", "c" }' 'x.lua:5: claims.c: no claim "d"'
refused 'c = 3' 'as.experiment: claims.c: expected as.claim { ... } or a form of it, found an integer'

# several experiments at once: what is missing is run, everything is judged by one worker
mkdir -p experiments/02-second
experiment 'better = as.claim.beats { "a", "b", metric = "acc" }'
mv x.lua experiments/first.lua
sed 's/"x"/"second"/; s/better = .*/fine = as.claim.threshold { "a", metric = "acc", above = 0.9 } },/' \
    experiments/first.lua >experiments/02-second/experiment.lua
expect_exit 0 assay reproduce --all -j 2 --smoke --db all.db
expect_row 'x/better 0.19 mean > 0 (unclear) 2'
expect_query all.db "SELECT count(*) FROM verdict WHERE trial = '--smoke'" 2
[ ! -e claims.md ] || fail "a rehearsal writes no file"
expect_exit 0 assay reproduce --all --db all.db
expect_row 'x/better 0.17 [0.1504, 0.1896] mean > 0 holds 10'
expect_row 'second/fine 0.73 [0.7104, 0.7496] mean > 0.9 fails 5'
expect_err 'written: claims.md'
expect_exit 0 assay reproduce experiments/first.lua --db all.db
expect_err 'experiments/first.lua: 10 runs done, 10 of them before'
if grep -q second/fine "$box/out"; then fail "only what was asked for is shown"; fi
sed -i 's/if run.arm == "a"/if run.seed == 2 then error "no" end; &/' experiments/first.lua
expect_exit 1 assay reproduce --all --db all.db
expect_err 'experiments/first.lua: 2 of 10 runs are not done; its claims are not judged'
expect_row 'second/fine 0.73'
echo 'return 3' >experiments/third.lua
expect_exit 1 assay reproduce --all --db all.db
expect_err 'experiments/third.lua: an experiment'
expect_row 'second/fine 0.73'
expect_exit 2 assay reproduce
expect_exit 2 assay reproduce --all experiments/first.lua
expect_exit 2 assay reproduce missing.lua
expect_err 'cannot read missing.lua'
(cd experiments && expect_exit 2 assay reproduce --all)

# a mistake in smoke is found without --smoke
experiment ''
sed -i 's/shift = 0.1 } }/shfit = 0.1 } }/' x.lua
expect_exit 2 assay run x.lua
expect_err 'x.lua: smoke: params: no parameter "shfit"; did you mean "shift"?'

# a verdict on tuned values says how they were chosen, and when that was not apart from what judges
experiment 'better = as.claim.beats { "a", "b", metric = "acc" }'
printf '%s\n' 'metric: acc' 'split: val' 'seeds: [100]' 'over:' '  params.shift: [0.0, 0.1]' >tune.yaml
expect_exit 0 assay tune x.lua tune.yaml --db tuned.db
sed -i 's/m = 0.\(.\) }/m = 0.\1, shift = 0.1 }/g' x.lua
expect_exit 0 assay run x.lua --db tuned.db
expect_out 'a: selected by acc on seed 100, the best of 2 points; b: selected by acc on seed'
expect_query tuned.db "SELECT outcome FROM verdict" holds
sed -i 's/shift = 0.1 }/shift = 0.0 }/g' x.lua # not what was chosen
expect_exit 0 assay run x.lua --db tuned.db
expect_query tuned.db "SELECT sentence LIKE '%selected%' FROM verdict ORDER BY id" '1
0'
sed -i 's/shift = 0.0 }/shift = 0.1 }/g' x.lua
expect_exit 0 assay tune x.lua tune.yaml --seed 1 --marked --db marked.db
expect_exit 0 assay run x.lua --db marked.db
expect_out 'MARKED a: tuned on seed 1, which judges too'

# arms whose names end alike are each named
cat >alike.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "alike", params = { lr = 1 }, arms = { bce = { k = 2 }, ce = { k = 1 } }, seeds = 2,
  tune = { over = { ["params.lr"] = { 1 } }, metric = "val/acc", seeds = { 9 } },
  claims = { better = as.claim.beats { "bce", "ce", metric = "acc" } },
  run = function(run, p) run:log(1, { acc = p.k + run.seed, ["val/acc"] = p.k }) end,
}
END_LUA
expect_exit 0 assay tune alike.lua --db alike.db
expect_exit 0 assay run alike.lua --db alike.db
how='selected by val/acc on seed 9, the best of 1 point'
expect_out "bce: $how; ce: $how"
