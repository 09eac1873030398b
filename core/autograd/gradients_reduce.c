#include "autograd/gradients.h"

#include <assay/plugin.h>

/* g with the reduced axes back, of size 1. */
static as_t with_axes(as_ctx *c, const node *n, as_t g)
{
    if (n->attr.i[1])
        return g;
    as_dims kept = n->in[0].dims;
    for (int i = 0; i < kept.rank; i++)
        if (n->attr.i[0] >> i & 1)
            kept.size[i] = 1;
    return as_reshape(c, g, kept);
}

void gradient_sum(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_expand(c, with_axes(c, n, gy), n->in[0].dims);
}

void gradient_mean(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int64_t items = 1;
    for (int i = 0; i < n->in[0].dims.rank; i++)
        items *= n->attr.i[0] >> i & 1 ? n->in[0].dims.size[i] : 1;
    gx[0] = as_expand(c, as_scale(c, with_axes(c, n, gy), 1.0 / (double)items), n->in[0].dims);
}

/* To the first among equals: at the place argmax finds. */
void gradient_extreme(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved;
    as_dims dims = n->in[0].dims;
    int64_t all = ((int64_t)1 << dims.rank) - 1;
    int axis = 0;
    bool whole = n->attr.i[0] == all && dims.rank != 1;
    x = as_detach(c, n->code == AS_OP_MIN ? as_neg(c, x) : x);
    if (whole)
        x = as_reshape(c, x, AS_DIMS(-1));
    else
        axis = __builtin_ctzll((unsigned long long)n->attr.i[0]);
    as_t place = as_argmax(c, x, axis);
    as_t g = whole ? as_reshape(c, gy, AS_DIMS(1)) : with_axes(c, n, gy);
    as_t spread = as_scatter_add(c, g, place, axis, as_dim(c, x, axis));
    gx[0] = whole ? as_reshape(c, spread, dims) : spread;
}

/* x / y, 0 where all of x is 0 */
void gradient_norm2(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved, y = with_axes(c, n, node_out(c, n));
    as_t none = tensor_full(c, n->in[0].dtype, AS_SCALAR, 0), empty = as_eq(c, y, none);
    as_t share = as_div(c, with_axes(c, n, gy), as_add(c, y, empty));
    gx[0] = as_mul(c, x, share);
}

void gradient_cumsum(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_attr attr = n->attr;
    attr.i[1] = !attr.i[1];
    gx[0] = as_op(c, AS_OP_CUMSUM, &gy, 1, &attr);
}

/* softmax(x) = exp(x - y) */
void gradient_logsumexp(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t y = with_axes(c, n, node_out(c, n));
    gx[0] = as_mul(c, with_axes(c, n, gy), as_exp(c, as_sub(c, n->in[0].saved, y)));
}

/* y (gy - sum gy y) */
void gradient_softmax(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int axis = (int)n->attr.i[0];
    as_t y = node_out(c, n), weighted = as_mul(c, gy, y);
    gx[0] = as_sub(c, weighted, as_mul(c, y, as_sum(c, weighted, axis)));
}

/* gy - softmax(x) sum gy */
void gradient_log_softmax(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int axis = (int)n->attr.i[0];
    gx[0] = as_sub(c, gy, as_mul(c, as_exp(c, node_out(c, n)), as_sum(c, gy, axis)));
}

void fused_softmax(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = forward_softmax_gradient(c, n->code, gy, n->out, (int)n->attr.i[0]);
}

void gradient_sum_to(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_expand(c, gy, n->in[0].dims);
}
