/* Negative log likelihood of a label under softmax, the label's weight optionally spread over all classes:
 *   loss = lse(x) - (1 - s) x_y - s mean(x)
 * and its gradient: with the loss, while the exponentials are at hand, or later, finding lse(x) again from
 * the loss. */
#include "tensor/kernels/rows.h"

/* Items of short rows whose exponentials are made in one sweep; rows of more than half go one by one. */
#define SWEEP 512

INLINE int64_t rows_at_once(int64_t n)
{
    return n * 2 > SWEEP ? 1 : SWEEP / n;
}

/* What the loss is below lse(x). */
INLINE real picked(const real *x, int64_t label, int64_t n, real smoothing)
{
    real p = (1 - smoothing) * x[label];
    return smoothing > 0 ? p + smoothing * sum_row(x, n) / (real)n : p;
}

/* A row of at most SWEEP / 2 items. */
INLINE real short_sum(const real *x, int64_t n)
{
    if (n >= LANES)
        return fold_row(x, n, 0, plus_of);
    real s = 0;
    for (int64_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

/* m: what rows_at_once rows are shifted by; s: the sums of their exponentials e, which are left out for one
 * long row and e NULL */
static void sums(real *m, real *s, real *e, const real *x, int64_t rows, int64_t n)
{
    if (n * 2 > SWEEP) {
        *m = shift_row(x, n);
        *s = exp_row(e, x, n, *m);
        return;
    }
    for (int64_t r = 0; r < rows; r++) {
        m[r] = shift_row(x + r * n, n);
        for (int64_t i = 0; i < n; i++)
            e[r * n + i] = x[r * n + i] - m[r];
    }
    exp_shifted(e, e, rows * n, 0);
    for (int64_t r = 0; r < rows; r++)
        s[r] = short_sum(e + r * n, n);
}

static void cross_entropy(void *loss_, void *gx_, const void *x_, const int64_t *label, int64_t rows,
                          int64_t n, double smoothing_, double factor_)
{
    real *loss = loss_, *gx = gx_, smoothing = (real)smoothing_, factor = (real)factor_;
    real kept[SWEEP], m[SWEEP], s[SWEEP], each = factor * smoothing / (real)n;
    const real *x = x_;
    const int64_t group = rows_at_once(n);
    for (int64_t first = 0, count; first < rows; first += count, x += count * n) {
        count = smaller(group, rows - first);
        sums(m, s, gx ? gx : group > 1 ? kept : NULL, x, count, n);
        for (int64_t r = 0; r < count; r++) {
            int64_t y = label[first + r];
            loss[first + r] = m[r] + real_log(s[r]) - picked(x + r * n, y, n, smoothing);
            if (!gx)
                continue;
            const real scale = factor / s[r];
            for (int64_t i = 0; i < n; i++)
                gx[i] = gx[i] * scale - each;
            gx[y] -= factor * (1 - smoothing);
            gx += n;
        }
    }
}

/* gx = gy (e^(x - lse) - s / n), less gy (1 - s) at the label. Of large items lse comes back with an error,
 * which must not take an exponent above 0. */
static void gradient_rows(real *gx, const real *gy, const real *x, const real *loss, const int64_t *label,
                          int64_t rows, int64_t n, real smoothing)
{
    real each = smoothing / (real)n;
    for (int64_t r = 0; r < rows; r++) {
        real lse = loss[r] + picked(x + r * n, label[r], n, smoothing);
        for (int64_t i = 0; i < n; i++)
            gx[r * n + i] = at_most(x[r * n + i] - lse, 0);
    }
    exp_shifted(gx, gx, rows * n, 0);
    for (int64_t r = 0; r < rows; r++) {
        real g = gy[r];
        for (int64_t i = 0; i < n; i++)
            gx[r * n + i] = g * (gx[r * n + i] - each);
        gx[r * n + label[r]] -= g * (1 - smoothing);
    }
}

static void cross_entropy_gradient(void *gx_, const void *gy_, const void *x_, const void *loss_,
                                   const int64_t *label, int64_t rows, int64_t n, double smoothing_)
{
    real *gx = gx_, smoothing = (real)smoothing_, each = smoothing / (real)n;
    const real *gy = gy_, *x = x_, *loss = loss_;
    int64_t group = rows_at_once(n);
    if (group > 1) {
        for (int64_t r = 0; r < rows; r += group)
            gradient_rows(gx + r * n, gy + r, x + r * n, loss + r, label + r, smaller(group, rows - r), n,
                          smoothing);
        return;
    }
    for (int64_t r = 0; r < rows; r++, x += n, gx += n) {
        real lse = loss[r] + picked(x, label[r], n, smoothing), g = gy[r];
        for (int64_t i = 0; i < n; i++)
            gx[i] = g * (exp_below(at_most(x[i] - lse, 0)) - each);
        gx[label[r]] -= g * (1 - smoothing);
    }
}

void KERNEL(fill_cross_entropy)(kernels *k)
{
    k->cross_entropy = cross_entropy;
    k->cross_entropy_gradient = cross_entropy_gradient;
}
