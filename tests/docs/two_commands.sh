# README's two commands as they are written there, in a fresh clone: what is committed, and then what is
# changed here. The clone gets the programs of this build, newer than its sources, so that its launcher finds
# nothing to build: tests/cli/launcher.sh is about that, and tests/bare/debootstrap.sh does all of it by hand.
. "$ASSAY_ROOT/tests/cli/lib.sh"

if ! [ -e "$ASSAY_ROOT/.git" ] || ! git -C "$ASSAY_ROOT" rev-parse -q --verify HEAD >/dev/null; then
    echo "PENDING docs/two_commands: no git history in $ASSAY_ROOT to clone"
    exit 77
fi
git clone -q "$ASSAY_ROOT" clone
git -C "$ASSAY_ROOT" diff --binary HEAD | git -C clone apply --allow-empty
cd clone

# the section's commands, without their "$ "
sed -n '/^## Two commands/,/^## An experiment/s/^\$ //p' README.md >../commands
[ "$(wc -l <../commands)" -eq 2 ] || fail "README.md does not show two commands: $(cat ../commands)"
first=$(sed -n 1p ../commands) second=$(sed -n 2p ../commands)

mkdir -p build/release
cp -r "$ASSAY_BUILD/assay" "$ASSAY_BUILD/assay-worker" "$ASSAY_BUILD/libassay_sql.so" "$ASSAY_BUILD/plugins" \
    "$ASSAY_BUILD/CTestTestfile.cmake" build/release/
for folder in core tests; do # where ctest reads on; it writes beside the copied file above only
    ln -s "$ASSAY_BUILD/$folder" build/release/$folder
done
touch build/release/.built-programs build/release/.built-all

expect_exit 0 sh -c "$first"
expect_line "quickstart: test/accuracy"
for arm in cross_entropy ldr_kl; do
    grep -Eq "^$arm +2 +0\.8[0-9]+ " "$box/out" || fail "no row of two seeds for $arm"
done
expect_query results/assay.db "select count(*), sum(status = 'done') from run" "6|6"

# the pattern is the only difference: without it this test would start itself
expect_exit 0 sh -c "$second '^unit/base_text$'"
expect_out "100% tests passed, 0 tests failed out of 1"
