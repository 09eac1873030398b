# The conformance check: what is right passes, each planted fault is found by the check that is for it, and a
# plugin that dies or hangs takes nobody along.
. "$(dirname "$0")/lib.sh"
export ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS

# state, stopped gradients, a gradient field, raw f32, a derivative of 0 beside a value of thousands: all
# honest
expect_exit 0 assay plugins check losses/aldr_kl heads/isogclr losses/straight_through losses/surrogate \
    losses/raw_f32 heads/amcl_barlow
expect_out "losses/aldr_kl 1.1.0: passed"
expect_out "heads/isogclr 1.0.0: passed"
expect_out "part of it is constant, as |stop says"
expect_out "in f32 to 2 % (it reads raw f32)"
expect_query results/assay.db "select count(*) from plugin_check where result = 'passed'
    and length(source_hash) = 64 and json_array_length(report) > 12" 6
expect_exit 0 assay plugins check losses/poly1 --json
expect_out '"check":	"second gradient"'

# hooks act in a sampler, adapters adapt, transforms have a source, soups take states
expect_exit 0 assay plugins check hooks/smc hooks/impute hooks/class_guidance adapters/temperature_scaling \
    datasets/label_noise soups/greedy samplers/sde_pc distillers/knowledge --json
# did NAME CHECK: it was tried, and passed
did() {
    expect_query results/assay.db "select value ->> 'result' from plugin_check, json_each(report)
        where name = '$1' and value ->> 'check' = '$2'" pass
}
did smc state
did impute extremes
did class_guidance allocation
did temperature_scaling reset
did label_noise splits
did greedy items
did greedy 'wrong inputs'
did sde_pc state
did knowledge training

# tensors among the parameters fit the signature, and all is tried with and without them, or with those it
# cannot do without; a soup of two only
expect_exit 0 assay plugins check losses/class_weight adapters/label_shift soups/midpoint --json
did class_weight ranges
did class_weight gradient
did label_shift gradient
did midpoint items
did midpoint 'wrong inputs'

# All faults at once, side by side. fault KIND/NAME CHECK TEXT: that check named it, with a text like this.
fault() {
    ran="the report of $1"
    sqlite3 faults.db "select value ->> 'text' from plugin_check, json_each(report)
        where kind || '/' || name = '$1' and result = 'failed' and value ->> 'check' = '$2'
        and value ->> 'result' = 'fail'" >"$box/out"
    grep -qE -- "$3" "$box/out" || fail "no \"$2\" that failed with \"$3\""
}
seen="losses/wrong_gradient losses/lost_term losses/unsaved hooks/forgetful losses/keeps_in_params
    losses/keeps_tensor losses/order soups/first losses/unseeded losses/swallows losses/wrong_shape
    losses/writes_input
    losses/nan_at_end losses/nan_in_list losses/wrong_behind_tensor soups/spread soups/writes_state
    distillers/no_update datasets/by_visits losses/exits"
# a sanitizer sees these first, or ends the process before the signal comes
dies="losses/past_the_end losses/leak losses/unwritten losses/segfault losses/recursion losses/far_write
    losses/divides"
sanitized=$(nm -D "$ASSAY_BUILD/assay-worker" | grep -c __asan_init || :)
[ "$sanitized" != 0 ] || seen="$seen $dies"
expect_exit 1 assay plugins check $seen --db faults.db
expect_out "losses/wrong_gradient 1.0.0: FAILED"
expect_out "docs/checks.md says what each check does"
expect_query faults.db "select count(*) from plugin_check where result = 'failed'" "$(echo $seen | wc -w)"

