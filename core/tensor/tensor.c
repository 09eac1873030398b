#include "tensor/tensor.h"

#include "tensor/alloc.h"
#include "tensor/layout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*tensor_drop_node)(struct node *n, as_t x);

const char *tensor_dtype_name(as_dtype dtype)
{
    return dtype == AS_F32 ? "f32" : dtype == AS_F64 ? "f64" : "i64";
}

static storage *storage_new(size_t bytes)
{
    storage *s = alloc_get(sizeof *s);
    void *memory = s ? alloc_get(bytes) : NULL;
    if (!memory) {
        alloc_put(s, sizeof *s);
        return NULL;
    }
    *s = (storage){.refs = 1, .bytes = bytes, .memory = memory};
    return s;
}

void tensor_free(as_t x)
{
    if (x->node)
        tensor_drop_node(x->node, x);
    tensor_unref(x->grad);
    if (--x->store->refs == 0) {
        alloc_put(x->store->memory, x->store->bytes);
        alloc_put(x->store, sizeof *x->store);
    }
    alloc_put(x, sizeof *x);
}

as_dims tensor_dims(const struct as_tensor *x)
{
    as_dims d = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++)
        d.size[i] = x->size[i];
    return d;
}

/* A header without storage; count and row-major strides set. NULL after a failure. */
static as_t header_new(as_ctx *c, as_dtype dtype, as_dims dims)
{
    as_t x = alloc_get(sizeof *x);
    if (!x) {
        context_fail(c, "out of memory: a tensor's header");
        return NULL;
    }
    x->refs = 1;
    x->dtype = (uint8_t)dtype;
    x->rank = (uint8_t)dims.rank;
    x->requires_grad = false;
    x->dense = true;
    x->node = NULL;
    x->grad = NULL;
    int64_t count = 1;
    for (int i = dims.rank - 1; i >= 0; i--) {
        x->size[i] = dims.size[i];
        x->stride[i] = count;
        count *= dims.size[i];
    }
    x->count = count;
    return x;
}

static bool dims_fit(as_ctx *c, as_dtype dtype, as_dims dims)
{
    if (dims.rank < 0 || dims.rank > AS_MAX_RANK) {
        context_fail(c, "a tensor of rank %d: at most %d axes", dims.rank, AS_MAX_RANK);
        return false;
    }
    size_t bytes = tensor_item_bytes(dtype);
    bool empty = false;
    for (int i = 0; i < dims.rank; i++) {
        if (dims.size[i] < 0) {
            context_fail(c, "axis %d has the negative size %" PRId64, i, dims.size[i]);
            return false;
        }
        empty |= dims.size[i] == 0;
    }
    for (int i = 0; i < dims.rank && !empty; i++) {
        if (__builtin_mul_overflow(bytes, (size_t)dims.size[i], &bytes) || bytes > (size_t)INT64_MAX) {
            context_fail(c, "out of memory: a tensor of more than 2^63 bytes");
            return false;
        }
    }
    return true;
}

as_t tensor_new(as_ctx *c, as_dtype dtype, as_dims dims)
{
    if (!dims_fit(c, dtype, dims))
        return context_of(c)->inert;
    as_t x = header_new(c, dtype, dims);
    if (!x)
        return context_of(c)->inert;
    x->store = storage_new((size_t)x->count * tensor_item_bytes(dtype));
    if (!x->store) {
        char text[TENSOR_TEXT];
        context_fail(c, "out of memory: %s needs %" PRId64 " bytes, %zu are in use",
                     tensor_shape_text(x, text), x->count * (int64_t)tensor_item_bytes(dtype),
                     alloc_in_use());
        alloc_put(x, sizeof *x);
        return context_of(c)->inert;
    }
    x->data = x->store->memory;
    return scope_hold(c, x);
}

as_t tensor_full(as_ctx *c, as_dtype dtype, as_dims dims, double value)
{
    as_t x = tensor_new(c, dtype, dims);
    if (!context_ok(c))
        return x;
    if (value == 0 && !signbit(value)) {
        memset(x->data, 0, (size_t)x->count * tensor_item_bytes(dtype));
        return x;
    }
    for (int64_t i = 0; i < x->count; i++) {
        if (dtype == AS_F32)
            ((float *)x->data)[i] = (float)value;
        else if (dtype == AS_F64)
            ((double *)x->data)[i] = value;
        else
            ((int64_t *)x->data)[i] = (int64_t)value;
    }
    return x;
}

as_t tensor_arange(as_ctx *c, int64_t n)
{
    as_t x = tensor_new(c, AS_I64, (as_dims){1, {n}});
    for (int64_t i = 0; context_ok(c) && i < n; i++)
        ((int64_t *)x->data)[i] = i;
    return x;
}

as_t tensor_from(as_ctx *c, as_dtype dtype, as_dims dims, const void *values)
{
    as_t x = tensor_new(c, dtype, dims);
    if (context_ok(c))
        memcpy(x->data, values, (size_t)x->count * tensor_item_bytes(dtype));
    return x;
}

as_t tensor_view(as_ctx *c, as_t of, as_dims dims, const int64_t *stride, void *data)
{
    as_t x = header_new(c, of->dtype, dims);
    if (!x)
        return context_of(c)->inert;
    x->store = of->store;
    x->store->refs++;
    x->data = data;
    int64_t row_major = 1;
    for (int i = dims.rank - 1; i >= 0; i--) {
        x->dense &= x->size[i] == 1 || stride[i] == row_major;
        row_major *= x->size[i];
        x->stride[i] = stride[i];
    }
    x->dense |= x->count == 0;
    return scope_hold(c, x);
}

