/* Functions of one item, in every table: accuracy against long double, limits, any start and length. */
#include <stdio.h>

#include "tensor_kernels.h"

typedef long double reference(long double x);

static long double rsqrt_(long double x)
{
    return 1 / sqrtl(x);
}

static long double sigmoid_(long double x)
{
    return 1 / (1 + expl(-x));
}

static long double softplus_(long double x)
{
    return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static long double silu_(long double x)
{
    return x / (1 + expl(-x));
}

static long double gelu_(long double x)
{
    return 0.5L * x * erfcl(-x * 0.707106781186547524400844362104849039L);
}

/* Errors in units of the last place of the exact result, over every binade of [low, high]. Float: the worst
 * of 8 million arguments each, rounded up; polynomials add at most 0.2 to the roundings of 2 to 4 operations.
 * In gelu the rounding of 1 + 0.38 a, which its polynomial is in, counts like one of 1.6e-7 in x. Double is
 * the C library (1 ulp) and 1 to 3 operations, but for gelu, whose tail takes erfc of a rounded argument:
 * relative error x^2 ulp. Below -86.9 float results come near the smallest normal number and may be 0. */
static const struct {
    int op;
    const char *name;
    reference *f;
    double low, high, ulp32, ulp64;
} functions[] = {
    {AS_OP_EXP, "exp", expl, -86.9, 88.72, 1.5, 1.5},
    {AS_OP_EXPM1, "expm1", expm1l, -1e30, 88.72, 1.8, 1.5},
    {AS_OP_LOG, "log", logl, 1e-45, 3.4e38, 0.9, 1},
    {AS_OP_LOG1P, "log1p", log1pl, -0.9999999, 3.4e38, 1.5, 1.5},
    {AS_OP_SQRT, "sqrt", sqrtl, 1e-45, 3.4e38, 0.5, 0.5},
    {AS_OP_RSQRT, "rsqrt", rsqrt_, 1e-38, 3.4e38, 1.5, 1.5},
    {AS_OP_SIN, "sin", sinl, -99999, 99999, 1.6, 1},
    {AS_OP_COS, "cos", cosl, -99999, 99999, 1.6, 1},
    {AS_OP_TANH, "tanh", tanhl, -1e30, 1e30, 2.5, 2.5},
    {AS_OP_ERF, "erf", erfl, -1e30, 1e30, 3.2, 1.5},
    {AS_OP_SIGMOID, "sigmoid", sigmoid_, -86.9, 1e30, 3, 2.5},
    {AS_OP_SOFTPLUS, "softplus", softplus_, -86.9, 1e30, 2.2, 2.5},
    {AS_OP_SILU, "silu", silu_, -86.9, 1e30, 3, 2.5},
    {AS_OP_GELU, "gelu", gelu_, -12.9, 1e30, 7, 180},
};
#define FUNCTIONS (int)(sizeof functions / sizeof *functions)

/* Float number i of n spread evenly over the patterns from 0 to high; a 0 where there is none. */
static float spread(float high, int i, int n)
{
    uint32_t bits;
    memcpy(&bits, &high, sizeof bits);
    bits = (uint32_t)((uint64_t)bits * (uint64_t)i / (uint64_t)n);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define SAMPLES 20000

/* Fills x with numbers of [low, high], in double with digits beyond a float's; returns how many. */
static int samples(const table *t, void *x, double low, double high)
{
    int n = 0;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int i = 0; i < SAMPLES / 2; i++) {
            double v = sign * (double)spread((float)(sign < 0 ? -low : high), i, SAMPLES / 2);
            if (t->dtype == AS_F64)
                v *= 1 + 0x1p-30 * noise(i);
            if (v >= low && v <= high && !(sign < 0 && low >= 0))
                put(t, x, n++, v);
        }
    return n;
}

static double ulps(const table *t, double got, long double want)
{
    int exponent;
    frexpl(want, &exponent);
    if (exponent < -125 && t->dtype == AS_F32)
        exponent = -125;
    return (double)(fabsl(got - want) / ldexpl((long double)t->epsilon, exponent - 1));
}

static void check_accuracy(const table *t)
{
    void *x = items_of(t, NULL, SAMPLES), *y = items_of(t, NULL, SAMPLES);
    for (int f = 0; f < FUNCTIONS; f++) {
        int n = samples(t, x, functions[f].low, functions[f].high);
        assert_true(n > SAMPLES / 4);
        t->k.unary[functions[f].op](y, x, n, 0, 0);
        double worst = 0, at = 0, limit = t->dtype == AS_F32 ? functions[f].ulp32 : functions[f].ulp64;
        for (int i = 0; i < n; i++) {
            double u = ulps(t, get(t, y, i), functions[f].f(get(t, x, i)));
            if (!(u <= worst)) {
                worst = u;
                at = get(t, x, i);
            }
        }
        if (getenv("KERNELS_SHOW"))
            printf("%-12s %-9s %.2f ulp at %.9g\n", t->name, functions[f].name, worst, at);
        if (!(worst <= limit))
            fail_msg("%s: %s: %g ulp at %.17g, at most %g", t->name, functions[f].name, worst, at, limit);
    }
    free(x);
    free(y);
}

static void test_accuracy(void **state)
{
    (void)state;
    each_table(check_accuracy);
}

/* (operation, x, result); exact in both types where no tolerance is given */
static const struct {
    int op;
    double x, y, tolerance;
} values[] = {
    {AS_OP_NEG, 1.5, -1.5, 0},
    {AS_OP_ABS, -1.5, 1.5, 0},
    {AS_OP_SIGN, -3, -1, 0},
    {AS_OP_SIGN, 0, 0, 0},
    {AS_OP_SIGN, 0.5, 1, 0},
    {AS_OP_EXP, 0, 1, 0},
    {AS_OP_EXP, -INFINITY, 0, 0},
    {AS_OP_EXP, -1000, 0, 0},
    {AS_OP_EXP, 1000, INFINITY, 0},
    {AS_OP_EXP, INFINITY, INFINITY, 0},
    {AS_OP_EXPM1, 0, 0, 0},
    {AS_OP_EXPM1, 1e-30, 1e-30, 1e-37},
    {AS_OP_EXPM1, -INFINITY, -1, 0},
    {AS_OP_EXPM1, INFINITY, INFINITY, 0},
    {AS_OP_LOG, 1, 0, 0},
    {AS_OP_LOG, 0, -INFINITY, 0},
    {AS_OP_LOG, -1, NAN, 0},
    {AS_OP_LOG, INFINITY, INFINITY, 0},
    {AS_OP_LOG1P, 0, 0, 0},
    {AS_OP_LOG1P, 1e-30, 1e-30, 1e-37},
    {AS_OP_LOG1P, -1, -INFINITY, 0},
    {AS_OP_LOG1P, -2, NAN, 0},
    {AS_OP_LOG1P, INFINITY, INFINITY, 0},
    {AS_OP_SQRT, 9, 3, 0},
    {AS_OP_SQRT, -1, NAN, 0},
    {AS_OP_RSQRT, 4, 0.5, 0},
    {AS_OP_RSQRT, 0, INFINITY, 0},
    {AS_OP_SIN, 0, 0, 0},
    {AS_OP_SIN, INFINITY, NAN, 0},
    {AS_OP_SIN, 1e10, -0.48750602508751069, 1e-7}, /* beyond the polynomial's range */
    {AS_OP_COS, 0, 1, 0},
    {AS_OP_COS, -INFINITY, NAN, 0},
    {AS_OP_TANH, 0, 0, 0},
    {AS_OP_TANH, 1e-30, 1e-30, 1e-37},
    {AS_OP_TANH, INFINITY, 1, 0},
    {AS_OP_TANH, -INFINITY, -1, 0},
    {AS_OP_ERF, 0, 0, 0},
    {AS_OP_ERF, INFINITY, 1, 0},
    {AS_OP_ERF, -INFINITY, -1, 0},
    {AS_OP_SIGMOID, 0, 0.5, 0},
    {AS_OP_SIGMOID, -INFINITY, 0, 0},
    {AS_OP_SIGMOID, -100, 0, 1e-37},
    {AS_OP_SIGMOID, INFINITY, 1, 0},
    {AS_OP_SOFTPLUS, 0, 0.69314718055994531, 1e-7},
    {AS_OP_SOFTPLUS, 1000, 1000, 0},
    {AS_OP_SOFTPLUS, -INFINITY, 0, 0},
    {AS_OP_SOFTPLUS, INFINITY, INFINITY, 0},
    {AS_OP_RELU, -2, 0, 0},
    {AS_OP_RELU, 2, 2, 0},
    {AS_OP_SILU, 0, 0, 0},
    {AS_OP_SILU, -INFINITY, 0, 0},
    {AS_OP_SILU, -100, 0, 1e-35},
    {AS_OP_SILU, INFINITY, INFINITY, 0},
    {AS_OP_GELU, 0, 0, 0},
    {AS_OP_GELU, -13.5, 0, 1e-36},
    {AS_OP_GELU, -INFINITY, 0, 0},
    {AS_OP_GELU, INFINITY, INFINITY, 0},
    {AS_OP_SQUARE, -3, 9, 0},
    {AS_OP_AFFINE, 3, 7.5, 0}, /* with the options 2 and 1.5 */
    {AS_OP_POWER, -3, 9, 0},
    {AS_OP_CLAMP, 1, 2, 0}, /* into [2, 1.5]: both limits are applied, low first, so the high one wins */
};

static void check_values(const table *t)
{
    void *x = items_of(t, NULL, 1), *y = items_of(t, NULL, 1);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char what[40];
        snprintf(what, sizeof what, "operation %d of %g", values[i].op, values[i].x);
        put(t, x, 0, values[i].x);
        t->k.unary[values[i].op](y, x, 1, 2, values[i].op == AS_OP_CLAMP ? 3 : 1.5);
        assert_near(t, what, 0, get(t, y, 0), values[i].y, values[i].tolerance);
    }
    for (int op = AS_OP_NEG; op <= AS_OP_CLAMP; op++) {
        char what[40];
        snprintf(what, sizeof what, "operation %d of NaN", op);
        put(t, x, 0, NAN);
        t->k.unary[op](y, x, 1, 1, 2);
        assert_near(t, what, 0, get(t, y, 0), NAN, 0);
    }
    free(x);
    free(y);
}

