# What people do with runs: limits, notes, tags, comparing, deleting, resuming, repeating, asking from Lua.
. "$(dirname "$0")/lib.sh"
db=results/assay.db

cat >pair.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "pair", headline = "loss", seeds = 3, params = { lr = 0.25 },
  arms = { a = { k = 1 }, b = { k = 2 } },
  run = function(run, p)
    for step = 1, 3 do run:log(step, { loss = p.k * run.seed + step, seconds = step * math.pi }) end
  end,
}
END_LUA
expect_exit 0 assay run pair.lua

# by seed: b - a is 1, 2, 3
expect_exit 0 assay compare --json a b
expect_out '{"name": "loss", "seed": 2, "a": 5.0, "b": 7.0, "difference": 2.0}'
expect_out '"pairs": 3, "a": 5.0, "b": 7.0, "difference": 2.0'
expect_out '{"item": "arm.k", "a": "1", "b": "2"}'
expect_exit 0 assay compare 1 3
expect_out "a: 1, 1 run    b: 3, 1 run"
expect_out "both were made from the same"
expect_exit 1 assay compare a bb
expect_err 'no arm "bb" has a run that is done; did you mean "b"?'
expect_exit 2 assay compare a

# every metric over the pairs, the headline by seed; a metric that is not there is told
cat >two.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "two", headline = "score", arms = { c = { k = 1 }, d = { k = 3 } }, seeds = 2,
  run = function(run, p)
    run:log(1, { ["train/loss"] = p.k * run.seed, seconds = 7 })
    run:log(2, { score = p.k })
  end,
}
END_LUA
expect_exit 0 assay run two.lua --db two.db
expect_exit 0 assay compare c d --db two.db --json
expect_out '{"name": "train/loss", "pairs": 2, "a": 1.5, "b": 4.5, "difference": 3.0'
expect_out '{"name": "score", "seed": 2, "a": 1.0, "b": 3.0, "difference": 2.0}'
! grep -q '"train/loss", "seed"' "$box/out" || fail "the headline alone is listed by seed"
! grep -q '"seconds"' "$box/out" || fail "a clock is compared"
expect_exit 0 assay compare c d --db two.db -m train/loss --json
expect_out '{"name": "train/loss", "seed": 2, "a": 2.0, "b": 6.0, "difference": 4.0}'
expect_exit 1 assay compare c d --db two.db -m train/los
expect_err 'two.db: no metric "train/los"; did you mean "train/loss"?'
expect_exit 1 assay compare 1 2 --db two.db -m x
expect_err 'two.db: no metric "x"; there are score, seconds, train/loss'

expect_exit 0 assay runs --arm a --csv
expect_lines 4 0
expect_exit 0 assay runs --arm a --arm b --where "seed = 1" --csv
expect_lines 3 0
expect_exit 1 assay runs --arm aa
expect_err 'results/assay.db: no arm "aa"; did you mean "a"?'
expect_exit 1 assay runs --where "stats = 'done'"
expect_err 'no such column: stats; did you mean "status"?'
expect_exit 1 assay runs --where "lr > 1"
expect_err 'no such column: lr; there are id, experiment, arm, seed, stage, status, headline, headline_name,'
expect_exit 0 assay runs --where "arm = 'a' AND seed > 1" --csv
expect_lines 3 0
expect_exit 1 assay runs --where "seed >"
expect_exit 0 assay tag 2 best figure-2
expect_out "  2  best, figure-2"
expect_exit 0 assay note 2 "the one to look at"
expect_out "  the one to look at"
for blank in "" "  "; do
    expect_exit 1 assay note 2 "$blank"
    expect_err "results/assay.db: a note must have a text"
    expect_exit 1 assay tag 2 "$blank"
    expect_err "results/assay.db: a tag must have a name"
done
expect_query $db "select count(*) from note" 1
expect_exit 0 assay runs --where "id IN (SELECT run_id FROM tag WHERE name = 'best')" --csv
expect_out "2,pair,b,1,"
expect_exit 0 assay show 2
expect_out "the one to look at"
expect_exit 0 assay tag 2 best --remove
expect_out "  2  figure-2"
expect_exit 1 assay tag 2 best --remove
expect_err 'run 2 has no tag "best"'
expect_exit 1 assay note 99 x
expect_err "no run 99"
expect_query $db "select group_concat(name) from tag" figure-2

