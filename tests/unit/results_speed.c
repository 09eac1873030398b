/* What a log of eight values costs, in a file on the disk of /tmp. The bound is ten times what a slow laptop
 * needs: it catches a sync a commit, not a slow machine. */
#include "results_fixture.h"

#include <time.h>

#define LOGS 5000

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void log_eight_values(void **state)
{
    (void)state;
    static double us[LOGS];
    static const char *const names[8] = {"loss",      "accuracy",      "lr",        "grad_norm",
                                         "test/loss", "test/accuracy", "test/top5", "seconds"};
    store_value values[8];
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    for (int step = 0; step < LOGS; step++) {
        for (int i = 0; i < 8; i++)
            values[i] = (store_value){names[i], step + 0.1 * i};
        double start = now_us();
        MUST(store_log(s, run, 1, step, values, 8, &no_error));
        us[step] = now_us() - start;
    }
    store_close(s);
    qsort(us, LOGS, sizeof *us, ascending);
    print_message("log of 8 values: median %.1f us, p10 %.1f, p90 %.1f, p99 %.1f, most %.0f\n", us[LOGS / 2],
                  us[LOGS / 10], us[LOGS * 9 / 10], us[LOGS * 99 / 100], us[LOGS - 1]);
    assert_true(us[LOGS / 2] < 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log_eight_values, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
