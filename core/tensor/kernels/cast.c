/* Items to and from other types. */
#include "tensor/kernels/functions.h"

#include <string.h>

static void from_f32(void *y_, const float *x, int64_t n)
{
    real *y = y_;
    for (int64_t i = 0; i < n; i++)
        y[i] = (real)x[i];
}

static void from_f64(void *y_, const double *x, int64_t n)
{
    real *y = y_;
    for (int64_t i = 0; i < n; i++)
        y[i] = (real)x[i];
}

static void from_i64(void *y_, const int64_t *x, int64_t n)
{
    real *y = y_;
    for (int64_t i = 0; i < n; i++)
        y[i] = (real)x[i];
}

/* Towards zero. What does not fit becomes the nearest that does, NaN 0: in C both are undefined. */
static void to_i64(int64_t *y, const void *x_, int64_t n)
{
    const real limit = (real)9223372036854775808.0; /* 2^63 */
    const real *x = x_;
    for (int64_t i = 0; i < n; i++) {
        bool fits = x[i] >= -limit && x[i] < limit;
        int64_t v = (int64_t)(fits ? x[i] : 0);
        y[i] = x[i] >= limit ? INT64_MAX : x[i] < -limit ? INT64_MIN : v;
    }
}

void KERNEL(fill_cast)(kernels *k)
{
    k->from_f32 = from_f32;
    k->from_f64 = from_f64;
    k->from_i64 = from_i64;
    k->to_i64 = to_i64;
}
