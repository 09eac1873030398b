# Runs as their rows tell them: done, failed at the script's line, NaN, files, pools, sources.
. "$(dirname "$0")/lib.sh"

cat >x.lua <<'END_LUA'
local as = require "assay"
local helper = require "helper"
return as.experiment {
  name = "x", headline = "loss", seeds = { 5, 6 },
  params = { how = "well", lr = 1 / 4 }, arms = { a = {} },
  run = function(run, p)
    print("seed " .. run.seed .. " draws " .. math.random(100))
    local w = as.full(run.seed, 2)
    run:save("model", { w = w })
    run:log(1, { loss = p.lr, norm = w:sum() })
    if p.how == "error" then
      local t = nil
      t.x = 1
    elseif p.how == "nan" then
      run:log(2, { loss = as.tensor { 0 / 0 } })
    elseif p.how == "twice" then
      run:log(1, { loss = 2 })
    elseif p.how == "exit" then
      os.exit(0)
    elseif p.how == "table" then
      error { 1 }
    elseif p.how == "misspelt" then
      return p.lrr
    end
    helper.log(run, 3)
  end,
  pool = function(run, p, members)
    local w = members[1]:load("model").w + members[2]:load("model").w
    run:log(1, { loss = w:sum(), seeds = members[1].seed * 10 + members[2].seed })
  end,
}
END_LUA
echo 'return { log = function(run, step) run:log(step, { loss = 0.125 }) end }' >helper.lua
db=results/assay.db

expect_exit 0 assay run x.lua
expect_query $db "select stage, status, headline from runs order by id" \
    "run|done|0.125
run|done|0.125
pool|done|22.0"
expect_query $db "select value from last_metric where name = 'seeds'" 56.0
expect_query $db "select value from last_metric where run_id = 1 and name = 'norm'" 10.0
expect_query $db "select path from run_source where run_id = 1 and own = 0 order by path" "./helper.lua
x.lua"
expect_query $db "select own from run_source where run_id = 1 and path like '%/assay/run.lua'" 1
expect_query $db "select count(*) from run join build on build.id = build_id join host on host.id = host_id
    where blas like 'OpenBLAS %' and compiler <> ''" 3
expect_query $db "select name || ' ' || kind from artifact where run_id = 1 and name = 'model'" "model model"
uuid=$(sqlite3 $db "select uuid from run where id = 1")
[ -s "results/artifacts/$uuid/model.safetensors" ] || fail "no model.safetensors"
draws=$(cat "results/artifacts/$uuid/stdout.txt")

# the job can be repeated by hand: same draws, nothing written to the database
count="select count(*), (select count(*) from artifact), (select count(*) from event) from metric"
before=$(sqlite3 $db "$count")
# the worker of a supervisor that died before it began: the run is another's
expect_exit 2 env ASSAY_BREADCRUMB_FD=3 assay-worker run "results/artifacts/$uuid/job.json"
expect_err "run 1 was taken for lost before it began; nothing is done"

expect_exit 0 env TMPDIR="$box" assay-worker run "results/artifacts/$uuid/job.json"
expect_line "$draws"
expect_err "run 1 ended before (done): repeating it without writing to the database"
expect_query $db "$count" "$before"

# fails HOW TEXT: the run fails with this text, on record and on stderr, and what it logged before stays
fails() {
    expect_exit 1 assay run x.lua --set params.how="$1" --seed 5
    expect_err "$2"
    last="(select max(id) from run where stage = 'run')"
    expect_query $db "select status from run where id = $last" "${3-failed}"
    expect_query $db "select instr(error, '$2') > 0 from run where id = $last" 1
    expect_query $db "select count(*) from metric where run_id = $last" 2
}
fails error 'x.lua:13: attempt to index a nil value'
fails nan 'x.lua:15: metric "loss" is NaN at step 2'
fails twice 'x.lua:17: '
fails table 's value is a table'
fails misspelt 'x.lua:23: p has no "lrr"; did you mean "lr"?'
fails exit 'exited with code 0 without finishing' crashed

# allow_nan lets it go on
sed 's/headline = "loss",/& allow_nan = true,/' x.lua >y.lua
expect_exit 0 assay run y.lua --set params.how=nan --db y.db

# modules of a folder beside the script's own, from wherever it is run
mkdir -p lab/one lab/shared
echo 'return { seed = 7 }' >lab/shared/known.lua
cat >lab/one/z.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "z", seeds = { require("shared.known").seed }, params = {}, arms = { a = {} },
  run = function(run) run:log(1, { loss = 0 }) end,
}
END_LUA
here=$PWD
for from in . lab lab/one; do
    (cd $from && assay run "$here/lab/one/z.lua" --db "$here/z.db" >"$box/out" 2>"$box/err") ||
        fail "no shared.known from $from"
done
cd lab/one
expect_exit 0 assay run z.lua --again --db "$here/z.db"
cd "$here"
expect_query z.db "select distinct path from run_source where path like '%known.lua' order by 1" \
    "../shared/known.lua
./shared/known.lua
lab/shared/known.lua"

# a job that is none
expect_exit 2 assay-worker run nope.json
expect_err "cannot read nope.json"
echo '[1]' >bad.json
expect_exit 2 assay-worker run bad.json
expect_err "bad.json: no JSON object"
echo '{"db":"x.db"}' >bad.json
expect_exit 2 assay-worker run bad.json
expect_err 'bad.json: no text "script"'
