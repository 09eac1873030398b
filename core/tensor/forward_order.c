/* Running sums and sorting along an axis. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <assay/tensor.h>

#include <string.h>

typedef struct {
    int64_t outer, n, inner;
} span;

static span span_of(const struct as_tensor *x, int axis)
{
    span s = {1, x->size[axis], 1};
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &s.outer : &s.inner) *= i == axis ? 1 : x->size[i];
    return s;
}

static int axis_of(as_ctx *c, op_call *call)
{
    char text[TENSOR_TEXT];
    if (!tensor_is_float(call->in[0])) {
        context_fail(c, "%s, expected a float", tensor_shape_text(call->in[0], text));
        return -1;
    }
    int axis = tensor_axis(c, NULL, call->in[0], call->attr.i[0]);
    call->attr.i[0] = axis;
    return axis;
}

/* i0 = axis, i1 = 1: from the end */
as_t forward_cumsum(as_ctx *c, op_call *call)
{
    int axis = axis_of(c, call);
    if (axis < 0)
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    if (!context_ok(c))
        return y;
    span s = span_of(x, axis);
    kernels_for(x->dtype)->cumsum(y->data, x->data, s.outer, s.n, s.inner, call->attr.i[1] != 0);
    return y;
}

typedef struct {
    uint64_t key;
    int64_t place;
} item;

/* Unsigned integers in the order of the values; NaN is the largest both ways. */
static uint64_t key_of(const char *x, int64_t at, as_dtype dtype, bool descending)
{
    uint64_t key;
    if (dtype == AS_F64) {
        double v = ((const double *)(const void *)x)[at] + 0.0; /* -0 is 0 */
        if (v != v)
            return UINT64_MAX;
        memcpy(&key, &v, sizeof key);
        key ^= key >> 63 ? UINT64_MAX : (uint64_t)1 << 63;
        return descending ? ~key : key;
    }
    float v = ((const float *)(const void *)x)[at] + 0.0F;
    uint32_t bits;
    if (v != v)
        return UINT32_MAX;
    memcpy(&bits, &v, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : (uint32_t)1 << 31;
    return descending ? ~bits : bits;
}

/* Stable, a byte at a time from the lowest; bytes that are all the same cost a count only. Returns where the
 * result lies. */
static item *radix_sort(item *a, item *b, int64_t n, int bytes)
{
    for (int shift = 0; shift < 8 * bytes; shift += 8) {
        int64_t start[256] = {0}, sum = 0;
        for (int64_t i = 0; i < n; i++)
            start[a[i].key >> shift & 255]++;
        if (start[a[0].key >> shift & 255] == n)
            continue;
        for (int v = 0; v < 256; v++) {
            int64_t count = start[v];
            start[v] = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++)
            b[start[a[i].key >> shift & 255]++] = a[i];
        item *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

static void insertion_sort(item *a, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        item moved = a[i];
        int64_t k = i;
        for (; k > 0 && a[k - 1].key > moved.key; k--)
            a[k] = a[k - 1];
        a[k] = moved;
    }
}

#define SHORT 48

/* i0 = axis, i1 = 1: largest first -> i64 of x's shape. Equals keep their order, NaN comes last. */
as_t forward_argsort(as_ctx *c, op_call *call)
{
    int axis = axis_of(c, call);
    if (axis < 0)
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    as_t y = tensor_new(c, AS_I64, tensor_dims(x));
    span s = span_of(x, axis);
    as_t work = tensor_new(c, AS_I64, AS_DIMS(4 * s.n));
    if (!context_ok(c))
        return y;
    int64_t *place = y->data;
    for (int64_t row = 0; row < s.outer * s.inner && s.n > 0; row++) {
        int64_t first = row / s.inner * s.n * s.inner + row % s.inner;
        item *a = work->data;
        for (int64_t i = 0; i < s.n; i++)
            a[i] = (item){key_of(x->data, first + i * s.inner, (as_dtype)x->dtype, call->attr.i[1] != 0), i};
        if (s.n <= SHORT)
            insertion_sort(a, s.n);
        else
            a = radix_sort(a, a + s.n, s.n, x->dtype == AS_F64 ? 8 : 4);
        for (int64_t i = 0; i < s.n; i++)
            place[first + i * s.inner] = a[i].place;
    }
    return y;
}
