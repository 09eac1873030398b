# Sourced first by every tests/cli/*.sh: a fresh folder to work in, the built programs in PATH, and checks
# that say what was expected. A script ends at its first failed check.
set -eu
: "${ASSAY_ROOT:?run through ctest, or set ASSAY_ROOT and ASSAY_BUILD}" "${ASSAY_BUILD:?}"
PATH=$ASSAY_BUILD:$PATH
unset ASSAY_DB ASSAY_PRESET ASSAY_WORKER
export ASSAY_INSTALL=no # no test changes the machine
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mkdir "$box/work"
cd "$box/work"
export XDG_CACHE_HOME=$box/cache

fail() {
    echo "FAILED: $1" >&2
    echo "--- stdout of: ${ran:-nothing ran}" >&2
    cat "$box/out" >&2
    echo "--- stderr" >&2
    cat "$box/err" >&2
    exit 1
}

# expect_exit CODE COMMAND...: runs it, without a terminal or input; the checks below look at what it printed.
expect_exit() {
    want=$1
    shift
    ran=$*
    got=0
    "$@" >"$box/out" 2>"$box/err" </dev/null || got=$?
    [ "$got" -eq "$want" ] || fail "exit $got, expected $want"
}

# expect_out TEXT, expect_err TEXT: the text occurs in what was printed.
expect_out() {
    grep -qF -- "$1" "$box/out" || fail "stdout lacks: $1"
}
expect_err() {
    grep -qF -- "$1" "$box/err" || fail "stderr lacks: $1"
}

# expect_line TEXT: a line of stdout is exactly this.
expect_line() {
    grep -qxF -- "$1" "$box/out" || fail "stdout has no line: $1"
}

# expect_lines OUT ERR: how many lines each of the two got; - for any.
expect_lines() {
    n=$(wc -l <"$box/out")
    [ "$1" = - ] || [ "$n" -eq "$1" ] || fail "$n lines on stdout, expected $1"
    n=$(wc -l <"$box/err")
    [ "$2" = - ] || [ "$n" -eq "$2" ] || fail "$n lines on stderr, expected $2"
}

# expect_query DATABASE SQL VALUE: asks sqlite3, so that Assay does not vouch for itself.
expect_query() {
    ran="sqlite3 $1 $2"
    sqlite3 "$1" "$2" >"$box/out" 2>"$box/err" || fail "sqlite3 failed"
    [ "$(cat "$box/out")" = "$3" ] || fail "expected: $3"
}
