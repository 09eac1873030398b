/* Ordinary differential equations dy/dt = F(y, t) in tensors, forwards or backwards in t. A plugin includes
 * this beside plugin.h. */
#ifndef ASSAY_ODE_H
#define ASSAY_ODE_H

#include <assay/plugin.h>

#include <math.h>

/* ---- solvers ---- */

/* F(y, t) of y's shape. */
typedef as_t as_ode_call(as_ctx *c, void *self, as_t y, double t);

/* One step of h by Heun's rule, of second order; two calls. */
static inline as_t as_ode_heun(as_ctx *c, as_ode_call *f, void *self, as_t y, double t, double h)
{
    as_t first = f(c, self, y, t);
    as_t second = f(c, self, as_add(c, y, as_scale(c, first, h)), t + h);
    return as_add(c, y, as_scale(c, as_add(c, first, second), h / 2));
}

/* y + h sum_j weight[j] k[j]; the terms of weight 0 are left out */
static inline as_t as_ode_sum(as_ctx *c, as_t y, double h, const as_t *k, const double *weight, int n)
{
    for (int j = 0; j < n; j++)
        if (weight[j] != 0)
            y = as_add(c, y, as_scale(c, k[j], h * weight[j]));
    return y;
}

/* Root mean square of x / (atol + rtol |y|), over all items together. */
static inline double as_ode_norm(as_ctx *c, as_t x, as_t y, double rtol, double atol)
{
    as_t share = as_div(c, x, as_affine(c, as_abs(c, y), rtol, atol));
    return sqrt(as_item(c, as_mean(c, as_square(c, share), AS_ALL)));
}

/* The first step's size, by Hairer, Norsett & Wanner 1993, section II.4. */
static inline double as_ode_first_step(as_ctx *c, as_ode_call *f, void *self, as_t y, as_t k, double t,
                                       double way, double rtol, double atol)
{
    double sign = way < 0 ? -1 : 1;
    double d0 = as_ode_norm(c, y, y, rtol, atol), d1 = as_ode_norm(c, k, y, rtol, atol);
    double h0 = fmin(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1, fabs(way));
    as_t next = f(c, self, as_add(c, y, as_scale(c, k, sign * h0)), t + sign * h0);
    double d2 = as_ode_norm(c, as_sub(c, next, k), y, rtol, atol) / h0, most = fmax(d1, d2);
    double h1 = most <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / most, 0.2);
    return fmin(fmin(100 * h0, h1), fabs(way));
}

/* y at the time `end` from y at t, by the Runge-Kutta pair of order 5(4) of Dormand & Prince 1980, in steps
 * whose error is held below atol + rtol |y| in the root mean square over all of y, as scipy's RK45 does it.
 *   calls   evaluations of F are added to it
 *   fails   "the solution is not finite at t = 0.5", "no step is small enough at t = 0.5" */
static inline as_t as_ode_rk45(as_ctx *c, as_ode_call *f, void *self, as_t y, double t, double end,
                               double rtol, double atol, int *calls)
{
    static const double time[6] = {0, 0.2, 0.3, 0.8, 8.0 / 9, 1};
    static const double stage[6][5] = {
        {0},
        {1.0 / 5},
        {3.0 / 40, 9.0 / 40},
        {44.0 / 45, -56.0 / 15, 32.0 / 9},
        {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
        {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    };
    static const double fifth[6] = {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84};
    static const double error[7] = {-71.0 / 57600,    0,           71.0 / 16695, -71.0 / 1920,
                                    17253.0 / 339200, -22.0 / 525, 1.0 / 40};
    double sign = end < t ? -1 : 1, grow = 10;
    as_t slope = f(c, self, y, t);
    double h = as_ode_first_step(c, f, self, y, slope, t, end - t, rtol, atol);
    *calls += 2;
    while (sign * (end - t) > 0 && as_ok(c)) {
        as_scope m = as_open(c);
        double left = sign * (end - t), step = sign * fmin(h, left);
        as_t k[7] = {slope};
        for (int i = 1; i < 6; i++)
            k[i] = f(c, self, as_ode_sum(c, y, step, k, stage[i], i), t + time[i] * step);
        as_t next = as_ode_sum(c, y, step, k, fifth, 6);
        k[6] = f(c, self, next, t + step);
        *calls += 6;
        as_t largest = as_maximum(c, as_abs(c, y), as_abs(c, next));
        as_t off = as_ode_sum(c, as_scale(c, y, 0), step, k, error, 7);
        double size = as_ode_norm(c, off, largest, rtol, atol);
        bool good = size < 1;
        if (as_ok(c) && !isfinite(size))
            as_fail(c, "the solution is not finite at t = %g", t);
        const as_t both[2] = {good ? next : y, good ? k[6] : slope};
        as_t kept = as_close(c, m, as_stack(c, both, 2, 0)); /* y and slope are views of it from here on */
        y = as_squeeze(c, as_slice(c, kept, 0, 0, 1, 1), 0);
        slope = as_squeeze(c, as_slice(c, kept, 0, 1, 2, 1), 0);
        h = fabs(step) * fmin(grow, fmax(0.2, size == 0 ? 10 : 0.9 * pow(size, -0.2)));
        grow = good ? 10 : 1;
        t = good ? fabs(step) < left ? t + step : end : t;
        if (as_ok(c) && h < 1e-12 * fmax(1, fabs(t)))
            as_fail(c, "no step is small enough at t = %g", t);
    }
    return y;
}

#endif
