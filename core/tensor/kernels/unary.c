/* y[i] = f(x[i]) */
#include "tensor/kernels/functions.h"

#include <string.h>

/* r0 and r1 are in every signature because the table's type has them. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

INLINE void map(void *y_, const void *x_, int64_t n, real f(real))
{
    real *y = y_;
    const real *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = f(x[i]);
}

/* for functions with options */
INLINE void map_options(void *y_, const void *x_, int64_t n, double r0, double r1,
                        real f(real x, real a, real b))
{
    real *y = y_, a = (real)r0, b = (real)r1;
    const real *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = f(x[i], a, b);
}

INLINE real neg_of(real x)
{
    return -x;
}

static void neg(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, neg_of);
}

static void absolute(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_abs);
}

/* x itself where it is 0 or NaN */
INLINE real sign_of(real x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

static void sign(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, sign_of);
}

static void exponential(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_exp);
}

static void exponential_minus_1(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_expm1);
}

static void logarithm(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_log);
}

static void logarithm_of_1_plus(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_log1p);
}

static void root(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_sqrt);
}

INLINE real inverse_root_of(real x)
{
    return 1 / real_sqrt(x);
}

static void inverse_root(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, inverse_root_of);
}

static void sine(void *y_, const void *x_, int64_t n, double r0, double r1)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t i = 0; i < n; i += STRIP)
        map_trig(y + i, x + i, smaller(STRIP, n - i), sine_near, real_sin);
}

static void cosine(void *y_, const void *x_, int64_t n, double r0, double r1)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t i = 0; i < n; i += STRIP)
        map_trig(y + i, x + i, smaller(STRIP, n - i), cosine_near, real_cos);
}

static void hyperbolic_tangent(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_tanh);
}

static void error_function(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_erf);
}

static void sigmoid(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_sigmoid);
}

static void softplus(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_softplus);
}

INLINE real relu_of(real x)
{
    return at_least(x, 0);
}

static void relu(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, relu_of);
}

/* r0: the slope below 0 */
INLINE real leaky_relu_of(real x, real slope, real unused)
{
    (void)unused;
    return x < 0 ? slope * x : x;
}

static void leaky_relu(void *y, const void *x, int64_t n, double r0, double r1)
{
    map_options(y, x, n, r0, r1, leaky_relu_of);
}

/* To the nearest whole number, halves to the even one: adding 1.5 * 2^digits leaves no digit behind the
 * point. */
INLINE real round_of(real x)
{
    const real big = sizeof(real) == 4 ? (real)12582912.0 : (real)6755399441055744.0;
    return real_abs(x) < big / 4 ? (x + big) - big : x;
}

static void round_through(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, round_of);
}

static void silu(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_silu);
}

static void gelu(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, real_gelu);
}

INLINE real square_of(real x)
{
    return x * x;
}

static void square(void *y, const void *x, int64_t n, double r0, double r1)
{
    map(y, x, n, square_of);
}

INLINE real affine_of(real x, real factor, real shift)
{
    return x * factor + shift;
}

static void affine(void *y, const void *x, int64_t n, double r0, double r1)
{
    map_options(y, x, n, r0, r1, affine_of);
}

INLINE real cube_of(real x)
{
    return x * x * x;
}

INLINE real inverse_of(real x)
{
    return 1 / x;
}

INLINE real power_of(real x, real exponent, real unused)
{
    return real_pow(x, exponent);
}

/* The exponents that methods are made of, without pow. */
static void power(void *y, const void *x, int64_t n, double r0, double r1)
{
    if (r0 == 2)
        map(y, x, n, square_of);
    else if (r0 == 3)
        map(y, x, n, cube_of);
    else if (r0 == -1)
        map(y, x, n, inverse_of);
    else if (r0 == 0.5)
        map(y, x, n, real_sqrt);
    else if (r0 == -0.5)
        map(y, x, n, inverse_root_of);
    else
        map_options(y, x, n, r0, r1, power_of);
}

INLINE real clamp_of(real x, real low, real high)
{
    return at_most(at_least(x, low), high);
}

static void clamp(void *y, const void *x, int64_t n, double r0, double r1)
{
    map_options(y, x, n, r0, r1, clamp_of);
}

void KERNEL(fill_unary)(kernels *k)
{
    static kernel_unary *const all[AS_OP_ADD] = {
        [AS_OP_NEG] = neg,
        [AS_OP_ABS] = absolute,
        [AS_OP_SIGN] = sign,
        [AS_OP_EXP] = exponential,
        [AS_OP_EXPM1] = exponential_minus_1,
        [AS_OP_LOG] = logarithm,
        [AS_OP_LOG1P] = logarithm_of_1_plus,
        [AS_OP_SQRT] = root,
        [AS_OP_RSQRT] = inverse_root,
        [AS_OP_SIN] = sine,
        [AS_OP_COS] = cosine,
        [AS_OP_TANH] = hyperbolic_tangent,
        [AS_OP_ERF] = error_function,
        [AS_OP_SIGMOID] = sigmoid,
        [AS_OP_SOFTPLUS] = softplus,
        [AS_OP_RELU] = relu,
        [AS_OP_SILU] = silu,
        [AS_OP_LEAKY_RELU] = leaky_relu,
        [AS_OP_ROUND_THROUGH] = round_through,
        [AS_OP_GELU] = gelu,
        [AS_OP_SQUARE] = square,
        [AS_OP_AFFINE] = affine,
        [AS_OP_POWER] = power,
        [AS_OP_CLAMP] = clamp,
    };
    memcpy(k->unary, all, sizeof all);
}
