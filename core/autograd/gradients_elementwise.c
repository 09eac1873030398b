#include "autograd/gradients.h"

#include <assay/plugin.h>

/* x: saved input, y: saved output; which of them a rule may use stands in the table's `saves`. */

void gradient_neg(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    (void)n;
    gx[0] = as_neg(c, gy);
}

void gradient_abs(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_sign(c, n->in[0].saved));
}

void gradient_exp(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, node_out(c, n));
}

void gradient_expm1(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_exp(c, n->in[0].saved));
}

void gradient_log(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_div(c, gy, n->in[0].saved);
}

void gradient_log1p(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_div(c, gy, as_shift(c, n->in[0].saved, 1));
}

void gradient_sqrt(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_div(c, as_scale(c, gy, 0.5), node_out(c, n));
}

/* -y^3 / 2 */
void gradient_rsqrt(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t y = node_out(c, n);
    gx[0] = as_mul(c, as_scale(c, gy, -0.5), as_mul(c, as_square(c, y), y));
}

void gradient_sin(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_cos(c, n->in[0].saved));
}

void gradient_cos(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, as_neg(c, gy), as_sin(c, n->in[0].saved));
}

/* 1 - y^2 */
void gradient_tanh(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_affine(c, as_square(c, node_out(c, n)), -1, 1));
}

/* 2 / sqrt(pi) exp(-x^2) */
void gradient_erf(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const double two_over_root_pi = 1.1283791670955126;
    as_t bell = as_exp(c, as_neg(c, as_square(c, n->in[0].saved)));
    gx[0] = as_mul(c, as_scale(c, gy, two_over_root_pi), bell);
}

/* y (1 - y) */
void gradient_sigmoid(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t y = node_out(c, n);
    gx[0] = as_mul(c, gy, as_mul(c, y, as_affine(c, y, -1, 1)));
}

void gradient_softplus(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_sigmoid(c, n->in[0].saved));
}

static as_t zero(as_ctx *c, as_t like)
{
    return c->services->full(c, as_dtype_of(c, like), AS_SCALAR, 0);
}

void gradient_relu(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, gy, as_gt(c, n->out, zero(c, n->out)));
}

void gradient_leaky_relu(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved, below = as_lt(c, x, zero(c, x));
    gx[0] = as_mul(c, gy, as_affine(c, below, n->attr.r[0] - 1, 1));
}

/* As if the rounding were not there (Bengio, Leonard & Courville 2013). */
void gradient_round_through(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    (void)c, (void)n;
    gx[0] = gy;
}

/* s + x s (1 - s),   s = sigmoid(x) */
void gradient_silu(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved, s = as_sigmoid(c, x);
    gx[0] = as_mul(c, gy, as_mul(c, s, as_shift(c, as_mul(c, x, as_affine(c, s, -1, 1)), 1)));
}

/* Phi(x) + x phi(x) */
void gradient_gelu(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const double root_half = 0.70710678118654752, one_over_root_two_pi = 0.39894228040143268;
    as_t x = n->in[0].saved;
    as_t cdf = as_affine(c, as_erf(c, as_scale(c, x, root_half)), 0.5, 0.5);
    as_t pdf = as_scale(c, as_exp(c, as_scale(c, as_square(c, x), -0.5)), one_over_root_two_pi);
    gx[0] = as_mul(c, gy, as_add(c, cdf, as_mul(c, x, pdf)));
}

void gradient_square(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_mul(c, as_scale(c, gy, 2), n->in[0].saved);
}

void gradient_affine(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = n->attr.r[0] == 1 ? gy : as_scale(c, gy, n->attr.r[0]);
}

void gradient_power(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    double p = n->attr.r[0];
    if (p != 0)
        gx[0] = as_mul(c, as_scale(c, gy, p), as_power(c, n->in[0].saved, p - 1));
}

/* 1 inside and at the ends */
void gradient_clamp(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved, inside = as_eq(c, as_clamp(c, x, n->attr.r[0], n->attr.r[1]), x);
    gx[0] = as_mul(c, gy, inside);
}

void fused_unary(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = forward_unary_gradient(c, n->code, gy, n->in[0].saved, n->out, &n->attr);
}

void gradient_add(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    (void)c, (void)n;
    gx[0] = gx[1] = gy;
}

void gradient_sub(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = gy;
    if (node_needs(n, 1))
        gx[1] = as_neg(c, gy);
}

void gradient_mul(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    if (node_needs(n, 0))
        gx[0] = as_mul(c, gy, n->in[1].saved);
    if (node_needs(n, 1))
        gx[1] = as_mul(c, gy, n->in[0].saved);
}

/* 1 / b and -a / b^2 */
void gradient_div(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t b = n->in[1].saved, by_b = as_div(c, gy, b);
    gx[0] = by_b;
    if (node_needs(n, 1))
        gx[1] = as_neg(c, as_div(c, as_mul(c, by_b, n->in[0].saved), b));
}

/* b a^(b-1) and a^b log a; 0^b has no slope in b */
void gradient_pow(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t a = n->in[0].saved, b = n->in[1].saved;
    if (node_needs(n, 0))
        gx[0] = as_mul(c, as_mul(c, gy, b), as_pow(c, a, as_shift(c, b, -1)));
    if (node_needs(n, 1)) {
        as_t none = zero(c, a), one = as_shift(c, none, 1);
        as_t log_a = as_log(c, as_where(c, as_ne(c, a, none), a, one));
        gx[1] = as_mul(c, gy, as_mul(c, as_pow(c, a, b), log_a));
    }
}

/* The side that was taken gets it all, equals get half each. */
static void shared(as_ctx *c, const node *n, as_t gy, as_t first, as_t *gx)
{
    as_t half = as_scale(c, as_eq(c, n->in[0].saved, n->in[1].saved), 0.5);
    as_t share = as_add(c, first, half);
    if (node_needs(n, 0))
        gx[0] = as_mul(c, gy, share);
    if (node_needs(n, 1))
        gx[1] = as_mul(c, gy, as_affine(c, share, -1, 1));
}

void gradient_maximum(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    shared(c, n, gy, as_gt(c, n->in[0].saved, n->in[1].saved), gx);
}

void gradient_minimum(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    shared(c, n, gy, as_lt(c, n->in[0].saved, n->in[1].saved), gx);
}

void gradient_where(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t condition = n->in[0].saved, none = zero(c, gy);
    if (node_needs(n, 1))
        gx[1] = as_where(c, condition, gy, none);
    if (node_needs(n, 2))
        gx[2] = as_where(c, condition, none, gy);
}

void gradient_weighted_sum(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t weights = n->in[n->n - 1].saved;
    for (int k = 0; k < n->n - 1; k++)
        if (node_needs(n, k))
            gx[k] = as_scale(c, gy, tensor_get(weights, (int64_t[]){k}));
}
