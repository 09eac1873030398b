# Whole databases: merged, checked, made smaller; the schema.
. "$(dirname "$0")/lib.sh"

cat >pair.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "pair", headline = "loss", seeds = 2, arms = { a = { k = 1 }, b = { k = 2 } },
  run = function(run, p) for step = 1, 3 do run:log(step, { loss = p.k * run.seed + step }) end end,
}
END_LUA
mkdir one two
expect_exit 0 assay run pair.lua --db one/a.db --arm a
expect_exit 0 assay run pair.lua --db two/b.db --arm b

# into a database that was not there; twice is once
expect_exit 0 assay db merge one/a.db two/b.db
expect_line "results/assay.db: took 4 runs and 12 files"
expect_lines 1 0
expect_exit 0 assay db merge one/a.db two/b.db
expect_line "results/assay.db: took 0 runs and 0 files; 4 runs were there already"
expect_exit 0 assay db merge results/assay.db # itself
expect_line "results/assay.db: took 0 runs and 0 files; 4 runs were there already"
expect_exit 0 assay compare a b
expect_exit 0 assay db check
expect_line "results/assay.db: 4 runs, 12 values, 12 files: all is well"
# nothing is run again
expect_exit 0 assay run pair.lua
expect_query results/assay.db "select count(*) from run" 4

# of one uuid, another run; a file that is gone
uuid=$(sqlite3 two/b.db "select uuid from run where seed = 1")
sqlite3 two/b.db "update metric set value = 9 where run_id = 1 and step = 2"
rm two/artifacts/"$uuid"/job.json
expect_exit 1 assay db merge two/b.db --db three.db
expect_err "two/b.db: run $uuid: the file of artifact \"job\" is not there ($uuid/job.json); its row comes"
expect_line "three.db: took 2 runs and 5 files; 1 file was left out"
expect_exit 1 assay db check --db three.db
expect_out 'run 1: artifact "job" is not there: artifacts/'
expect_line "three.db: 2 runs, 6 values, 6 files: 1 fault"
expect_exit 1 assay db merge two/b.db
expect_lines 1 1
expect_err "run $uuid (b, seed 1) is not the one here: metric (attempt 1, step 2, name loss): value 9, here"
expect_line "results/assay.db: took 0 runs and 0 files; 1 run was there already; 1 run was left out"

# what is no database, or nothing
echo "this is no database, whatever its name may say about it" >text.db
expect_exit 1 assay db merge one/a.db text.db --db four.db
expect_lines 0 1
expect_err "text.db: is not a database"
expect_query four.db "select count(*) from run" 0
expect_exit 1 assay db merge none.db
expect_err "none.db: there is no such file"
expect_exit 2 assay db merge
expect_err "merge needs the databases to take from"
expect_exit 2 assay db mrege one/a.db
expect_err 'assay db: no "mrege"; did you mean "merge"?'
expect_exit 2 assay db
expect_exit 2 assay db check one/a.db
expect_err 'check needs no "one/a.db"; another database is --db FILE'
expect_exit 1 assay db check --db none.db
expect_lines 0 1

expect_exit 0 assay db vacuum
expect_out "results/assay.db: 0.3 MB, was 0.3 MB"
expect_exit 0 assay db schema
cmp -s "$box/out" "$ASSAY_ROOT/core/results/schema.sql" || fail "not schema.sql"
