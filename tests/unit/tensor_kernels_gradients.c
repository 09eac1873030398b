/* Gradients of the functions of one item, in every table: against the derivative in long double, and at the
 * points where it is a convention. */
#include <stdio.h>

#include "tensor_kernels.h"

typedef long double derivative(long double x);

#define SQRT_2 1.41421356237309504880168872420969808L
#define SQRT_PI 1.77245385090551602729816748334114518L

static long double of_neg(long double x)
{
    return -1 + 0 * x;
}

static long double of_abs(long double x)
{
    return x > 0 ? 1 : -1;
}

static long double of_log(long double x)
{
    return 1 / x;
}

static long double of_log1p(long double x)
{
    return 1 / (1 + x);
}

static long double of_sqrt(long double x)
{
    return 0.5L / sqrtl(x);
}

static long double of_rsqrt(long double x)
{
    return -0.5L / (x * sqrtl(x));
}

static long double of_cos(long double x)
{
    return -sinl(x);
}

static long double of_tanh(long double x)
{
    return 1 / (coshl(x) * coshl(x));
}

static long double of_erf(long double x)
{
    return 2 / SQRT_PI * expl(-x * x);
}

static long double of_sigmoid(long double x)
{
    return expl(-x) / ((1 + expl(-x)) * (1 + expl(-x)));
}

static long double of_softplus(long double x)
{
    return 1 / (1 + expl(-x));
}

static long double of_relu(long double x)
{
    return x > 0 ? 1 : 0;
}

static long double of_silu(long double x)
{
    return of_softplus(x) + x * of_sigmoid(x);
}

static long double of_gelu(long double x)
{
    return 0.5L * erfcl(-x / SQRT_2) + x * expl(-x * x / 2) / (SQRT_2 * SQRT_PI);
}

static long double of_square(long double x)
{
    return 2 * x;
}

static long double of_affine(long double x)
{
    return 1.5L + 0 * x;
}

static long double of_clamp(long double x)
{
    return x < 1.5L || x > 2.5L ? 0 : 1;
}

/* As the contract has it: the kernel gets the input or the output, and NULL for the other. gx is gy. */
static void gradient(const table *t, int op, void *g, const void *x, const void *y, int64_t n, double r0,
                     double r1)
{
    bool from_y = op == AS_OP_EXP || op == AS_OP_SQRT || op == AS_OP_RSQRT || op == AS_OP_TANH ||
                  op == AS_OP_SIGMOID || op == AS_OP_RELU;
    t->k.unary_gradient[op](g, g, from_y ? NULL : x, from_y ? y : NULL, n, r0, r1);
}

static const struct {
    int op;
    derivative *f;
    double low, high;
} cases[] = {
    {AS_OP_NEG, of_neg, -9, 9},         {AS_OP_ABS, of_abs, -9, 9},
    {AS_OP_EXP, expl, -9, 9},           {AS_OP_EXPM1, expl, -9, 9},
    {AS_OP_LOG, of_log, 0.01, 9},       {AS_OP_LOG1P, of_log1p, -0.9, 9},
    {AS_OP_SQRT, of_sqrt, 0.01, 9},     {AS_OP_RSQRT, of_rsqrt, 0.01, 9},
    {AS_OP_SIN, cosl, -9, 9},           {AS_OP_COS, of_cos, -9, 9},
    {AS_OP_TANH, of_tanh, -9, 9},       {AS_OP_ERF, of_erf, -9, 9},
    {AS_OP_SIGMOID, of_sigmoid, -9, 9}, {AS_OP_SOFTPLUS, of_softplus, -9, 9},
    {AS_OP_RELU, of_relu, -9, 9},       {AS_OP_SILU, of_silu, -9, 9},
    {AS_OP_GELU, of_gelu, -9, 9},       {AS_OP_SQUARE, of_square, -9, 9},
    {AS_OP_AFFINE, of_affine, -9, 9},   {AS_OP_CLAMP, of_clamp, -9, 9},
};

#define N 611 /* more than two strips of sin and cos, and no multiple of a vector */

/* Ten units in the last place of the derivative, or of 1 where it comes from an output near 1: tanh, sigmoid,
 * and sums that cancel: silu, gelu. */
static void check_derivatives(const table *t)
{
    void *x = items_of(t, NULL, N), *y = items_of(t, NULL, N), *g = items_of(t, NULL, N);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char what[40];
        snprintf(what, sizeof what, "gradient of operation %d", cases[c].op);
        for (int i = 0; i < N; i++) {
            put(t, x, i, cases[c].low + (cases[c].high - cases[c].low) * (0.5 + 0.5 * noise(i)));
            put(t, g, i, noise(-i));
        }
        t->k.unary[cases[c].op](y, x, N, 1.5, 2.5);
        gradient(t, cases[c].op, g, x, y, N, 1.5, 2.5);
        for (int i = 0; i < N; i++) {
            double d = (double)cases[c].f(get(t, x, i)), want = noise(-i) * d;
            assert_near(t, what, i, get(t, g, i), want, 10 * t->epsilon * fmax(fabs(d), 1));
        }
    }
    free(x);
    free(y);
    free(g);
}

