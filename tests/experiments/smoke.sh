# smoke.sh EXPERIMENT: the experiment's smoke settings run to their end, every run is done, and every claim
# gets a verdict of a rehearsal.
. "$ASSAY_ROOT/tests/cli/lib.sh"

cd "$ASSAY_ROOT"
code=0
assay run "$1" --smoke --db "$box/smoke.db" >"$box/out" 2>"$box/err" </dev/null || code=$?
if missing=$(grep -m 1 -F "assay data get" "$box/err"); then
    echo "PENDING $1: $missing"
    exit 77
fi
ran="assay run $1 --smoke"
[ "$code" -eq 0 ] || fail "exit $code, expected 0"
expect_query "$box/smoke.db" "select count(*) > 0 and min(status = 'done') from run" 1
expect_query "$box/smoke.db" "select count(*) from claim where id not in (select claim_id from verdict)" 0
