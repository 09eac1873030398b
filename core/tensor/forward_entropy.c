/* Cross-entropy of rows in one pass. Where the tape will ask for a gradient, the same pass leaves that of the
 * losses' mean, which is mostly what it asks for; any other is found from the losses. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <inttypes.h>

#define PIECE 32768 /* items read by one piece */

typedef struct {
    const kernels *k;
    int64_t rows, n, per_piece;
    size_t bytes;
    char *y, *gx;
    const char *x, *gy, *loss;
    const int64_t *label;
    double smoothing, factor;
} entropy_job;

static void piece_of(void *arg, int64_t piece)
{
    const entropy_job *j = arg;
    int64_t first = piece * j->per_piece, rows = j->rows - first;
    rows = rows < j->per_piece ? rows : j->per_piece;
    size_t row = (size_t)first * j->bytes, at = row * (size_t)j->n;
    if (j->gy)
        j->k->cross_entropy_gradient(j->gx + at, j->gy + row, j->x + at, j->loss + row, j->label + first,
                                     rows, j->n, j->smoothing);
    else
        j->k->cross_entropy(j->y + row, j->gx ? j->gx + at : NULL, j->x + at, j->label + first, rows, j->n,
                            j->smoothing, j->factor);
}

static void entropy_run(entropy_job *j, as_t x)
{
    j->k = kernels_for(x->dtype);
    j->bytes = tensor_item_bytes(x->dtype);
    j->x = x->data;
    j->n = x->size[x->rank - 1];
    j->rows = x->count / j->n;
    j->per_piece = j->n >= PIECE ? 1 : PIECE / j->n;
    if (x->count < 2 * PIECE)
        j->per_piece = j->rows > 0 ? j->rows : 1;
    pool_run((j->rows + j->per_piece - 1) / j->per_piece, piece_of, j);
}

static bool labels_fit(as_ctx *c, as_t x, as_t label)
{
    char a[TENSOR_TEXT], b[TENSOR_TEXT];
    bool fits = tensor_is_float(x) && x->rank == label->rank + 1 && label->dtype == AS_I64 &&
                x->size[x->rank - 1] > 0;
    for (int i = 0; i < label->rank && fits; i++)
        fits = x->size[i] == label->size[i];
    if (!fits)
        context_fail(c, "logits %s, labels %s: expected floats [..., C] and i64 [...]",
                     tensor_shape_text(x, a), tensor_shape_text(label, b));
    return fits;
}

static bool labels_in_range(as_ctx *c, as_t label, int64_t classes)
{
    const int64_t *at = label->data;
    for (int64_t i = 0; i < label->count; i++)
        if (at[i] < 0 || at[i] >= classes) {
            context_fail(c, "label %" PRId64 " at place %" PRId64 ", expected 0 <= label < %" PRId64, at[i],
                         i, classes);
            return false;
        }
    return true;
}

/* logits [..., C], labels i64 [...] -> [...]; r0 = smoothing */
as_t forward_cross_entropy(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], label = call->in[1];
    if (!labels_fit(c, x, label))
        return context_of(c)->inert;
    x = tensor_dense(c, x), label = tensor_dense(c, label);
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(label));
    if (!context_ok(c) || !labels_in_range(c, label, x->size[x->rank - 1]))
        return context_of(c)->inert;
    entropy_job j = {.y = y->data, .label = label->data, .smoothing = call->attr.r[0]};
    if (call->records && x->count) {
        call->found = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
        if (!context_ok(c))
            return y;
        j.gx = call->found->data;
        j.factor = 1 / (double)label->count;
    }
    entropy_run(&j, x);
    return y;
}

/* Whether gy, dense, asks for the gradient of the mean. */
static bool is_of_mean(const struct as_tensor *gy)
{
    const double each = 1 / (double)gy->count;
    int64_t i = 0;
    if (gy->dtype == AS_F32)
        while (i < gy->count && ((const float *)gy->data)[i] == (float)each)
            i++;
    else
        while (i < gy->count && ((const double *)gy->data)[i] == each)
            i++;
    return i == gy->count;
}

as_t forward_cross_entropy_gradient(as_ctx *c, const op_call *call, as_t gy, as_t loss)
{
    gy = tensor_dense(c, gy);
    if (call->found && context_ok(c) && is_of_mean(gy))
        return tensor_alias(c, call->found);
    as_t x = tensor_dense(c, call->in[0]), label = tensor_dense(c, call->in[1]);
    as_t gx = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    if (!context_ok(c))
        return gx;
    entropy_job j = {.gx = gx->data,
                     .gy = gy->data,
                     .loss = loss->data,
                     .label = label->data,
                     .smoothing = call->attr.r[0]};
    entropy_run(&j, x);
    return gx;
}
