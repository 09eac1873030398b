# The program's own words: help, misspelt names, wrong options, an empty folder, a plugin built elsewhere.
. "$(dirname "$0")/lib.sh"

expect_exit 2 assay
expect_lines 0 -
expect_err "usage: assay COMMAND"
expect_exit 0 assay --help
expect_out "run an experiment: every arm with every seed"
expect_lines - 0
expect_exit 0 assay --version
expect_lines 1 0
for name in $(assay --help | awk '/^  [a-z]/ { print $1 }'); do
    expect_exit 0 assay $name --help
    expect_out "usage: assay $name"
    grep "^example: " "$box/out" | grep -q "assay $name" || fail "no example"
    expect_lines - 0
done
expect_exit 0 assay help show
expect_out "usage: assay show RUN"
expect_exit 2 assay help shwo
expect_err 'did you mean "show"?'

# colours on a terminal that has them, and nowhere else
coloured() {
    "$@" >"$box/out" 2>&1 </dev/null
    grep -q "$(printf '\033')" "$box/out"
}
coloured env -u NO_COLOR TERM=xterm script -qec "assay run --help" /dev/null ||
    fail "no colours on a terminal"
for setting in NO_COLOR=1 TERM=dumb; do
    ! coloured env -u NO_COLOR TERM=xterm $setting script -qec "assay run --help" /dev/null ||
        fail "colours with $setting"
done
! coloured env -u NO_COLOR TERM=xterm assay run --help || fail "colours in a file"

expect_exit 2 assay rnu x.lua
expect_err 'assay: unknown command "rnu"; did you mean "run"?'
expect_exit 2 assay frobnicate
expect_err 'assay: unknown command "frobnicate"; assay --help lists them'
expect_exit 2 assay run --againn x.lua
expect_err 'assay run: unknown option --againn; did you mean --again?'
expect_exit 2 assay run
expect_err 'assay run: needs one experiment file, got 0'
expect_exit 2 assay run x.lua --seed 1 --seeds 2
expect_err 'assay run: --seeds and --seed exclude each other'
expect_exit 2 assay run x.lua -j 65
expect_err 'assay run: -j is at most 64, not 65'
expect_exit 2 assay show three
expect_err 'assay show: "three" is no run'"'"'s number'
expect_exit 2 assay query
expect_exit 2 assay query --json --csv "SELECT 1"
expect_exit 2 assay plugins lst
expect_lines 0 1

# nothing here yet: one line, and reading makes no file
for words in "runs" "show 1" "query SELECT"; do
    expect_exit 1 assay $words
    expect_lines 0 1
    expect_err "results/assay.db"
done
[ ! -e results ] || fail "a reading command made results/"

# assay build: the hash of the source is compiled in; a failure leaves nothing behind
mkdir odd
sed 's/"poly1"/"x"/' "$ASSAY_ROOT/plugins/losses/poly1.c" >odd/x.c
expect_exit 0 assay build odd/x.c -o y.so
expect_line y.so
grep -q "$(sha256sum <odd/x.c | cut -d ' ' -f 1)" y.so || fail "the source's hash is not in the plugin"
echo 'int broken(' >odd/b.c
expect_exit 1 assay build odd/b.c
expect_err "b.c:1:"
expect_err "odd/b.c: not built: cc exited with code 1"
[ "$(ls odd)" = "$(printf 'b.c\nx.c')" ] || fail "left in odd: $(ls odd)"
expect_exit 1 assay build odd/none.c
expect_err "cannot read odd/none.c: No such file or directory"
expect_exit 1 env CC=no-such-compiler assay build odd/x.c
expect_err "cannot start no-such-compiler"
expect_exit 2 assay build odd/x.so
expect_exit 1 env ASSAY_WORKER=/nonexistent assay plugins list
expect_err "ASSAY_WORKER is /nonexistent"
