#include "autograd/gradients.h"

#include <assay/plugin.h>

static as_t rows_of(as_ctx *c, as_t x)
{
    return as_reshape(c, x, AS_DIMS(-1, as_dim(c, x, -1)));
}

/* gy b^T and a^T gy; a batch before one matrix b is further rows, so its gradient is one product. */
void gradient_matmul(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    if (node_needs(n, 0))
        gx[0] = as_matmul(c, gy, as_transpose(c, n->in[1].saved));
    if (!node_needs(n, 1))
        return;
    as_t a = n->in[0].saved;
    bool flat = n->in[1].dims.rank == 2 && n->in[0].dims.rank > 2;
    gx[1] = as_matmul(c, as_transpose(c, flat ? rows_of(c, a) : a), flat ? rows_of(c, gy) : gy);
}

static as_t conv_op(as_ctx *c, as_op_code code, as_t a, as_t b, const node *n, int64_t height, int64_t width)
{
    const as_t in[2] = {a, b};
    as_attr attr = n->attr;
    attr.i[7] = height;
    attr.i[8] = width;
    return as_op(c, code, in, 2, &attr);
}

/* y = x * w: each gradient is one of the three convolutions */
void gradient_conv2d(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const int64_t *x = n->in[0].dims.size, *w = n->in[1].dims.size;
    if (node_needs(n, 0))
        gx[0] = conv_op(c, AS_OP_CONV2D_INPUT, gy, n->in[1].saved, n, x[2], x[3]);
    if (node_needs(n, 1))
        gx[1] = conv_op(c, AS_OP_CONV2D_WEIGHT, n->in[0].saved, gy, n, w[2], w[3]);
}

void gradient_conv2d_input(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const int64_t *w = n->in[1].dims.size;
    if (node_needs(n, 0))
        gx[0] = conv_op(c, AS_OP_CONV2D, gy, n->in[1].saved, n, 0, 0);
    if (node_needs(n, 1))
        gx[1] = conv_op(c, AS_OP_CONV2D_WEIGHT, gy, n->in[0].saved, n, w[2], w[3]);
}

void gradient_conv2d_weight(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const int64_t *x = n->in[0].dims.size;
    if (node_needs(n, 0))
        gx[0] = conv_op(c, AS_OP_CONV2D_INPUT, n->in[1].saved, gy, n, x[2], x[3]);
    if (node_needs(n, 1))
        gx[1] = conv_op(c, AS_OP_CONV2D, n->in[0].saved, gy, n, 0, 0);
}

static as_t pool_op(as_ctx *c, as_op_code code, as_t x, as_t v, const node *n)
{
    const as_t in[2] = {x, v};
    return as_op(c, code, in, 2, &n->attr);
}

/* The places of the maxima are constants. */
void gradient_max_pool2d(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = pool_op(c, AS_OP_MAX_POOL2D_INPUT, as_detach(c, n->in[0].saved), gy, n);
}

void gradient_max_pool2d_input(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[1] = pool_op(c, AS_OP_MAX_POOL2D_PICK, as_detach(c, n->in[0].saved), gy, n);
}

void gradient_max_pool2d_pick(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[1] = pool_op(c, AS_OP_MAX_POOL2D_INPUT, as_detach(c, n->in[0].saved), gy, n);
}
