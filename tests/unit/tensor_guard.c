/* Guard bytes and litter of the conformance check; a process of its own, for guards are on from the start. */
#include "tensor/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const size_t sizes[] = {1, 4, 63, 64, 65, 1000, 300000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void test_a_block_used_as_it_should_be(void **state)
{
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        int64_t broken = alloc_guards_broken();
        size_t before = alloc_in_use();
        unsigned char *p = alloc_get(sizes[k]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % ALLOC_ALIGN, 0);
        memset(p, 7, sizes[k]);
        alloc_put(p, sizes[k]);
        assert_int_equal(alloc_guards_broken(), broken);
        assert_int_equal(alloc_in_use(), before);
    }
    alloc_put(NULL, 10);
}

/* Every one of the bytes around a block is watched: 64 in front, and behind up to 64 beyond the next line. */
static void test_one_byte_outside_is_seen(void **state)
{
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        size_t n = sizes[k], behind = (n + 63) / 64 * 64 - n + 64;
        const ptrdiff_t places[] = {-1, -64, (ptrdiff_t)n, (ptrdiff_t)(n + behind - 1)};
        for (size_t at = 0; at < sizeof places / sizeof *places; at++) {
            int64_t broken = alloc_guards_broken();
            unsigned char *p = alloc_get(n);
            p[places[at]] ^= 1;
            alloc_put(p, n);
            assert_int_equal(alloc_guards_broken(), broken + 1);
        }
    }
}

static void test_litter_fills_fresh_blocks(void **state)
{
    (void)state;
    for (int byte = 0x55; byte <= 0xAA; byte += 0x55) {
        alloc_litter(byte);
        unsigned char *p = alloc_get(1000);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(p[i], byte);
        memset(p, 1, 1000);
        alloc_put(p, 1000);
    }
    alloc_litter(0);
}

static void test_failing_allocations_still_fail(void **state)
{
    (void)state;
    alloc_fail_at(2);
    void *p = alloc_get(10);
    assert_non_null(p);
    assert_null(alloc_get(10));
    alloc_put(p, 10);
}

int main(void)
{
    alloc_guard();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_used_as_it_should_be),
        cmocka_unit_test(test_one_byte_outside_is_seen),
        cmocka_unit_test(test_litter_fills_fresh_blocks),
        cmocka_unit_test(test_failing_allocations_still_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
