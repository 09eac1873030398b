/* Other shapes of the same items: views where the layout allows, copies where it does not. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static as_dims attr_dims(const as_attr *attr)
{
    as_dims d = {.rank = (int)attr->i[0]};
    for (int i = 0; i < d.rank && i < AS_MAX_RANK; i++)
        d.size[i] = attr->i[i + 1];
    return d;
}

static const char *dims_text(as_dims d, char buffer[TENSOR_TEXT])
{
    size_t at = 0;
    buffer[0] = 0;
    for (int i = 0; i < d.rank && i < AS_MAX_RANK; i++)
        at += (size_t)snprintf(buffer + at, TENSOR_TEXT - at, i ? ",%" PRId64 : "%" PRId64, d.size[i]);
    return buffer;
}

/* Strides of x seen with other sizes, without a copy; false where its layout does not allow it. Runs of x's
 * axes that are contiguous among themselves are matched with runs of new axes of the same product. */
static bool reshape_strides(const struct as_tensor *x, as_dims to, int64_t stride[AS_MAX_RANK])
{
    int i = 0, k = 0;
    while (i < x->rank || k < to.rank) {
        int64_t old = 1, new = 1;
        int i0 = i, k0 = k;
        do {
            if (old <= new &&i < x->rank)
                old *= x->size[i++];
            else if (k < to.rank)
                new *= to.size[k++];
            else
                return false;
        } while (old != new);
        while (i < x->rank && x->size[i] == 1)
            i++;
        while (k < to.rank && to.size[k] == 1)
            k++;
        int64_t step = 0, expected = 0;
        bool first = true; /* an expanded axis has stride 0, so expected alone cannot tell */
        for (int a = i - 1; a >= i0; a--) {
            if (x->size[a] == 1)
                continue;
            if (!first && x->stride[a] != expected)
                return false;
            step = first ? x->stride[a] : step;
            expected = x->stride[a] * x->size[a];
            first = false;
        }
        for (int a = k - 1; a >= k0; a--) {
            stride[a] = step;
            step *= to.size[a];
        }
    }
    return true;
}

as_t forward_reshape(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    as_dims to = attr_dims(&call->attr);
    char from_text[TENSOR_TEXT], to_text[TENSOR_TEXT];
    int64_t known = 1;
    int open = -1;
    if (to.rank < 0 || to.rank > AS_MAX_RANK)
        return context_fail(c, "%d axes: at most %d", to.rank, AS_MAX_RANK);
    for (int i = 0; i < to.rank; i++) {
        if (to.size[i] == -1 && open < 0)
            open = i;
        else
            known *= to.size[i] < 0 ? 0 : to.size[i];
    }
    if (open >= 0 && known > 0 && x->count % known == 0)
        to.size[open] = x->count / known;
    int64_t count = 1;
    bool wrong = false;
    for (int i = 0; i < to.rank; i++) {
        wrong |= to.size[i] < 0; /* also a -1 beside a 0, which could be anything */
        count *= to.size[i];
    }
    if (wrong || count != x->count)
        return context_fail(c, "%s has %" PRId64 " items, [%s] does not", tensor_shape_text(x, from_text),
                            x->count, dims_text(to, to_text));
    for (int i = 0; i < to.rank; i++)
        call->attr.i[i + 1] = to.size[i];
    int64_t stride[AS_MAX_RANK];
    if (!x->dense && x->count > 0 && reshape_strides(x, to, stride))
        return tensor_view(c, x, to, stride, x->data);
    x = tensor_dense(c, x);
    int64_t step = 1;
    for (int i = to.rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= to.size[i];
    }
    return context_ok(c) ? tensor_view(c, x, to, stride, x->data) : x;
}

as_t forward_permute(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    as_dims axes = attr_dims(&call->attr), to = {.rank = x->rank};
    int64_t stride[AS_MAX_RANK];
    unsigned seen = 0;
    char text[TENSOR_TEXT], list[TENSOR_TEXT];
    for (int i = 0; i < x->rank && axes.rank == x->rank; i++) {
        int64_t a = axes.size[i] < 0 ? axes.size[i] + x->rank : axes.size[i];
        if (a < 0 || a >= x->rank)
            break;
        seen |= 1u << a;
        call->attr.i[i + 1] = a;
        to.size[i] = x->size[a];
        stride[i] = x->stride[a];
    }
    if (axes.rank != x->rank || seen != (1u << x->rank) - 1)
        return context_fail(c, "axes (%s) are no order of the %d axes of %s", dims_text(axes, list), x->rank,
                            tensor_shape_text(x, text));
    return tensor_view(c, x, to, stride, x->data);
}

as_t forward_expand(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    as_dims to = attr_dims(&call->attr);
    int64_t stride[AS_MAX_RANK];
    int front = to.rank - x->rank;
    bool fits = front >= 0 && to.rank <= AS_MAX_RANK;
    for (int i = 0; i < to.rank && fits; i++) {
        int64_t size = i < front ? 1 : x->size[i - front];
        if (to.size[i] == -1 && i >= front)
            to.size[i] = call->attr.i[i + 1] = size;
        fits = to.size[i] >= 0 && (size == to.size[i] || size == 1);
        stride[i] = i < front || size == 1 ? 0 : x->stride[i - front];
    }
    char text[TENSOR_TEXT], list[TENSOR_TEXT];
    if (!fits)
        return context_fail(c, "%s does not expand to [%s]", tensor_shape_text(x, text), dims_text(to, list));
    return tensor_view(c, x, to, stride, x->data);
}