static void test_derivatives(void **state)
{
    (void)state;
    each_table(check_derivatives);
}

/* d/dx x^p = p x^(p-1) */
static void check_powers(const table *t)
{
    static const double powers[][3] = {{3, 2, 6},          {2, 3, 12},  {4, -1, -0.0625}, {4, 0.5, 0.25},
                                       {4, -0.5, -0.0625}, {4, 1.5, 3}, {2, -2, -0.25},   {0, 0, 0},
                                       {0, 1, 1},          {-2, 3, 12}, {0, 2, 0}};
    void *x = items_of(t, NULL, 1), *y = items_of(t, NULL, 1), *g = items_of(t, NULL, 1);
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        put(t, x, 0, powers[i][0]);
        put(t, g, 0, 10);
        t->k.unary[AS_OP_POWER](y, x, 1, powers[i][1], 0);
        gradient(t, AS_OP_POWER, g, x, y, 1, powers[i][1], 0);
        assert_near(t, "gradient of a power", (int64_t)i, get(t, g, 0), 10 * powers[i][2], 0);
    }
    free(x);
    free(y);
    free(g);
}

static void test_powers(void **state)
{
    (void)state;
    each_table(check_powers);
}

/* (operation, x, gradient for gy = 3); clamp into [1.5, 2.5] */
static void check_conventions(const table *t)
{
    static const double points[][3] = {
        {AS_OP_RELU, 0, 0},     {AS_OP_ABS, 0, 0},          {AS_OP_CLAMP, 1.5, 3},
        {AS_OP_CLAMP, 2.5, 3},  {AS_OP_CLAMP, 1.4, 0},      {AS_OP_CLAMP, 2.6, 0},
        {AS_OP_TANH, 100, 0},   {AS_OP_SIGMOID, -100, 0},   {AS_OP_ERF, 50, 0},
        {AS_OP_GELU, 50, 3},    {AS_OP_GELU, -INFINITY, 0}, {AS_OP_GELU, INFINITY, 3},
        {AS_OP_SILU, 200, 3},   {AS_OP_SILU, -200, 0},      {AS_OP_SOFTPLUS, INFINITY, 3},
        {AS_OP_ABS, NAN, NAN},  {AS_OP_EXP, NAN, NAN},      {AS_OP_TANH, NAN, NAN},
        {AS_OP_GELU, NAN, NAN}, {AS_OP_SILU, NAN, NAN}};
    void *x = items_of(t, NULL, 1), *y = items_of(t, NULL, 1), *g = items_of(t, NULL, 1);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        int op = (int)points[i][0];
        put(t, x, 0, points[i][1]);
        put(t, g, 0, 3);
        t->k.unary[op](y, x, 1, 1.5, 2.5);
        gradient(t, op, g, x, y, 1, 1.5, 2.5);
        assert_near(t, "convention", (int64_t)i, get(t, g, 0), points[i][2], 1e-30);
    }
    free(x);
    free(y);
    free(g);
}

static void test_conventions(void **state)
{
    (void)state;
    each_table(check_conventions);
}

/* Nothing is written for n = 0, and no length takes an item too many. */
static void check_lengths(const table *t)
{
    enum { LONGEST = 40 };
    void *x = items_of(t, NULL, LONGEST), *g = items_of(t, NULL, LONGEST), *gx = items_of(t, NULL, LONGEST);
    for (int i = 0; i < LONGEST; i++) {
        put(t, x, i, 0.5 + 0.25 * noise(i));
        put(t, g, i, 1);
    }
    for (int op = AS_OP_NEG; op <= AS_OP_CLAMP; op++)
        for (int n = 0; n < LONGEST - 1 && op != AS_OP_SIGN; n++) {
            for (int i = 0; i < LONGEST; i++)
                put(t, gx, i, 77);
            char *from = (char *)gx + t->size;
            t->k.unary_gradient[op](from, g, x, x, n, 1.5, 2.5);
            for (int i = 0; i < LONGEST; i++)
                if ((get(t, gx, i) == 77) != (i < 1 || i > n))
                    fail_msg("%s: gradient of operation %d of %d items: item %d", t->name, op, n, i - 1);
        }
    free(x);
    free(g);
    free(gx);
}

static void test_lengths(void **state)
{
    (void)state;
    each_table(check_lengths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_conventions),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