static void test_values_and_limits(void **state)
{
    (void)state;
    each_table(check_values);
}

/* x^p by the exponents with code of their own, and one without */
static void check_powers(const table *t)
{
    static const double cases[][3] = {{4, 2, 16},  {2, 3, 8},     {4, -1, 0.25}, {4, 0.5, 2}, {4, -0.5, 0.5},
                                      {4, 1.5, 8}, {2, -2, 0.25}, {5, 0, 1},     {-2, 3, -8}, {-2, 0.5, NAN}};
    void *x = items_of(t, NULL, 1), *y = items_of(t, NULL, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(t, x, 0, cases[i][0]);
        t->k.unary[AS_OP_POWER](y, x, 1, cases[i][1], 0);
        assert_near(t, "power", (int64_t)i, get(t, y, 0), cases[i][2], 0);
    }
    free(x);
    free(y);
}

static void test_powers(void **state)
{
    (void)state;
    each_table(check_powers);
}

/* Wherever an array starts and however long it is: the same bits, and nothing beside it changes. In place
 * too. */
#define LONGEST 70

static void check_places(const table *t)
{
    void *x = items_of(t, NULL, LONGEST), *want = items_of(t, NULL, LONGEST);
    char *y = items_of(t, NULL, LONGEST + 8);
    for (int i = 0; i < LONGEST; i++)
        put(t, x, i, 3 * noise(i));
    for (int op = AS_OP_NEG; op <= AS_OP_CLAMP; op++) {
        t->k.unary[op](want, x, LONGEST, 1.5, 2.5);
        for (int n = 0; n <= LONGEST; n++) {
            int start = n % 5 + 1;
            char *from = y + (size_t)start * t->size;
            memset(y, 0x55, (LONGEST + 8) * t->size);
            memcpy(from, x, (size_t)n * t->size);
            t->k.unary[op](from, from, n, 1.5, 2.5);
            if (memcmp(from, want, (size_t)n * t->size))
                fail_msg("%s: operation %d: other bits for %d items", t->name, op, n);
            for (size_t b = 0; b < (LONGEST + 8) * t->size; b++)
                if (y[b] != 0x55 && (y + b < from || y + b >= from + (size_t)n * t->size))
                    fail_msg("%s: operation %d of %d items: byte %zu beside them", t->name, op, n, b);
        }
    }
    free(x);
    free(y);
    free(want);
}

