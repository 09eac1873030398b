/* Taking from and adding at places named by i64 indices, which count from 0. Every index is checked. */
#include "tensor/forward.h"
#include "tensor/kernels.h"

#include <inttypes.h>
#include <string.h>

typedef struct {
    int64_t outer, n, inner; /* around and along the axis */
} around;

static around around_axis(const struct as_tensor *x, int axis)
{
    around a = {1, axis < x->rank ? x->size[axis] : 1, 1};
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &a.outer : &a.inner) *= i == axis ? 1 : x->size[i];
    return a;
}

/* Dense indices within 0 .. n-1, or NULL and a failure. */
static const int64_t *checked(as_ctx *c, as_t index, int64_t n)
{
    char text[TENSOR_TEXT];
    if (index->dtype != AS_I64) {
        context_fail(c, "index %s, expected i64", tensor_shape_text(index, text));
        return NULL;
    }
    index = tensor_dense(c, index);
    if (!context_ok(c))
        return NULL;
    const int64_t *at = index->data;
    for (int64_t i = 0; i < index->count; i++) {
        if (at[i] < 0 || at[i] >= n) {
            context_fail(c, "index %" PRId64 " at place %" PRId64 ", expected 0 <= index < %" PRId64, at[i],
                         i, n);
            return NULL;
        }
    }
    return at;
}

static bool is_float(as_ctx *c, as_t x)
{
    char text[TENSOR_TEXT];
    if (tensor_is_float(x))
        return true;
    context_fail(c, "%s, expected a float", tensor_shape_text(x, text));
    return false;
}

/* Whether index has x's sizes beside the axis, and how many items it takes along it: its own size there when
 * it has x's rank, 1 when it lacks the axis. -1 and a failure when it fits neither way. */
static int64_t items_along(as_ctx *c, as_t x, as_t index, int axis)
{
    bool whole = index->rank == x->rank, fits = whole || index->rank == x->rank - 1;
    for (int i = 0, k = 0; i < x->rank && fits; i++) {
        if (i == axis) {
            k += whole;
            continue;
        }
        fits = index->size[k++] == x->size[i];
    }
    if (fits)
        return whole ? index->size[axis] : 1;
    char a[TENSOR_TEXT], b[TENSOR_TEXT];
    context_fail(c, "index %s does not fit %s along axis %d", tensor_shape_text(index, b),
                 tensor_shape_text(x, a), axis);
    return -1;
}

as_t forward_gather(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], index = call->in[1];
    int axis = tensor_axis(c, NULL, x, call->attr.i[0]);
    if (axis < 0 || !is_float(c, x))
        return context_of(c)->inert;
    call->attr.i[0] = axis;
    int64_t items = items_along(c, x, index, axis);
    around a = around_axis(x, axis);
    const int64_t *at = items < 0 ? NULL : checked(c, index, a.n);
    if (!at)
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(index));
    if (context_ok(c))
        kernels_for(x->dtype)->gather(y->data, x->data, at, a.outer, a.n, items, a.inner);
    return y;
}

as_t forward_scatter_add(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], index = call->in[1];
    int64_t axis = call->attr.i[0], size = call->attr.i[1];
    bool same = x->rank == index->rank;
    for (int i = 0; i < x->rank && same; i++)
        same = x->size[i] == index->size[i];
    if (!same) {
        char a[TENSOR_TEXT], b[TENSOR_TEXT];
        return context_fail(c, "%s at index %s: expected one shape", tensor_shape_text(x, a),
                            tensor_shape_text(index, b));
    }
    if (!is_float(c, x))
        return context_of(c)->inert;
    /* i2: the result has an axis more than the source (gather that dropped it) */
    bool insert = call->attr.i[2] != 0;
    int rank = x->rank + insert;
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank || size < 0 || rank > AS_MAX_RANK)
        return context_fail(c, "axis %" PRId64 " of a result of rank %d", call->attr.i[0], rank);
    call->attr.i[0] = axis;
    as_dims dims = {.rank = rank};
    for (int i = 0, k = 0; i < rank; i++)
        dims.size[i] = i == axis ? (k += !insert, size) : x->size[k++];
    const int64_t *at = checked(c, index, size);
    if (!at)
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    as_t y = tensor_full(c, (as_dtype)x->dtype, dims, 0);
    if (!context_ok(c))
        return y;
    around a = around_axis(y, (int)axis);
    kernels_for(x->dtype)->scatter_add(y->data, x->data, at, a.outer, size, insert ? 1 : x->size[axis],
                                       a.inner);
    return y;
}

as_t forward_index_select(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], index = call->in[1];
    int axis = tensor_axis(c, NULL, x, call->attr.i[0]);
    if (axis < 0)
        return context_of(c)->inert;
    call->attr.i[0] = axis;
    char text[TENSOR_TEXT];
    if (index->rank != 1)
        return context_fail(c, "index %s, expected i64[M]", tensor_shape_text(index, text));
    around a = around_axis(x, axis);
    const int64_t *at = checked(c, index, a.n);
    if (!at)
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    as_dims dims = tensor_dims(x);
    dims.size[axis] = index->count;
    as_t y = tensor_new(c, (as_dtype)x->dtype, dims);
    if (!context_ok(c))
        return y;
    if (x->dtype != AS_I64) {
        kernels_for(x->dtype)->index_select(y->data, x->data, at, a.outer, a.n, index->count, a.inner);
        return y;
    }
    size_t row = (size_t)a.inner * sizeof(int64_t); /* labels: few, so plainly */
    for (int64_t o = 0; o < a.outer; o++)
        for (int64_t m = 0; m < index->count; m++)
            memcpy((int64_t *)y->data + (o * index->count + m) * a.inner,
                   (int64_t *)x->data + (o * a.n + at[m]) * a.inner, row);
    return y;
}

as_t forward_index_add(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], index = call->in[1];
    int axis = tensor_axis(c, NULL, x, call->attr.i[0]);
    if (axis < 0 || !is_float(c, x))
        return context_of(c)->inert;
    call->attr.i[0] = axis;
    char text[TENSOR_TEXT];
    if (index->rank != 1 || index->count != x->size[axis])
        return context_fail(c, "index %s, expected i64[%" PRId64 "]", tensor_shape_text(index, text),
                            x->size[axis]);
    const int64_t *at = checked(c, index, call->attr.i[1]);
    if (!at)
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    as_dims dims = tensor_dims(x);
    dims.size[axis] = call->attr.i[1];
    as_t y = tensor_full(c, (as_dtype)x->dtype, dims, 0);
    if (!context_ok(c))
        return y;
    around a = around_axis(y, axis);
    kernels_for(x->dtype)->index_add(y->data, x->data, at, a.outer, a.n, index->count, a.inner);
    return y;
}

as_t forward_one_hot(as_ctx *c, op_call *call)
{
    as_t index = call->in[0];
    int64_t classes = call->attr.i[0];
    const int64_t *at = checked(c, index, classes);
    if (!at)
        return context_of(c)->inert;
    if (index->rank == AS_MAX_RANK)
        return context_fail(c, "an index of rank %d leaves no axis for the classes", index->rank);
    as_dims dims = tensor_dims(index);
    dims.size[dims.rank++] = classes;
    as_dtype dtype = context_of(c)->working;
    as_t y = tensor_full(c, dtype, dims, 0);
    for (int64_t i = 0; context_ok(c) && i < index->count; i++) {
        if (dtype == AS_F32)
            ((float *)y->data)[i * classes + at[i]] = 1;
        else
            ((double *)y->data)[i * classes + at[i]] = 1;
    }
    return y;
}
