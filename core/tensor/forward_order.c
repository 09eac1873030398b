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

#define PIECE 32768 /* items a piece of the work has at least */

/* x [outer, n, inner] in strips of columns: strip s of block o is number o * strips + s. */
typedef struct {
    const kernels *k;
    span s;
    const char *x;
    char *y;
    size_t bytes;
    int64_t strips, per_piece;
    int backwards;
} sums_job;

static int64_t strips_of(const span *s)
{
    return (s->inner + KERNEL_STRIP - 1) / KERNEL_STRIP;
}

static void sums_piece(void *arg, int64_t piece)
{
    const sums_job *j = arg;
    int64_t first = piece * j->per_piece, all = j->s.outer * j->strips;
    for (int64_t i = first; i < first + j->per_piece && i < all; i++) {
        int64_t column = i % j->strips * KERNEL_STRIP, left = j->s.inner - column;
        size_t at = (size_t)(i / j->strips * j->s.n * j->s.inner + column) * j->bytes;
        j->k->cumsum(j->y + at, j->x + at, j->s.n, left < KERNEL_STRIP ? left : KERNEL_STRIP, j->s.inner,
                     j->backwards);
    }
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
    sums_job j = {.k = kernels_for(x->dtype),
                  .s = span_of(x, axis),
                  .x = x->data,
                  .y = y->data,
                  .bytes = tensor_item_bytes((as_dtype)x->dtype),
                  .backwards = call->attr.i[1] != 0};
    j.strips = strips_of(&j.s);
    int64_t all = j.s.outer * j.strips, strip = j.s.n * (j.s.inner < KERNEL_STRIP ? j.s.inner : KERNEL_STRIP);
    j.per_piece = strip < PIECE ? PIECE / (strip ? strip : 1) : 1;
    pool_run((all + j.per_piece - 1) / j.per_piece, sums_piece, &j);
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

typedef struct {
    span s;
    const char *x;
    int64_t *place;
    item *work; /* 2 n of each piece */
    int64_t rows, pieces;
    as_dtype dtype;
    bool descending;
} sort_job;

static void sort_piece(void *arg, int64_t piece)
{
    const sort_job *j = arg;
    const span *s = &j->s;
    for (int64_t row = j->rows * piece / j->pieces; row < j->rows * (piece + 1) / j->pieces; row++) {
        int64_t first = row / s->inner * s->n * s->inner + row % s->inner;
        item *a = j->work + 2 * s->n * piece;
        for (int64_t i = 0; i < s->n; i++)
            a[i] = (item){key_of(j->x, first + i * s->inner, j->dtype, j->descending), i};
        if (s->n <= SHORT)
            insertion_sort(a, s->n);
        else
            a = radix_sort(a, a + s->n, s->n, j->dtype == AS_F64 ? 8 : 4);
        for (int64_t i = 0; i < s->n; i++)
            j->place[first + i * s->inner] = a[i].place;
    }
}

#define PIECES 16                     /* of a sort, at most */
#define WORK_ITEMS ((int64_t)4 << 20) /* what they may sort at once, 32 bytes each, beyond two pieces */

/* i0 = axis, i1 = 1: largest first -> i64 of x's shape. Equals keep their order, NaN comes last. */
as_t forward_argsort(as_ctx *c, op_call *call)
{
    int axis = axis_of(c, call);
    if (axis < 0)
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    as_t y = tensor_new(c, AS_I64, tensor_dims(x));
    sort_job j = {.s = span_of(x, axis), .dtype = (as_dtype)x->dtype, .descending = call->attr.i[1] != 0};
    j.rows = j.s.n > 0 ? j.s.outer * j.s.inner : 0;
    int64_t fit = j.rows ? WORK_ITEMS / j.s.n : 1;
    j.pieces = x->count < PIECE ? 1 : fit < 2 ? 2 : fit < PIECES ? fit : PIECES;
    j.pieces = j.pieces > j.rows ? j.rows : j.pieces;
    as_t work = tensor_new(c, AS_I64, AS_DIMS(4 * j.s.n * j.pieces));
    if (!context_ok(c))
        return y;
    j.x = x->data;
    j.place = y->data;
    j.work = work->data;
    pool_run(j.pieces, sort_piece, &j);
    return y;
}
