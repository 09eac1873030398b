/* Batched matrix products through BLAS. A transposed view is handed to BLAS as such; only layouts it cannot
 * read are copied. */
#include "tensor/forward.h"
#include "tensor/gemm.h"
#include "tensor/kernels.h"
#include "tensor/layout.h"
#include "tensor/pool.h"

#include <inttypes.h>
#include <string.h>

/* One factor as BLAS wants it. */
typedef struct {
    as_t x;
    bool transposed;
    int64_t ld;
} factor;

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static factor factor_of(as_ctx *c, as_t x)
{
    int64_t rows = x->size[x->rank - 2], columns = x->size[x->rank - 1];
    int64_t row = x->stride[x->rank - 2], column = x->stride[x->rank - 1];
    if (columns == 1)
        column = 1;
    if (rows == 1 && column == 1 && row < columns)
        row = columns;
    if (column == 1 && row >= at_least(columns, 1))
        return (factor){x, false, row};
    if (rows == 1 && column >= 1)
        row = 1;
    if (row == 1 && column >= at_least(rows, 1))
        return (factor){x, true, column};
    x = tensor_dense(c, x);
    return (factor){x, false, at_least(columns, 1)};
}

static void multiply(as_t y, factor a, factor b, int64_t count, const char *pa, int64_t step_a,
                     const char *pb, int64_t step_b, char *py)
{
    int64_t m = y->size[y->rank - 2], n = y->size[y->rank - 1], k = a.x->size[a.x->rank - 1];
    int64_t ldc = at_least(n, 1);
    if (y->dtype == AS_F32)
        gemm_batch_f32(count, a.transposed, b.transposed, m, n, k, 1, (const float *)pa, a.ld, step_a,
                       (const float *)pb, b.ld, step_b, 0, (float *)py, ldc, m * n);
    else
        gemm_batch_f64(count, a.transposed, b.transposed, m, n, k, 1, (const double *)pa, a.ld, step_a,
                       (const double *)pb, b.ld, step_b, 0, (double *)py, ldc, m * n);
}

/* x [...,M,K] seen as one matrix [...M, K], where all of its batch lies in even rows. */
static bool flattens(const struct as_tensor *x, int64_t ld)
{
    int64_t expected = ld * x->size[x->rank - 2];
    for (int i = x->rank - 3; i >= 0; i--) {
        if (x->size[i] != 1 && x->stride[i] != expected)
            return false;
        expected *= x->size[i];
    }
    return true;
}

static bool check(as_ctx *c, as_t a, as_t b, as_dims *dims)
{
    char left[TENSOR_TEXT], right[TENSOR_TEXT];
    tensor_shape_text(a, left), tensor_shape_text(b, right);
    if (!tensor_is_float(a) || a->dtype != b->dtype)
        return context_fail(c, "%s by %s: expected two floats of one dtype", left, right), false;
    if (a->rank < 2 || b->rank < 2)
        return context_fail(c, "%s by %s: expected matrices [...,M,K] and [...,K,N]", left, right), false;
    if (a->size[a->rank - 1] != b->size[b->rank - 2])
        return context_fail(c, "%s by %s: inner sizes %" PRId64 " and %" PRId64 " differ", left, right,
                            a->size[a->rank - 1], b->size[b->rank - 2]),
               false;
    as_dims batch_a = tensor_dims(a), batch_b = tensor_dims(b);
    batch_a.rank -= 2;
    batch_b.rank -= 2;
    if (!layout_broadcast(batch_a, batch_b, dims))
        return context_fail(c, "%s by %s: axes in front do not broadcast", left, right), false;
    dims->size[dims->rank++] = a->size[a->rank - 2];
    dims->size[dims->rank++] = b->size[b->rank - 1];
    return true;
}

