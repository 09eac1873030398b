/* Optimizer steps and weighted sums, in every table: first steps worked out by hand, long runs against plain
 * loops in double. */
#include <stdio.h>

#include "tensor_kernels.h"

#define LONGEST 70

/* Two steps from p = 1 with g = 0.5, rate 0.1:
 *   plain            p = 1 - 0.05 - 0.05
 *   momentum 0.9     v = 0.5, 0.95                         p = 1 - 0.05 - 0.095
 *   Nesterov         g + 0.9 v = 0.95, 1.355               p = 1 - 0.095 - 0.1355
 *   decay 0.2        g + 0.2 p = 0.7, 0.5 + 0.2 0.93       p = 1 - 0.07 - 0.0686 */
static void check_sgd(const table *t)
{
    static const struct {
        double momentum, decay;
        int nesterov;
        double p;
    } cases[] = {{0, 0, 0, 0.9}, {0.9, 0, 0, 0.855}, {0.9, 0, 1, 0.7695}, {0, 0.2, 0, 0.8614}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int n = 0; n <= LONGEST; n++) {
            void *p = items_of(t, NULL, n + 1), *g = items_of(t, NULL, n + 1), *v = items_of(t, NULL, n + 1);
            for (int i = 0; i <= n; i++) {
                put(t, p, i, 1);
                put(t, g, i, 0.5);
            }
            for (int step = 0; step < 2; step++)
                t->k.sgd(p, g, cases[c].momentum > 0 ? v : NULL, n, 0.1, cases[c].momentum, cases[c].decay,
                         cases[c].nesterov);
            for (int i = 0; i <= n; i++)
                assert_near(t, "sgd", (int64_t)c, get(t, p, i), i < n ? cases[c].p : 1, 4 * t->epsilon);
            free(p);
            free(g);
            free(v);
        }
}

static void test_sgd(void **state)
{
    (void)state;
    each_table(check_sgd);
}

/* The first step of Adam moves by rate * g / (|g| + eps), whatever g. */
static void check_adam_by_number(const table *t)
{
    static const double gradients[5] = {1e-3, -20, 0, 4, -0.5};
    void *p = items_of(t, NULL, 5), *g = items_of(t, gradients, 5), *m = items_of(t, NULL, 5);
    void *v = items_of(t, NULL, 5);
    t->k.adam(p, g, m, v, 5, 0.01, 0.9, 0.999, 1e-8, 1 - 0.9, 1 - 0.999, 0, 0);
    for (int i = 0; i < 5; i++) {
        double want = gradients[i] == 0 ? 0 : -0.01 * gradients[i] / (fabs(gradients[i]) + 1e-8);
        assert_near(t, "adam's first step", i, get(t, p, i), want, 0.01 * 8 * t->epsilon);
        assert_near(t, "m", i, get(t, m, i), 0.1 * gradients[i], 4 * t->epsilon * fabs(gradients[i]));
        assert_near(t, "v", i, get(t, v, i), 0.001 * gradients[i] * gradients[i],
                    4 * t->epsilon * 0.001 * gradients[i] * gradients[i]);
    }
    free(p);
    free(g);
    free(m);
    free(v);
}

/* The textbook's order of operations in double, twenty steps, both ways of decay */
static void check_adam(const table *t)
{
    enum { N = 67 };
    const double rate = 0.01, b1 = 0.9, b2 = 0.99, eps = 1e-6, decay = 0.1;
    for (int decoupled = 0; decoupled < 2; decoupled++) {
        double p[N], m[N] = {0}, v[N] = {0}, c1 = 1, c2 = 1;
        void *tp = items_of(t, NULL, N), *tg = items_of(t, NULL, N), *tm = items_of(t, NULL, N);
        void *tv = items_of(t, NULL, N);
        for (int i = 0; i < N; i++)
            put(t, tp, i, p[i] = noise(i));
        for (int step = 1; step <= 20; step++) {
            c1 *= b1;
            c2 *= b2;
            for (int i = 0; i < N; i++) {
                double g = noise(i + 100 * step);
                put(t, tg, i, g);
                if (decoupled)
                    p[i] *= 1 - rate * decay;
                else
                    g += decay * p[i];
                m[i] = b1 * m[i] + (1 - b1) * g;
                v[i] = b2 * v[i] + (1 - b2) * g * g;
                p[i] -= rate * (m[i] / (1 - c1)) / (sqrt(v[i] / (1 - c2)) + eps);
            }
            t->k.adam(tp, tg, tm, tv, N, rate, b1, b2, eps, 1 - c1, 1 - c2, decay, decoupled);
        }
        assert_items(t, decoupled ? "adam, decoupled" : "adam", tp, p, N,
                     20 * 4 * t->epsilon); /* 20 roundings */
        free(tp);
        free(tg);
        free(tm);
        free(tv);
    }
}

static void test_adam(void **state)
{
    (void)state;
    each_table(check_adam_by_number);
    each_table(check_adam);
}

/* Up to six inputs; in double, so that 1e8 + 1 - 1e8 keeps the 1 also for floats. y may be an input. */
static void check_weighted_sum(const table *t)
{
    enum { N = 600, INPUTS = 6 };
    static const double weights[INPUTS] = {0.5, -1, 2, 0.25, 3, -0.125};
    void *x[INPUTS], *y = items_of(t, NULL, N);
    for (int k = 0; k < INPUTS; k++) {
        x[k] = items_of(t, NULL, N);
        for (int i = 0; i < N; i++)
            put(t, x[k], i, noise(i + N * k));
    }
    for (int count = 0; count <= INPUTS; count++)
        for (int n = 0; n <= N; n += 25) {
            t->k.weighted_sum(y, (const void *const *)x, weights, count, n);
            for (int i = 0; i < n; i++) {
                double want = 0;
                for (int k = 0; k < count; k++)
                    want += weights[k] * get(t, x[k], i);
                assert_near(t, "weighted_sum", i, get(t, y, i), want, t->epsilon * 4);
            }
        }
    put(t, x[0], 0, 1e8);
    put(t, x[1], 0, 1);
    put(t, x[2], 0, 1e8);
    t->k.weighted_sum(x[0], (const void *const *)x, (const double[]){1, 1, -1}, 3, 1);
    assert_near(t, "weighted_sum in double", 0, get(t, x[0], 0), 1, 0);
    for (int k = 0; k < INPUTS; k++)
        free(x[k]);
    free(y);
}

static void test_weighted_sum(void **state)
{
    (void)state;
    each_table(check_weighted_sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_weighted_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
