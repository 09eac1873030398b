/* softmax, log_softmax, their gradients, logsumexp: x [outer, n, inner] along n. All subtract the largest
 * item first. An item of +infinity, or nothing but -infinity, makes softmax NaN, as the formula says. */
#include "tensor/kernels/rows.h"

#include <string.h>

/* Rows of at most SHORT items are turned into columns, GROUP rows at a time. */
#define SHORT 32
#define GROUP 64

static void softmax_row(real *y, const real *x, int64_t n)
{
    real scale = 1 / exp_row(y, x, n, shift_row(x, n));
    for (int64_t i = 0; i < n; i++)
        y[i] *= scale;
}

static void log_softmax_row(real *y, const real *x, int64_t n)
{
    real m = shift_row(x, n), log_sum_exp = real_log(exp_row(NULL, x, n, m));
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - m) - log_sum_exp;
}

/* An infinite largest item is itself the result: shifting by it would make NaN. */
static real logsumexp_row(const real *x, int64_t n)
{
    real m = max_row(x, n);
    if (m - m != 0)
        return m;
    return m + real_log(exp_row(NULL, x, n, m));
}

/* s[i] = sum of e^(x - m[i]) over n items of column i; y = these exponentials, unless NULL */
INLINE void exp_columns(real *s, real *y, const real *x, const real *m, int64_t n, int64_t step,
                        int64_t columns)
{
    memset(s, 0, (size_t)columns * sizeof *s);
    for (int64_t start = 0; start < n; start += RUN) {
        real part[STRIP] = {0};
        for (int64_t k = start; k < smaller(start + RUN, n); k++) {
            INDEPENDENT
            for (int64_t i = 0; i < columns; i++) {
                real e = real_exp(x[k * step + i] - m[i]);
                part[i] += e;
                if (y)
                    y[k * step + i] = e;
            }
        }
        for (int64_t i = 0; i < columns; i++)
            s[i] += part[i];
    }
}

static void softmax_columns(real *y, const real *x, int64_t n, int64_t step, int64_t columns)
{
    real m[STRIP], s[STRIP];
    fold_columns(m, x, n, step, columns, -INFINITE, larger_of);
    exp_columns(s, y, x, m, n, step, columns);
    for (int64_t i = 0; i < columns; i++)
        s[i] = 1 / s[i];
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < columns; i++)
            y[k * step + i] *= s[i];
}

static void log_softmax_columns(real *y, const real *x, int64_t n, int64_t step, int64_t columns)
{
    real m[STRIP], s[STRIP];
    fold_columns(m, x, n, step, columns, -INFINITE, larger_of);
    exp_columns(s, NULL, x, m, n, step, columns);
    for (int64_t i = 0; i < columns; i++)
        s[i] = real_log(s[i]);
    for (int64_t k = 0; k < n; k++) {
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++)
            y[k * step + i] = (x[k * step + i] - m[i]) - s[i];
    }
}

/* Columns whose largest item is infinite are not shifted: their sum of exponentials is 0 or infinite. */
static void logsumexp_columns(real *y, const real *x, int64_t n, int64_t step, int64_t columns)
{
    real m[STRIP];
    fold_columns(m, x, n, step, columns, -INFINITE, larger_of);
    for (int64_t i = 0; i < columns; i++)
        m[i] = m[i] - m[i] == 0 ? m[i] : 0;
    exp_columns(y, NULL, x, m, n, step, columns);
    for (int64_t i = 0; i < columns; i++)
        y[i] = m[i] + real_log(y[i]);
}

/* Up to GROUP short rows side by side: item k of row r at [k GROUP + r] */
INLINE void rows_to_columns(real *block, const real *x, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < n; k++)
            block[k * GROUP + r] = x[r * n + k];
}

/* Short rows by a function of columns, in place on such a block. */
INLINE void short_rows(real *y, const real *x, int64_t outer, int64_t n,
                       void columns(real *y, const real *x, int64_t n, int64_t step, int64_t columns))
{
    real block[SHORT * GROUP];
    for (int64_t o = 0; o < outer; o += GROUP) {
        int64_t rows = smaller(GROUP, outer - o);
        rows_to_columns(block, x + o * n, rows, n);
        columns(block, block, n, GROUP, rows);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t k = 0; k < n; k++)
                y[(o + r) * n + k] = block[k * GROUP + r];
    }
}

