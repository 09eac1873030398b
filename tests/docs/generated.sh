# The pages docs/generate.lua makes are those in docs/: neither old nor written by hand. ASSAY_WRITE=1 in the
# environment writes them anew: ASSAY_WRITE=1 ./assay test docs/generated
. "$ASSAY_ROOT/tests/cli/lib.sh"

expect_exit 0 assay-worker script "$ASSAY_ROOT/docs/generate.lua" "$ASSAY_ROOT" "$box/docs"
if [ "${ASSAY_WRITE:-}" ]; then
    rm -rf "$ASSAY_ROOT"/docs/plugins/*/
    cp -r "$box/docs/." "$ASSAY_ROOT/docs"
fi
[ "$(wc -l <"$box/docs/services.md")" -gt 200 ] || fail "the services' page has few lines"
for page in services.md plugins.md; do
    ran="diff of $page; ASSAY_WRITE=1 ./assay test docs/generated makes it"
    diff "$box/docs/$page" "$ASSAY_ROOT/docs/$page" >"$box/out" 2>"$box/err" ||
        fail "docs/$page is not what the sources say"
done
for page in "$box"/docs/plugins/*/*.md "$ASSAY_ROOT"/docs/plugins/*/*.md; do
    name=${page#*/docs/plugins/}
    ran="diff of $name; ASSAY_WRITE=1 ./assay test docs/generated makes it"
    diff "$box/docs/plugins/$name" "$ASSAY_ROOT/docs/plugins/$name" >"$box/out" 2>"$box/err" ||
        fail "docs/plugins/$name is not what the descriptor says"
done

# every call of a header that is not an inner step stands on the page
headers=$ASSAY_ROOT/core/include/assay
for name in $(sed -n 's/^\(.*[ *]\)\?static inline .*[ *]\(as_[a-z0-9_]*\)(.*/\2/p' "$headers"/*.h); do
    case $name in
    as_op | as_op1 | as_op2 | as_op1_axis | as_op_dims | as_reduce | as_make_dims) ;;
    *) grep -q "[ *\`]$name(" "$ASSAY_ROOT/docs/services.md" || fail "docs/services.md lacks $name" ;;
    esac
done
