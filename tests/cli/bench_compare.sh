# bench/compare: both programs by turns, the fastest opponent, ratios and their geometric mean.
. "$(dirname "$0")/lib.sh"

# assay takes 50 us for a case; the other side 100 (env) or 80 (best), its variant _cl 60.
cat >ours <<'EOF'
#!/bin/sh
[ "$1" = bench ] && [ "$3" = --threads ] || exit 2
[ "${OPENBLAS_CORETYPE-unset}" = unset ] || exit 2
[ "$2" != nope ] || { echo "bench: no case nope" >&2; exit 2; }
echo "$2 $4 50.00 49 51"
EOF
chmod +x ours
cat >theirs <<'EOF'
#!/bin/sh
threads=$2 profile=$4
shift 4
echo "# a heading"
for case; do
    case $case in *_cl) time=60 ;; *) [ "$profile" = env ] && time=100 || time=80 ;; esac
    echo "$case $threads $time.00 1 2 some note"
done
EOF
export OPENBLAS_CORETYPE=Haswell ASSAY="$PWD/ours"
expect_exit 0 "$ASSAY_ROOT/bench/compare" theirs --threads 2 --rounds 2 soup cnn_small nope
expect_line "soup                         2        50.00        80.00    1.60  soup best"
expect_line "cnn_small                    2        50.00        60.00    1.20  cnn_small_cl env"
expect_line "geometric mean of 2: 1.39"
expect_err "no case nope"
expect_exit 2 "$ASSAY_ROOT/bench/compare"
expect_err "usage: bench/compare"
expect_exit 2 "$ASSAY_ROOT/bench/compare" theirs --threads none
expect_exit 1 "$ASSAY_ROOT/bench/compare" theirs nope
