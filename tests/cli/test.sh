# assay test: ctest beside the program, and what could not run named at the end, also of tests that passed.
. "$(dirname "$0")/lib.sh"

cp "$ASSAY_BUILD/assay" .
expect_exit 1 ./assay test
expect_err "no tests in"
cat >CTestTestfile.cmake <<'END'
add_test(part sh -c "seq 2000; echo 'PENDING part a: no table'; seq 2000")
add_test(none sh -c "echo 'PENDING none b: no road'; exit 77")
set_tests_properties(none PROPERTIES SKIP_RETURN_CODE 77 LABELS far)
add_test(all sh -c "echo PENDINGS")
END
expect_exit 0 ./assay test
expect_line "PENDING part a: no table"
expect_line "PENDING none b: no road"
[ "$(grep -c PENDING "$box/out")" -eq 2 ] || fail "more than two are pending"
expect_exit 0 ./assay test -L far
expect_out "(Skipped)"
[ "$(grep -c PENDING "$box/out")" -eq 1 ] || fail "an earlier log is read"
expect_exit 0 ./assay test all
! grep -q PENDING "$box/out" || fail "an earlier log is read"
expect_exit 2 ./assay test one two
