# The index of plugins, the order of the search, plugins older than their source.
. "$(dirname "$0")/lib.sh"
unset ASSAY_PLUGIN_PATH
export XDG_DATA_HOME=$box/data
# loss FILE NAME FACTOR: a plugin in C, which notes in $box/opened that it was opened
loss() {
    mkdir -p "$(dirname "$1")"
    cat >"$1" <<PLUGIN
#include <assay/plugin.h>
#include <stdio.h>
__attribute__((constructor)) static void opened(void)
{
    FILE *f = fopen("$box/opened", "a");
    fputs("$2\n", f);
    fclose(f);
}
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_scale(c, in[0], $3);
}
AS_PLUGIN(.kind = "losses", .name = "$2", .version = "1.0.$3", .doc = "its input times $3",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
PLUGIN
}
opened() {
    n=$(wc -l <"$box/opened")
    [ "$n" -eq "$1" ] || fail "plugins were opened $n times, expected $1"
}
: >"$box/opened"

# each file is opened once, in a child; then the index answers, until the file changes
loss plugins/losses/one.c one 1
loss plugins/losses/two.c two 2
expect_exit 0 assay build plugins/losses/one.c
expect_exit 0 assay build plugins/losses/two.c
: >"$box/opened"
expect_exit 0 assay plugins list
expect_out "losses/one"
opened 2
index=$(ls "$XDG_CACHE_HOME"/assay/plugins-*.json)
expect_exit 0 assay plugins list --json
expect_out '"its input times 2"'
opened 2
cat >ask.lua <<'SCRIPT'
local as = require "assay"
print(pcall(as.loss, { "onne" }))
print(as.loss { "one" }(as.ones(1)):item())
SCRIPT
expect_exit 0 assay-worker script ask.lua
expect_out 'no plugin losses/onne; did you mean "one"?'
opened 3 # to be used: a suggestion opens nothing

# a damaged index is made anew, a foreign one is not trusted, none can be written
echo '{"half' >"$index"
expect_exit 0 assay plugins list
expect_out "losses/two"
opened 5
grep -q '"its input times 2"' "$index" || fail "the index was not written again"
printf '{"%s": {"changed": 7, "rows": {}}, "x": []}' "$PWD/plugins/losses/one.so" >"$index"
expect_exit 0 assay plugins list
expect_out "losses/one"
opened 7
expect_exit 0 env XDG_CACHE_HOME=/dev/null assay plugins list
expect_out "losses/one"
opened 9

# many processes at once: each writes the whole of it
rm "$index"
for _ in 1 2 3 4 5 6; do assay plugins list --json >/dev/null & done
wait
: >"$box/opened"
expect_exit 0 assay plugins list
opened 0
[ "$(ls "$XDG_CACHE_HOME/assay" | wc -l)" -eq 1 ] || fail "temporary files are left"

# another build of Assay looks again
cp "$ASSAY_BUILD/assay-worker" "$box/"
expect_exit 0 env ASSAY_WORKER="$box/assay-worker" assay plugins list
opened 2

# one that dies when it is opened takes nobody along, also when a script misspells a name
sanitize=$(sed -n 's/^ASSAY_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$ASSAY_BUILD/CMakeCache.txt")
sed 's/FILE \*f = .*/__builtin_trap();/; /fputs/d; /fclose/d' plugins/losses/one.c >fatal.c
cc $sanitize -shared -fPIC -I"$ASSAY_ROOT/core/include" fatal.c -o plugins/losses/fatal.so
expect_exit 0 assay-worker script ask.lua
expect_out 'no plugin losses/onne; did you mean "one"?'
rm plugins/losses/fatal.so

# an edited source: said at use and in the list, with what builds it again; a touch alone says nothing
touch plugins/losses/one.c
expect_exit 0 assay-worker script ask.lua
expect_lines 2 0
loss plugins/losses/one.c one 3
expect_exit 0 assay-worker script ask.lua
expect_err "losses/one: plugins/losses/one.so is older than plugins/losses/one.c; build it again: "
expect_lines 2 1
cat >warned.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "warned", arms = { a = { loss = { "one" } } },
  run = function(run, p) as.loss(p.loss); run:log(1, { x = 1 }) end,
}
END_LUA
expect_exit 0 assay run warned.lua --db warned.db
expect_query warned.db "select kind, text like '%one.so is older than%build it again: %' from event" \
    "warning|1"
expect_exit 0 assay plugins list
expect_line "    older than plugins/losses/one.c; build it again: assay build plugins/losses/one.c"
expect_exit 0 assay build plugins/losses/one.c
expect_exit 0 assay-worker script ask.lua
expect_line "3.0"

# a header of its folder is part of a plugin's source
sed -i '1i #include "shared.h"' plugins/losses/one.c
echo "#define SHARED 1" >plugins/losses/shared.h
expect_exit 0 assay build plugins/losses/one.c
expect_exit 0 assay-worker script ask.lua
expect_lines 2 0
echo "#define SHARED 2" >plugins/losses/shared.h
expect_exit 0 assay-worker script ask.lua
expect_err "losses/one: plugins/losses/one.so is older than plugins/losses/one.c; build it again: "
expect_exit 0 assay build plugins/losses/one.c
expect_exit 0 assay-worker script ask.lua
expect_lines 2 0

# the order: ./plugins, ASSAY_PLUGIN_PATH, the user's, installed; which wins is said where sources differ
mkdir -p "$XDG_DATA_HOME/assay/plugins/losses" path/losses
cp plugins/losses/one.so "$XDG_DATA_HOME/assay/plugins/losses/"
expect_exit 0 assay-worker script ask.lua
expect_lines 2 0 # the same source twice
expect_exit 0 assay plugins list
expect_line "    plugins/losses/one.so is used, not $XDG_DATA_HOME/assay/plugins/losses/one.so"
ln -s "$PWD/plugins/losses/two.so" "$XDG_DATA_HOME/assay/plugins/losses/" # the same file
expect_exit 0 assay plugins list
expect_lines - 0
! grep -q "data/assay/plugins/losses/two.so" "$box/out" || fail "a link to the used file is told"
loss path/losses/one.c one 5
expect_exit 0 assay build path/losses/one.c
export ASSAY_PLUGIN_PATH=$PWD/path
expect_exit 0 assay-worker script ask.lua
expect_line "3.0"
expect_err "plugins/losses/one.so is used; $PWD/path/losses/one.so, of another source, comes later"
expect_lines 2 1
expect_exit 0 assay plugins show losses/one
expect_line "    plugins/losses/one.so is used, not path/losses/one.so"
rm plugins/losses/one.so
expect_exit 0 assay-worker script ask.lua
expect_line "5.0"

# a plugin in Lua beside one in C: C wins in one folder, the earlier folder wins over C
cat >path/losses/one.lua <<'PLUGIN'
local as = require "assay.plugin"
return as.plugin {
  kind = "losses", name = "one", version = "1.0.0", doc = "seven times its input",
  signature = "x f32[B] -> loss f32[B]", forward = function(_, x) return 7 * x end,
}
PLUGIN
expect_exit 0 assay-worker script ask.lua
expect_line "5.0"
expect_err "one.so is used; $PWD/path/losses/one.lua, of another source, comes later in the search"
cp path/losses/one.lua plugins/losses/
expect_exit 0 assay-worker script ask.lua
expect_line "7.0"
expect_err "losses/one: plugins/losses/one.lua is used; "
