# The launcher builds when something changed and only then: on a tiny project with the same targets.
. "$(dirname "$0")/lib.sh"

mkdir -p tree/core tree/plugins tree/cmake tree/tests
cp "$ASSAY_ROOT/assay" tree/
cp "$ASSAY_ROOT/cmake/packages.sh" tree/cmake/
cat >tree/CMakePresets.json <<'END'
{ "version": 4, "configurePresets": [
  { "name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/${presetName}" },
  { "name": "asan", "inherits": "release" } ] }
END
cat >tree/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.23)
project(tiny LANGUAGES C)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
file(GLOB sources CONFIGURE_DEPENDS core/*.c)
add_executable(assay ${sources})
add_custom_target(programs DEPENDS assay)
END
cat >tree/core/main.c <<'END'
#include <stdio.h>
int main(int argc, char **argv) { printf("one %s\n", argc > 1 ? argv[1] : "-"); return 7; }
END

# first start, through a link and from elsewhere: builds, talks on stderr only, keeps arguments and exit code
ln -s tree/assay link2
mkdir elsewhere
ln -sf "$box/work/link2" elsewhere/assay
expect_exit 7 elsewhere/assay "a b"
expect_line "one a b"
expect_lines 1 -
expect_err "first build"
expect_exit 7 tree/assay
expect_lines 1 0

# an edit, a new file, a deleted file
sleep 0.02
sed -i 's/one/two/' tree/core/main.c
expect_exit 7 tree/assay
expect_line "two -"
echo 'int more(void); int more(void) { return 1; }' >tree/core/more.c
expect_exit 7 tree/assay
[ -n "$(find tree/build/release -name 'more.c.o')" ] || fail "the new file was not compiled"
sed -i 's/#include <stdio.h>/&\nint more(void);/; s/return 7/return more()/' tree/core/main.c
expect_exit 1 tree/assay
expect_line "two -"
rm tree/core/more.c
expect_exit 1 tree/assay
expect_err "more"
expect_err "the build failed"
expect_lines 0 -

# a compiler error stops it every time until it is mended
sed -i 's/more()/7/' tree/core/main.c
echo 'int broken(' >tree/core/broken.c
expect_exit 1 tree/assay
expect_err "broken.c"
expect_exit 1 tree/assay
expect_err "broken.c"
rm tree/core/broken.c
expect_exit 7 tree/assay

# another preset is another folder; tests count only for `assay test`
expect_exit 7 env ASSAY_PRESET=asan tree/assay
[ -x tree/build/asan/assay ] || fail "no build/asan/assay"
grep -q ASSAY_TESTS:BOOL=OFF tree/build/release/CMakeCache.txt || fail "configured with the tests"
expect_exit 7 tree/assay test
grep -q ASSAY_TESTS:BOOL=ON tree/build/release/CMakeCache.txt || fail "configured without the tests"
touch tree/tests/new.c
expect_exit 7 tree/assay
expect_lines 1 0
expect_exit 7 tree/assay test
expect_line "two test"

# a configuration that fails shows why, twice
rm -rf tree/build
echo 'message(FATAL_ERROR "no such library: yarn")' >>tree/CMakeLists.txt
expect_exit 1 tree/assay
expect_err "no such library: yarn"
expect_exit 1 tree/assay
expect_err "no such library: yarn"
expect_lines 0 -
