/* One place of the output from one place of each input: unary, binary with broadcasting, where, weighted
 * sums. Long outputs are cut into pieces by their length alone. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/layout.h"
#include "tensor/pool.h"

#include <inttypes.h>
#include <string.h>

#define PIECE                                                                                                \
    16384 /* items: a few microseconds of the cheapest kernel, and inside the first-level cache's reach */

static int64_t pieces_of(int64_t count)
{
    return count < 2 * PIECE ? 1 : (count + PIECE - 1) / PIECE;
}

static int64_t piece_length(int64_t count, int64_t pieces, int64_t piece)
{
    if (pieces == 1)
        return count;
    int64_t left = count - piece * PIECE;
    return left < PIECE ? left : PIECE;
}

typedef struct {
    kernel_unary *kernel;
    kernel_unary_gradient *gradient;
    char *y;
    const char *x, *gy, *out;
    int64_t count, pieces;
    size_t bytes;
    double r0, r1;
} unary_job;

static void unary_piece(void *arg, int64_t piece)
{
    const unary_job *j = arg;
    int64_t n = piece_length(j->count, j->pieces, piece);
    size_t at = (size_t)(piece * PIECE) * j->bytes;
    if (j->kernel)
        j->kernel(j->y + at, j->x + at, n, j->r0, j->r1);
    else
        j->gradient(j->y + at, j->gy + at, j->x ? j->x + at : NULL, j->out ? j->out + at : NULL, n, j->r0,
                    j->r1);
}

static bool floats(as_ctx *c, const op_call *call, int n)
{
    char text[TENSOR_TEXT];
    for (int i = 0; i < n; i++) {
        if (!tensor_is_float(call->in[i]))
            return context_fail(c, "%s, expected a float", tensor_shape_text(call->in[i], text)), false;
        if (call->in[i]->dtype != call->in[0]->dtype)
            return context_fail(c, "%s beside %s: convert one of them", tensor_dtype_name(call->in[0]->dtype),
                                tensor_dtype_name(call->in[i]->dtype)),
                   false;
    }
    return true;
}

as_t forward_unary(as_ctx *c, op_call *call)
{
    if (!floats(c, call, 1))
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    as_t y = tensor_new(c, x->dtype, tensor_dims(x));
    if (!context_ok(c))
        return y;
    unary_job j = {.kernel = kernels_for(x->dtype)->unary[call->code],
                   .y = y->data,
                   .x = x->data,
                   .count = x->count,
                   .pieces = pieces_of(x->count),
                   .bytes = tensor_item_bytes(x->dtype),
                   .r0 = call->attr.r[0],
                   .r1 = call->attr.r[1]};
    pool_run(j.pieces, unary_piece, &j);
    return y;
}

as_t forward_unary_gradient(as_ctx *c, as_op_code code, as_t gy, as_t x, as_t y, const as_attr *attr)
{
    gy = tensor_dense(c, gy);
    x = x ? tensor_dense(c, x) : NULL;
    as_t gx = tensor_new(c, gy->dtype, tensor_dims(gy));
    if (!context_ok(c))
        return gx;
    unary_job j = {.gradient = kernels_for(gy->dtype)->unary_gradient[code],
                   .y = gx->data,
                   .x = x ? x->data : NULL,
                   .gy = gy->data,
                   .out = y ? y->data : NULL,
                   .count = gy->count,
                   .pieces = pieces_of(gy->count),
                   .bytes = tensor_item_bytes(gy->dtype),
                   .r0 = attr->r[0],
                   .r1 = attr->r[1]};
    pool_run(j.pieces, unary_piece, &j);
    return gx;
}

/* Broadcast job: the output's rows of the inner axis, each one kernel call; a single long row is cut into
 * pieces. */
typedef struct {
    kernel_binary *kernel;
    const kernels *where;
    layout_loop loop;
    char *y;
    const char *in[LAYOUT_INPUTS];
    size_t bytes[LAYOUT_INPUTS], out_bytes;
    int64_t pieces, per_piece; /* rows, when there is more than one row */
} loop_job;

