#include "autograd/gradients.h"

#include <assay/plugin.h>

/* One formula for the three: x as groups of which each has one mean and one variance.
 *   z = (x - mean) rstd        gz = gy w
 *   gx = rstd (gz - mean(gz) - z mean(gz z)),   gw = sum gy z,   gb = sum gy */
typedef struct {
    as_dims channels; /* x so that weights broadcast over it */
    as_dims weight;   /* the weights' sizes there */
    as_dims groups;   /* x so that a mask of axes is one group */
    int64_t mask;
} norm_view;

static int64_t product(const int64_t *size, int from, int to)
{
    int64_t n = 1;
    for (int i = from; i < to; i++)
        n *= size[i];
    return n;
}

static norm_view view_of(const node *n)
{
    as_dims x = n->in[0].dims;
    if (n->code == AS_OP_LAYER_NORM) {
        int first = x.rank - (int)n->attr.i[0];
        int64_t rows = product(x.size, 0, first), items = product(x.size, first, x.rank);
        return (norm_view){AS_DIMS(rows, items, 1), AS_DIMS(items, 1), AS_DIMS(rows, items, 1), 6};
    }
    int64_t inner = product(x.size, 2, x.rank), groups = n->attr.i[0];
    as_dims channels = AS_DIMS(x.size[0], x.size[1], inner), weight = AS_DIMS(x.size[1], 1);
    if (n->code == AS_OP_BATCH_NORM)
        return (norm_view){channels, weight, channels, 5};
    return (norm_view){channels, weight, AS_DIMS(x.size[0], groups, x.size[1] / groups * inner), 4};
}

static as_t mean_over(as_ctx *c, as_t x, int64_t mask)
{
    as_attr attr = {{mask, 1}, {0}};
    return as_op(c, AS_OP_MEAN, &x, 1, &attr);
}

static as_t sum_channels(as_ctx *c, as_t x, as_dims weight)
{
    return as_reshape(c, as_op_dims(c, AS_OP_SUM_TO, x, weight), AS_DIMS(-1));
}

static void gradient_norm(as_ctx *c, const node *n, as_t gy, as_t *gx, as_t rstd_of_batch, as_t mean_of_batch,
                          int weight)
{
    norm_view v = view_of(n);
    bool weighted = n->n > weight;
    bool fixed = mean_of_batch != NULL;
    as_t x = as_reshape(c, n->in[0].saved, v.groups);
    as_t mean = fixed ? mean_of_batch : mean_over(c, x, v.mask), middle = as_sub(c, x, mean), rstd;
    if (fixed)
        rstd = rstd_of_batch;
    else
        rstd = as_rsqrt(c, as_shift(c, mean_over(c, as_square(c, middle), v.mask), n->attr.r[0]));
    as_t z = as_mul(c, middle, rstd), g = as_reshape(c, gy, v.channels);
    as_t gz = weighted ? as_mul(c, g, as_reshape(c, n->in[weight].saved, v.weight)) : g;
    gz = as_reshape(c, gz, v.groups);
    if (node_needs(n, 0) && !fixed) {
        as_t t = as_sub(c, gz, mean_over(c, gz, v.mask));
        t = as_sub(c, t, as_mul(c, z, mean_over(c, as_mul(c, gz, z), v.mask)));
        gx[0] = as_reshape(c, as_mul(c, rstd, t), n->in[0].dims);
    } else if (node_needs(n, 0)) {
        gx[0] = as_reshape(c, as_mul(c, rstd, gz), n->in[0].dims);
    }
    if (weighted && node_needs(n, weight)) {
        as_t t = as_mul(c, g, as_reshape(c, z, v.channels));
        gx[weight] = as_reshape(c, sum_channels(c, t, v.weight), n->in[weight].dims);
    }
    if (n->n > weight + 1 && node_needs(n, weight + 1))
        gx[weight + 1] = as_reshape(c, sum_channels(c, g, v.weight), n->in[weight + 1].dims);
}

void gradient_row_norm(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gradient_norm(c, n, gy, gx, NULL, NULL, 1);
}

/* What the forward found counts for as long as nobody has changed it. */
static op_call call_of(const node *n, as_t *in)
{
    for (int i = 0; i < n->n && i < 4; i++)
        in[i] = n->in[i].saved;
    as_t found = n->found && n->found->store->version == n->found_version ? n->found : NULL;
    return (op_call){.code = n->code, .in = in, .n = n->n, .attr = n->attr, .found = found};
}

void fused_row_norm(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t in[4];
    op_call call = call_of(n, in);
    forward_row_norm_gradient(c, &call, gy, gx);
    for (int i = 1; i < n->n && context_ok(c); i++)
        gx[i] = as_reshape(c, gx[i], n->in[i].dims);
}

/* The statistics are functions of x, unless i0 says that they are given. */
void gradient_batch_norm(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    if (!n->attr.i[0]) {
        gradient_norm(c, n, gy, gx, NULL, NULL, 2);
        return;
    }
    as_t row[2];
    for (int i = 0; i < 2; i++)
        row[i] = as_reshape(c, as_slice(c, n->in[1].saved, 0, i, i + 1, 1), AS_DIMS(-1, 1));
    gradient_norm(c, n, gy, gx, row[1], row[0], 2);
}

void fused_batch_norm(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t in[4];
    op_call call = call_of(n, in);
    forward_batch_norm_gradient(c, &call, gy, gx);
    for (int i = 2; i < n->n && context_ok(c); i++)
        gx[i] = as_reshape(c, gx[i], n->in[i].dims);
}

/* gy (softmax(x) - (1 - s) onehot(label) - s / C) */
void gradient_cross_entropy(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t x = n->in[0].saved;
    double s = n->attr.r[0], classes = (double)as_dim(c, x, -1);
    as_t hot = as_cast(c, as_one_hot(c, n->in[1].saved, as_dim(c, x, -1)), n->in[0].dtype);
    as_t p = as_sub(c, as_softmax(c, x, -1), as_affine(c, hot, 1 - s, s / classes));
    gx[0] = as_mul(c, as_unsqueeze(c, gy, -1), p);
}

void fused_cross_entropy(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_t in[4];
    op_call call = call_of(n, in);
    gx[0] = forward_cross_entropy_gradient(c, &call, gy, n->out);
}
