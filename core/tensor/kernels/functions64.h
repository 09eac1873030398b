/* Functions of one double: the C library's. Gradient checks need their accuracy, nothing their speed. */
#ifndef ASSAY_TENSOR_KERNELS_FUNCTIONS64_H
#define ASSAY_TENSOR_KERNELS_FUNCTIONS64_H

#include "tensor/kernels/functions.h"

#include <math.h>

INLINE double real_abs(double x)
{
    return fabs(x);
}

INLINE double real_sqrt(double x)
{
    return sqrt(x);
}

static inline double real_exp(double x)
{
    return exp(x);
}

static inline double exp_below(double x)
{
    return exp(x);
}

static inline double real_expm1(double x)
{
    return expm1(x);
}

static inline double real_log(double x)
{
    return log(x);
}

static inline double real_log1p(double x)
{
    return log1p(x);
}

static inline double log1p_within(double x)
{
    return log1p(x);
}

static inline double real_tanh(double x)
{
    return tanh(x);
}

static inline double real_erf(double x)
{
    return erf(x);
}

static inline double exp_square(double a, double scale)
{
    return exp(-scale * a * a);
}

#define NORMAL_FAR 40.0 /* beyond it the tail of the normal distribution is 0 */

static inline normal_tail normal_beyond(double a)
{
    a = at_most(a, NORMAL_FAR);
    return (normal_tail){0.5 * erfc(0.70710678118654752 * a), exp(-0.5 * a * a)};
}

#define TRIG_NEAR INFINITE

static inline double sine_near(double x)
{
    return sin(x);
}

static inline double cosine_near(double x)
{
    return cos(x);
}

static inline double real_sin(double x)
{
    return sin(x);
}

static inline double real_cos(double x)
{
    return cos(x);
}

static inline double real_pow(double x, double y)
{
    return pow(x, y);
}

#endif
