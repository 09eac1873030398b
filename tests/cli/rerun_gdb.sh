# assay rerun RUN --gdb brings a crash back under the debugger, at the plugin's line, and writes nothing.
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS
command -v gdb >/dev/null || exit 77 # shown as skipped
[ "$(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init)" = 0 ] || exit 77 # it would stop first

cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "crash", seeds = { 3 }, arms = { segfault = { loss = { "segfault" } } },
  run = function(run, p)
    local loss = as.loss(p.loss)
    for step = 1, 2 do
      run:log(step, { x = step })
      if step == 2 then
        loss(as.full(0.5, 2))
      end
    end
  end,
}
END_LUA
expect_exit 1 assay run x.lua
count="select count(*), sum((select count(*) from metric where run_id = r.id)) from run r"
before=$(sqlite3 results/assay.db "$count")
rm x.lua # the sources are those in the database

printf 'run\nbt 2\ninfo locals\nquit\n' >commands
ran="assay rerun 1 --gdb"
# ended by gdb itself, whatever its code
timeout 50 assay rerun 1 --gdb <commands >"$box/out" 2>"$box/err" || :
expect_out "received signal SIGSEGV"
expect_out "segfault.c:9"
expect_out "nowhere = 0x0"
expect_query results/assay.db "$count" "$before"
expect_exit 2 assay rerun 1 --gdb --verify
