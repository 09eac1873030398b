# A bad plugin ends its own run and no other; the report names plugin, call, step, arm and seed. (A plugin has
# no threads, and pool threads run kernels only: its code, and a model's callback, run on the main thread.)
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS

cat >x.lua <<'END_LUA'
local as = require "assay"
local arms = { good = { loss = { "order" } } }
for _, name in ipairs { "segfault", "recursion", "exits", "divides", "far_write", "wrong_shape", "fails",
                        "calls_back", "leak" } do
  arms[name] = { loss = { name } }
end
return as.experiment {
  name = "isolation", headline = "loss", seeds = { 3 }, arms = arms,
  run = function(run, p)
    local loss, x = as.loss(p.loss), as.full(0.5, 2)
    for step = 1, 2 do
      run:log(step, { loss = step })
      if run.arm == "leak" then
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
expect_query $db "select arm from runs where status = 'done' order by arm" "good
leak"
expect_query $db "select count(*) from metric" 20 # all that was logged before is there
# crashed ARM CALL
crashed() {
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
expect_query $db "select status from run where arm = 'exits'" crashed
case $(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init) in
0)
    crashed segfault
    crashed recursion
    crashed divides
    crashed far_write
    ;;
esac

# loops for ever: whoever ends it, its own run is all that ends, and the report says where it was
sed 's/"leak" }/"leak", "loops" }/' x.lua >y.lua
assay run y.lua --arm loops --arm good --db y.db -j 2 >"$box/out" 2>"$box/err" &
supervisor=$!
pid=
for _ in $(seq 200); do
    pid=$(sqlite3 y.db "select pid from run r where arm = 'loops' and exists
        (select 1 from metric where run_id = r.id and step = 2)" 2>/dev/null || true)
    [ -n "$pid" ] && break
    sleep 0.1
done
[ -n "$pid" ] || fail "the run of losses/loops did not start"
sleep 0.5
kill -ABRT "$pid"
wait $supervisor && fail "expected exit 1"
expect_query y.db "select status || ' ' || plugin || ' ' || call || ' ' || step from run
    where arm = 'loops'" "crashed losses/loops forward 2"
expect_query y.db "select status from run where arm = 'good'" "done"
