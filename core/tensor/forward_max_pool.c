/* Max pooling, its gradient, and the items of another tensor at the places of its maxima. A piece of pool
 * work is one image. */
#include "tensor/alloc.h"
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <inttypes.h>

#define PIECES 8 /* of the gradient, with scratch of one image each */

typedef struct {
    const kernels *k;
    kernel_window window;
    int64_t batch, pieces;
    const char *x, *v; /* v: gy, or what is picked from */
    char *y;           /* the result, of any of the three */
    char *scratch;
    size_t bytes;
} job;

static size_t in_items(const kernel_window *w)
{
    return (size_t)(w->channels * w->height * w->width);
}

static size_t out_items(const kernel_window *w)
{
    return (size_t)(w->channels * w->out_height * w->out_width);
}

/* A piece's scratch: maxima and their places of one image. */
static size_t scratch_bytes(const kernel_window *w)
{
    return out_items(w) * (sizeof(double) + sizeof(int64_t));
}

/* Options and input checked, and what they say of one image. */
static bool setup(as_ctx *c, as_t x, const as_attr *attr, job *j)
{
    const int64_t *i = attr->i;
    if (!tensor_is_image(c, x, "input"))
        return false;
    if (i[0] < 1 || i[1] < 1 || i[2] < 1 || i[3] < 1 || i[4] < 0 || i[5] < 0 || 2 * i[4] > i[0] ||
        2 * i[5] > i[1])
        return context_fail(c, "kernel and stride from 1, padding from 0 to half the kernel"), false;
    int64_t room_h = x->size[2] + 2 * i[4] - i[0], room_w = x->size[3] + 2 * i[5] - i[1];
    char text[TENSOR_TEXT];
    if (room_h < 0 || room_w < 0)
        return context_fail(c, "a window of %" PRId64 "x%" PRId64 " on %s", i[0], i[1],
                            tensor_shape_text(x, text)),
               false;
    *j = (job){.k = kernels_for((as_dtype)x->dtype),
               .window = {.channels = x->size[1],
                          .height = x->size[2],
                          .width = x->size[3],
                          .out_height = room_h / i[2] + 1,
                          .out_width = room_w / i[3] + 1,
                          .kernel_h = i[0],
                          .kernel_w = i[1],
                          .stride_h = i[2],
                          .stride_w = i[3],
                          .pad_h = i[4],
                          .pad_w = i[5],
                          .dilation_h = 1,
                          .dilation_w = 1},
               .batch = x->size[0],
               .pieces = x->size[0] < PIECES ? x->size[0] : PIECES,
               .bytes = tensor_item_bytes((as_dtype)x->dtype)};
    return true;
}

static as_dims out_dims(const job *j)
{
    return (as_dims){4, {j->batch, j->window.channels, j->window.out_height, j->window.out_width}};
}

/* Runs a piece for each image, or for each of `pieces` with scratch; the result y or, after a failure, the
 * inert tensor. */
static as_t run(as_ctx *c, job *j, as_t y, bool scratch, void (*piece)(void *, int64_t))
{
    if (!context_ok(c) || !y->count)
        return y;
    j->y = y->data;
    size_t bytes = scratch ? (size_t)j->pieces * scratch_bytes(&j->window) : 0;
    j->scratch = scratch ? alloc_get(bytes) : NULL;
    if (scratch && !j->scratch)
        return context_fail(c, "out of memory: scratch of %zu bytes", bytes);
    pool_run(scratch ? j->pieces : j->batch, piece, j);
    alloc_put(j->scratch, bytes);
    return y;
}

static void pool_piece(void *arg, int64_t b)
{
    const job *j = arg;
    j->k->max_pool(j->y + (size_t)b * out_items(&j->window) * j->bytes, NULL,
                   j->x + (size_t)b * in_items(&j->window) * j->bytes, &j->window);
}

as_t forward_max_pool2d(as_ctx *c, op_call *call)
{
    job j;
    if (!setup(c, call->in[0], &call->attr, &j))
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    j.x = x->data;
    return run(c, &j, tensor_new(c, (as_dtype)x->dtype, out_dims(&j)), false, pool_piece);
}

static void gradient_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    size_t in = in_items(&j->window) * j->bytes, out = out_items(&j->window) * j->bytes;
    int64_t *place = (int64_t *)(void *)(j->scratch + (size_t)piece * scratch_bytes(&j->window));
    for (int64_t b = j->batch * piece / j->pieces; b < j->batch * (piece + 1) / j->pieces; b++)
        j->k->max_pool_gradient(j->y + (size_t)b * in, j->v + (size_t)b * out, j->x + (size_t)b * in,
                                &j->window, place + out_items(&j->window), place);
}

/* gx[place] += gy */
as_t forward_max_pool2d_input(as_ctx *c, op_call *call)
{
    job j;
    as_t x = call->in[0], gy = call->in[1];
    if (!setup(c, x, &call->attr, &j))
        return context_of(c)->inert;
    char text[TENSOR_TEXT];
    if (gy->rank != 4 || gy->count != j.batch * (int64_t)out_items(&j.window) || gy->dtype != x->dtype)
        return context_fail(c, "gradient %s does not have the result's shape", tensor_shape_text(gy, text));
    x = tensor_dense(c, x);
    gy = tensor_dense(c, gy);
    j.x = x->data, j.v = gy->data;
    return run(c, &j, tensor_new(c, (as_dtype)x->dtype, tensor_dims(x)), true, gradient_piece);
}

static void pick_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    const kernel_window *w = &j->window;
    size_t in = in_items(w) * j->bytes, out = out_items(w) * j->bytes;
    int64_t *place = (int64_t *)(void *)(j->scratch + (size_t)piece * scratch_bytes(w));
    for (int64_t b = j->batch * piece / j->pieces; b < j->batch * (piece + 1) / j->pieces; b++) {
        j->k->max_pool(place + out_items(w), place, j->x + (size_t)b * in, w);
        j->k->gather(j->y + (size_t)b * out, j->v + (size_t)b * in, place, w->channels, w->height * w->width,
                     w->out_height * w->out_width, 1);
    }
}

/* y = v[place] */
as_t forward_max_pool2d_pick(as_ctx *c, op_call *call)
{
    job j;
    as_t x = call->in[0], v = call->in[1];
    if (!setup(c, x, &call->attr, &j))
        return context_of(c)->inert;
    char text[TENSOR_TEXT];
    if (v->rank != 4 || v->count != x->count || v->dtype != x->dtype)
        return context_fail(c, "%s does not have the input's shape", tensor_shape_text(v, text));
    x = tensor_dense(c, x);
    v = tensor_dense(c, v);
    j.x = x->data, j.v = v->data;
    return run(c, &j, tensor_new(c, (as_dtype)x->dtype, out_dims(&j)), true, pick_piece);
}
