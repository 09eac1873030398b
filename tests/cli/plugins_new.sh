# assay plugins new: what it writes builds, passes its known answer and runs, for every kind, in C and in Lua.
. "$ASSAY_ROOT/tests/cli/lib.sh"
unset ASSAY_PLUGIN_PATH

for kind in losses heads samplers hooks distillers soups scores adapters datasets; do
    expect_exit 0 assay plugins new $kind/mine_$kind
    expect_exit 0 assay build plugins/$kind/mine_$kind.c
    expect_exit 0 assay-worker script "$ASSAY_ROOT/lua/assay/spec.lua" tests/plugins/$kind/mine_$kind.lua
    expect_exit 0 assay run experiments/mine_$kind.lua
    expect_exit 0 assay plugins new $kind/sketch_$kind --lua
    expect_exit 0 assay-worker script "$ASSAY_ROOT/lua/assay/spec.lua" tests/plugins/$kind/sketch_$kind.lua
    expect_exit 0 assay run experiments/sketch_$kind.lua
    expect_exit 0 assay plugins check $kind/mine_$kind $kind/sketch_$kind
    expect_out "$kind/sketch_$kind 0.1.0: passed"
done
expect_exit 1 assay plugins new losses/mine_losses
expect_exit 2 assay plugins new loss/mine
expect_exit 2 assay plugins new losses/Mine
