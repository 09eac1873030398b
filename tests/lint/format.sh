# .clang-format, as clang-format 14 reads it: other versions lay some lines out otherwise.
set -eu
cd "$ASSAY_ROOT"
find core plugins tests -name '*.[ch]' -print0 | xargs -0 clang-format-14 --dry-run -Werror
