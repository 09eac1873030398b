# assay plot: from the database and from files, refusals, a database that others write.
. "$(dirname "$0")/lib.sh"

cat >study.lua <<'END'
local as = require "assay"
return as.experiment {
  name = "study", headline = "accuracy", arms = { old = { gain = 0 }, new = { gain = 0.05 } }, seeds = 3,
  params = { lr = 0.1, width = 8 },
  run = function(run, p)
    run:allow_nan()
    for step = 1, 5 do
      run:log(step, { accuracy = 0.5 + p.gain + p.lr * step, bad = 0 / 0, loss = 1 / step })
    end
  end,
}
END
cat >sweep.yaml <<'END'
over:
  params.lr: [0.1, 0.2]
  params.width: [8, 16]
END
expect_exit 0 assay sweep study.lua sweep.yaml
for kind in curves bars histogram; do
    expect_exit 0 assay plot $kind study accuracy
    expect_out "</svg>"
    expect_out ">new<"
    expect_lines - 0
done
expect_exit 0 assay plot scatter study loss accuracy --log xy --title "<title>"
expect_out "&lt;title&gt;"
expect_exit 0 assay plot heat study accuracy lr width -o heat.svg
expect_lines 0 1
grep -q ">0.2<" heat.svg || fail "no row of the parameter"
expect_exit 0 assay plot curves study accuracy --arm old --width 400 --height 300
expect_out 'viewBox="0 0 400 300"'
! grep -q "new" "$box/out" || fail "an arm nobody asked for"
expect_exit 0 assay plot curves study bad
expect_out "none of the values can be shown"

# the same question has the same answer, byte for byte
assay plot curves study accuracy >a.svg
assay plot curves study accuracy >b.svg
cmp -s a.svg b.svg || fail "two pictures of one thing differ"

# files
cat >make.lua <<'END'
local as = require "assay"
as.write_npy("rows.npy", as.rand { 3, 20 })
as.write_npy("points.npy", as.randn { 50, 2 })
as.write_npy("images.npy", as.rand { 4, 3, 6, 6 })
END
expect_exit 0 assay-worker script make.lua
for words in "curves rows" "scatter points" "density points" "histogram rows" "heat rows" "images images"; do
    set -- $words
    expect_exit 0 assay plot "$1" "$2.npy"
    expect_out "</svg>"
done
expect_exit 0 assay plot images images.npy --columns 2 -o a.svg
if [ -e "$ASSAY_BUILD/lua/assay/png.so" ]; then
    expect_exit 0 assay plot curves rows.npy -o a.png
    [ "$(head -c 4 a.png | tail -c 3)" = PNG ] || fail "a.png is none"
else
    expect_exit 1 assay plot curves rows.npy -o a.png
    expect_err "built without librsvg"
fi

# refusals
expect_exit 2 assay plot
expect_err "needs a kind of chart"
expect_exit 2 assay plot curve study accuracy
expect_err 'no kind of chart "curve"; did you mean "curves"?'
expect_exit 2 assay plot bars study
expect_err "expected assay plot bars EXPERIMENT METRIC"
expect_exit 2 assay plot images study samples
expect_err "expected assay plot images FILE.npy"
expect_exit 1 assay plot curves stud accuracy
expect_err 'plot.curves: no experiment "stud"; did you mean "study"?'
[ "$(head -c 5 "$box/err")" = plot. ] || fail "a place in Assay's own library is named"
expect_exit 1 assay plot curves study acuracy
expect_err 'no metric "acuracy"; did you mean "accuracy"?'
expect_exit 1 assay plot curves nothing.npy
expect_err "nothing.npy"
expect_exit 1 assay plot curves images.npy
expect_exit 1 assay plot curves study accuracy -o a.jpg
expect_err "ends in neither .svg nor .png"
expect_exit 1 assay plot curves study accuracy -o nowhere/a.svg
expect_err "cannot write nowhere/a.svg"
expect_exit 1 assay plot curves study accuracy --log z
expect_err "--log takes x, y or xy, not z"
expect_exit 1 assay plot bars study accuracy --bins 3
expect_err 'no option "bins"'
expect_exit 1 assay plot curves study accuracy --db other.db
expect_err "other.db"
[ ! -e other.db ] || fail "a question made a database"

# a database that is being written: whoever writes is not kept from it, and what is shown is whole
sqlite3 results/assay.db "BEGIN IMMEDIATE; UPDATE run SET seconds = 1; SELECT writefile('locked', ''); " \
    ".shell sleep 2" "COMMIT;" >/dev/null 2>&1 &
writer=$!
for _ in $(seq 50); do
    [ -e locked ] && break
    sleep 0.05
done
expect_exit 0 assay plot curves study accuracy
wait $writer || true
