#include "autograd/gradients.h"

#include <assay/plugin.h>

static as_t rows_of(as_ctx *c, as_t x)
{
    int64_t rows = 1;
    for (int i = 0; i + 1 < x->rank; i++)
        rows *= x->size[i];
    return as_reshape(c, x, AS_DIMS(rows, x->size[x->rank - 1]));
}

/* Whether x is the transposed view of a row-major matrix, as a layer's weight is in x W^T. */
static bool is_transposed(const struct as_tensor *x)
{
    return x->rank == 2 && x->stride[0] == 1 && x->stride[1] != 1;
}

/* gy b^T and a^T gy, each in the layout of what it is the gradient of; a batch before one matrix b is further
 * rows, so its gradient is one product. */
void gradient_matmul(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t a = n->in[0].saved, b = n->in[1].saved;
    if (node_needs(n, 0))
        gx[0] = as_matmul(c, gy, as_transpose(c, b));
    if (!node_needs(n, 1))
        return;
    bool flat = n->in[1].dims.rank == 2 && n->in[0].dims.rank > 2;
    as_t rows = flat ? rows_of(c, a) : a, grows = flat ? rows_of(c, gy) : gy;
    if (is_transposed(b))
        gx[1] = as_transpose(c, as_matmul(c, as_transpose(c, grows), rows));
    else
        gx[1] = as_matmul(c, as_transpose(c, rows), grows);
}

/* Whether the product is x x^T of a matrix, of whose transposed view no gradient is asked for itself. */
static bool is_gram(const node *n)
{
    const node *t = n->in[1].from;
    return node_needs(n, 0) && node_needs(n, 1) && !t->target && t->op && t->code == AS_OP_PERMUTE &&
           t->in[0].from == n->in[0].from && t->attr.i[0] == 2 && t->attr.i[1] == 1;
}

/* The two gradients of y = x x^T are one product: gx = (gy + gy^T) x */
void fused_matmul(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    if (!is_gram(n)) {
        gradient_matmul(c, n, gy, gx);
        return;
    }
    gx[0] = as_matmul(c, forward_add_transposed(c, gy), n->in[0].saved);
}

/* y = x w^T + b: gy w, gy^T x and the sum of gy's rows */
void gradient_linear(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_dims x = n->in[0].dims;
    bool rows = x.rank == 2;
    as_t g = rows ? gy : rows_of(c, gy);
    if (node_needs(n, 0)) {
        as_t by_row = as_matmul(c, g, n->in[1].saved);
        gx[0] = rows ? by_row : as_reshape(c, by_row, x);
    }
    if (node_needs(n, 1))
        gx[1] = as_matmul(c, as_transpose(c, g), rows ? n->in[0].saved : rows_of(c, n->in[0].saved));
    if (node_needs(n, 2))
        gx[2] = as_squeeze(c, as_sum(c, g, 0), 0);
}

static as_t conv_op(as_ctx *c, as_op_code code, as_t a, as_t b, const node *n, int64_t height, int64_t width)
{
    const as_t in[2] = {a, b};
    as_attr attr = n->attr;
    attr.i[7] = height;
    attr.i[8] = width;
    return as_op(c, code, in, 2, &attr);
}

/* y = x * w + b: one of the three convolutions, another, and the sum of each of gy's channels */
void gradient_conv2d(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const int64_t *x = n->in[0].dims.size, *w = n->in[1].dims.size;
    if (node_needs(n, 0))
        gx[0] = conv_op(c, AS_OP_CONV2D_INPUT, gy, n->in[1].saved, n, x[2], x[3]);
    if (node_needs(n, 1))
        gx[1] = conv_op(c, AS_OP_CONV2D_WEIGHT, n->in[0].saved, gy, n, w[2], w[3]);
    if (n->n == 3 && node_needs(n, 2))
        gx[2] = as_reshape(c, as_op_dims(c, AS_OP_SUM_TO, gy, AS_DIMS(w[0], 1, 1)), AS_DIMS(w[0]));
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

/* Average pooling and resizing are linear: the gradient is the transposed map, and its gradient the map. */
void gradient_avg_pool2d(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_attr attr = n->attr;
    attr.i[6] = n->in[0].dims.size[2];
    attr.i[7] = n->in[0].dims.size[3];
    gx[0] = as_op(c, AS_OP_AVG_POOL2D_INPUT, &gy, 1, &attr);
}

void gradient_avg_pool2d_input(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_op(c, AS_OP_AVG_POOL2D, &gy, 1, &n->attr);
}

void gradient_resize2d(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_attr attr = n->attr;
    attr.i[3] = n->in[0].dims.size[2];
    attr.i[4] = n->in[0].dims.size[3];
    gx[0] = as_op(c, AS_OP_RESIZE2D_INPUT, &gy, 1, &attr);
}

void gradient_resize2d_input(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_attr attr = n->attr;
    attr.i[0] = n->in[0].dims.size[2];
    attr.i[1] = n->in[0].dims.size[3];
    gx[0] = as_op(c, AS_OP_RESIZE2D, &gy, 1, &attr);
}
