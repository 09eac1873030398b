/* Sums, extremes and softmax along axes: dense [outer, n, inner] for the kernels, cut by outer rows alone. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/layout.h"
#include "tensor/pool.h"

#include <inttypes.h>
#include <string.h>

#define PIECE 32768 /* items read by one piece */

typedef struct {
    kernel_reduce *reduce;
    kernel_softmax *softmax;
    kernel_softmax_gradient *gradient;
    char *y;
    const char *x, *gy;
    int64_t outer, n, inner, per_piece;
    size_t in_bytes, out_bytes;
} rows_job;

static void rows_piece(void *arg, int64_t piece)
{
    const rows_job *j = arg;
    int64_t first = piece * j->per_piece, rows = j->outer - first;
    if (rows > j->per_piece)
        rows = j->per_piece;
    size_t in = (size_t)(first * j->n * j->inner) * j->in_bytes;
    if (j->reduce)
        j->reduce(j->y + (size_t)(first * j->inner) * j->out_bytes, j->x + in, rows, j->n, j->inner);
    else if (j->softmax)
        j->softmax(j->y + in, j->x + in, rows, j->n, j->inner);
    else
        j->gradient(j->y + in, j->gy + in, j->x + in, rows, j->n, j->inner);
}

static void rows_run(rows_job *j)
{
    int64_t row = j->n * j->inner;
    j->per_piece = row >= PIECE ? 1 : PIECE / (row > 0 ? row : 1);
    if (j->outer * row < 2 * PIECE)
        j->per_piece = j->outer > 0 ? j->outer : 1;
    pool_run((j->outer + j->per_piece - 1) / j->per_piece, rows_piece, j);
}

static void split_at(const struct as_tensor *x, int first, int last, rows_job *j)
{
    j->outer = j->n = j->inner = 1;
    for (int i = 0; i < x->rank; i++)
        *(i < first ? &j->outer : i > last ? &j->inner : &j->n) *= x->size[i];
}

/* Reduces the adjacent axes first..last of dense x to a new dense tensor that keeps them with size 1. */
static as_t reduce_run_of(as_ctx *c, kernel_reduce *kernel, as_t x, int first, int last, as_dtype out)
{
    as_dims dims = tensor_dims(x);
    for (int i = first; i <= last; i++)
        dims.size[i] = 1;
    as_t y = tensor_new(c, out, dims);
    if (!context_ok(c))
        return y;
    rows_job j = {.reduce = kernel,
                  .y = y->data,
                  .x = x->data,
                  .in_bytes = tensor_item_bytes(x->dtype),
                  .out_bytes = tensor_item_bytes(out)};
    split_at(x, first, last, &j);
    rows_run(&j);
    return y;
}

static as_t drop_axes(as_ctx *c, as_t y, int64_t mask)
{
    as_dims dims = {.rank = 0};
    int64_t stride[AS_MAX_RANK];
    for (int i = 0; i < y->rank; i++) {
        if (mask >> i & 1)
            continue;
        stride[dims.rank] = y->stride[i];
        dims.size[dims.rank++] = y->size[i];
    }
    return tensor_view(c, y, dims, stride, y->data);
}

static bool check_mask(as_ctx *c, const op_call *call, const char *what)
{
    as_t x = call->in[0];
    char text[TENSOR_TEXT];
    if (!tensor_is_float(x))
        return context_fail(c, "%s, expected a float", tensor_shape_text(x, text)), false;
    if (call->attr.i[0] < 0 || call->attr.i[0] >> x->rank)
        return context_fail(c, "axes beyond the %d of %s", x->rank, tensor_shape_text(x, text)), false;
    for (int i = 0; what && i < x->rank; i++)
        if ((call->attr.i[0] >> i & 1) && x->size[i] == 0)
            return context_fail(c, "%s along an axis of size 0: %s", what, tensor_shape_text(x, text)), false;
    return true;
}

/* Each run of adjacent axes in one pass, the innermost first. */
static as_t sum_axes(as_ctx *c, as_t x, int64_t mask)
{
    x = tensor_dense(c, x);
    for (int last = x->rank - 1; last >= 0 && context_ok(c); last--) {
        if (!(mask >> last & 1))
            continue;
        int first = last;
        while (first > 0 && mask >> (first - 1) & 1)
            first--;
        x = reduce_run_of(c, kernels_for(x->dtype)->sum, x, first, last, (as_dtype)x->dtype);
        last = first;
    }
    return x;
}

as_t forward_sum(as_ctx *c, op_call *call)
{
    if (!check_mask(c, call, NULL))
        return context_of(c)->inert;
    as_t y = sum_axes(c, call->in[0], call->attr.i[0]);
    if (!context_ok(c))
        return y;
    return call->attr.i[1] && y != call->in[0] ? y : drop_axes(c, y, call->attr.i[1] ? 0 : call->attr.i[0]);
}

