# Warnings of clang are errors too: the programs and every plugin, compiled into a folder that is kept.
set -eu
build=$ASSAY_BUILD/clang
[ -e "$build/build.ninja" ] ||
    CC=clang cmake -S "$ASSAY_ROOT" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DASSAY_TESTS=OFF \
        >"$build.log" 2>&1 || {
        cat "$build.log"
        exit 1
    }
ninja --quiet -C "$build" programs
