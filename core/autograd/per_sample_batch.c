/* Where the batch lies: from an operation's result back to its inputs. */
#include "autograd/per_sample.h"
#include "autograd/per_sample_parts.h"

#include <assay/operations.h>

#include <string.h>

#define NOWHERE (-1)

/* Broadcast from the right. */
static int aligned(const as_dims *in, const as_dims *out, int axis)
{
    int k = axis - (out->rank - in->rank);
    return k < 0 || in->size[k] != out->size[axis] ? NOWHERE : k;
}

/* The axis-th of the axes that a reduction left. */
static int before_reduction(const node *n, int axis)
{
    int64_t mask = n->attr.i[0];
    if (n->attr.i[1])
        return mask >> axis & 1 ? NOWHERE : axis;
    for (int k = 0; k < n->in[0].dims.rank; k++)
        if (!(mask >> k & 1) && axis-- == 0)
            return k;
    return NOWHERE;
}

static int64_t product(const as_dims *d, int end)
{
    int64_t count = 1;
    for (int i = 0; i < end; i++)
        count *= d->size[i];
    return count;
}

/* The axis that begins at the same stride and whose size is a multiple of the items. */
static int before_reshape(const as_dims *in, const as_dims *out, int axis, int64_t items)
{
    int64_t outer = product(out, axis);
    for (int k = 0; k < in->rank; k++)
        if (product(in, k) == outer && in->size[k] % items == 0)
            return k;
    return NOWHERE;
}

static int before_matmul(const as_dims *in, const as_dims *out, int axis, int i)
{
    if (axis == out->rank - 2)
        return i == 0 ? in->rank - 2 : NOWHERE;
    if (axis == out->rank - 1)
        return i == 1 ? in->rank - 1 : NOWHERE;
    return aligned(in, out, axis);
}

int batch_axis_of_input(const node *n, const as_dims *out, int axis, int64_t items, int i)
{
    const as_dims *in = &n->in[i].dims;
    switch (n->code) {
    case AS_OP_SUM:
    case AS_OP_MEAN:
    case AS_OP_MAX:
    case AS_OP_MIN:
    case AS_OP_LOGSUMEXP:
    case AS_OP_NORM:
        return before_reduction(n, axis);
    case AS_OP_SOFTMAX:
    case AS_OP_LOG_SOFTMAX:
    case AS_OP_CUMSUM:
    case AS_OP_CONCAT:
    case AS_OP_SLICE:
    case AS_OP_UNSLICE:
    case AS_OP_INDEX_SELECT:
    case AS_OP_INDEX_ADD:
        return n->attr.i[0] == axis ? NOWHERE : axis;
    case AS_OP_GATHER:
        if (in->rank == out->rank)
            return n->attr.i[0] == axis ? NOWHERE : axis;
        return axis < n->attr.i[0] ? axis : axis + 1;
    case AS_OP_RESHAPE:
        return before_reshape(in, out, axis, items);
    case AS_OP_PERMUTE:
        return (int)n->attr.i[1 + axis];
    case AS_OP_SUM_TO:
        return axis + in->rank - out->rank;
    case AS_OP_CROSS_ENTROPY:
        return axis;
    case AS_OP_LAYER_NORM:
        return i == 0 && axis < in->rank - n->attr.i[0] ? axis : NOWHERE;
    case AS_OP_BATCH_NORM: /* by the batch's own statistics items meet */
        return i == 0 && axis == 0 && n->attr.i[0] ? 0 : NOWHERE;
    case AS_OP_MATMUL:
        return before_matmul(in, out, axis, i);
    case AS_OP_LINEAR:
        return i == 0 && axis < out->rank - 1 ? axis : NOWHERE;
    case AS_OP_GROUP_NORM:
    case AS_OP_CONV2D:
        return i == 0 && axis == 0 ? 0 : NOWHERE;
    case AS_OP_WEIGHTED_SUM:
        return i < n->n - 1 ? axis : NOWHERE;
    case AS_OP_EXPAND:
        return aligned(in, out, axis);
    default:
        if (!strncmp(n->op->form, "unary", 5) || !strcmp(n->op->form, "dtype"))
            return axis;
        if (!strcmp(n->op->form, "binary") || !strcmp(n->op->form, "ternary"))
            return aligned(in, out, axis);
        return axis == 0 && in->rank > 0 && in->size[0] == out->size[0] ? 0 : NOWHERE;
    }
}

bool per_sample_may_merge(const op_call *call, as_t out)
{
    as_t x = call->in[0];
    for (int i = 0; i < call->n; i++) /* computed, and of another first axis */
        if (call->in[i]->node && call->in[i]->node->op &&
            (!out->rank || !call->in[i]->rank || call->in[i]->size[0] != out->size[0]))
            return true;
    switch (call->code) {
    case AS_OP_SUM:
    case AS_OP_MEAN:
    case AS_OP_MAX:
    case AS_OP_MIN:
    case AS_OP_LOGSUMEXP:
    case AS_OP_NORM:
        return call->attr.i[0] & 1;
    case AS_OP_SOFTMAX:
    case AS_OP_LOG_SOFTMAX:
    case AS_OP_CUMSUM:
    case AS_OP_INDEX_SELECT:
    case AS_OP_INDEX_ADD:
        return call->attr.i[0] == 0;
    case AS_OP_PERMUTE:
        return call->attr.i[1] != 0;
    case AS_OP_BATCH_NORM:
        return !call->attr.i[0];
    case AS_OP_MATMUL:
        return x->rank == 2 && call->in[1]->node && call->in[1]->node->op;
    case AS_OP_LINEAR:
        return x->rank == 1;
    default:
        return false;
    }
}

/* ---- views of parameters ---- */

bool is_view(const node *from)
{
    return from->op && (from->code == AS_OP_RESHAPE || from->code == AS_OP_PERMUTE ||
                        from->code == AS_OP_SLICE || from->code == AS_OP_CONTIGUOUS);
}

as_t unviewed(as_ctx *c, const node *from, as_t g)
{
    const as_dims *in = &from->in[0].dims;
    as_attr attr = {{0}, {0}};
    switch (from->code) {
    case AS_OP_RESHAPE: {
        as_dims d = {in->rank + 1, {as_dim(c, g, 0)}};
        memcpy(d.size + 1, in->size, (size_t)in->rank * sizeof *d.size);
        return as_reshape(c, g, d);
    }
    case AS_OP_PERMUTE:
        attr.i[0] = in->rank + 1;
        for (int i = 0; i < in->rank; i++)
            attr.i[2 + from->attr.i[1 + i]] = i + 1;
        return as_op(c, AS_OP_PERMUTE, &g, 1, &attr);
    case AS_OP_SLICE:
        attr = from->attr;
        attr.i[0]++;
        attr.i[4] = in->size[from->attr.i[0]];
        return as_op(c, AS_OP_UNSLICE, &g, 1, &attr);
    default:
        return g;
    }
}
