/* Negative log likelihood of a label under softmax, the label's weight optionally spread over all classes:
 *   loss = lse(x) - (1 - s) x_y - s mean(x)
 * and its gradient, which finds lse(x) again from the loss instead of keeping the probabilities. */
#include "tensor/kernels/rows.h"

/* Rows whose exponentials are made in one sweep: short ones together. */
INLINE int64_t rows_at_once(int64_t n)
{
    return n * 2 > CHUNK ? 1 : CHUNK / n;
}

/* What the loss is below lse(x). */
INLINE real picked(const real *x, int64_t label, int64_t n, real smoothing)
{
    real p = (1 - smoothing) * x[label];
    return smoothing > 0 ? p + smoothing * sum_row(x, n) / (real)n : p;
}

/* A row of at most CHUNK / 2 items. */
INLINE real short_sum(const real *x, int64_t n)
{
    if (n >= LANES)
        return fold_row(x, n, 0, plus_of);
    real s = 0;
    for (int64_t i = 0; i < n; i++)
        s += x[i];
    return s;
}

static void forward_group(real *loss, const real *x, const int64_t *label, int64_t rows, int64_t n,
                          real smoothing)
{
    real shifted[CHUNK], m[CHUNK];
    for (int64_t r = 0; r < rows; r++) {
        m[r] = max_row(x + r * n, n);
        for (int64_t i = 0; i < n; i++)
            shifted[r * n + i] = x[r * n + i] - m[r];
    }
    exp_shifted(shifted, shifted, rows * n, 0);
    for (int64_t r = 0; r < rows; r++)
        loss[r] = m[r] + real_log(short_sum(shifted + r * n, n)) - picked(x + r * n, label[r], n, smoothing);
}

static void cross_entropy(void *loss_, const void *x_, const int64_t *label, int64_t rows, int64_t n,
                          double smoothing_)
{
    real *loss = loss_, smoothing = (real)smoothing_;
    const real *x = x_;
    int64_t group = rows_at_once(n);
    if (group > 1) {
        for (int64_t r = 0; r < rows; r += group)
            forward_group(loss + r, x + r * n, label + r, smaller(group, rows - r), n, smoothing);
        return;
    }
    for (int64_t r = 0; r < rows; r++, x += n) {
        real m = max_row(x, n);
        loss[r] = m + real_log(exp_row(NULL, x, n, m)) - picked(x, label[r], n, smoothing);
    }
}

/* gx = gy (e^(x - lse) - s / n), less gy (1 - s) at the label */
static void gradient_rows(real *gx, const real *gy, const real *x, const real *loss, const int64_t *label,
                          int64_t rows, int64_t n, real smoothing)
{
    real each = smoothing / (real)n;
    for (int64_t r = 0; r < rows; r++) {
        real lse = loss[r] + picked(x + r * n, label[r], n, smoothing);
        for (int64_t i = 0; i < n; i++)
            gx[r * n + i] = x[r * n + i] - lse;
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
            gx[i] = g * (real_exp(x[i] - lse) - each);
        gx[label[r]] -= g * (1 - smoothing);
    }
}

void KERNEL(fill_cross_entropy)(kernels *k)
{
    k->cross_entropy = cross_entropy;
    k->cross_entropy_gradient = cross_entropy_gradient;
}