as_t forward_matmul(as_ctx *c, op_call *call)
{
    as_t a = call->in[0], b = call->in[1];
    as_dims dims;
    if (!check(c, a, b, &dims))
        return context_of(c)->inert;
    factor fa = factor_of(c, a), fb = factor_of(c, b);
    as_t y = tensor_new(c, (as_dtype)a->dtype, dims);
    if (!context_ok(c) || y->count == 0)
        return y;
    if (b->rank == 2 && !fa.transposed &&
        flattens(fa.x, fa.ld)) { /* one product, the batch being further rows */
        int64_t rows = y->count / dims.size[dims.rank - 1];
        int64_t n = dims.size[dims.rank - 1], k = b->size[0];
        if (y->dtype == AS_F32)
            gemm_f32(false, fb.transposed, rows, n, k, 1, fa.x->data, fa.ld, fb.x->data, fb.ld, 0, y->data,
                     n);
        else
            gemm_f64(false, fb.transposed, rows, n, k, 1, fa.x->data, fa.ld, fb.x->data, fb.ld, 0, y->data,
                     n);
        return y;
    }
    /* The last axis of the merged batch is one batched call, the others are a loop. */
    struct as_tensor ba = *fa.x, bb = *fb.x;
    ba.rank = (uint8_t)(ba.rank - 2);
    bb.rank = (uint8_t)(bb.rank - 2);
    as_dims batch = dims;
    batch.rank -= 2;
    const as_t in[2] = {&ba, &bb};
    layout_loop l = layout_loop_over(batch, in, 2);
    size_t bytes = tensor_item_bytes(y->dtype);
    int64_t inner = l.size[l.rank - 1], one = dims.size[dims.rank - 2] * dims.size[dims.rank - 1];
    for (int64_t row = 0; row < l.rows; row++) {
        int64_t at[LAYOUT_INPUTS];
        layout_row(&l, row, at);
        multiply(y, fa, fb, inner, (const char *)fa.x->data + (size_t)at[0] * bytes, l.stride[0][l.rank - 1],
                 (const char *)fb.x->data + (size_t)at[1] * bytes, l.stride[1][l.rank - 1],
                 (char *)y->data + (size_t)(row * inner * one) * bytes);
    }
    return y;
}

#define TILE 64

typedef struct {
    const kernels *k;
    const char *x;
    char *y;
    int64_t n;
    size_t bytes;
} mirror_job;

/* The tiles of one row of tiles from the diagonal on, and their mirror images. */
static void mirror_piece(void *arg, int64_t piece)
{
    const mirror_job *j = arg;
    _Alignas(64) double turned[TILE * TILE];
    int64_t row = piece * TILE, rows = j->n - row < TILE ? j->n - row : TILE;
    for (int64_t col = row; col < j->n; col += TILE) {
        int64_t cols = j->n - col < TILE ? j->n - col : TILE;
        size_t at = (size_t)(row * j->n + col) * j->bytes, across = (size_t)(col * j->n + row) * j->bytes;
        j->k->transpose(turned, TILE, j->x + across, j->n, cols, rows);
        for (int64_t i = 0; i < rows; i++) {
            size_t line = at + (size_t)(i * j->n) * j->bytes;
            memcpy(j->y + line, j->x + line, (size_t)cols * j->bytes);
            j->k->accumulate(j->y + line, (char *)turned + (size_t)(i * TILE) * j->bytes, cols);
        }
        if (col > row)
            j->k->transpose(j->y + across, j->n, j->y + at, j->n, rows, cols);
    }
}

as_t forward_add_transposed(as_ctx *c, as_t x)
{
    x = tensor_dense(c, x);
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    if (!context_ok(c))
        return y;
    mirror_job j = {kernels_for((as_dtype)x->dtype), x->data, y->data, x->size[0],
                    tensor_item_bytes((as_dtype)x->dtype)};
    pool_run((j.n + TILE - 1) / TILE, mirror_piece, &j);
    return y;
}

as_t forward_linear(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], w = call->in[1], b = call->in[2];
    char tx[TENSOR_TEXT], tw[TENSOR_TEXT], tb[TENSOR_TEXT];
    bool fits = x->rank >= 1 && w->rank == 2 && b->rank == 1 && x->size[x->rank - 1] == w->size[1] &&
                b->size[0] == w->size[0];
    if (!fits || !tensor_is_float(x) || x->dtype != w->dtype || x->dtype != b->dtype)
        return context_fail(c, "input %s, weight %s, bias %s: expected [...,I], [O,I] and [O] of one float",
                            tensor_shape_text(x, tx), tensor_shape_text(w, tw), tensor_shape_text(b, tb));
    int64_t in = w->size[1], out = w->size[0];
    as_dims dims = tensor_dims(x);
    dims.size[dims.rank - 1] = out;
    factor fw = factor_of(c, w);
    bool rows_fit = x->rank >= 2 && x->stride[x->rank - 1] == 1 &&
                    x->stride[x->rank - 2] >= at_least(in, 1) && flattens(x, x->stride[x->rank - 2]);
    x = rows_fit ? x : tensor_dense(c, x);
    b = tensor_dense(c, b);
    as_t y = tensor_new(c, (as_dtype)x->dtype, dims);
    if (!context_ok(c) || y->count == 0)
        return y;
    int64_t rows = y->count / out, ld = rows_fit ? x->stride[x->rank - 2] : at_least(in, 1);
    if (y->dtype == AS_F32)
        gemm_bias_f32(!fw.transposed, rows, out, in, x->data, ld, fw.x->data, fw.ld, b->data, y->data, out);
    else
        gemm_bias_f64(!fw.transposed, rows, out, in, x->data, ld, fw.x->data, fw.ld, b->data, y->data, out);
    return y;
}
