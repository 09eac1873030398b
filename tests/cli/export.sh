# Runs for other programs: what is written is read back (export_check.lua) and compared bit by bit.
. "$(dirname "$0")/lib.sh"
db=results/assay.db

cat >odd.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "odd", headline = "odd", seeds = 2, allow_nan = true,
  params = { lr = 0.1, on = true, list = { 1, 2.5 }, text = 'comma, "quote"\nline' },
  arms = { ["a-b"] = {} },
  run = function(run)
    local odd = { 0.1, 1 / 3, 4.9406564584124654e-324, 1.7976931348623157e308, math.huge, -math.huge, 0 / 0 }
    for step, value in ipairs(odd) do run:log(step, { odd = value }) end
    if run.seed == 1 then run:log(3, { ["only, here"] = 0.1 + 0.2 }) end
  end,
}
END_LUA
expect_exit 0 assay run odd.lua

# an image of 2 x 1 pixels
uuid=$(sqlite3 $db "select uuid from run where id = 1")
base64 -d >dot.png <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVQI12P4z8Dw/z8ABv8C/sUlZqIAAAAASUVORK5CYII=
END
cp dot.png results/artifacts/"$uuid"/dot.png
size=$(wc -c <dot.png)
sqlite3 $db "insert into artifact values (99, 1, 1, 'dot', 'image', '$uuid/dot.png', $size, 'x', '2026'),
    (98, 1, 1, 'gone', 'image', '$uuid/gone.png', 9, 'x', '2026')"

expect_exit 0 assay export odd -o csv
expect_lines 0 1
expect_err "csv: 2 runs"
expect_exit 0 assay export odd --jsonl -o json
expect_exit 0 assay export --tensorboard -o board
expect_err "run 1: artifact \"gone\" cannot be read: results/artifacts/$uuid/gone.png; it is left out"
file=$(ls board/odd/*/seed-1-run-1)
expect_exit 0 assay-worker script "$ASSAY_ROOT/tests/cli/export_check.lua" csv json board "$file"
expect_line "all read back"
expect_exit 0 assay export --tensorboard -o board # once more writes the same files
[ "$(find board -type f | wc -l)" -eq 2 ] || fail "not one file a run"

# to stdout the values
expect_exit 0 assay export odd --csv
cmp -s "$box/out" csv/metrics.csv || fail "stdout is not csv/metrics.csv"
expect_exit 0 assay export --jsonl
cmp -s "$box/out" json/metrics.jsonl || fail "stdout is not json/metrics.jsonl"

# while a run is written to
sqlite3 $db "update run set status = 'running', ended_at = NULL where id = 2"
expect_exit 0 assay export odd --csv

expect_exit 1 assay export od
expect_err 'no experiment "od"; did you mean "odd"?'
expect_lines 0 1
expect_exit 2 assay export odd even
expect_exit 2 assay export --csv --jsonl
expect_exit 2 assay export --tensorboard
expect_err "--tensorboard needs a folder: -o DIR"
touch file
expect_exit 1 assay export -o file
expect_err "cannot write file/runs.csv: Not a directory"
expect_exit 1 assay export --db none.db
if [ -e /dev/full ]; then
    ran="assay export >/dev/full"
    ! assay export >/dev/full 2>"$box/err" || fail "a full disk went unseen"
fi

# an experiment whose runs are gone
sqlite3 $db "update run set status = 'done', ended_at = started_at"
expect_exit 0 assay rm 1 2
expect_exit 0 assay export odd
expect_lines 1 1
expect_err "results/assay.db: experiment odd has no runs"
