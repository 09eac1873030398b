/* Optimizer steps and averages of parameters: one pass over memory each. */
#include "tensor/kernels/functions.h"

/* v = momentum v + g + decay p; p -= rate v, or with Nesterov rate (g + decay p + momentum v). velocity may
 * be NULL where momentum is 0. */
static void sgd(void *p_, const void *g_, void *velocity, int64_t n, double rate_, double momentum_,
                double decay_, int nesterov)
{
    real *p = p_, *v = velocity;
    const real *g = g_;
    const real rate = (real)rate_, momentum = (real)momentum_, decay = (real)decay_;
    if (momentum_ == 0) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++)
            p[i] -= rate * (g[i] + decay * p[i]);
    } else if (nesterov) {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            real slope = g[i] + decay * p[i];
            v[i] = momentum * v[i] + slope;
            p[i] -= rate * (slope + momentum * v[i]);
        }
    } else {
        INDEPENDENT
        for (int64_t i = 0; i < n; i++) {
            v[i] = momentum * v[i] + (g[i] + decay * p[i]);
            p[i] -= rate * v[i];
        }
    }
}

/* Corrections taken out of the loop: rate / c1 before m, 1 / sqrt(c2) before the root. One of `coupled`
 * (added to g) and `shrink` (times p) does something, the other is 0 or 1. */
static void adam(void *p_, const void *g_, void *m_, void *v_, int64_t n, double rate, double beta1,
                 double beta2, double eps_, double c1, double c2, double decay, int decoupled)
{
    real *p = p_, *m = m_, *v = v_;
    const real *g = g_;
    const real b1 = (real)beta1, b2 = (real)beta2, one_b1 = (real)(1 - beta1), one_b2 = (real)(1 - beta2);
    const real step = (real)(rate / c1), root = (real)(1 / sqrt(c2)), eps = (real)eps_;
    const real coupled = (real)(decoupled ? 0 : decay), shrink = (real)(decoupled ? 1 - rate * decay : 1);
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        real slope = g[i] + coupled * p[i];
        m[i] = b1 * m[i] + one_b1 * slope;
        v[i] = b2 * v[i] + one_b2 * (slope * slope);
        p[i] = shrink * p[i] - step * m[i] / (root * real_sqrt(v[i]) + eps);
    }
}

/* In strips whose sums stay in L1; four inputs at a time, since the sums cost more to load and store than an
 * input. */
static void weighted_sum(void *y_, const void *const *x, const double *weights, int count, int64_t n)
{
    real *y = y_;
    for (int64_t start = 0; start < n; start += STRIP) {
        const int64_t items = smaller(STRIP, n - start);
        double total[STRIP] = {0};
        int k = 0;
        for (; k + 4 <= count; k += 4) {
            const real *a = (const real *)x[k] + start, *b = (const real *)x[k + 1] + start;
            const real *c = (const real *)x[k + 2] + start, *d = (const real *)x[k + 3] + start;
            const double *w = weights + k;
            for (int64_t i = 0; i < items; i++)
                total[i] +=
                    (w[0] * (double)a[i] + w[1] * (double)b[i]) + (w[2] * (double)c[i] + w[3] * (double)d[i]);
        }
        for (; k < count; k++) {
            const real *a = (const real *)x[k] + start;
            for (int64_t i = 0; i < items; i++)
                total[i] += weights[k] * (double)a[i];
        }
        for (int64_t i = 0; i < items; i++)
            y[start + i] = (real)total[i];
    }
}

void KERNEL(fill_optim)(kernels *k)
{
    k->sgd = sgd;
    k->adam = adam;
    k->weighted_sum = weighted_sum;
}
