/* Gamma, beta and categorical draws: moments and Kolmogorov-Smirnov or chi-square distances from the exact
 * distributions, the same bits at any thread count, items that do not depend on the draw's length. Seeds are
 * fixed, so a pass is a pass for ever; the bounds are those of the tests at a level of 1e-4. */
#include "tensor/pool.h"
#include "tensor/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1 << 18 };

static double x[MANY], y[MANY];
static float narrow[MANY];
static int64_t places[MANY];

static int ascending(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* The regularised lower incomplete gamma function by its series, and by Lentz's continued fraction beyond the
 * mean (Abramowitz & Stegun 6.5.29, 6.5.31). */
static double gamma_below(double a, double t)
{
    double front = exp(a * log(t) - t - lgamma(a));
    if (t <= 0)
        return 0;
    if (t < a + 1) {
        double term = 1 / a, sum = term;
        for (double n = a + 1; term > 1e-17 * sum; n++)
            sum += term *= t / n;
        return front * sum;
    }
    double b = t + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int i = 1; i < 2000; i++) {
        double an = -i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return 1 - front * h;
}

static double shape_a, shape_b;

static double gamma_law(double t)
{
    return gamma_below(shape_a, t);
}

/* The beta distribution's by Simpson's rule over s = t^a where a < 1, which takes the pole at 0 away. */
static double beta_below(double a, double b, double t)
{
    if (t > 0.5) /* from the other end, where a pole at 1 lies */
        return 1 - beta_below(b, a, 1 - t);
    double e = fmin(a, 1), end = pow(t, e), sum = 0;
    for (int i = 0; i <= 400; i++) {
        double s = end * i / 400, f = pow(s, a / e - 1) * pow(1 - pow(s, 1 / e), b - 1);
        sum += f * (i == 0 || i == 400 ? 1 : i % 2 ? 4 : 2);
    }
    return exp(lgamma(a + b) - lgamma(a) - lgamma(b)) / e * sum * end / 400 / 3;
}

static double beta_law(double t)
{
    return beta_below(shape_a, shape_b, t);
}

/* sqrt(n) times the largest distance between the sample's distribution and the law: below 2.23 with odds of
 * 1 - 1e-4. */
static double distance(double (*law)(double))
{
    double most = 0;
    qsort(x, MANY, sizeof *x, ascending);
    for (int i = 0; i < MANY; i += 16) { /* the law is costly, and smooth between sixteen neighbours */
        double at = law(x[i]);
        most = fmax(most, fmax(fabs(at - (double)i / MANY), fabs(at - (double)(i + 1) / MANY)));
    }
    return most * sqrt(MANY);
}

static void near_moments(const char *what, double mean, double variance)
{
    double m = 0, v = 0, fourth = 0;
    for (int i = 0; i < MANY; i++)
        m += x[i] / MANY;
    for (int i = 0; i < MANY; i++) {
        v += (x[i] - m) * (x[i] - m) / MANY;
        fourth += pow(x[i] - m, 4) / MANY;
    }
    double error = sqrt(variance / MANY), spread = sqrt((fourth - v * v) / MANY);
    if (!(fabs(m - mean) <= 4 * error))
        fail_msg("%s: mean %.8g, expected %.8g within %g", what, m, mean, 4 * error);
    if (!(fabs(v - variance) <= 4 * spread))
        fail_msg("%s: variance %.8g, expected %.8g within %g", what, v, variance, 4 * spread);
}

static void gammas(void **state)
{
    (void)state;
    static const double shapes[] = {0.1, 0.3, 1, 1.5, 4, 50, 1000};
    random_stream s = random_named(1, "test", 0, "gamma");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char what[40];
        snprintf(what, sizeof what, "gamma %g", shapes[i]);
        shape_a = shapes[i];
        random_gamma_f64(&s, shape_a, x, MANY);
        near_moments(what, shape_a, shape_a);
        double d = distance(gamma_law);
        if (!(d < 2.23))
            fail_msg("%s: Kolmogorov-Smirnov %.3g, expected below 2.23", what, d);
    }
}

static void betas(void **state)
{
    (void)state;
    static const double pairs[][2] = {{2, 2}, {1.6, 1.6}, {1, 1}, {0.5, 0.5}, {0.2, 3}, {30, 4}};
    random_stream s = random_named(2, "test", 0, "beta");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char what[40];
        double a = shape_a = pairs[i][0], b = shape_b = pairs[i][1];
        snprintf(what, sizeof what, "beta %g %g", a, b);
        random_beta_f64(&s, a, b, x, MANY);
        near_moments(what, a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1)));
        double d = distance(beta_law);
        if (!(d < 2.23))
            fail_msg("%s: Kolmogorov-Smirnov %.3g, expected below 2.23", what, d);
    }
}

