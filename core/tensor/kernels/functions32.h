/* Functions of one float, free of branches so that loops over them vectorise. Polynomials are minimax fits
 * (Remez exchange, coefficients rounded one after the other); errors below are theirs, before rounding.
 * Measured errors stand in tests/unit/tensor_kernels_functions.c. */
#ifndef ASSAY_TENSOR_KERNELS_FUNCTIONS32_H
#define ASSAY_TENSOR_KERNELS_FUNCTIONS32_H

#include "tensor/kernels/functions.h"

#include <math.h>
#include <string.h>

INLINE uint32_t to_bits(float x)
{
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

INLINE float from_bits(uint32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

INLINE float real_abs(float x)
{
    return fabsf(x);
}

/* Limits of arguments, by name: see table.c, which keeps their values from the compiler. */
typedef struct {
    float exp_low, exp_high, exp_below_low, tanh_far, erf_far, normal_far;
} function_limits;
extern const function_limits KERNEL(limits);

/* x = k ln 2 + r, |r| <= ln 2 / 2. Adding 1.5 2^23 rounds to an integer and leaves k in the low bits of the
 * sum; k times the upper part of ln 2 is exact. */
typedef struct {
    float r;
    uint32_t k; /* its low bits */
} exp_parts;

INLINE exp_parts exp_split(float x)
{
    const float shift = 12582912.0f;
    float t = x * 1.44269504f + shift;
    float k = t - shift;
    float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    return (exp_parts){r, to_bits(t)};
}

/* 2^(k-1), since 2^128 would be out of range; 0 for k = -126 */
INLINE float half_scale(exp_parts e)
{
    return from_bits((e.k + 126) << 23);
}

/* (e^r - 1 - r) / r^2; relative error of e^r - 1 1.4e-8. Polynomials go by pairs of terms: the chain of
 * dependent operations, not their number, is what a loop waits for. */
INLINE float exp_rest(float r, float square)
{
    float p = 1.3840124e-03f * square + (8.367051e-03f * r + 4.166774e-02f);
    return p * square + (1.6666539e-01f * r + 4.9999997e-01f);
}

INLINE float exp_clamp(float x)
{
    return at_most(at_least(x, KERNEL(limits).exp_low), KERNEL(limits).exp_high);
}

/* e^(x + tail), tail a small correction. Below x = -86.99, where results near the smallest normal number, 0.
 */
INLINE float exp_sum(float x, float tail)
{
    exp_parts e = exp_split(exp_clamp(x));
    float r = e.r + tail, square = r * r;
    float p = exp_rest(r, square) * square + (r + 1.0f);
    return (p * half_scale(e)) * 2.0f;
}

INLINE float real_exp(float x)
{
    return exp_sum(x, -0.0f);
}

/* e^x for x up to 88, where 2^k is in range: two operations less. Below x = -87.68 0. */
INLINE float exp_below(float x)
{
    exp_parts e = exp_split(at_least(x, KERNEL(limits).exp_below_low));
    float square = e.r * e.r;
    return (exp_rest(e.r, square) * square + (e.r + 1.0f)) * from_bits((e.k + 127) << 23);
}

/* 2^k (e^r - 1) + (2^k - 1); x within the limits of exp */
INLINE float expm1_within(float x)
{
    exp_parts e = exp_split(x);
    float square = e.r * e.r, q = exp_rest(e.r, square) * square + e.r, half = half_scale(e);
    return (q * half + (half - 0.5f)) * 2.0f;
}

INLINE float real_expm1(float x)
{
    return expm1_within(exp_clamp(x));
}

/* (e^2a - 1) / (e^2a - 1 + 2) keeps its relative error down to 0. */
INLINE float real_tanh(float x)
{
    float t = expm1_within(2.0f * at_most(fabsf(x), KERNEL(limits).tanh_far));
    return copysignf(t / (t + 2.0f), x);
}

/* log(1 + f) + k ln 2 for 1 + f in [sqrt(1/2), sqrt(2)]; relative error 9e-9 */
INLINE float log_sum(float f, float k)
{
    float square = f * f;
    float p = (-7.636227e-02f * f + 1.2768924e-01f) * square + (-1.3162097e-01f * f + 1.4200461e-01f);
    p = p * square + (-1.66230e-01f * f + 2.0001271e-01f);
    p = p * square + (-2.500083e-01f * f + 3.333333e-01f);
    float low = (p * f) * square - k * 2.12194440e-4f;
    return (low - 0.5f * square) + f + k * 0.693359375f;
}

/* The k for which x 2^-k lies in [sqrt(1/2), sqrt(2)), in the exponent's place; x > 0, normal */
INLINE int32_t log_exponent(float x)
{
    return (int32_t)((to_bits(x) - to_bits(0.70710678f)) & 0xff800000U);
}

/* The logarithm's values where it has no ordinary one. */
INLINE float log_limits(float x, float y)
{
    y = x == INFINITE ? x : y;
    y = x == 0.0f ? -INFINITE : y;
    return x >= 0.0f ? y : (float)__builtin_nan("");
}

INLINE float real_log(float x)
{
    int small = x < 1.17549435e-38f; /* subnormal: times 2^24 first */
    float normal = small ? x * 16777216.0f : x;
    int32_t e = log_exponent(normal);
    float m = from_bits(to_bits(normal) - (uint32_t)e);
    float k = (float)(e >> 23) - (small ? 24.0f : 0.0f);
    return log_limits(x, log_sum(m - 1.0f, k));
}

/* log(1 + x) for 1 + x in (0, 2^25): with 1 + x in [sqrt(1/2), sqrt(2)) 2^k, f = x 2^-k + (2^-k - 1) is exact
 * where it matters: x itself for k = 0, a difference of near numbers for others. */
INLINE float log1p_within(float x)
{
    int32_t e = log_exponent(1.0f + x);
    float scale = from_bits(to_bits(1.0f) - (uint32_t)e);
    return log_sum(x * scale + (scale - 1.0f), (float)(e >> 23));
}

INLINE float real_log1p(float x)
{
    float u = 1.0f + x;
    int32_t e = log_exponent(u);
    float scale = from_bits(to_bits(1.0f) - (uint32_t)e);
    float near = x * scale + (scale - 1.0f);
    float far = from_bits(to_bits(u) - (uint32_t)e) - 1.0f; /* the 1 does not count */
    return log_limits(u, log_sum(u < 33554432.0f ? near : far, (float)(e >> 23)));
}

INLINE float real_sqrt(float x)
{
    return sqrtf(x);
}

/* e^(a a) erfc(a) for a in [0, 10.1]; relative error 2.1e-8 */
INLINE float erfc_scaled(float a)
{
    float t = 1.0f / (1.0f + 0.38f * a);
    float square = t * t;
    float p = 5.8978263e-02f * square + (-2.6233798e-01f * t + 3.6398235e-01f);
    p = p * square + (-1.6160187e-01f * t + 2.3012716e-01f);
    p = p * square + (1.386047e-01f * t + 2.0391881e-01f);
    p = p * square + (2.1391751e-01f * t + 2.1441108e-01f);
    return p * t;
}

/* e^(-scale a a) for a >= 0, scale 1 or 1/2: the square of a's upper 12 bits is exact, so the error does not
 * grow with a. */
INLINE float exp_square(float a, float scale)
{
    float high = from_bits(to_bits(a) & 0xfffff000U);
    return exp_sum(-scale * high * high, -scale * (a - high) * (a + high));
}

/* erf(a) / a in a^2 up to a = 1; relative error 5.4e-8, most of it the last coefficient's rounding */
INLINE float erf_near(float square)
{
    float fourth = square * square;
    float p = (-5.5029604e-04f * square + 4.8874663e-03f) * fourth;
    p = (p + (-2.6686873e-02f * square + 1.1279379e-01f)) * fourth;
    return p + (-3.7612236e-01f * square + 1.1283791e+00f);
}

INLINE float real_erf(float x)
{
    float a = at_most(fabsf(x), KERNEL(limits).erf_far), square = a * a;
    float y = a < 1.0f ? a * erf_near(square) : 1.0f - real_exp(-square) * erfc_scaled(a);
    return copysignf(y, x);
}

#define NORMAL_FAR KERNEL(limits).normal_far /* beyond it the tail of the normal distribution is 0 */

INLINE normal_tail normal_beyond(float a)
{
    a = at_most(a, NORMAL_FAR);
    float density = exp_square(a, 0.5f);
    return (normal_tail){0.5f * density * erfc_scaled(0.70710678f * a), density};
}

/* sin and cos for |x| <= TRIG_NEAR: x = k pi/2 + r in double, in two parts, the first product exact. */
#define TRIG_NEAR 1e5f

INLINE float sine_shifted(float x, int quarters)
{
    const double shift = 6755399441055744.0;
    double k = ((double)x * 0.63661977236758134 + shift) - shift;
    float r = (float)(((double)x - k * 1.5707963267341256) - k * 6.0771005065061922e-11);
    int quadrant = (int)k + quarters;
    float square = r * r;
    float s = ((-1.9518095e-04f * square + 8.332188e-03f) * square - 1.6666655e-01f) * square * r + r;
    float c = ((2.4432322e-05f * square - 1.388731e-03f) * square + 4.1666646e-02f) * square * square +
              (1.0f - 0.5f * square);
    float y = quadrant & 1 ? c : s;
    return quadrant & 2 ? -y : y;
}

INLINE float sine_near(float x)
{
    return sine_shifted(x, 0);
}

INLINE float cosine_near(float x)
{
    return sine_shifted(x, 1);
}

static inline float real_sin(float x)
{
    return sinf(x);
}

static inline float real_cos(float x)
{
    return cosf(x);
}

static inline float real_pow(float x, float y)
{
    return powf(x, y);
}

#endif
