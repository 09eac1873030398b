# Runs a document's blocks (blocks.lua) in a fresh folder: sh run.sh README.md
. "$ASSAY_ROOT/tests/cli/lib.sh"
expect_exit 0 assay-worker script "$ASSAY_ROOT/tests/docs/blocks.lua" "$1"
cat "$box/out"
