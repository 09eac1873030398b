/* Known answers of the exact tests and the bootstrap: counted by hand, from a printed table, or by
 * enumeration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "results/statistics.h"

#include <math.h>
#include <stdlib.h>

#define OF(...) (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double)

static void near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

/* Hamilton's depression scale, first visit less second, nine patients: Hollander & Wolfe 1973, table 3.1. R's
 * help of wilcox.test has V = 40 and p = 0.01953 one-sided; its exact interval is 0.010 to 0.786. */
static const double patients[] = {0.952, -0.147, 1.022, 0.430, 0.620, 0.590, 0.490, -0.080, 0.010};

static void signs(void **state)
{
    (void)state;
    near(statistics_sign_p(OF(1, 2, 3)), 2 / 8.0); /* three of three: no p is small */
    near(statistics_sign_p(OF(1, 2, 3, 4, 5, 6, 7, -1)), 2 * (1 + 8) / 256.0);
    near(statistics_sign_p(OF(-1, -2, -3, 0, 0, -9, -1, -2)), 2 / 64.0); /* zeros are left out */
    near(statistics_sign_p(OF(1, -1)), 1);
    assert_true(isnan(statistics_sign_p(OF(0, 0))));
    double low, high, x[9];
    for (size_t i = 0; i < 9; i++)
        x[i] = patients[i];
    /* 1 + 9 of 512 orders have at most one value below the median: 0.0195; with two it would be 0.0898 */
    statistics_sign_ci95(x, 9, &low, &high);
    near(low, -0.080);
    near(high, 0.952);
    statistics_sign_ci95(OF(4, 1, 6, 2, 5, 3), &low, &high); /* 1 of 64 is below 0.025, 7 of 64 is not */
    near(low, 1);
    near(high, 6);
    statistics_sign_ci95(OF(1, 2, 3, 4, 5), &low, &high); /* 1 of 32 is not */
    assert_true(isnan(low) && isnan(high));
}

static void signed_ranks(void **state)
{
    (void)state;
    near(statistics_wilcoxon_p(patients, 9), 2 * 0.01953125);
    /* n = 8, W = 3: the sums of at most 3 are {}, 1, 2, 3, 1 + 2: five of 256 */
    near(statistics_wilcoxon_p(OF(1, 2, -3, 4, 5, 6, 7, 8)), 2 * 5 / 256.0);
    near(statistics_wilcoxon_p(OF(10, 20, -3, 40, 50, 60, 70, 80)), 2 * 2 / 256.0); /* W = 1 */
    /* ranks 1.5 1.5 3 4, W = 1.5: the sums of at most 1.5 are {} and either of the two: three of 16 */
    near(statistics_wilcoxon_p(OF(-1, 1, 2, 3)), 2 * 3 / 16.0);
    near(statistics_wilcoxon_p(OF(0, 0, -1, 1, 2, 3)), 2 * 3 / 16.0);
    near(statistics_wilcoxon_p(OF(1, 1, -2)), 1);
    assert_true(isnan(statistics_wilcoxon_p(OF(0))));
    double low, high;
    statistics_wilcoxon_ci95(patients, 9, &low, &high); /* the sixth of 45 means of pairs from either end */
    near(low, 0.010);
    near(high, 0.786);
    statistics_wilcoxon_ci95(OF(4, 1, 6, 2, 5, 3), &low, &high);
    near(low, 1);
    near(high, 6);
    statistics_wilcoxon_ci95(OF(1, 2, 3, 4, 5), &low, &high);
    assert_true(isnan(low) && isnan(high));
}

static void resamples_never_change(void **state)
{
    (void)state;
    /* an implementation in Python, with its unbounded integers, gave these */
    static const size_t first[] = {5, 5, 3, 5, 6, 1, 6, 2}, last[] = {8, 1, 7, 1, 3, 2, 9, 8, 4, 3};
    size_t index[10];
    statistics_resample(0, 8, index);
    assert_memory_equal(index, first, sizeof first);
    statistics_resample(9999, 10, index);
    assert_memory_equal(index, last, sizeof last);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the 5^5 resamples of 1 .. 5, 56 have a sum of at most 8 (0.0179) and 126 one of at most 9 (0.0403): the
 * 2.5 % point of the mean is 9 / 5. The median is at most 1 in 181 of 3125: three, four or five ones. */
static void bootstrap(void **state)
{
    (void)state;
    static double drawn[STATISTICS_DRAWS];
    assert_true(statistics_bootstrap(OF(3, 1, 5, 2, 4), false, drawn));
    double low = 0;
    for (size_t i = 0; i < STATISTICS_DRAWS; i++)
        low += drawn[i] < 1.7;
    low /= STATISTICS_DRAWS;
    assert_true(fabs(low - 56 / 3125.0) <
                4 * sqrt(56 / 3125.0 / STATISTICS_DRAWS)); /* 4 standard deviations */
    qsort(drawn, STATISTICS_DRAWS, sizeof *drawn, ascending);
    near(statistics_quantile(drawn, STATISTICS_DRAWS, 0.025), 1.8);
    near(statistics_quantile(drawn, STATISTICS_DRAWS, 0.975), 4.2);
    assert_true(statistics_bootstrap(OF(3, 1, 5, 2, 4), true, drawn));
    double ones = 0;
    for (size_t i = 0; i < STATISTICS_DRAWS; i++)
        ones += drawn[i] == 1;
    ones /= STATISTICS_DRAWS;
    assert_true(fabs(ones - 181 / 3125.0) < 4 * sqrt(181 / 3125.0 / STATISTICS_DRAWS));
    assert_false(statistics_bootstrap(NULL, 0, true, drawn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs),
        cmocka_unit_test(signed_ranks),
        cmocka_unit_test(resamples_never_change),
        cmocka_unit_test(bootstrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
