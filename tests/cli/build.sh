# assay build: where plugins go, what is said of wrong ones, and --watch.
. "$(dirname "$0")/lib.sh"
unset ASSAY_PLUGIN_PATH
export XDG_DATA_HOME=$box/data

# loss NAME KIND FACTOR
loss() {
    cat <<PLUGIN
#include <assay/plugin.h>
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_scale(c, in[0], $3);
}
AS_PLUGIN(.kind = "$2", .name = "$1", .version = "1.0.0", .doc = "its input times $3",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
PLUGIN
}

# where search finds it: beside a source that lies in a folder of its kind, else in ./plugins; several at once
mkdir -p plugins/losses src
loss one losses 1 >plugins/losses/one.c
loss two losses 2 >src/anything.c
loss three heads 3 >three.c
expect_exit 0 assay build plugins/losses/one.c src/anything.c three.c
expect_line plugins/losses/one.so
expect_line plugins/losses/two.so
expect_line plugins/heads/three.so
expect_lines 3 0
expect_exit 0 assay plugins show losses/two
expect_exit 0 assay plugins show heads/three
expect_exit 0 assay build three.c -o elsewhere.so
expect_line elsewhere.so
expect_exit 2 assay build three.c src/anything.c -o elsewhere.so

# two in one file keep the file's name
sed '/AS_PLUGIN/,$d' three.c >pair.c
cat >>pair.c <<'PLUGIN'
AS_DEFINE(a, .kind = "losses", .name = "first", .version = "1.0.0", .doc = "one of two",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
AS_DEFINE(b, .kind = "losses", .name = "second", .version = "1.0.0", .doc = "the other",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
AS_MODULE(&a, &b);
PLUGIN
expect_exit 0 assay build pair.c
expect_line plugins/losses/pair.so
expect_exit 0 assay plugins show losses/second

# C++
cp "$ASSAY_ROOT/tests/abi/plugins/datasets/cpp.cc" .
expect_exit 0 assay build cpp.cc
expect_line plugins/datasets/cpp.so
expect_exit 0 assay plugins show datasets/counted

# the compiler's messages as they are; a wrong descriptor is found here; the rest is built all the same
printf '#include <assay/plugin.h>\nas_t f(as_ctx *c, as_t x);\n' >src/missing.c
echo 'as_t f(as_ctx *c, as_t x) { return as_exp1m(c, x); }' >>src/missing.c
expect_exit 1 assay build src/missing.c
expect_err "src/missing.c:3:"
expect_err "[-Werror=implicit-function-declaration]"
expect_err "src/missing.c: not built: cc exited with code 1"

echo 'int broken(' >src/broken.c
loss Four losses 4 >src/four.c
expect_exit 1 assay build src/broken.c src/four.c three.c
expect_err "src/broken.c:1:"
expect_err "src/broken.c: not built: cc exited with code 1"
expect_err 'src/four.c: losses: name "Four" is not lower_case of less than 40 letters'
expect_line plugins/heads/three.so
loss five heads 5 >plugins/losses/five.c
expect_exit 1 assay build plugins/losses/five.c
expect_err "plugins/losses/five.c: holds heads/five, which is found in a folder heads only"
[ -z "$(find . -name '.assay*')" ] || fail "temporary files are left"

# --watch: a line for each save, written in place or moved over the file, and none for a save of another file
assay build --watch plugins/losses/one.c three.c >log 2>err &
watcher=$!
# wait_for COUNT PATTERN: so many lines like it, within 20 s
wait_for() {
    for _ in $(seq 200); do
        [ "$(grep -c "$2" log)" -ge "$1" ] && return
        sleep 0.1
    done
    cat log err >&2
    kill $watcher
    fail "no $1 lines like $2"
}
wait_for 1 ' built plugins/losses/one.so in '
wait_for 1 ' built plugins/heads/three.so in '
loss one losses 7 >plugins/losses/one.c
wait_for 2 ' built plugins/losses/one.so in '
expect_exit 0 assay plugins show losses/one
expect_out "its input times 7"
touch plugins/losses/other.c
echo 'int broken(' >new.c
mv new.c three.c
wait_for 1 ' FAILED three.c: not built: cc exited with code 1'
loss three heads 8 >new.c
mv new.c three.c
wait_for 2 ' built plugins/heads/three.so in '
kill $watcher
wait $watcher 2>/dev/null || true
[ "$(wc -l <log)" -eq 5 ] || fail "$(wc -l <log) lines of --watch, expected 5: $(cat log)"
