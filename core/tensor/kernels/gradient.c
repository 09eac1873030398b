/* gx[i] = gy[i] f'(x[i]), from the input x or the output y, whichever is cheaper. */
#include "tensor/kernels/functions.h"

#include <string.h>

/* All of the type's arguments stand in every signature because the table's type has them. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

/* v is x or y. */
INLINE void map(void *gx_, const void *gy_, const void *v_, int64_t n, real f(real g, real v))
{
    real *gx = gx_;
    const real *gy = gy_, *v = v_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = f(gy[i], v[i]);
}

INLINE real neg_of(real g, real x)
{
    return -g;
}

static void neg(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, neg_of);
}

/* 0 at 0 */
INLINE real absolute_of(real g, real x)
{
    return x > 0 ? g : x < 0 ? -g : g * x;
}

static void absolute(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, absolute_of);
}

INLINE real product_of(real g, real v)
{
    return g * v;
}

static void exponential(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                        double r1)
{
    map(gx, gy, y, n, product_of);
}

/* from x: e^x is y + 1, but for x < 0 that has lost digits */
INLINE real exponential_minus_1_of(real g, real x)
{
    return g * real_exp(x);
}

static void exponential_minus_1(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                                double r1)
{
    map(gx, gy, x, n, exponential_minus_1_of);
}

INLINE real logarithm_of(real g, real x)
{
    return g / x;
}

static void logarithm(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, logarithm_of);
}

INLINE real logarithm_of_1_plus_of(real g, real x)
{
    return g / (1 + x);
}

static void logarithm_of_1_plus(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                                double r1)
{
    map(gx, gy, x, n, logarithm_of_1_plus_of);
}

INLINE real root_of(real g, real y)
{
    return (real)0.5 * g / y;
}

static void root(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, y, n, root_of);
}

INLINE real inverse_root_of(real g, real y)
{
    return (real)-0.5 * g * y * y * y;
}

static void inverse_root(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                         double r1)
{
    map(gx, gy, y, n, inverse_root_of);
}

/* gx = factor gy f(x) for f = sin or cos, by way of a strip of f(x) */
INLINE void map_slope_trig(void *gx_, const void *gy_, const void *x_, int64_t n, real factor,
                           real near(real), real any(real))
{
    real *gx = gx_, slope[STRIP];
    const real *gy = gy_, *x = x_;
    for (int64_t start = 0; start < n; start += STRIP) {
        int64_t m = smaller(STRIP, n - start);
        map_trig(slope, x + start, m, near, any);
        INDEPENDENT
        for (int64_t i = 0; i < m; i++)
            gx[start + i] = factor * gy[start + i] * slope[i];
    }
}

static void sine(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map_slope_trig(gx, gy, x, n, 1, cosine_near, real_cos);
}

static void cosine(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map_slope_trig(gx, gy, x, n, -1, sine_near, real_sin);
}

INLINE real hyperbolic_tangent_of(real g, real y)
{
    return g * ((1 - y) * (1 + y));
}

static void hyperbolic_tangent(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                               double r1)
{
    map(gx, gy, y, n, hyperbolic_tangent_of);
}

INLINE real error_function_of(real g, real x)
{
    return g * ((real)1.1283791670955126 * exp_square(real_abs(x), 1));
}

static void error_function(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0,
                           double r1)
{
    map(gx, gy, x, n, error_function_of);
}

INLINE real sigmoid_of(real g, real y)
{
    return g * (y * (1 - y));
}

static void sigmoid(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, y, n, sigmoid_of);
}

INLINE real softplus_of(real g, real x)
{
    return g * real_sigmoid(x);
}

static void softplus(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, softplus_of);
}

/* 0 at 0; from y, which the next layer keeps anyway */
INLINE real relu_of(real g, real y)
{
    return y <= 0 ? 0 : g;
}

static void relu(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, y, n, relu_of);
}

/* s + x s (1 - s) */
INLINE real silu_of(real g, real x)
{
    real s = real_sigmoid(x);
    return g * (s + real_silu(x) * (1 - s));
}

static void silu(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, silu_of);
}

INLINE real gelu_of(real g, real x)
{
    return g * real_gelu_slope(x);
}

static void gelu(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, gelu_of);
}

INLINE real square_of(real g, real x)
{
    return 2 * g * x;
}

static void square(void *gx, const void *gy, const void *x, const void *y, int64_t n, double r0, double r1)
{
    map(gx, gy, x, n, square_of);
}

static void affine(void *gx_, const void *gy_, const void *x, const void *y, int64_t n, double r0, double r1)
{
    real *gx = gx_, factor = (real)r0;
    const real *gy = gy_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = gy[i] * factor;
}

INLINE real cube_of(real g, real x)
{
    return 3 * g * x * x;
}

INLINE real inverse_of(real g, real x)
{
    return -g / (x * x);
}

INLINE real root_from_x(real g, real x)
{
    return (real)0.5 * g / real_sqrt(x);
}

/* The exponents that unary.c computes without pow have gradients without it. */
static void power(void *gx_, const void *gy_, const void *x_, const void *y, int64_t n, double r0, double r1)
{
    real *gx = gx_, factor = (real)r0, exponent = (real)(r0 - 1);
    const real *gy = gy_, *x = x_;
    if (r0 == 2)
        map(gx, gy, x, n, square_of);
    else if (r0 == 3)
        map(gx, gy, x, n, cube_of);
    else if (r0 == -1)
        map(gx, gy, x, n, inverse_of);
    else if (r0 == 0.5)
        map(gx, gy, x, n, root_from_x);
    else if (r0 == 0)
        memset(gx, 0, (size_t)n * sizeof *gx); /* also at x = 0 */
    else
        for (int64_t i = 0; i < n; i++)
            gx[i] = gy[i] * (factor * real_pow(x[i], exponent));
}

/* 1 at both ends */
static void clamp(void *gx_, const void *gy_, const void *x_, const void *y, int64_t n, double r0, double r1)
{
    real *gx = gx_, low = (real)r0, high = (real)r1;
    const real *gy = gy_, *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = ((x[i] < low) | (x[i] > high)) ? 0 : gy[i];
}

/* the slope at 0 is 1 */
static void leaky_relu(void *gx_, const void *gy_, const void *x_, const void *y, int64_t n, double r0,
                       double r1)
{
    real *gx = gx_, slope = (real)r0;
    const real *gy = gy_, *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = x[i] < 0 ? slope * gy[i] : gy[i];
}

void KERNEL(fill_gradient)(kernels *k)
{
    static kernel_unary_gradient *const all[AS_OP_ADD] = {
        [AS_OP_NEG] = neg,
        [AS_OP_ABS] = absolute,
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
        [AS_OP_GELU] = gelu,
        [AS_OP_SQUARE] = square,
        [AS_OP_AFFINE] = affine,
        [AS_OP_POWER] = power,
        [AS_OP_CLAMP] = clamp,
    };
    memcpy(k->unary_gradient, all, sizeof all);
}