# a deleted run takes its rows and files with it; what is left of one without a row is garbage
expect_exit 1 assay rm 1 99
expect_err "no run 99"
expect_query $db "select count(*) from run" 6
expect_exit 0 assay rm 1 2
expect_query $db "select count(*) from run" 4
expect_query $db "select count(*) from metric" 24
[ "$(ls results/artifacts | wc -l)" -eq 4 ] || fail "folders of deleted runs are left"
mkdir results/artifacts/01a209c5-3761-7c00-9e06-25c8fcc3b838 results/artifacts/mine
expect_exit 0 assay gc --dry-run
expect_out "would delete 1 folders"
expect_exit 0 assay gc
[ "$(ls results/artifacts | wc -l)" -eq 5 ] || fail "gc deleted something else"

# the SQL functions in the sqlite3 shell, which loads no sanitizer's runtime
case $ASSAY_BUILD in
*asan* | *tsan* | *ubsan*) ;;
*)
    ran="sqlite3 .load"
    sqlite3 $db -cmd ".load $ASSAY_BUILD/libassay_sql" >"$box/out" 2>"$box/err" \
        "select median(value) from last_metric where name = 'loss'" || fail "the extension cannot be used"
    expect_line 6.5
    ;;
esac

# from Lua
cat >ask.lua <<'END_LUA'
local as = require "assay"
local top = as.results.query("SELECT max(value) AS top FROM curve WHERE name = ?1", "loss")[1].top
print(#as.results.runs("arm = ?1", "b"), top)
print(table.concat(as.results.curve(3, "loss").value, " "))
print(pcall(as.results.query, "DELETE FROM run"))
local function refused(...)
  print(select(2, pcall(as.results.curve, ...)))
end
refused(3, "los")
refused(3, "accuracy")
refused(99, "loss")
refused("3", "loss")
refused(3)
END_LUA
expect_exit 0 assay-worker script ask.lua
expect_out "2	9.0"
expect_out "3.0 4.0 5.0"
expect_out "a query only reads"
expect_line 'ask.lua:7: results.curve: run 3 never logged "los"; did you mean "loss"?'
expect_line 'ask.lua:7: results.curve: run 3 never logged "accuracy"; it logged loss, seconds'
expect_line 'ask.lua:7: results.curve: no run 99; as.results.runs() lists them'
expect_line "ask.lua:7: results.curve: run is a string, expected a run's number"
expect_line "ask.lua:7: results.curve: name is nothing, expected a metric's"

# a run that died goes on from its checkpoint and ends with the same bits
cat >train.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "train", headline = "loss", arms = { a = {} },
  run = function(run)
    local nn, x = as.nn, as.randn { 64, 8, stream = "data" }
    local data = as.data { x = x, y = x:sum(2) }
    local net = nn.seq { nn.linear { 8, 16 }, nn.relu {}, nn.dropout { 0.2 }, nn.linear { 16, 1 } }
    local opt, batches = as.optim.adam { net, lr = 1e-2 }, data:batches { 10, shuffle = true, epochs = 6 }
    local best = { loss = math.huge, step = 0 }
    local from = run:resume { net = net, opt = opt, batches = batches, best = best }
    for step, batch in batches do
      local loss = ((net(batch.x) - batch.y:reshape(-1, 1)) ^ 2):mean()
      loss:backward()
      opt:step()
      if loss:item() < best.loss then best.loss, best.step = loss:item(), step end
      run:log(step, { loss = loss, draw = math.random(), noise = as.randn(1) })
      run:log(step, { best = best.loss, at = best.step })
      if step % 7 == 0 then run:checkpoint(step) end
      if os.getenv "DIE" and step == tonumber(os.getenv "DIE") and from < 28 then os.exit(9) end
    end
  end,
}
END_LUA
curve="select group_concat(step || name || printf('%!.17g', value)) from (select * from curve where run_id = 1
    order by step, name)"
expect_exit 0 assay run train.lua --db whole.db
expect_exit 1 env DIE=17 assay run train.lua --db parts.db
expect_exit 1 env DIE=33 assay run train.lua --db parts.db
expect_err "going on with run 1"
expect_exit 0 assay run train.lua --db parts.db
expect_query parts.db "select group_concat(attempt || status) from attempt" "1crashed,2crashed,3done"
expect_query parts.db "$curve" "$(sqlite3 whole.db "$curve")"
expect_query parts.db "select count(*) from event where kind = 'relogged'" 0
expect_query parts.db "select count(*) from artifact where name = 'checkpoint'" 1
[ "$(ls artifacts/*/checkpoint* | wc -l)" -eq 2 ] || fail "old checkpoints are left"

# once more, without the script
mv train.lua gone.lua
expect_exit 0 assay rerun 1 --verify --db parts.db
expect_out "the same: all 210 values have the same bits"
sqlite3 whole.db "update metric set value = 1 where run_id = 1 and step = 3 and name_id =
    (select id from metric_name where name = 'draw')"
