set -eu
cd "$ASSAY_ROOT"
luacheck --quiet --no-color lua experiments bench tests plugins
