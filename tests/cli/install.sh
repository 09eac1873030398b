# cmake --install into a prefix that is then moved, and all of it used from a folder outside any tree: runs,
# plugins built three ways, the manual page.
. "$(dirname "$0")/lib.sh"

expect_exit 0 cmake --install "$ASSAY_BUILD" --prefix "$box/first"
mv "$box/first" "$box/moved" # nothing may remember where it was installed
prefix=$box/moved
PATH=$prefix/bin:$(echo "$PATH" | sed "s|^$ASSAY_BUILD:||")
PKG_CONFIG_PATH=$prefix/share/pkgconfig
HOME=$box/home XDG_DATA_HOME=$box/home/share
export PATH PKG_CONFIG_PATH HOME XDG_DATA_HOME
unset ASSAY_PLUGIN_PATH
mkdir -p "$HOME"
# a sanitized assay takes sanitized plugins only
sanitize=$(sed -n 's/^ASSAY_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$ASSAY_BUILD/CMakeCache.txt")

# the files, and no more than these folders
for file in bin/assay libexec/assay/assay-worker include/assay/plugin.h lib/assay/plugins/losses/poly1.so \
    share/assay/lua/assay/init.lua share/pkgconfig/assay.pc share/cmake/assay/assayConfig.cmake \
    share/man/man1/assay.1 share/bash-completion/completions/assay share/zsh/site-functions/_assay; do
    [ -s "$prefix/$file" ] || fail "not installed: $file"
done
expect_exit 0 sh -c "cd '$prefix' && find . -mindepth 1 -maxdepth 2 | sort | tr '\n' ' '"
expect_line "./bin ./bin/assay ./include ./include/assay ./lib ./lib/assay ./libexec ./libexec/assay ./share \
./share/assay ./share/bash-completion ./share/cmake ./share/man ./share/pkgconfig ./share/zsh "
[ "$(command -v assay)" = "$prefix/bin/assay" ] || fail "PATH finds another assay"
if grep -rqF "$box/first" "$prefix"; then fail "a file holds the path it was installed to"; fi
expect_exit 0 assay --version
expect_exit 1 assay test
expect_err "this assay is an installed one"
expect_exit 1 assay bench
expect_lines 0 1

# its plugins, and one of the user's, built by assay
expect_exit 0 assay plugins list
expect_out losses/poly1
sed 's/"poly1"/"mine"/' "$ASSAY_ROOT/plugins/losses/poly1.c" >mine.c
mkdir -p "$XDG_DATA_HOME/assay/plugins/losses"
expect_exit 0 assay build mine.c -o "$XDG_DATA_HOME/assay/plugins/losses/mine.so"
expect_exit 0 assay plugins show losses/mine
expect_out losses/mine

# by hand with pkg-config
mkdir -p plugins/losses
sed 's/"poly1"/"by_hand"/' "$ASSAY_ROOT/plugins/losses/poly1.c" >by_hand.c
expect_exit 0 pkg-config --modversion assay
expect_line "$(assay --version | cut -d ' ' -f 2)"
expect_exit 0 cc $sanitize -shared -fPIC $(pkg-config --cflags assay) by_hand.c -o plugins/losses/by_hand.so

# in a project of CMake's
mkdir -p project/losses
sed 's/"poly1"/"packaged"/' "$ASSAY_ROOT/plugins/losses/poly1.c" >project/losses/packaged.c
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.23)
project(mine LANGUAGES C)
find_package(assay 0.1 REQUIRED)
assay_plugin(packaged losses/packaged.c ${CMAKE_BINARY_DIR})
add_library(plain MODULE losses/packaged.c)
target_link_libraries(plain PRIVATE assay::plugin)
if(NOT EXISTS ${ASSAY_PLUGINS}/losses/poly1.so)
  message(FATAL_ERROR "ASSAY_PLUGINS is ${ASSAY_PLUGINS}")
endif()
END
expect_exit 0 cmake -S project -B made -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$sanitize"
expect_exit 0 ninja -C made
grep -q "$(sha256sum <project/losses/packaged.c | cut -d ' ' -f 1)" made/losses/packaged.so ||
    fail "the source's hash is not in the plugin"
ASSAY_PLUGIN_PATH=$PWD/made:$PWD/plugins
export ASSAY_PLUGIN_PATH

# a script uses all four, from a folder that is not the script's
cat >four.lua <<'END'
local as = require "assay"
local nn = require "assay.nn"
return as.experiment {
  name = "four", headline = "loss", seeds = 1,
  params = { lr = 0.1 },
  arms = {
    shipped = { loss = { "poly1" } }, built = { loss = { "mine" } },
    by_hand = { loss = { "by_hand" } }, packaged = { loss = { "packaged" } },
  },
  run = function(run, p)
    local net, loss = nn.seq { nn.linear { 2, 2 } }, as.loss(p.loss)
    local x, y = as.tensor { { 1, 0 }, { 0, 1 } }, as.tensor({ 0, 1 }):to "i64"
    local opt = as.optim.adam { net, lr = p.lr }
    for step = 1, 5 do
      local l = loss(net(x), y)
      l:backward()
      opt:step()
      run:log(step, { loss = l })
    end
  end,
}
END
expect_exit 0 assay run four.lua
mkdir elsewhere
expect_exit 0 sh -c 'cd elsewhere && assay run ../four.lua --arm shipped --arm built --db own.db'
done="select count(*), count(distinct headline) from runs where status = 'done'"
expect_query elsewhere/own.db "$done" "2|1"
# equal losses, equal numbers: one value for the four
expect_query results/assay.db "$done" "4|1"
expect_query results/assay.db "select count(*) from metric" 20

# the manual page has each command and option of the help; groff prints it without a complaint, where there is
# one
sed 's/\\-/-/g' "$prefix/share/man/man1/assay.1" >manual
for name in $(assay --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'); do
    awk -v title=".SS assay $name" '/^\.SS/ { in_it = $0 == title || index($0, title " ") == 1 } in_it' \
        manual >section
    [ -s section ] || fail "assay(1) lacks $name"
    assay $name --help | sed -n 's/^  \(-[^ ].*[^ ]\)   *[^ ].*/\1/p' >options
    while read -r option; do
        grep -qxF -- ".B $option" section || fail "assay(1) lacks $option of $name"
    done <options
    case $name in run | sweep | tune) [ "$(wc -l <options)" -ge 10 ] || fail "no options found" ;; esac
done
if command -v groff >/dev/null; then
    expect_exit 0 groff -man -Tutf8 -ww -z "$prefix/share/man/man1/assay.1"
    expect_lines 0 0
fi