static int64_t clamp_place(int64_t place, int64_t size)
{
    place += place < 0 ? size : 0;
    return place < 0 ? 0 : place > size ? size : place;
}

as_t forward_slice(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    int64_t *i = call->attr.i;
    int axis = tensor_axis(c, NULL, x, i[0]);
    if (axis < 0)
        return context_of(c)->inert;
    if (i[3] < 1)
        return context_fail(c, "step %" PRId64 ", expected 1 or more", i[3]);
    i[0] = axis;
    i[1] = clamp_place(i[1], x->size[axis]);
    i[2] = clamp_place(i[2], x->size[axis]);
    as_dims dims = tensor_dims(x);
    dims.size[axis] = i[2] > i[1] ? (i[2] - i[1] + i[3] - 1) / i[3] : 0;
    int64_t stride[AS_MAX_RANK];
    memcpy(stride, x->stride, sizeof stride);
    stride[axis] *= i[3];
    size_t offset = dims.size[axis] ? (size_t)(i[1] * x->stride[axis]) * tensor_item_bytes(x->dtype) : 0;
    return tensor_view(c, x, dims, stride, (char *)x->data + offset);
}

/* Copies x into places of dense y given by y's strides and a first item. */
static void place(as_t y, size_t first, const int64_t *stride, as_t x)
{
    size_t bytes = tensor_item_bytes(x->dtype);
    int64_t index[AS_MAX_RANK] = {0};
    int inner = x->rank - 1;
    int64_t n = x->rank ? x->size[inner] : 1, rows = n ? x->count / n : 0;
    int64_t step_x = x->rank ? x->stride[inner] : 1, step_y = x->rank ? stride[inner] : 1;
    for (int64_t row = 0; row < rows; row++) {
        int64_t from = 0, to = (int64_t)first;
        for (int i = 0; i < inner; i++) {
            from += index[i] * x->stride[i];
            to += index[i] * stride[i];
        }
        char *out = (char *)y->data + (size_t)to * bytes;
        const char *in = (const char *)x->data + (size_t)from * bytes;
        if (step_x == 1 && step_y == 1)
            memcpy(out, in, (size_t)n * bytes);
        else
            for (int64_t i = 0; i < n; i++)
                memcpy(out + (size_t)(i * step_y) * bytes, in + (size_t)(i * step_x) * bytes, bytes);
        layout_next(inner, x->size, index);
    }
}

as_t forward_unslice(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    const int64_t *i = call->attr.i;
    int axis = tensor_axis(c, NULL, x, i[0]);
    if (axis < 0)
        return context_of(c)->inert;
    as_dims dims = tensor_dims(x);
    int64_t last = x->size[axis] ? i[1] + (x->size[axis] - 1) * i[3] : 0;
    if (i[1] < 0 || i[3] < 1 || last >= (i[4] > 0 ? i[4] : 1))
        return context_fail(c, "place %" PRId64 " of an axis of size %" PRId64, last, i[4]);
    dims.size[axis] = i[4];
    as_t y = tensor_full(c, (as_dtype)x->dtype, dims, 0);
    if (!context_ok(c) || x->count == 0)
        return y;
    int64_t stride[AS_MAX_RANK];
    memcpy(stride, y->stride, sizeof stride);
    stride[axis] *= i[3];
    place(y, (size_t)(i[1] * y->stride[axis]), stride, x);
    return y;
}

as_t forward_concat(as_ctx *c, op_call *call)
{
    as_t first = call->in[0];
    int axis = tensor_axis(c, NULL, first, call->attr.i[0]);
    if (axis < 0)
        return context_of(c)->inert;
    call->attr.i[0] = axis;
    as_dims dims = tensor_dims(first);
    dims.size[axis] = 0;
    for (int k = 0; k < call->n; k++) {
        as_t x = call->in[k];
        bool fits = x->rank == first->rank && x->dtype == first->dtype;
        for (int i = 0; i < x->rank && fits; i++)
            fits = i == axis || x->size[i] == first->size[i];
        if (!fits) {
            char a[TENSOR_TEXT], b[TENSOR_TEXT];
            return context_fail(c, "%s beside %s: all axes but %d must agree", tensor_shape_text(first, a),
                                tensor_shape_text(x, b), axis);
        }
        dims.size[axis] += x->size[axis];
    }
    as_t y = tensor_new(c, (as_dtype)first->dtype, dims);
    int64_t at = 0;
    for (int k = 0; k < call->n && context_ok(c); k++) {
        if (call->in[k]->count)
            place(y, (size_t)(at * y->stride[axis]), y->stride, call->in[k]);
        at += call->in[k]->size[axis];
    }
    return y;
}

as_t forward_cast(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    if (call->attr.i[0] < AS_F32 || call->attr.i[0] > AS_I64)
        return context_fail(c, "dtype %" PRId64 ", expected f32, f64 or i64", call->attr.i[0]);
    as_dtype to = (as_dtype)call->attr.i[0];
    if (x->dtype == to)
        return x;
    x = tensor_dense(c, x);
    as_t y = tensor_new(c, to, tensor_dims(x));
    if (!context_ok(c))
        return y;
    if (to == AS_I64)
        kernels_for(x->dtype)->to_i64(y->data, x->data, x->count);
    else if (x->dtype == AS_I64)
        kernels_for(to)->from_i64(y->data, x->data, x->count);
    else if (x->dtype == AS_F32)
        kernels_for(to)->from_f32(y->data, x->data, x->count);
    else
        kernels_for(to)->from_f64(y->data, x->data, x->count);
    return y;
}

as_t forward_contiguous(as_ctx *c, op_call *call)
{
    return tensor_dense(c, call->in[0]);
}