static void loop_row(const loop_job *j, int64_t row, int64_t first, int64_t n)
{
    int64_t at[LAYOUT_INPUTS], step[LAYOUT_INPUTS] = {0};
    const char *p[LAYOUT_INPUTS] = {0};
    layout_row(&j->loop, row, at);
    for (int k = 0; k < j->loop.inputs; k++) {
        step[k] = j->loop.stride[k][j->loop.rank - 1];
        p[k] = j->in[k] + (at[k] + first * step[k]) * (int64_t)j->bytes[k];
    }
    char *y = j->y + (size_t)(row * j->loop.size[j->loop.rank - 1] + first) * j->out_bytes;
    if (j->kernel)
        j->kernel(y, p[0], step[0], p[1], step[1], n);
    else
        j->where->where(y, p[0], step[0], p[1], step[1], p[2], step[2], n);
}

static void loop_piece(void *arg, int64_t piece)
{
    const loop_job *j = arg;
    int64_t n = j->loop.size[j->loop.rank - 1];
    if (j->loop.rows == 1) {
        loop_row(j, 0, piece * PIECE, piece_length(n, j->pieces, piece));
        return;
    }
    int64_t end = (piece + 1) * j->per_piece;
    for (int64_t row = piece * j->per_piece; row < end && row < j->loop.rows; row++)
        loop_row(j, row, 0, n);
}

static bool same_dense(const struct as_tensor *a, const struct as_tensor *b)
{
    return a->dense && b->dense && a->rank == b->rank &&
           memcmp(a->size, b->size, a->rank * sizeof *a->size) == 0;
}

static as_t loop_run(as_ctx *c, loop_job *j, as_dtype dtype, as_dims dims, const as_t *in, int n)
{
    as_t y = tensor_new(c, dtype, dims);
    if (!context_ok(c) || y->count == 0)
        return y;
    if (n == 2 && same_dense(in[0], in[1])) { /* the usual case, without looking at axes */
        j->loop.rank = 1;
        j->loop.inputs = 2;
        j->loop.rows = 1;
        j->loop.size[0] = y->count;
        j->loop.stride[0][0] = j->loop.stride[1][0] = 1;
    } else {
        j->loop = layout_loop_over(dims, in, n);
    }
    j->y = y->data;
    j->out_bytes = tensor_item_bytes(dtype);
    for (int k = 0; k < n; k++) {
        j->in[k] = in[k]->data;
        j->bytes[k] = tensor_item_bytes(in[k]->dtype);
    }
    int64_t inner = j->loop.size[j->loop.rank - 1];
    if (j->loop.rows == 1) {
        j->pieces = pieces_of(inner);
    } else {
        j->per_piece = inner >= PIECE ? 1 : PIECE / inner;
        j->pieces = y->count < 2 * PIECE ? 1 : (j->loop.rows + j->per_piece - 1) / j->per_piece;
        if (j->pieces == 1)
            j->per_piece = j->loop.rows;
    }
    pool_run(j->pieces, loop_piece, j);
    return y;
}

static bool broadcast(as_ctx *c, as_t a, as_t b, as_dims *out)
{
    if (same_dense(a, b)) {
        *out = tensor_dims(a);
        return true;
    }
    if (layout_broadcast(tensor_dims(a), tensor_dims(b), out))
        return true;
    char left[TENSOR_TEXT], right[TENSOR_TEXT];
    context_fail(c, "%s and %s do not broadcast", tensor_shape_text(a, left), tensor_shape_text(b, right));
    return false;
}

static bool is_comparison(as_op_code code)
{
    return code >= AS_OP_EQ && code <= AS_OP_GE;
}

