# A bad plugin ends its own run and no other; the report names plugin, call, step, arm and seed. (A plugin has
# no threads, and pool threads run kernels only: its code, and a model's callback, run on the main thread.)
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS

cat >x.lua <<'END_LUA'
local as = require "assay"
local arms = { good = { loss = { "order" } } }
for _, name in ipairs { "segfault", "recursion", "exits", "divides", "far_write", "wrong_shape", "fails",
                        "calls_back", "leak", "past_the_end" } do
  arms[name] = { loss = { name } }
end
return as.experiment {
  name = "isolation", headline = "loss", seeds = { 3 }, arms = arms,
  run = function(run, p)
    local loss, x = as.loss(p.loss), as.full(0.5, 2)
    for step = 1, 2 do
      run:log(step, { loss = step })
      if run.arm == "leak" or run.arm == "past_the_end" then
        loss(as.full(0.5, 2, 2))
      elseif step == 2 then
        if run.arm == "calls_back" then
          loss(x, function() error "no luck" end)
        else
          loss(x)
        end
      end
    end
  end,
}
END_LUA
db=results/assay.db

expect_exit 1 assay run x.lua
expect_query $db "select count(*) from run where status = 'running'" 0
expect_query $db "select group_concat(arm) from (select arm from run where status = 'done'
    and arm <> 'past_the_end' order by arm)" good,leak
# what was logged is there; a write past the end ends its run in the first step, the second or not at all
expect_query $db "select min(n), max(n) from (select count(*) n from metric where run_id in
    (select id from run where arm <> 'past_the_end') group by run_id)" "2|2"
expect_query $db "select count(*) = ifnull(r.step, 2) from metric m join run r on r.id = m.run_id
    where arm = 'past_the_end'" 1
# crashed ARM CALL
crashed() {
    expect_query $db "select error like '%in losses/$1 forward, step 2, arm $1, seed 3%' from run
        where arm = '$1'" 1
    expect_query $db "select status || ' ' || plugin || ' ' || call || ' ' || step || ' ' || seed from run
        where arm = '$1'" "crashed losses/$1 forward 2 3"
}
# failed ARM TEXT
failed() {
    expect_query $db "select status || ' ' || (instr(error, '$2') > 0) || ' ' || seed from run
        where arm = '$1'" "failed 1 3"
}
failed wrong_shape 'losses/wrong_shape: forward: returned'
failed fails 'losses/fails: forward: '
failed calls_back 'no luck'
expect_query $db "select status || ' ' || plugin || ' ' || call || ' ' || step || ' ' || seed || ' ' || error
    from run where arm = 'exits'" "crashed losses/exits forward 2 3 exited with code 0 without finishing\
 in losses/exits forward, step 2, arm exits, seed 3"
# a write behind a tensor lands in memory of the same process at worst
expect_query $db "select status in ('done', 'failed', 'crashed') from run where arm = 'past_the_end'" 1
case $(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init) in
0)
    crashed segfault
    crashed recursion
    crashed divides
    crashed far_write
    ;;
esac

# in its rules between parameters, which the planner runs: before there is a run or a database
cat >rules.lua <<'END_LUA'
local as = require "assay"
return as.experiment { name = "rules", run = print, arms = { a = { loss = { "bad_rules" } } } }
END_LUA
expect_exit 1 env ASSAY_PLAN_SECONDS=1 assay run rules.lua --db rules.db
expect_err "rules.lua: the planner did not come to an end in time, in losses/bad_rules validate"
sed -i 's/"bad_rules"/"bad_rules", loops = false/' rules.lua
expect_exit 1 assay run rules.lua --db rules.db
expect_err "rules.lua: the planner was killed by SIGSEGV while reading it, in losses/bad_rules validate"
[ ! -e rules.db ] || fail "a plan that failed left a database"

# loops for ever: its time limit ends it, and nothing else
sed 's/"past_the_end" }/"past_the_end", "loops" }/' x.lua >y.lua
expect_exit 1 assay run y.lua --arm loops --arm good --db y.db -j 2 --time-limit 2
expect_query y.db "select status || ' ' || plugin || ' ' || call || ' ' || step || ' ' || seed || ' ' || error
    from run where arm = 'loops'" "timeout losses/loops forward 2 3 stopped after its time limit of 2 s,\
 in losses/loops forward, step 2, arm loops, seed 3"
expect_query y.db "select status from run where arm = 'good'" "done"
expect_query y.db "select seconds between 1.5 and 10 from runs where arm = 'loops'" 1

# ended from outside: the report says where it was
assay run y.lua --arm loops --db z.db >"$box/out" 2>"$box/err" &
supervisor=$!
pid=
for _ in $(seq 200); do
    pid=$(sqlite3 z.db "select pid from run r where arm = 'loops' and exists
        (select 1 from metric where run_id = r.id and step = 2)" 2>/dev/null || true)
    [ -n "$pid" ] && break
    sleep 0.1
done
[ -n "$pid" ] || fail "the run of losses/loops did not start"
sleep 0.5
kill -ABRT "$pid"
wait $supervisor && fail "expected exit 1"
expect_query z.db "select status || ' ' || plugin || ' ' || call || ' ' || step from run" \
    "crashed losses/loops forward 2"

# listing opens plugins in a child: one whose constructor ends, crashes, hangs or prints is a line of the list
mkdir -p plugins/losses
sanitize=
[ "$(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init)" = 0 ] || sanitize=-fsanitize=address
for how in 'exit(0)' 'abort()' 'for (volatile int on = 1; on;) {}' 'printf("noise\n")'; do
    n=$((${n:-0} + 1))
    cat >x$n.c <<END_C
#include <assay/plugin.h>
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void at_once(void) { $how; }
static as_t forward(as_ctx *c, const void *params, const as_t *in) { (void)c, (void)params; return in[0]; }
AS_PLUGIN(.kind = "losses", .name = "opens$n", .version = "1.0.0", .doc = "at once",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
END_C
    expect_exit 0 ${CC:-cc} -shared -fPIC $sanitize "-I$ASSAY_ROOT/core/include" x$n.c \
        -o plugins/losses/opens$n.so # assay build would open it
done
expect_exit 0 assay plugins list --json
mv "$box/out" list.json
expect_query :memory: "select count(*) from json_each(readfile('list.json')) where value ->> 'error' like
    'plugins/losses/opens_.so: opening it ended the process (%'" 2
expect_query :memory: "select value ->> 'error' from json_each(readfile('list.json'))
    where value ->> 'error' like '%opens3%'" "plugins/losses/opens3.so: opening it took more than 5 s"
expect_query :memory: "select value ->> 'version' from json_each(readfile('list.json'))
    where value ->> 'name' = 'opens4'" 1.0.0
expect_query :memory: "select count(*) > 20 from json_each(readfile('list.json'))
    where value ->> 'version' = '1.0.0'" 1
