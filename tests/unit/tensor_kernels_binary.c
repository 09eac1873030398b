/* Two operands, comparisons, where and casts, in every table: every pair of steps, NaN, limits. */
#include <stdio.h>

#include "tensor_kernels.h"

static double f(int op, double a, double b)
{
    switch (op) {
    case AS_OP_ADD:
        return a + b;
    case AS_OP_SUB:
        return a - b;
    case AS_OP_MUL:
        return a * b;
    case AS_OP_DIV:
        return a / b;
    case AS_OP_POW:
        return pow(a, b);
    case AS_OP_MAXIMUM:
        return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case AS_OP_MINIMUM:
        return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case AS_OP_EQ:
        return a == b;
    case AS_OP_NE:
        return a != b;
    case AS_OP_LT:
        return a < b;
    case AS_OP_LE:
        return a <= b;
    case AS_OP_GT:
        return a > b;
    default:
        return a >= b;
    }
}

#define LONGEST 67

/* Quarters in [0, 2), so that some are equal, the second operand at least 1/4, and now and then a NaN. The
 * first item starts one behind an allocation's start. */
static void check_steps(const table *t)
{
    enum { ROOM = 3 * LONGEST + 1 };
    static const int64_t steps[][2] = {{1, 1}, {1, 0}, {0, 1}, {0, 0}, {2, 1}, {1, 3}, {3, 0}, {2, 3}};
    char *a = items_of(t, NULL, ROOM), *b = items_of(t, NULL, ROOM), *y = items_of(t, NULL, LONGEST + 2);
    for (int i = 0; i < ROOM; i++) {
        put(t, a, i, i % 29 == 17 ? NAN : floor(4 + 4 * noise(i)) / 4);
        put(t, b, i, i % 31 == 19 ? NAN : floor(4 + 4 * noise(i + 500)) / 4 + 0.25);
    }
    for (int op = AS_OP_ADD; op <= AS_OP_GE; op++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
            for (int n = 0; n <= LONGEST; n++) {
                int64_t sa = steps[s][0], sb = steps[s][1];
                char what[60];
                snprintf(what, sizeof what, "operation %d, steps %d %d, %d items", op, (int)sa, (int)sb, n);
                put(t, y, 0, 77);
                put(t, y, n + 1, 77);
                t->k.binary[op - AS_OP_ADD](y + t->size, a + t->size, sa, b + t->size, sb, n);
                for (int i = 0; i < n; i++) {
                    double want = f(op, get(t, a, 1 + i * sa), get(t, b, 1 + i * sb));
                    assert_near(t, what, i, get(t, y, 1 + i), want,
                                t->epsilon * fabs(want)); /* rounded once */
                }
                assert_true(get(t, y, 0) == 77 && get(t, y, n + 1) == 77);
            }
    free(a);
    free(b);
    free(y);
}

static void test_steps(void **state)
{
    (void)state;
    each_table(check_steps);
}

/* y may be an operand: a, then b, the other one a single item. */
static void check_in_place(const table *t)
{
    enum { N = 37 };
    void *y = items_of(t, NULL, N), *x = items_of(t, NULL, N);
    for (int side = 0; side < 4; side++) {
        for (int i = 0; i < N; i++) {
            put(t, y, i, i);
            put(t, x, i, side < 2 ? 10 * i : 10);
        }
        int64_t step = side < 2;
        if (side % 2 == 0)
            t->k.binary[AS_OP_SUB - AS_OP_ADD](y, y, 1, x, step, N);
        else
            t->k.binary[AS_OP_SUB - AS_OP_ADD](y, x, step, y, 1, N);
        for (int i = 0; i < N; i++) {
            double other = side < 2 ? 10 * i : 10;
            assert_near(t, "in place", i, get(t, y, i), side % 2 == 0 ? i - other : other - i, 0);
        }
    }
    for (int i = 0; i < N; i++)
        put(t, x, i, i);
    t->k.accumulate(x, y, 0);
    t->k.accumulate(x, y, N);
    for (int i = 0; i < N; i++) /* i + (10 - i) */
        assert_near(t, "accumulate", i, get(t, x, i), 10, 0);
    free(x);
    free(y);
}

static void test_in_place(void **state)
{
    (void)state;
    each_table(check_in_place);
}

/* Numbers no double holds apart: 2^60 and 2^60 + 1 */
static void check_compare_i64(const table *t)
{
    enum { N = 21 };
    int64_t a[2 * N], b[2 * N];
    void *y = items_of(t, NULL, N);
    for (int i = 0; i < 2 * N; i++) {
        a[i] = ((int64_t)1 << 60) + i % 3;
        b[i] = ((int64_t)1 << 60) + i % 2;
    }
    for (int op = AS_OP_EQ; op <= AS_OP_GE; op++)
        for (int64_t sa = 0; sa <= 2; sa++)
            for (int64_t sb = 0; sb <= 1; sb++) {
                t->k.compare_i64[op - AS_OP_ADD](y, a, sa, b, sb, N);
                for (int i = 0; i < N; i++)
                    assert_near(t, "compare_i64", op, get(t, y, i),
                                f(op, (double)(a[i * sa] & 7), (double)(b[i * sb] & 7)), 0);
            }
    free(y);
}

static void test_compare_i64(void **state)
{
    (void)state;
    each_table(check_compare_i64);
}

/* Every mix of steps 0, 1, 2; the condition 0, 1, -0, 0.5, NaN: 0 of either sign alone is false. */
static void check_where(const table *t)
{
    static const double conditions[] = {0, 1, -0.0, 0.5, NAN};
    enum { N = 35 };
    void *c = items_of(t, NULL, 2 * N), *a = items_of(t, NULL, 2 * N), *b = items_of(t, NULL, 2 * N);
    void *y = items_of(t, NULL, N);
    for (int i = 0; i < 2 * N; i++) {
        put(t, c, i, conditions[i % 5]);
        put(t, a, i, 1 + i);
        put(t, b, i, -1 - i);
    }
    for (int steps = 0; steps < 27; steps++) {
        int sc = steps % 3, sa = steps / 3 % 3, sb = steps / 9;
        t->k.where(y, c, sc, a, sa, b, sb, N);
        for (int i = 0; i < N; i++) {
            double condition = conditions[i * sc % 5], want = condition == 0 ? -1 - i * sb : 1 + i * sa;
            assert_near(t, "where", steps, get(t, y, i), want, 0);
        }
    }
    t->k.where(y, c, 1, a, 1, b, 1, 0);
    free(c);
    free(a);
    free(b);
    free(y);
}

static void test_where(void **state)
{
    (void)state;
    each_table(check_where);
}

static void check_casts(const table *t)
{
    static const struct {
        double x;
        int64_t y;
    } cases[] = {{0, 0},
                 {2.75, 2},
                 {-2.75, -2},
                 {0.99, 0},
                 {-0.99, 0},
                 {1e6, 1000000},
                 {-0x1p63, INT64_MIN},
                 {0x1p62, (int64_t)1 << 62},
                 {1e30, INT64_MAX},
                 {-1e30, INT64_MIN},
                 {INFINITY, INT64_MAX},
                 {NAN, 0}};
    enum { N = sizeof cases / sizeof *cases };
    void *x = items_of(t, NULL, N);
    int64_t y[N];
    for (int i = 0; i < N; i++)
        put(t, x, i, cases[i].x);
    t->k.to_i64(y, x, N);
    for (int i = 0; i < N; i++)
        assert_true(y[i] == cases[i].y);
    const float singles[5] = {1.5F, -0.1F, INFINITY, NAN, 0x1p-140F};
    const double doubles[5] = {0.1, -1e300, INFINITY, NAN, 3};
    const int64_t integers[5] = {0, -7, 16777217, INT64_MAX, INT64_MIN};
    t->k.from_f32(x, singles, 5);
    for (int i = 0; i < 5; i++)
        assert_near(t, "from_f32", i, get(t, x, i), (double)singles[i], 0);
    t->k.from_f64(x, doubles, 5);
    for (int i = 0; i < 5; i++)
        assert_near(t, "from_f64", i, get(t, x, i),
                    t->dtype == AS_F32 ? (double)(float)doubles[i] : doubles[i], 0);
    t->k.from_i64(x, integers, 5); /* 2^24 + 1 is the first that a float rounds */
    for (int i = 0; i < 5; i++)
        assert_near(t, "from_i64", i, get(t, x, i),
                    t->dtype == AS_F32 ? (double)(float)integers[i] : (double)integers[i], 0);
    free(x);
}

static void test_casts(void **state)
{
    (void)state;
    each_table(check_casts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps), cmocka_unit_test(test_in_place), cmocka_unit_test(test_compare_i64),
        cmocka_unit_test(test_where), cmocka_unit_test(test_casts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