fault losses/wrong_gradient gradient 'by the tape, .* by differences'
fault losses/lost_term gradient 'something is detached, or read as a number'
fault losses/unsaved state 'is not registered'
fault hooks/forgetful state 'is not registered'
fault losses/keeps_in_params state 'is not registered'
fault losses/keeps_in_params reset 'other bits than in a new instance'
fault losses/keeps_tensor calls 'a tensor is kept past its call, at byte 0 of .* register it in'
fault losses/order items 'with the order of the items'
fault soups/first items 'with the order of the items'
fault losses/unseeded repeat 'other bits'
fault losses/swallows extremes 'not finite'
fault losses/wrong_shape calls 'returned f32\[\], expected loss f32\[B\]'
fault losses/writes_input calls 'changed its input'
fault losses/nan_at_end ranges 'width = 0 may be given'
fault losses/nan_in_list ranges 'weights = \{ 0, ... \} may be given'
fault losses/wrong_behind_tensor gradient '^with its tensors given: .*detached'
fault soups/spread calls '^2 states gave a result that is not finite'
fault soups/writes_state calls 'base: the call changed its input'
fault distillers/no_update training 'student did not move'
fault datasets/by_visits splits 'read twice gave other items'
fault losses/exits 'first call' 'exit\(0\) in losses/exits forward'
if [ "$sanitized" = 0 ]; then
    fault losses/past_the_end guards 'wrote outside of a tensor'
    fault losses/leak leaks 'malloc without free'
    fault losses/unwritten repeat 'memory read that was never written'
    fault losses/segfault 'first call' 'SIGSEGV in losses/segfault forward'
    fault losses/recursion 'first call' 'SIGSEGV in losses/recursion forward'
    fault losses/far_write 'first call' 'SIGSEGV in losses/far_write forward'
    fault losses/divides 'first call' '(SIGFPE|exit\(1\)) in losses/divides forward'
fi

# a missing detach has the right gradient of another method: the mark in the signature tells, and demands
# known answers, which tell as well
mkdir -p plugins/losses
cp "$ASSAY_TEST_PLUGINS/losses/missing_detach.so" plugins/losses/
expect_exit 1 assay plugins check losses/missing_detach --db faults.db
fault losses/missing_detach gradient 'an as_detach is missing'
fault losses/missing_detach 'known answers' 'so answers with a gradient are needed'
echo 'describe("x", function() it("y", function() end) end)' >plugins/losses/missing_detach_spec.lua
expect_exit 1 assay plugins check losses/missing_detach --db faults.db
fault losses/missing_detach 'known answers' 'compares no gradient'
cp "$ASSAY_ROOT/tests/plugins_bad/losses/missing_detach_spec.lua" plugins/losses/
expect_exit 1 assay plugins check losses/missing_detach --db faults.db
fault losses/missing_detach 'known answers' 'constant target'

# answers that could not be had here are told; when that is all of them, the row is left out
mkdir answers
cp "$ASSAY_BUILD/plugins/losses/poly1.so" answers/
answers_are() {
    rm -f answers.db
    expect_exit 0 assay plugins check ./answers/poly1.so --db answers.db
    expect_query answers.db "select value ->> 'result' || ': ' || (value ->> 'text')
        from plugin_check, json_each(report) where value ->> 'check' = 'known answers'" "$1"
}
echo 'it("a", function() pending "no table" end)' >answers/poly1_spec.lua
answers_are "left: 0 passed, 0 failed, 1 pending; a: no table"
echo 'it("b", function() end)' >>answers/poly1_spec.lua
answers_are "pass: 1 passed, 0 failed, 1 pending; a: no table"

# a file outside the tree, its source by mistake
cp "$ASSAY_TEST_PLUGINS/losses/raw_f32.so" elsewhere.so
expect_exit 0 assay plugins check ./elsewhere.so
expect_out "losses/raw_f32 1.0.0: passed"
expect_exit 1 assay plugins check mine.c
expect_err "mine.c is the source: assay build mine.c, then check the .so beside it"

# hangs
expect_exit 1 assay plugins check losses/loops --seconds 2
expect_out "did not return in time in losses/loops forward"

expect_exit 1 assay plugins check losses/nope
expect_err "no plugin losses/nope"
expect_exit 2 assay plugins check
expect_exit 2 assay plugins list --all