as_t forward_binary(as_ctx *c, op_call *call)
{
    as_t a = call->in[0], b = call->in[1];
    bool integers = is_comparison(call->code) && a->dtype == AS_I64 && b->dtype == AS_I64;
    as_dims dims;
    if ((!integers && !floats(c, call, 2)) || !broadcast(c, a, b, &dims))
        return context_of(c)->inert;
    as_dtype out = integers ? context_of(c)->working : (as_dtype)a->dtype;
    const kernels *k = kernels_for(out);
    loop_job j = {.kernel =
                      integers ? k->compare_i64[call->code - AS_OP_ADD] : k->binary[call->code - AS_OP_ADD]};
    return loop_run(c, &j, out, dims, call->in, 2);
}

as_t forward_where(as_ctx *c, op_call *call)
{
    as_dims dims;
    if (!floats(c, call, 3) || !broadcast(c, call->in[0], call->in[1], &dims))
        return context_of(c)->inert;
    as_dims first = dims;
    if (!layout_broadcast(first, tensor_dims(call->in[2]), &dims)) {
        char left[TENSOR_TEXT], right[TENSOR_TEXT];
        return context_fail(c, "%s and %s do not broadcast", tensor_shape_text(call->in[1], left),
                            tensor_shape_text(call->in[2], right));
    }
    loop_job j = {.where = kernels_for(call->in[0]->dtype)};
    return loop_run(c, &j, (as_dtype)call->in[0]->dtype, dims, call->in, 3);
}

typedef struct {
    const kernels *k;
    char *y;
    const void *const *x;
    const double *weights;
    int terms;
    int64_t count, pieces;
    size_t bytes;
} sum_job;

#define TERMS_MAX 256

static void sum_piece(void *arg, int64_t piece)
{
    const sum_job *j = arg;
    const void *x[TERMS_MAX];
    size_t at = (size_t)(piece * PIECE) * j->bytes;
    for (int i = 0; i < j->terms; i++)
        x[i] = (const char *)j->x[i] + at;
    j->k->weighted_sum(j->y + at, x, j->weights, j->terms, piece_length(j->count, j->pieces, piece));
}

as_t forward_weighted_sum(as_ctx *c, op_call *call)
{
    int terms = call->n - 1;
    as_t weights = call->in[terms], first = call->in[0];
    if (terms < 1 || terms > TERMS_MAX)
        return context_fail(c, "%d tensors, expected 1 to %d", terms, TERMS_MAX);
    if (weights->dtype != AS_F64 || weights->rank != 1 || weights->count != terms) {
        char text[TENSOR_TEXT];
        return context_fail(c, "weights %s, expected f64[%d]", tensor_shape_text(weights, text), terms);
    }
    if (!floats(c, call, terms))
        return context_of(c)->inert;
    const void *x[TERMS_MAX];
    for (int i = 0; i < terms; i++) {
        as_dims a = tensor_dims(first), b = tensor_dims(call->in[i]);
        bool same = a.rank == b.rank;
        for (int k = 0; k < a.rank && same; k++)
            same = a.size[k] == b.size[k];
        if (!same) {
            char left[TENSOR_TEXT], right[TENSOR_TEXT];
            return context_fail(c, "%s beside %s: all tensors have one shape", tensor_shape_text(first, left),
                                tensor_shape_text(call->in[i], right));
        }
        x[i] = tensor_dense(c, call->in[i])->data;
    }
    weights = tensor_dense(c, weights);
    as_t y = tensor_new(c, first->dtype, tensor_dims(first));
    if (!context_ok(c))
        return y;
    sum_job j = {.k = kernels_for(first->dtype),
                 .y = y->data,
                 .x = x,
                 .weights = weights->data,
                 .terms = terms,
                 .count = y->count,
                 .pieces = pieces_of(y->count),
                 .bytes = tensor_item_bytes(first->dtype)};
    pool_run(j.pieces, sum_piece, &j);
    return y;
}

void forward_accumulate(as_t y, as_t x)
{
    kernels_for(y->dtype)->accumulate(y->data, x->data, y->count);
    tensor_touch(y);
}
