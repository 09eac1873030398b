# The conformance check: what is right passes, each planted fault is found by the check that is for it, and a
# plugin that dies or hangs takes nobody along.
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS

# state, stopped gradients, a gradient field: all honest
expect_exit 0 assay plugins check losses/aldr_kl heads/isogclr losses/straight_through losses/surrogate
expect_out "losses/aldr_kl 1.0.0: passed"
expect_out "heads/isogclr 1.0.0: passed"
expect_query results/assay.db "select count(*) from plugin_check where result = 'passed'
    and length(source_hash) = 64 and json_array_length(report) > 12" 4
expect_exit 0 assay plugins check losses/poly1 --json
expect_out '"check":	"second gradient"'

# fault NAME CHECK TEXT
fault() {
    expect_exit 1 assay plugins check "losses/$1" --db faults.db
    expect_out "losses/$1 1.0.0: FAILED"
    grep -qE "^  fail  $2 +.*$3" "$box/out" || fail "no \"fail $2 ... $3\""
    expect_query faults.db "select result from plugin_check where name = '$1'" failed
}
fault wrong_gradient gradient 'by the tape, .* by differences'
fault unsaved state 'is not registered'
fault order items 'with the order of the items'
fault unseeded repeat 'other bits'
fault swallows extremes 'not finite'
fault wrong_shape calls 'returned f32\[\], expected loss f32\[B\]'
fault exits 'first call' 'exit\(0\) in losses/exits forward'
case $(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init) in
0) # a sanitizer sees these first
    fault past_the_end guards 'wrote outside of a tensor'
    fault leak leaks 'malloc without free'
    fault segfault 'first call' 'SIGSEGV in losses/segfault forward'
    fault recursion 'first call' 'SIGSEGV in losses/recursion forward'
    fault far_write 'first call' 'SIGSEGV in losses/far_write forward'
    # a sanitizer ends the process before the signal comes
    fault divides 'first call' '(SIGFPE|exit\(1\)) in losses/divides forward'
    ;;
esac

# a missing detach has the right gradient of another method: known answers beside the plugin tell
mkdir -p plugins/losses
cp "$ASSAY_TEST_PLUGINS/losses/missing_detach.so" plugins/losses/
expect_exit 0 assay plugins check plugins/losses/missing_detach.so
cp "$ASSAY_ROOT/tests/plugins_bad/losses/missing_detach_spec.lua" plugins/losses/
fault missing_detach 'known answers' 'constant target'

# hangs
expect_exit 1 assay plugins check losses/loops --seconds 2
expect_out "did not return in time in losses/loops forward"

expect_exit 1 assay plugins check losses/nope
expect_err "no plugin losses/nope"
expect_exit 2 assay plugins check
expect_exit 2 assay plugins list --all
