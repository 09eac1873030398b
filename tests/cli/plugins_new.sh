# assay plugins new: what it writes builds, passes its known answer and runs, for every kind.
. "$ASSAY_ROOT/tests/cli/lib.sh"

for kind in losses heads samplers hooks distillers soups scores adapters datasets; do
    expect_exit 0 assay plugins new $kind/mine_$kind
    expect_exit 0 assay build plugins/$kind/mine_$kind.c
    expect_exit 0 assay-worker script "$ASSAY_ROOT/lua/assay/spec.lua" tests/plugins/$kind/mine_$kind.lua
    expect_exit 0 assay run experiments/mine_$kind.lua
done
expect_exit 1 assay plugins new losses/mine_losses
expect_exit 2 assay plugins new loss/mine
expect_exit 2 assay plugins new losses/Mine
