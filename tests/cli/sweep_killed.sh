# A sweep that is killed, stopped or started twice: nothing is lost, nothing is made twice.
. "$(dirname "$0")/lib.sh"

# Each run works for a twentieth of a second and says in a file of its own that it did.
cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "x", headline = "value", params = { lr = 0.0, stop = 0 }, arms = { a = {} }, seeds = 2,
  sweep = { over = { ["params.lr"] = { from = 1, to = 6, n = 6 } } },
  run = function(run, p)
    local began = os.clock()
    local at = run:resume { state = { n = 0 } }
    for step = at + 1, 4 do
      while os.clock() - began < 0.0125 * (step - at) do end
      run:log(step, { value = p.lr + run.seed })
      run:checkpoint(step)
    end
    local file = assert(io.open(("made.%g.%d"):format(p.lr, run.seed), "a"))
    file:write("x")
    file:close()
  end,
}
END_LUA
db=results/assay.db

# all_made MOST: the 12 runs are done, with the values they have to have; at most MOST were carried through.
all_made() {
    expect_query $db "SELECT count(*), count(DISTINCT arm || seed || headline), sum(headline) FROM runs
        WHERE status = 'done'" '12|12|60.0' # 2 x (1 + ... + 6) + 6 x (1 + 2)
    expect_query $db "SELECT count(DISTINCT run_id) FROM sweep_run JOIN run r ON r.id = run_id
        WHERE r.status = 'done'" 12
    expect_query $db "PRAGMA integrity_check" ok
    [ "$(ls made.* | wc -l)" -eq 12 ] || fail "$(ls made.* | wc -l) results, expected 12"
    ran="what each run wrote"
    [ "$(cat made.* | wc -c)" -le "$1" ] || fail "some runs were made twice: $(cat made.* | wc -c) ends"
    rm -r results made.*
}

# done_runs N: waits until so many are done.
done_runs() {
    for _ in $(seq 600); do
        n=$(sqlite3 $db "SELECT count(*) FROM run WHERE status = 'done'" 2>/dev/null) || n=0
        [ "$n" -lt "$1" ] || return 0
        sleep 0.02
    done
    fail "$n runs are done, waited for $1"
}

# kill -9 of the supervisor: its workers end their runs, the next sweep waits for these and makes the others.
assay sweep x.lua -j 2 2>killed.txt &
killed=$!
done_runs 3
kill -9 $killed
wait $killed 2>/dev/null || true
expect_exit 0 assay sweep x.lua -j 2
expect_err ': already done as run'
all_made 12

# kill -9 of supervisor and workers: what they were at is lost, and goes on from its checkpoint.
assay sweep x.lua -j 2 2>killed.txt &
killed=$!
done_runs 3
workers=$(sqlite3 $db "SELECT group_concat(pid, ' ') FROM run WHERE status = 'running'")
kill -9 $killed $workers 2>/dev/null || true
wait $killed 2>/dev/null || true
expect_exit 0 assay sweep x.lua -j 2
expect_query $db "SELECT count(*) FROM run WHERE status = 'running'" 0
expect_query $db "SELECT count(*) <= 2 FROM run WHERE status <> 'done'" 1 # before a checkpoint
all_made 14 # two may have been killed after their last line and before their end was in the database

# Two at once share the runs.
assay sweep x.lua -j 2 >one.out 2>one.err &
one=$!
expect_exit 0 assay sweep x.lua -j 2
wait $one || { cp one.err "$box/err"; fail "the other sweep failed"; }
grep -q '^\[.*: done in' one.err || fail "the first made nothing"
expect_err ': done in'
all_made 12

# Ctrl-C stops the runs under way; the same command makes what is missing.
# (the shell has its background processes ignore SIGINT)
env --default-signal=INT assay sweep x.lua -j 2 >stopped.out 2>stopped.err &
stopped=$!
done_runs 2
kill -INT $stopped
got=0
wait $stopped || got=$?
cp stopped.err "$box/err"
ran="assay sweep, interrupted"
[ $got -eq 1 ] || fail "exit $got, expected 1"
expect_err 'stopping; once more kills at once'
expect_err 'of 12 runs done; the same command makes the others'
expect_query $db "SELECT count(*) FROM run WHERE status NOT IN ('done', 'interrupted')" 0
expect_exit 0 assay sweep x.lua -j 2
all_made 14