static void softmax(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    if (inner == 1 && n <= SHORT) {
        short_rows(y, x, outer, n, softmax_columns);
        return;
    }
    for (int64_t at = 0; at < outer * n * inner; at += n * inner) {
        if (inner == 1)
            softmax_row(y + at, x + at, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                softmax_columns(y + at + c, x + at + c, n, inner, smaller(STRIP, inner - c));
    }
}

static void log_softmax(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    if (inner == 1 && n <= SHORT) {
        short_rows(y, x, outer, n, log_softmax_columns);
        return;
    }
    for (int64_t at = 0; at < outer * n * inner; at += n * inner) {
        if (inner == 1)
            log_softmax_row(y + at, x + at, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                log_softmax_columns(y + at + c, x + at + c, n, inner, smaller(STRIP, inner - c));
    }
}

static void logsumexp(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_, block[SHORT * GROUP];
    const real *x = x_;
    if (inner == 1 && n <= SHORT) {
        for (int64_t o = 0; o < outer; o += GROUP) {
            int64_t rows = smaller(GROUP, outer - o);
            rows_to_columns(block, x + o * n, rows, n);
            logsumexp_columns(y + o, block, n, GROUP, rows);
        }
        return;
    }
    for (int64_t o = 0; o < outer; o++) {
        if (inner == 1)
            y[o] = logsumexp_row(x + o * n, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                logsumexp_columns(y + o * inner + c, x + o * n * inner + c, n, inner,
                                  smaller(STRIP, inner - c));
    }
}

/* y (gy - sum of gy y) */
static void softmax_gradient_row(real *gx, const real *gy, const real *y, int64_t n)
{
    const real dot = dot_row(gy, y, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = y[i] * (gy[i] - dot);
}

static void softmax_gradient_columns(real *gx, const real *gy, const real *y, int64_t n, int64_t step,
                                     int64_t columns)
{
    real dot[STRIP] = {0};
    for (int64_t start = 0; start < n; start += RUN) {
        real part[STRIP] = {0};
        for (int64_t k = start; k < smaller(start + RUN, n); k++)
            for (int64_t i = 0; i < columns; i++)
                part[i] += gy[k * step + i] * y[k * step + i];
        for (int64_t i = 0; i < columns; i++)
            dot[i] += part[i];
    }
    for (int64_t k = 0; k < n; k++) {
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++)
            gx[k * step + i] = y[k * step + i] * (gy[k * step + i] - dot[i]);
    }
}

static void softmax_gradient(void *gx_, const void *gy_, const void *y_, int64_t outer, int64_t n,
                             int64_t inner)
{
    real *gx = gx_;
    const real *gy = gy_, *y = y_;
    for (int64_t at = 0; at < outer * n * inner; at += n * inner) {
        if (inner == 1)
            softmax_gradient_row(gx + at, gy + at, y + at, n);
        else
            for (int64_t c = at; c < at + inner; c += STRIP)
                softmax_gradient_columns(gx + c, gy + c, y + c, n, inner, smaller(STRIP, at + inner - c));
    }
}

/* gy - e^y sum of gy */
static void log_softmax_gradient_row(real *gx, const real *gy, const real *y, int64_t n)
{
    const real s = sum_row(gy, n);
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = gy[i] - exp_below(y[i]) * s;
}

static void log_softmax_gradient_columns(real *gx, const real *gy, const real *y, int64_t n, int64_t step,
                                         int64_t columns)
{
    real s[STRIP];
    sum_columns(s, gy, n, step, columns);
    for (int64_t k = 0; k < n; k++) {
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++)
            gx[k * step + i] = gy[k * step + i] - real_exp(y[k * step + i]) * s[i];
    }
}

static void log_softmax_gradient(void *gx_, const void *gy_, const void *y_, int64_t outer, int64_t n,
                                 int64_t inner)
{
    real *gx = gx_;
    const real *gy = gy_, *y = y_;
    for (int64_t at = 0; at < outer * n * inner; at += n * inner) {
        if (inner == 1)
            log_softmax_gradient_row(gx + at, gy + at, y + at, n);
        else
            for (int64_t c = at; c < at + inner; c += STRIP)
                log_softmax_gradient_columns(gx + c, gy + c, y + c, n, inner, smaller(STRIP, at + inner - c));
    }
}

void KERNEL(fill_softmax)(kernels *k)
{
    k->softmax = softmax;
    k->log_softmax = log_softmax;
    k->logsumexp = logsumexp;
    k->softmax_gradient = softmax_gradient;
    k->log_softmax_gradient = log_softmax_gradient;
}
