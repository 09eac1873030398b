# A file is one concern and a function fits a screen: at most 800 lines a file, 110 columns a line, and in C
# 60 lines a function.
set -eu
cd "$ASSAY_ROOT"
find assay CMakeLists.txt .ci cmake core plugins lua experiments bench tests -type f \
    \( -name '*.[ch]' -o -name '*.lua' -o -name '*.sql' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' \
    -o -name CMakeLists.txt -o -path assay -o -path .ci/run \) -print0 |
    LC_ALL=C xargs -0 awk -f tests/lint/size.awk
