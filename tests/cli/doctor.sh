# assay doctor on a machine where all is well, and where each part of it is not.
. "$(dirname "$0")/lib.sh"

unset ASSAY_DATA ASSAY_PLUGIN_PATH ASSAY_ISA ASSAY_THREADS OPENBLAS_CORETYPE
export HOME="$box/home" XDG_DATA_HOME="$box/share"

expect_exit 0 assay doctor
expect_lines - 0
expect_out "assay       "
expect_out "engine      $ASSAY_BUILD/assay-worker"
expect_out "libraries   Lua 5.4."
expect_out "BLAS        OpenBLAS's "
expect_out "threads     "
expect_out " losses, "
expect_out ", missing; assay data get digits"
expect_line "database    results/assay.db, made by the first assay run"
[ ! -e results ] || fail "asking made results/"

# threads and kernels as they are limited
expect_exit 0 env ASSAY_ISA=base ASSAY_THREADS=1 assay doctor
expect_line "kernels     base, limited by ASSAY_ISA=base"
expect_out "threads     1, of "
expect_exit 1 env ASSAY_ISA=avx3 assay doctor
expect_err "engine: ASSAY_ISA=avx3: expected base, avx2 or avx512"
expect_out "database    "

# a database
cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "x", arms = { a = {} }, seeds = { 1, 2 },
  run = function(run) run:log(1, { n = run.seed == 1 and 1 or nil .. "" }) end,
}
END_LUA
expect_exit 1 assay run x.lua
expect_exit 0 assay doctor
expect_out "database    results/assay.db, schema "
expect_out " 2 runs: 1 done, 1 failed"
echo "no database" >text.db
expect_exit 1 assay doctor --db text.db
expect_err "database: text.db"
expect_out "plugins     "

# plugins: one hidden by another, one that cannot be loaded
mkdir -p plugins/losses
cp "$ASSAY_BUILD/plugins/losses/poly1.so" plugins/losses/
expect_exit 0 assay doctor
expect_err "plugin: losses/poly1 is taken from plugins/losses/poly1.so; the one in"
expect_err "in $ASSAY_BUILD/plugins/losses/poly1.so is not used"
echo "no plugin" >plugins/losses/text.so
expect_exit 1 assay doctor
expect_err "plugin: plugins/losses/text.so: "
rm -r plugins

# an engine that is not there, or says nothing
expect_exit 1 env ASSAY_WORKER=/nonexistent assay doctor
expect_err "engine: ASSAY_WORKER is /nonexistent"
expect_exit 1 env ASSAY_WORKER=/bin/true assay doctor
expect_err "engine: the engine answered nothing"

# as JSON, all of it again
expect_exit 0 assay doctor --json
expect_lines - 0
for key in engine libraries cpu blas kernels threads plugins clashes data database runs; do
    expect_out "\"$key\":"
done
expect_exit 2 assay doctor now
expect_err 'assay doctor: unexpected argument "now"'

# a slow BLAS is told here and by every run, which also keeps it
if [ "$(assay doctor | sed -n 's/^kernels *//p')" != base ]; then
    expect_exit 0 env OPENBLAS_CORETYPE=Prescott assay doctor
    expect_err "BLAS: OPENBLAS_CORETYPE=Prescott: BLAS uses its Prescott kernel (base), slower than"
    expect_out ", forced by OPENBLAS_CORETYPE=Prescott"
    expect_exit 0 env OPENBLAS_CORETYPE=Prescott assay run x.lua --seed 1 --again
    expect_err "OPENBLAS_CORETYPE=Prescott: BLAS uses its Prescott kernel (base)"
    expect_query results/assay.db "select run_id, kind, substr(text, 1, 26) from event" \
        "3|warning|OPENBLAS_CORETYPE=Prescott"
fi
