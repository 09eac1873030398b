#include "tensor/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { MOST = 5000 };

static int ran[MOST]; /* plain on purpose: what pieces wrote must be seen after pool_run, and TSan watches */

static void count(void *arg, int64_t piece)
{
    ran[piece] += *(int *)arg;
}

static void test_every_piece_once(void **state)
{
    (void)state;
    static const int64_t pieces[] = {0, 1, 2, 3, 4, 7, 64, 1000, MOST};
    static const int threads[] = {1, 2, 3, 2, 8, 1, 4};
    int one = 1;
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        assert_int_equal(pool_start(threads[t]), threads[t]);
        assert_int_equal(pool_threads(), threads[t]);
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            for (int again = 0; again < 20; again++) {
                memset(ran, 0, sizeof ran);
                pool_run(pieces[i], count, &one);
                for (int64_t p = 0; p < MOST; p++)
                    assert_int_equal(ran[p], p < pieces[i]);
            }
    }
}

static void test_thread_counts(void **state)
{
    (void)state;
    assert_true(pool_start(0) >= 1);
    assert_int_equal(pool_start(POOL_THREADS_MAX + 1), POOL_THREADS_MAX);
    assert_int_equal(pool_start(2), 2);
}

/* Two pieces that each wait for the other end only if two threads run them. */
static void meet(void *arg, int64_t piece)
{
    (void)piece;
    atomic_int *arrived = arg;
    atomic_fetch_add(arrived, 1);
    while (atomic_load(arrived) < 2)
        nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

static void test_pieces_run_at_the_same_time(void **state)
{
    (void)state;
    pool_start(2);
    for (int again = 0; again < 50; again++) {
        atomic_int arrived = 0;
        pool_run(2, meet, &arrived);
        assert_int_equal(arrived, 2);
    }
}

static void note_thread(void *arg, int64_t piece)
{
    ((pthread_t *)arg)[piece] = pthread_self();
}

static void nested(void *arg, int64_t piece)
{
    pthread_t inner[8];
    pool_run(8, note_thread, inner);
    for (int i = 0; i < 8; i++)
        ((int *)arg)[piece] += pthread_equal(inner[i], pthread_self()) != 0;
}

static void test_nested_runs_are_serial(void **state)
{
    (void)state;
    int same[100] = {0};
    pool_start(3);
    pool_run(100, nested, same);
    for (int i = 0; i < 100; i++)
        assert_int_equal(same[i], 8);
}

/* Runs against workers that spin, are about to sleep, or sleep: a lost wake-up would hang here. */
static void test_runs_at_every_distance(void **state)
{
    (void)state;
    int one = 1;
    pool_start(2);
    memset(ran, 0, sizeof ran);
    for (int i = 0; i < 2000; i++) {
        nanosleep(&(struct timespec){.tv_nsec = i % 20 * 5000}, NULL);
        pool_run(2 + i % 3, count, &one);
    }
    assert_int_equal(ran[0], 2000);
    assert_int_equal(ran[1], 2000);
    for (int i = 0; i < 100000; i++)
        pool_run(2, count, &one);
    assert_int_equal(ran[0], 102000);
    assert_int_equal(ran[1], 102000);
}

/* Pieces of very different length: who is done early takes over the others' share. */
static void uneven(void *arg, int64_t piece)
{
    atomic_llong *sum = arg;
    volatile double x = 1;
    for (int i = 0; i < (piece < 4 ? 300000 : 100); i++)
        x = x * 1.0000001;
    atomic_fetch_add(sum, piece);
}

static void test_uneven_pieces(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        pool_start(threads);
        atomic_llong sum = 0;
        pool_run(1000, uneven, &sum);
        assert_int_equal(sum, 499500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_piece_once),
        cmocka_unit_test(test_thread_counts),
        cmocka_unit_test(test_pieces_run_at_the_same_time),
        cmocka_unit_test(test_nested_runs_are_serial),
        cmocka_unit_test(test_runs_at_every_distance),
        cmocka_unit_test(test_uneven_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
