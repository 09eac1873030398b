/* Functions of one item. functions32.h and functions64.h have, for their real type, the elementary ones
 * (real_exp, real_log, ...); here is what follows from them. NaN gives NaN. */
#ifndef ASSAY_TENSOR_KERNELS_FUNCTIONS_H
#define ASSAY_TENSOR_KERNELS_FUNCTIONS_H

#include "tensor/kernels/real.h"

INLINE real at_least(real x, real low)
{
    return x < low ? low : x;
}

INLINE real at_most(real x, real high)
{
    return x > high ? high : x;
}

/* The standard normal distribution beyond some a >= 0, and its density there times sqrt(2 pi) */
typedef struct {
    real beyond, density;
} normal_tail;

#ifdef REAL64
#include "tensor/kernels/functions64.h"
#else
#include "tensor/kernels/functions32.h"
#endif

INLINE real real_sigmoid(real x)
{
    return 1 / (1 + real_exp(-x));
}

/* x sigmoid(x); the numerator is kept finite for -infinity */
INLINE real real_silu(real x)
{
    return at_least(x, -10000) / (1 + real_exp(-x));
}

/* log(1 + e^x) without overflow */
INLINE real real_softplus(real x)
{
    return at_least(x, 0) + log1p_within(real_exp(-real_abs(x)));
}

/* x Phi(x): x less the share of the tail for x > 0, that share alone for x < 0, no digits cancelling */
INLINE real real_gelu(real x)
{
    real a = real_abs(x);
    return at_least(x, 0) - at_most(a, NORMAL_FAR) * normal_beyond(a).beyond;
}

/* d/dx of the above: Phi(x) + x phi(x) */
INLINE real real_gelu_slope(real x)
{
    normal_tail t = normal_beyond(real_abs(x));
    real density = (real)0.39894228040143268 * t.density;
    return (x < 0 ? t.beyond : 1 - t.beyond) + at_most(at_least(x, -NORMAL_FAR), NORMAL_FAR) * density;
}

/* sin and cos of up to STRIP items; y may be x. Arguments far from 0 are rare and take the library. */
INLINE void map_trig(real *y, const real *x, int64_t n, real near(real), real any(real))
{
    int far = 0;
    for (int64_t i = 0; i < n; i++)
        far |= !(real_abs(x[i]) <= TRIG_NEAR);
    if (far) {
        for (int64_t i = 0; i < n; i++)
            y[i] = any(x[i]);
        return;
    }
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = near(x[i]);
}

#endif
