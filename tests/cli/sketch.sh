# Plugins in Lua as the command line sees them: checked, found, hashed, in a run's rows; reading files.
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS

# the same checks as for those in C
expect_exit 0 assay plugins check losses/sketch_poly1 heads/sketch_queue scores/sketch_margin \
    samplers/sketch_steps samplers/sketch_pick hooks/sketch_pull distillers/sketch_match soups/sketch_best \
    adapters/sketch_shift datasets/sketch_count "$ASSAY_TEST_PLUGINS/losses/sketch_params.lua"
expect_out "losses/sketch_poly1 1.0.0: passed"
expect_out "losses/sketch_other 1.0.0: passed"
expect_query results/assay.db "select source_hash from plugin_check where name = 'sketch_poly1'" \
    "$(sha256sum <"$ASSAY_TEST_PLUGINS/losses/sketch_poly1.lua" | cut -c -64)"
expect_exit 1 assay plugins check losses/sketch_unsaved
expect_out "other bits"
expect_exit 1 assay plugins check losses/sketch_loops
expect_err "sketch_loops.lua: its top level does not come to an end"

# shown and listed; a broken one is told and does not hide the others
expect_exit 0 assay plugins show losses/sketch_poly1
expect_out "losses/sketch_poly1 1.0.0   cross-entropy with its first term re-weighted   arXiv:2204.12511"
expect_out "epsilon   real   1   -1 to 10   added weight of 1 - p; 0 gives cross-entropy"
expect_out "losses/sketch_poly1.lua   abi 1."
expect_exit 0 assay plugins list
expect_out "losses/sketch_other"
expect_err "sketch_loops.lua: its top level does not come to an end"

# a run's identity is the hash of the source
mkdir -p plugins/losses
cat >plugins/losses/twice.lua <<'PLUGIN'
local as = require "assay.plugin"
return as.plugin {
  kind = "losses", name = "twice", version = "1.0.0", doc = "twice its input",
  params = { { "factor", "real", 2, "[0, 10]", "by how much" } },
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x) return self.factor * x end,
}
PLUGIN
cat >x.lua <<'SCRIPT'
local as = require "assay"
return as.experiment {
  name = "twice", seeds = 1,
  arms = { two = { loss = { "twice" } }, three = { loss = { "twice", factor = 3 } } },
  run = function(run, p)
    run:log(0, { value = as.loss(p.loss)(as.ones(4)) })
  end,
}
SCRIPT
expect_exit 0 assay run x.lua
hash=$(sha256sum <plugins/losses/twice.lua | cut -c -64)
expect_query results/assay.db "select distinct source_hash || ' ' || path from plugin_use" \
    "$hash plugins/losses/twice.lua"
expect_query results/assay.db "select count(*) from source where sha256 = '$hash'" 1 # and its text is kept
expect_exit 0 assay run x.lua
expect_query results/assay.db "select count(*) from run" 2 # done before
echo "-- another version" >>plugins/losses/twice.lua
expect_exit 0 assay run x.lua
expect_query results/assay.db "select count(*) from run" 4
expect_exit 2 assay run x.lua --set arms.two.loss.factor=11
expect_err "losses/twice: factor = 11 is outside 0 to 10"

# the planner survives what the top level of a plugin does
cp "$ASSAY_TEST_PLUGINS/losses/sketch_loops.lua" plugins/losses/twice.lua
expect_exit 1 assay run x.lua
expect_err "plugins/losses/twice.lua: its top level does not come to an end"

# files of a data set
mkdir -p data/sketch-lines
printf 'HD\0\377\063\146\0\0\377\377' >data/sketch-lines/pairs.bin
cat >read.lua <<'SCRIPT'
local as = require "assay"
for _, row in ipairs(as.dataset({ "sketch_lines" }).train.x:tolist()) do
  print(("%.1f %.1f"):format(row[1], row[2]))
end
SCRIPT
expect_exit 0 env ASSAY_DATA="$PWD/data" assay-worker script read.lua
expect_out "0.0 1.0
0.2 0.4"