as_t tensor_alias(as_ctx *c, as_t x)
{
    return tensor_view(c, x, tensor_dims(x), x->stride, x->data);
}

as_t tensor_dense(as_ctx *c, as_t x)
{
    if (x->dense)
        return x;
    as_t y = tensor_new(c, x->dtype, tensor_dims(x));
    if (context_ok(c))
        layout_copy(y->data, x);
    return y;
}

bool tensor_assign(as_ctx *c, as_t dst, as_t src)
{
    bool same = dst->dtype == src->dtype && dst->rank == src->rank;
    for (int i = 0; i < dst->rank && same; i++)
        same = dst->size[i] == src->size[i];
    if (!same || !dst->dense) {
        char to[TENSOR_TEXT], from[TENSOR_TEXT];
        context_fail(c, "assign: %s into %s%s", tensor_shape_text(src, from), tensor_shape_text(dst, to),
                     dst->dense ? "" : ", which is not dense");
        return false;
    }
    as_scope s = scope_open(c);
    src = src->store == dst->store && !src->dense ? tensor_dense(c, src) : src; /* may overlap */
    if (context_ok(c)) {
        if (src->dense)
            memmove(dst->data, src->data, (size_t)dst->count * tensor_item_bytes(dst->dtype));
        else
            layout_copy(dst->data, src);
        tensor_touch(dst);
    }
    scope_close(c, s, NULL);
    return context_ok(c);
}

bool tensor_is_image(as_ctx *c, as_t x, const char *what)
{
    if (x->rank == 4 && tensor_is_float(x))
        return true;
    char text[TENSOR_TEXT];
    context_fail(c, "%s %s, expected a float of four axes", what, tensor_shape_text(x, text));
    return false;
}

int tensor_axis(as_ctx *c, const char *op, as_t x, int64_t axis)
{
    int64_t a = axis < 0 ? axis + x->rank : axis;
    if (a >= 0 && a < x->rank)
        return (int)a;
    context_fail(c, "%s%saxis %" PRId64 " of a tensor of rank %d", op ? op : "", op ? ": " : "", axis,
                 x->rank);
    return -1;
}

double tensor_get(const struct as_tensor *x, const int64_t *index)
{
    int64_t at = 0;
    for (int i = 0; i < x->rank; i++)
        at += index[i] * x->stride[i];
    if (x->dtype == AS_F32)
        return ((const float *)x->data)[at];
    if (x->dtype == AS_F64)
        return ((const double *)x->data)[at];
    return (double)((const int64_t *)x->data)[at];
}

double tensor_item(as_ctx *c, as_t x)
{
    if (x->count != 1) {
        char text[TENSOR_TEXT];
        context_fail(c, "item: %s, expected a tensor of one item", tensor_shape_text(x, text));
        return NAN;
    }
    return tensor_get(x, (int64_t[AS_MAX_RANK]){0});
}

bool tensor_equal(as_ctx *c, as_t a, as_t b)
{
    if (!context_ok(c) || a->dtype != b->dtype || a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->size[i] != b->size[i])
            return false;
    as_scope s = scope_open(c);
    as_t x = tensor_dense(c, a), y = tensor_dense(c, b);
    bool same = context_ok(c) && !memcmp(x->data, y->data, (size_t)a->count * tensor_item_bytes(a->dtype));
    scope_close(c, s, NULL);
    return same;
}

void *tensor_data(as_ctx *c, as_t x, as_dtype dtype)
{
    if (!context_ok(c))
        return NULL;
    if (x->dtype == dtype && x->dense)
        return x->data;
    char text[TENSOR_TEXT];
    context_fail(c, "raw data of %s%s, expected a dense %s", x->dense ? "" : "a strided ",
                 tensor_shape_text(x, text), tensor_dtype_name(dtype));
    return NULL;
}

const char *tensor_shape_text(const struct as_tensor *x, char buffer[TENSOR_TEXT])
{
    int at = snprintf(buffer, TENSOR_TEXT, "%s[", tensor_dtype_name(x->dtype));
    for (int i = 0; i < x->rank; i++)
        at += snprintf(buffer + at, TENSOR_TEXT - (size_t)at, i ? ",%" PRId64 : "%" PRId64, x->size[i]);
    snprintf(buffer + at, TENSOR_TEXT - (size_t)at, "]");
    return buffer;
}

const char *tensor_summary(const struct as_tensor *x, char buffer[TENSOR_TEXT])
{
    tensor_shape_text(x, buffer);
    size_t at = strlen(buffer);
    if (x->count == 0)
        return buffer;
    int64_t index[AS_MAX_RANK] = {0};
    double sum = 0, low = INFINITY, high = -INFINITY, value = 0;
    int64_t nans = 0;
    for (int64_t i = 0; i < x->count; i++) {
        value = tensor_get(x, index);
        nans += isnan(value);
        sum += value;
        low = fmin(low, value);
        high = fmax(high, value);
        layout_next(x->rank, x->size, index);
    }
    if (x->count == 1)
        snprintf(buffer + at, TENSOR_TEXT - at, " %.6g", value);
    else if (nans)
        snprintf(buffer + at, TENSOR_TEXT - at, " %" PRId64 " NaN", nans);
    else
        snprintf(buffer + at, TENSOR_TEXT - at, " mean %.4g min %.4g max %.4g", sum / (double)x->count, low,
                 high);
    return buffer;
}
