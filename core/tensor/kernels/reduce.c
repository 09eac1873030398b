/* x [outer, n, inner] -> y [outer, inner] */
#include "tensor/kernels/rows.h"

static void sum(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++) {
        if (inner == 1)
            y[o] = sum_row(x + o * n, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                sum_columns(y + o * inner + c, x + o * n * inner + c, n, inner, smaller(STRIP, inner - c));
    }
}

static void mean(void *y_, const void *x, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    sum(y, x, outer, n, inner);
    for (int64_t i = 0; i < outer * inner; i++)
        y[i] /= (real)n;
}

static void max(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++) {
        if (inner == 1)
            y[o] = max_row(x + o * n, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                fold_columns(y + o * inner + c, x + o * n * inner + c, n, inner, smaller(STRIP, inner - c),
                             -INFINITE, larger_of);
    }
}

static void min(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    real *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++) {
        if (inner == 1)
            y[o] = fold_row(x + o * n, n, INFINITE, smaller_of);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                fold_columns(y + o * inner + c, x + o * n * inner + c, n, inner, smaller(STRIP, inner - c),
                             INFINITE, smaller_of);
    }
}

/* The first place of the largest; the first NaN if there is one. */
static int64_t argmax_row(const real *x, int64_t n)
{
    real m = max_row(x, n);
    int64_t i = 0;
    for (int found = 0; i + LANES <= n; i += LANES) {
        for (int l = 0; l < LANES; l++)
            found |= (x[i + l] == m) | (x[i + l] != x[i + l]);
        if (found)
            break;
    }
    while (x[i] != m && x[i] == x[i])
        i++;
    return i;
}

static void argmax_columns(int64_t *place, const real *x, int64_t n, int64_t step, int64_t columns)
{
    real m[STRIP];
    for (int64_t i = 0; i < columns; i++) {
        m[i] = x[i];
        place[i] = 0;
    }
    for (int64_t k = 1; k < n; k++)
        for (int64_t i = 0; i < columns; i++) {
            real v = x[k * step + i];
            int better = (v > m[i]) | ((v != v) & (m[i] == m[i]));
            m[i] = better ? v : m[i];
            place[i] = better ? k : place[i];
        }
}

static void argmax(void *y_, const void *x_, int64_t outer, int64_t n, int64_t inner)
{
    int64_t *y = y_;
    const real *x = x_;
    for (int64_t o = 0; o < outer; o++) {
        if (inner == 1)
            y[o] = argmax_row(x + o * n, n);
        else
            for (int64_t c = 0; c < inner; c += STRIP)
                argmax_columns(y + o * inner + c, x + o * n * inner + c, n, inner, smaller(STRIP, inner - c));
    }
}

void KERNEL(fill_reduce)(kernels *k)
{
    k->sum = sum;
    k->mean = mean;
    k->max = max;
    k->min = min;
    k->argmax = argmax;
}
