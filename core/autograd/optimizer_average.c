/* Averages of parameters that follow others: y += weight (x - y), one pass over each. */
#include "autograd/optimizer.h"

#include "tensor/kernels.h"
#include "tensor/pool.h"

#define PIECE 16384 /* items a thread takes at once */

typedef struct {
    as_t y, x;
    double weights[2];
} pass;

static void average_piece(void *arg, int64_t piece)
{
    const pass *w = arg;
    int64_t at = piece * PIECE, n = w->y->count - at < PIECE ? w->y->count - at : PIECE;
    size_t offset = (size_t)at * tensor_item_bytes((as_dtype)w->y->dtype);
    char *y = (char *)w->y->data + offset;
    const void *inputs[2] = {y, (const char *)w->x->data + offset};
    kernels_for((as_dtype)w->y->dtype)->weighted_sum(y, inputs, w->weights, 2, n);
}

static bool check_pair(as_ctx *c, as_t y, as_t x, int place)
{
    char want[TENSOR_TEXT], found[TENSOR_TEXT];
    bool same = x->dtype == y->dtype && x->rank == y->rank;
    for (int i = 0; same && i < y->rank; i++)
        same = x->size[i] == y->size[i];
    if (same && tensor_is_float(y) && y->dense && x->dense)
        return true;
    context_fail(c, "average: tensor %d is %s, its average %s; expected two dense floats of one shape", place,
                 tensor_shape_text(x, found), tensor_shape_text(y, want));
    return false;
}

bool optimizer_average(as_ctx *c, const as_t *y, const as_t *x, int n, double weight)
{
    for (int i = 0; i < n; i++)
        if (!context_ok(c) || !check_pair(c, y[i], x[i], i + 1))
            return false;
    for (int i = 0; i < n; i++) {
        pass w = {y[i], x[i], {1 - weight, weight}};
        pool_run((y[i]->count + PIECE - 1) / PIECE, average_piece, &w);
        tensor_touch(y[i]);
    }
    return true;
}