as_t forward_mean(as_ctx *c, op_call *call)
{
    if (!check_mask(c, call, "mean"))
        return context_of(c)->inert;
    int64_t n = 1;
    for (int i = 0; i < call->in[0]->rank; i++)
        n *= call->attr.i[0] >> i & 1 ? call->in[0]->size[i] : 1;
    as_t sum = forward_sum(c, call);
    if (!context_ok(c))
        return sum;
    op_call scale = {.code = AS_OP_AFFINE, .in = &sum, .n = 1, .attr = {.r = {1.0 / (double)n, 0}}};
    return forward_unary(c, &scale);
}

as_t forward_norm(as_ctx *c, op_call *call)
{
    if (!check_mask(c, call, NULL))
        return context_of(c)->inert;
    op_call square = {.code = AS_OP_SQUARE, .in = call->in, .n = 1};
    as_t squares = forward_unary(c, &square);
    op_call sum = {.code = AS_OP_SUM, .in = &squares, .n = 1, .attr = call->attr};
    as_t total = context_ok(c) ? forward_sum(c, &sum) : squares;
    op_call root = {.code = AS_OP_SQRT, .in = &total, .n = 1};
    return context_ok(c) ? forward_unary(c, &root) : total;
}

as_t forward_extreme(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    if (!check_mask(c, call, "no value"))
        return context_of(c)->inert;
    int64_t mask = call->attr.i[0], all = ((int64_t)1 << x->rank) - 1;
    if (mask != all && (mask == 0 || (mask & (mask - 1))))
        return context_fail(c, "several axes: give one axis, or all");
    const kernels *k = kernels_for(x->dtype);
    kernel_reduce *kernel = call->code == AS_OP_MAX      ? k->max
                            : call->code == AS_OP_MIN    ? k->min
                            : call->code == AS_OP_ARGMAX ? k->argmax
                            : call->code == AS_OP_ARGMIN ? k->argmax
                                                         : k->logsumexp;
    int first = 0, last = x->rank - 1;
    if (mask != all)
        first = last = __builtin_ctzll((unsigned long long)mask);
    if (call->code == AS_OP_ARGMIN) {
        op_call negated = {.code = AS_OP_NEG, .in = call->in, .n = 1};
        x = forward_unary(c, &negated);
    }
    x = tensor_dense(c, x);
    if (!context_ok(c))
        return x;
    bool place = call->code == AS_OP_ARGMAX || call->code == AS_OP_ARGMIN;
    as_t y = reduce_run_of(c, kernel, x, first, last, place ? AS_I64 : (as_dtype)x->dtype);
    return context_ok(c) && !call->attr.i[1] ? drop_axes(c, y, mask) : y;
}

as_t forward_sum_to(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    as_dims dims = {.rank = (int)call->attr.i[0]};
    memcpy(dims.size, call->attr.i + 1, sizeof dims.size);
    int extra = x->rank - dims.rank;
    int64_t mask = ((int64_t)1 << (extra > 0 ? extra : 0)) - 1;
    bool fits = extra >= 0;
    for (int i = 0; i < dims.rank && fits; i++) {
        fits = dims.size[i] == x->size[i + extra] || dims.size[i] == 1;
        if (dims.size[i] != x->size[i + extra])
            mask |= (int64_t)1 << (i + extra);
    }
    if (!fits || !tensor_is_float(x)) {
        char text[TENSOR_TEXT];
        return context_fail(c, "%s is no broadcast of the wanted sizes", tensor_shape_text(x, text));
    }
    as_t y = sum_axes(c, x, mask);
    return context_ok(c) ? drop_axes(c, y, ((int64_t)1 << extra) - 1) : y;
}

as_t forward_softmax(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    int axis = tensor_axis(c, NULL, x, call->attr.i[0]);
    if (axis < 0)
        return context_of(c)->inert;
    call->attr.i[0] = axis;
    op_call check = {.in = call->in, .attr = {.i = {(int64_t)1 << axis}}};
    if (!check_mask(c, &check, "no value"))
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    as_t y = tensor_new(c, x->dtype, tensor_dims(x));
    if (!context_ok(c))
        return y;
    const kernels *k = kernels_for(x->dtype);
    rows_job j = {.softmax = call->code == AS_OP_SOFTMAX ? k->softmax : k->log_softmax,
                  .y = y->data,
                  .x = x->data,
                  .in_bytes = tensor_item_bytes(x->dtype)};
    split_at(x, axis, axis, &j);
    rows_run(&j);
    return y;
}

as_t forward_softmax_gradient(as_ctx *c, as_op_code code, as_t gy, as_t y, int axis)
{
    gy = tensor_dense(c, gy);
    as_t gx = tensor_new(c, gy->dtype, tensor_dims(gy));
    if (!context_ok(c))
        return gx;
    const kernels *k = kernels_for(gy->dtype);
    rows_job j = {.gradient = code == AS_OP_SOFTMAX ? k->softmax_gradient : k->log_softmax_gradient,
                  .y = gx->data,
                  .x = y->data,
                  .gy = gy->data,
                  .in_bytes = tensor_item_bytes(gy->dtype)};
    split_at(gy, axis, axis, &j);
    rows_run(&j);
    return gx;
}