expect_exit 1 assay rerun 1 --verify --db whole.db
expect_out 'differs: 1 of 210 values; the first: metric "draw" at step 3: 1.0, again 0.'
sqlite3 whole.db "update build set blas_kernel = 'Haswell', compiler = 'clang 14';
    update host set cpu = 'another'"
expect_exit 1 assay rerun 1 --verify --db whole.db
expect_out 'differs: 1 of 210 values; the first: metric "draw" at step 3: 1.0, again 0.'
expect_out "build and machine, where they differ"
for item in BLAS compiler processor; do
    grep -q "^$item " "$box/out" || fail "the $item is not said to differ"
done
expect_exit 1 assay rerun 9 --db whole.db
expect_err "no run 9"

# under the debugger the same run stops where it is told to, and writes nothing
if command -v gdb >/dev/null; then
    runs=$(sqlite3 parts.db "select count(*), (select count(*) from metric) from run")
    ran="assay rerun 1 --gdb"
    printf 'set breakpoint pending on\nbreak lua_pcallk\nrun\nbacktrace 1\nkill\nquit\n' |
        assay rerun 1 --gdb --db parts.db >"$box/out" 2>"$box/err" || true
    expect_out "Breakpoint 1, "
    expect_query parts.db "select count(*), (select count(*) from metric) from run" "$runs"
else
    echo "no gdb here: assay rerun --gdb was not tried"
fi

# a full disk: one line a run and one at the end, runs that failed, and no more of them
cat >fill.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "fill", arms = { a = {} }, seeds = 3,
  run = function(run) for step = 1, 10000000 do run:log(step, { loss = step, norm = 1 }) end end,
}
END_LUA
mkdir tiny
if unshare -m mount -t tmpfs -o size=2500k none tiny 2>/dev/null; then
    # shellcheck disable=SC2016
    expect_exit 1 unshare -m sh -c 'mount -t tmpfs -o size=2500k none tiny
        assay run fill.lua --db tiny/a.db
        code=$?
        sqlite3 tiny/a.db "select group_concat(status || error), (select integrity_check from
            pragma_integrity_check) from run"
        exit $code'
    why="fill.lua:4: tiny/a.db: cannot log: database or disk is full; free some space on that disk"
    expect_line "failed$why|ok"
    expect_err "run 1 failed: $why"
    expect_err "the disk of tiny/a.db is full: no more runs are begun; free some space, then the same"
    [ "$(grep -c "full" "$box/err")" -eq 2 ] || fail "more than: run 1 failed, no more are begun"
    ! grep -q "go on" "$box/err" || fail "no other run goes on"
else
    echo "no small file system can be mounted here: a run on a full disk was not tried"
fi

# limits
cat >limits.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "limits", params = { how = "time" }, arms = { a = {} }, memory_limit = 50e6,
  run = function(run, p)
    run:log(1, { x = 1 })
    if p.how == "time" then while true do end end
    local keep = {}
    for i = 1, 1e9 do keep[i] = p.how == "tensor" and as.zeros(1000, 1000) or { i } end
  end,
}
END_LUA
expect_exit 1 assay run limits.lua --time-limit 1 --db limits.db
expect_err "stopped after its time limit of 1 s"
expect_exit 1 assay run limits.lua --set params.how=tensor --db limits.db
expect_err "limits.lua:8: out of memory: f32[1000,1000] needs 4000000 bytes"
case $ASSAY_BUILD in
*asan* | *tsan* | *ubsan*) ;; # the kernel's limit is for the real program only
*)
    expect_exit 1 assay run limits.lua --set params.how=lua --db limits.db
    expect_err "out_of_memory: limits.lua:8: not enough memory"
    ;;
esac
expect_query limits.db "select group_concat(DISTINCT status) from run" "timeout,out_of_memory"
expect_exit 2 assay run limits.lua --time-limit soon
expect_err '--time-limit is "soon"'

# another database of the folder has the same runs, and files in the same artifacts/
expect_exit 0 assay db merge $db --db results/other.db
last=$(sqlite3 $db "select max(id) from run")
files=$(ls results/artifacts | wc -l)
expect_exit 0 assay rm "$last"
expect_query $db "select count(*) from run where id = $last" 0
expect_exit 0 assay gc
[ "$(ls results/artifacts | wc -l)" -eq "$files" ] || fail "the files of another database's run are gone"
rm results/other.db*
expect_exit 0 assay gc
[ "$(ls results/artifacts | wc -l)" -eq $((files - 1)) ] || fail "files that no run has are left"
