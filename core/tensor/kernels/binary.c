/* y[i] = f(a[i sa], b[i sb]), comparisons, where, accumulate */
#include "tensor/kernels/functions.h"

#include <string.h>

/* One loop for each pair of steps 0 and 1, so that each is vectorised, and one for all others. y may be a or
 * b where that one's step is 1; an operand of step 0 is read before anything is written. */
INLINE void zip(void *y_, const void *a_, int64_t sa, const void *b_, int64_t sb, int64_t n,
                real f(real, real))
{
    real *y = y_;
    const real *a = a_, *b = b_;
    if (n == 0)
        return;
    if (sa == 1 && sb == 1) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = f(a[i], b[i]);
    } else if (sa == 1 && sb == 0) {
        const real same = *b;
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = f(a[i], same);
    } else if (sa == 0 && sb == 1) {
        const real same = *a;
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = f(same, b[i]);
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = f(a[i * sa], b[i * sb]);
    }
}

INLINE real add_of(real a, real b)
{
    return a + b;
}

static void add(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, add_of);
}

INLINE real sub_of(real a, real b)
{
    return a - b;
}

static void sub(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, sub_of);
}

INLINE real mul_of(real a, real b)
{
    return a * b;
}

static void mul(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, mul_of);
}

INLINE real div_of(real a, real b)
{
    return a / b;
}

static void divide(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, div_of);
}

static void raise(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, real_pow);
}

/* A NaN of either operand is the result. */
INLINE real maximum_of(real a, real b)
{
    return ((a > b) | (a != a)) ? a : b;
}

static void maximum(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, maximum_of);
}

INLINE real minimum_of(real a, real b)
{
    return ((a < b) | (a != a)) ? a : b;
}

static void minimum(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, minimum_of);
}

INLINE real eq_of(real a, real b)
{
    return a == b ? 1 : 0;
}

static void eq(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, eq_of);
}

INLINE real ne_of(real a, real b)
{
    return a != b ? 1 : 0;
}

static void ne(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, ne_of);
}

INLINE real lt_of(real a, real b)
{
    return a < b ? 1 : 0;
}

static void lt(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, lt_of);
}

INLINE real le_of(real a, real b)
{
    return a <= b ? 1 : 0;
}

static void le(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip(y, a, sa, b, sb, n, le_of);
}

static void gt(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    lt(y, b, sb, a, sa, n);
}

static void ge(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    le(y, b, sb, a, sa, n);
}

INLINE void zip_i64(void *y_, const void *a_, int64_t sa, const void *b_, int64_t sb, int64_t n,
                    int f(int64_t, int64_t))
{
    real *y = y_;
    const int64_t *a = a_, *b = b_;
    if (sa == 1 && sb == 1)
        for (int64_t i = 0; i < n; i++)
            y[i] = f(a[i], b[i]) ? 1 : 0;
    else
        for (int64_t i = 0; i < n; i++)
            y[i] = f(a[i * sa], b[i * sb]) ? 1 : 0;
}

INLINE int eq_i64_of(int64_t a, int64_t b)
{
    return a == b;
}

static void eq_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip_i64(y, a, sa, b, sb, n, eq_i64_of);
}

INLINE int ne_i64_of(int64_t a, int64_t b)
{
    return a != b;
}

static void ne_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip_i64(y, a, sa, b, sb, n, ne_i64_of);
}

INLINE int lt_i64_of(int64_t a, int64_t b)
{
    return a < b;
}

static void lt_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip_i64(y, a, sa, b, sb, n, lt_i64_of);
}

INLINE int le_i64_of(int64_t a, int64_t b)
{
    return a <= b;
}

static void le_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    zip_i64(y, a, sa, b, sb, n, le_i64_of);
}

static void gt_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    lt_i64(y, b, sb, a, sa, n);
}

static void ge_i64(void *y, const void *a, int64_t sa, const void *b, int64_t sb, int64_t n)
{
    le_i64(y, b, sb, a, sa, n);
}

/* The condition is real; NaN counts as true, being not 0. */
static void where(void *y_, const void *c_, int64_t sc, const void *a_, int64_t sa, const void *b_,
                  int64_t sb, int64_t n)
{
    real *y = y_;
    const real *c = c_, *a = a_, *b = b_;
    if (n == 0)
        return;
    if (sc == 1 && sa == 1 && sb == 1) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = c[i] != 0 ? a[i] : b[i];
    } else if (sc == 1 && sa == 0 && sb == 1) {
        const real same = *a;
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = c[i] != 0 ? same : b[i];
    } else if (sc == 1 && sa == 1 && sb == 0) {
        const real same = *b;
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            y[i] = c[i] != 0 ? a[i] : same;
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = c[i * sc] != 0 ? a[i * sa] : b[i * sb];
    }
}

static void accumulate(void *y_, const void *x_, int64_t n)
{
    real *y = y_;
    const real *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

void KERNEL(fill_binary)(kernels *k)
{
    static kernel_binary *const all[AS_OP_WHERE - AS_OP_ADD] = {
        [AS_OP_ADD - AS_OP_ADD] = add,         [AS_OP_SUB - AS_OP_ADD] = sub,
        [AS_OP_MUL - AS_OP_ADD] = mul,         [AS_OP_DIV - AS_OP_ADD] = divide,
        [AS_OP_POW - AS_OP_ADD] = raise,       [AS_OP_MAXIMUM - AS_OP_ADD] = maximum,
        [AS_OP_MINIMUM - AS_OP_ADD] = minimum, [AS_OP_EQ - AS_OP_ADD] = eq,
        [AS_OP_NE - AS_OP_ADD] = ne,           [AS_OP_LT - AS_OP_ADD] = lt,
        [AS_OP_LE - AS_OP_ADD] = le,           [AS_OP_GT - AS_OP_ADD] = gt,
        [AS_OP_GE - AS_OP_ADD] = ge,
    };
    static kernel_binary *const i64[AS_OP_WHERE - AS_OP_ADD] = {
        [AS_OP_EQ - AS_OP_ADD] = eq_i64, [AS_OP_NE - AS_OP_ADD] = ne_i64, [AS_OP_LT - AS_OP_ADD] = lt_i64,
        [AS_OP_LE - AS_OP_ADD] = le_i64, [AS_OP_GT - AS_OP_ADD] = gt_i64, [AS_OP_GE - AS_OP_ADD] = ge_i64,
    };
    memcpy(k->binary, all, sizeof all);
    memcpy(k->compare_i64, i64, sizeof i64);
    k->where = where;
    k->accumulate = accumulate;
}
