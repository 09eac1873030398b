#include "tensor/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define CACHING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CACHING 0
#endif
#endif
#ifndef CACHING
#define CACHING 1
#endif

static void test_sizes_are_rounded_to_classes(void **state)
{
    (void)state;
    static const size_t cases[][2] = {
        {0, 64},
        {1, 64},
        {64, 64},
        {65, 128},
        {193, 256},
        {257, 320},
        {512, 512},
        {513, 640},
        {1024, 1024},
        {1025, 1280},
        {100000, 114688},
        {256 * 1024, 262144},
        {262145, 327680},
        {2 * 1048576, 2097152},
        {2097153, 2621440},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t before = alloc_in_use();
        void *p = alloc_get(cases[i][0]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % ALLOC_ALIGN, 0);
        assert_int_equal(alloc_in_use() - before, cases[i][1]);
        memset(p, 1, cases[i][0]);
        alloc_put(p, cases[i][0]);
        assert_int_equal(alloc_in_use(), before);
    }
    alloc_put(NULL, 100);
    assert_int_equal(alloc_in_use(), 0);
}

static void test_a_freed_block_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 10 * KIB, 3 * MIB};
    for (size_t i = 0; CACHING && i < sizeof sizes / sizeof *sizes; i++) {
        void *p = alloc_get(sizes[i]);
        size_t kept = alloc_kept();
        alloc_put(p, sizes[i]);
        assert_true(alloc_kept() >= kept + sizes[i]);
        assert_ptr_equal(alloc_get(sizes[i] - 1), p); /* the same class */
        alloc_put(p, sizes[i] - 1);
    }
}

/* Blocks out at the same time never overlap: each holds its own number until it is given back. */
static void test_blocks_do_not_overlap(void **state)
{
    (void)state;
    enum { SLOTS = 200, STEPS = 20000 };
    static struct {
        unsigned char *p, mark;
        size_t size;
    } slots[SLOTS];
    uint64_t x = 1;
    for (int step = 0; step < STEPS + SLOTS; step++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        int i = step < STEPS ? (int)(x >> 40) % SLOTS : step - STEPS;
        if (slots[i].p) {
            for (size_t at = 0; at < slots[i].size; at += at + 64 < slots[i].size ? 64 : 1)
                assert_int_equal(slots[i].p[at], slots[i].mark);
            alloc_put(slots[i].p, slots[i].size);
            slots[i].p = NULL;
        } else if (step < STEPS) {
            slots[i].size = ((size_t)1 << (x >> 33) % 20) + (size_t)(x >> 50) % 1000;
            slots[i].mark = (unsigned char)step;
            slots[i].p = alloc_get(slots[i].size);
            assert_non_null(slots[i].p);
            memset(slots[i].p, slots[i].mark, slots[i].size);
        }
    }
    assert_int_equal(alloc_in_use(), 0);
}

static void test_peak(void **state)
{
    (void)state;
    alloc_reset_peak();
    assert_int_equal(alloc_peak(), alloc_in_use());
    void *a = alloc_get(1 * MIB), *b = alloc_get(2 * MIB);
    alloc_put(b, 2 * MIB);
    assert_int_equal(alloc_peak(), 3 * MIB);
    assert_int_equal(alloc_in_use(), 1 * MIB);
    alloc_reset_peak();
    assert_int_equal(alloc_peak(), 1 * MIB);
    alloc_put(a, 1 * MIB);
}

static void test_limit(void **state)
{
    (void)state;
    alloc_trim();
    size_t held_and_small = alloc_in_use() + alloc_kept() + 8 * MIB;
    void *held = alloc_get(8 * MIB), *freed = alloc_get(8 * MIB);
    alloc_put(freed, 8 * MIB);
    alloc_limit(held_and_small + 24 * MIB);
    assert_null(alloc_get(40 * MIB));
    void *p = alloc_get(20 * MIB); /* fits once the kept 8 MiB are returned */
    assert_non_null(p);
    assert_null(alloc_get(5 * MIB));
    alloc_limit(0);
    void *more = alloc_get(5 * MIB);
    assert_non_null(more);
    alloc_put(more, 5 * MIB);
    alloc_put(p, 20 * MIB);
    alloc_put(held, 8 * MIB);
    assert_int_equal(alloc_in_use(), 0);
    assert_null(alloc_get(SIZE_MAX));
    assert_null(alloc_get(((size_t)1 << 39) + 1));
}

static void test_trim_and_bounded_cache(void **state)
{
    (void)state;
    alloc_trim();
    size_t small = alloc_kept();
    void *p = alloc_get(4 * MIB);
    alloc_put(p, 4 * MIB);
    alloc_trim();
    assert_int_equal(alloc_kept(), small);
    /* sizes that never come back: at most what was once in use (below 64 MiB) and the last block are kept */
    for (size_t size = 1 * MIB; size < 64 * MIB; size += size / 4)
        alloc_put(alloc_get(size), size);
    assert_true(alloc_kept() <= 2 * 64 * MIB);
}

static void test_fail_at(void **state)
{
    (void)state;
    alloc_fail_at(3);
    void *a = alloc_get(10), *b = alloc_get(10);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(alloc_get(10));
    void *c = alloc_get(10);
    assert_non_null(c);
    alloc_fail_at(1);
    alloc_fail_at(0);
    void *d = alloc_get(10);
    assert_non_null(d);
    alloc_put(a, 10);
    alloc_put(b, 10);
    alloc_put(c, 10);
    alloc_put(d, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_are_rounded_to_classes),
        cmocka_unit_test(test_a_freed_block_comes_back),
        cmocka_unit_test(test_blocks_do_not_overlap),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_trim_and_bounded_cache),
        cmocka_unit_test(test_fail_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
