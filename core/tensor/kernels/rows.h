/* What reductions and softmax share. A row is n items side by side; where the axis is not the last, a strip
 * of up to STRIP columns is worked on together, item after item, `step` apart. */
#ifndef ASSAY_TENSOR_KERNELS_ROWS_H
#define ASSAY_TENSOR_KERNELS_ROWS_H

#include "tensor/kernels/functions.h"

/* Items that one lane, or one column, adds up by itself before sums are added in pairs: the error of a sum
 * grows with log n, and recursion costs nothing. */
#define RUN 32

/* The larger, NaN if there is one. */
INLINE real larger_of(real a, real b)
{
    return ((b > a) | (b != b)) ? b : a;
}

INLINE real smaller_of(real a, real b)
{
    return ((b < a) | (b != b)) ? b : a;
}

INLINE real plus_of(real a, real b)
{
    return a + b;
}

/* All lanes into one by f, in pairs. Changes them. */
INLINE real fold_lanes(real *lane, real f(real, real))
{
    for (int w = LANES / 2; w > 0; w /= 2)
        for (int l = 0; l < w; l++)
            lane[l] = f(lane[l], lane[l + w]);
    return lane[0];
}

/* f over a row, in lanes; start is what f leaves unchanged. */
INLINE real fold_row(const real *x, int64_t n, real start, real f(real, real))
{
    real lane[LANES];
    for (int l = 0; l < LANES; l++)
        lane[l] = start;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] = f(lane[l], x[i + l]);
    for (int l = 0; i + l < n; l++)
        lane[l] = f(lane[l], x[i + l]);
    return fold_lanes(lane, f);
}

INLINE real max_row(const real *x, int64_t n)
{
    if (n < LANES / 4) {
        real m = x[0];
        for (int64_t i = 1; i < n; i++)
            m = larger_of(m, x[i]);
        return m;
    }
    return fold_row(x, n, -INFINITE, larger_of);
}

/* m[i] = f over n items of column i, start as above */
INLINE void fold_columns(real *m, const real *x, int64_t n, int64_t step, int64_t columns, real start,
                         real f(real, real))
{
    for (int64_t i = 0; i < columns; i++)
        m[i] = start;
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < columns; i++)
            m[i] = f(m[i], x[k * step + i]);
}

/* Long rows in halves. */
static inline real sum_row(const real *x, int64_t n)
{
    if (n <= LANES / 4) {
        real s = 0;
        for (int64_t i = 0; i < n; i++)
            s += x[i];
        return s;
    }
    if (n <= RUN * LANES)
        return fold_row(x, n, 0, plus_of);
    int64_t half = n / 2 / LANES * LANES;
    return sum_row(x, half) + sum_row(x + half, n - half);
}

static inline void sum_columns(real *s, const real *x, int64_t n, int64_t step, int64_t columns)
{
    if (n <= RUN) {
        fold_columns(s, x, n, step, columns, 0, plus_of);
        return;
    }
    real rest[STRIP];
    int64_t half = n / 2;
    sum_columns(s, x, half, step, columns);
    sum_columns(rest, x + half * step, n - half, step, columns);
    for (int64_t i = 0; i < columns; i++)
        s[i] += rest[i];
}

static inline real dot_row(const real *x, const real *y, int64_t n)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += RUN * LANES) {
        int64_t end = smaller(start + RUN * LANES, n), i = start;
        real lane[LANES] = {0};
        for (; i + LANES <= end; i += LANES)
            for (int l = 0; l < LANES; l++)
                lane[l] += x[i + l] * y[i + l];
        for (int l = 0; i + l < end; l++)
            lane[l] += x[i + l] * y[i + l];
        total += fold_lanes(lane, plus_of);
    }
    return (real)total;
}

/* The largest item to shift exponentials by: NaN is passed over, it comes back in their sum. */
INLINE real shift_row(const real *x, int64_t n)
{
    if (n >= LANES / 4)
        return fold_row(x, n, -INFINITE, at_least);
    real m = x[0];
    for (int64_t i = 1; i < n; i++)
        m = at_least(m, x[i]);
    return m;
}

/* y = e^(x - shift), shift at least about the largest item; y may be x */
static inline void exp_shifted(real *y, const real *x, int64_t n, real shift)
{
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = exp_below(x[i] - shift);
}

/* The same; returns the sum. keep: whether y is wanted */
INLINE real exp_sum_row(real *y, const real *x, int64_t n, real shift, bool keep)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += RUN * LANES) {
        int64_t end = smaller(start + RUN * LANES, n), i = start;
        real lane[LANES] = {0};
        for (; i + LANES <= end; i += LANES) {
            INDEPENDENT
            for (int l = 0; l < LANES; l++) {
                real e = exp_below(x[i + l] - shift);
                lane[l] += e;
                if (keep)
                    y[i + l] = e;
            }
        }
        for (int l = 0; i + l < end; l++) {
            real e = exp_below(x[i + l] - shift);
            lane[l] += e;
            if (keep)
                y[i + l] = e;
        }
        total += fold_lanes(lane, plus_of);
    }
    return (real)total;
}

/* y NULL: the sum alone */
static inline real exp_row(real *y, const real *x, int64_t n, real shift)
{
    return y ? exp_sum_row(y, x, n, shift, true) : exp_sum_row(NULL, x, n, shift, false);
}

#endif