static void test_any_place(void **state)
{
    (void)state;
    each_table(check_places);
}

/* A table has every function, and the one in use is one of those tested. */
static void test_tables(void **state)
{
    (void)state;
    kernels all;
    for (int i = 0; i < KERNEL_TABLES; i++) {
        memset(&all, 0, sizeof all);
        kernel_tables[i].fill(&all);
        for (int op = AS_OP_NEG; op <= AS_OP_CLAMP; op++) {
            assert_non_null(all.unary[op]);
            assert_int_equal(all.unary_gradient[op] != NULL, op != AS_OP_SIGN);
        }
        for (int op = AS_OP_ADD; op < AS_OP_WHERE; op++) {
            assert_non_null(all.binary[op - AS_OP_ADD]);
            assert_int_equal(all.compare_i64[op - AS_OP_ADD] != NULL, op >= AS_OP_EQ);
        }
    }
    for (int dtype = AS_F32; dtype <= AS_F64; dtype++) {
        bool found = false;
        for (int i = 0; i < KERNEL_TABLES; i++) {
            kernel_tables[i].fill(&all);
            found |= kernel_tables[i].dtype == (as_dtype)dtype &&
                     !memcmp(&all, kernels_for((as_dtype)dtype), sizeof all);
        }
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_values_and_limits),
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
