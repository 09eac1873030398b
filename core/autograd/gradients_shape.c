#include "autograd/gradients.h"

#include <assay/plugin.h>

void gradient_gather(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int axis = (int)n->attr.i[0];
    const as_t in[2] = {gy, n->in[1].saved};
    as_attr attr = {{axis, n->in[0].dims.size[axis], n->in[1].dims.rank < n->in[0].dims.rank}, {0}};
    gx[0] = as_op(c, AS_OP_SCATTER_ADD, in, 2, &attr);
}

void gradient_scatter_add(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_gather(c, gy, n->in[1].saved, (int)n->attr.i[0]);
}

void gradient_index_select(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int axis = (int)n->attr.i[0];
    gx[0] = as_index_add(c, gy, n->in[1].saved, axis, n->in[0].dims.size[axis]);
}

void gradient_index_add(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_index_select(c, gy, n->in[1].saved, (int)n->attr.i[0]);
}

void gradient_reshape(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_reshape(c, gy, n->in[0].dims);
}

void gradient_permute(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_dims inverse = {n->in[0].dims.rank, {0}};
    for (int i = 0; i < inverse.rank; i++)
        inverse.size[n->attr.i[i + 1]] = i;
    gx[0] = as_permute(c, gy, inverse);
}

void gradient_expand(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_op_dims(c, AS_OP_SUM_TO, gy, n->in[0].dims);
}

void gradient_slice(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    as_attr attr = n->attr;
    attr.i[4] = n->in[0].dims.size[attr.i[0]];
    gx[0] = as_op(c, AS_OP_UNSLICE, &gy, 1, &attr);
}

void gradient_unslice(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    const int64_t *i = n->attr.i;
    int64_t items = n->in[0].dims.size[i[0]];
    gx[0] = as_slice(c, gy, (int)i[0], i[1], items ? i[1] + (items - 1) * i[3] + 1 : i[1], i[3]);
}

void gradient_concat(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int axis = (int)n->attr.i[0];
    int64_t at = 0;
    for (int k = 0; k < n->n; k++) {
        int64_t size = n->in[k].dims.size[axis];
        if (node_needs(n, k))
            gx[k] = as_slice(c, gy, axis, at, at + size, 1);
        at += size;
    }
}

void gradient_cast(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    gx[0] = as_cast(c, gy, n->in[0].dtype);
}

void gradient_contiguous(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    (void)c, (void)n;
    gx[0] = gy;
}