/* Where a gamma of such a shape is below every number, the ratio still is what it should be: 0 or 1, with
 * odds b : a turned round. */
static void extreme_shapes(void **state)
{
    (void)state;
    random_stream s = random_named(3, "test", 0, "extreme");
    random_beta_f64(&s, 1e-6, 3e-6, x, 40000);
    int ones = 0;
    for (int i = 0; i < 40000; i++) {
        assert_true(x[i] >= 0 && x[i] <= 1);
        ones += x[i] > 0.5;
    }
    assert_true(abs(ones - 10000) < 400); /* standard deviation 87 */
    random_beta_f64(&s, 1e-310, 1e-310, x, 1000);
    random_gamma_f64(&s, 1e12, y, 1000);
    for (int i = 0; i < 1000; i++)
        assert_true(x[i] >= 0 && x[i] <= 1 && fabs(y[i] / 1e12 - 1) < 6e-6);
}

static void categories(void **state)
{
    (void)state;
    enum { K = 6 };
    static const double odds[2][K] = {{1, 0, 4, 0.5, 2.5, 0}, {0, 0, 0, 7, 0, 0}};
    double weights[2][K];
    memcpy(weights, odds, sizeof weights);
    random_stream s = random_named(4, "test", 0, "categorical");
    random_categorical(&s, &weights[0][0], 2, K, MANY / 2, places);
    double chi = 0;
    int seen[K] = {0};
    for (int i = 0; i < MANY / 2; i++) {
        seen[places[i]]++;
        assert_int_equal(places[MANY / 2 + i], 3);
    }
    for (int k = 0; k < K; k++) {
        double expected = odds[0][k] / 8 * MANY / 2;
        if (expected == 0)
            assert_int_equal(seen[k], 0);
        else
            chi += pow(seen[k] - expected, 2) / expected;
    }
    assert_true(chi < 21.1); /* 3 degrees of freedom, level 1e-4 */
}

/* The smallest numbers there are as weights, where u times the sum rounds up to the sum. */
static void categories_of_small_weights(void **state)
{
    (void)state;
    double weights[3] = {0, 0x1p-1074, 0};
    random_stream s = random_named(5, "test", 0, "small");
    random_categorical(&s, weights, 1, 3, 1000, places);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(places[i], 1);
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3U;
    return h;
}

/* These bits are part of every recorded result: never to change. Taken from this code, whose distributions
 * the other tests check. */
#define HASH_ALL 0x869a6d2e857f863U

static uint64_t hash_of_all(void)
{
    uint64_t h = 0;
    random_stream s = random_named(6, "test", 0, "bits");
    static const int64_t lengths[] = {1, 15, 17, 1024, 1025, 5000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = (size_t)lengths[i];
        double weights[] = {1, 2, 3};
        random_gamma_f64(&s, 0.4, x, lengths[i]);
        random_beta_f32(&s, 2, 0.7, narrow, lengths[i]);
        random_categorical(&s, weights, 1, 3, lengths[i], places);
        h = hash(h, x, n * sizeof *x);
        h = hash(h, narrow, n * sizeof *narrow);
        h = hash(h, places, n * sizeof *places);
        h = hash(h, &s, sizeof s);
    }
    return h;
}

static void same_bits_at_any_thread_count(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        pool_start(threads);
        assert_int_equal(hash_of_all(), HASH_ALL);
    }
    pool_start(2);
}

static void items_do_not_depend_on_the_length(void **state)
{
    (void)state;
    random_stream s = random_named(7, "test", 0, "prefix"), t = s;
    random_gamma_f64(&s, 0.5, x, 1000);
    random_gamma_f64(&t, 0.5, y, 77);
    assert_memory_equal(x, y, 77 * sizeof *x);
    assert_int_equal(s.counter, 63 * 16);
    assert_int_equal(t.counter, 5 * 16);
    random_stream single = {s.key, 0};
    random_gamma_f32(&single, 0.5, narrow, 77);
    for (int i = 0; i < 77; i++)
        assert_true(narrow[i] == (float)y[i]);
    double weights[2][2] = {{1, 1}, {1, 1}};
    s = t;
    random_categorical(&s, weights[0], 1, 2, 50, places);
    random_categorical(&t, weights[1], 1, 2, 20, places + 50);
    assert_memory_equal(places, places + 50, 20 * sizeof *places);
    random_gamma_f64(&s, 1, x, 0);
    assert_int_equal(s.counter, 5 * 16 + 4 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gammas),
        cmocka_unit_test(betas),
        cmocka_unit_test(extreme_shapes),
        cmocka_unit_test(categories),
        cmocka_unit_test(categories_of_small_weights),
        cmocka_unit_test(same_bits_at_any_thread_count),
        cmocka_unit_test(items_do_not_depend_on_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
