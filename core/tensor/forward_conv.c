/* Convolution and max pooling. Convolution unfolds each image (im2col) and multiplies; images are cut into at
 * most PIECES pieces by the batch alone, each with its own scratch, so bits do not depend on threads. */
#include "tensor/alloc.h"
#include "tensor/forward.h"
#include "tensor/gemm.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"
#include "tensor/winograd.h"

#include <inttypes.h>
#include <string.h>

#define PIECES 8

typedef struct {
    const kernels *k;
    kernel_window window;                /* one group of one image */
    int64_t batch, groups, out_channels; /* out_channels of one group */
    int64_t pieces;
    as_dtype dtype;
    size_t bytes;
    char *x, *w, *y;      /* one of them is the result */
    char *scratch, *sums; /* a piece's unfolded image; a piece's weight gradient */
    size_t scratch_bytes, weight_items;
} conv_job;

static int64_t window_rows(const conv_job *j)
{
    return j->window.channels * j->window.kernel_h * j->window.kernel_w;
}

static int64_t places(const conv_job *j)
{
    return j->window.out_height * j->window.out_width;
}

static char *image_at(const conv_job *j, int64_t b, int64_t g)
{
    int64_t items = j->window.channels * j->window.height * j->window.width;
    return j->x + (size_t)((b * j->groups + g) * items) * j->bytes;
}

static char *result_at(const conv_job *j, int64_t b, int64_t g)
{
    return j->y + (size_t)((b * j->groups + g) * j->out_channels * places(j)) * j->bytes;
}

static char *weight_at(const conv_job *j, char *w, int64_t g)
{
    return w + (size_t)(g * j->out_channels * window_rows(j)) * j->bytes;
}

static void gemm(const conv_job *j, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const char *a,
                 int64_t lda, const char *b, int64_t ldb, double beta, char *y)
{
    if (j->dtype == AS_F32)
        gemm_f32(ta, tb, m, n, k, 1, (const float *)a, lda, (const float *)b, ldb, (float)beta, (float *)y,
                 n);
    else
        gemm_f64(ta, tb, m, n, k, 1, (const double *)a, lda, (const double *)b, ldb, beta, (double *)y, n);
}

static int64_t first_image(const conv_job *j, int64_t piece)
{
    return j->batch * piece / j->pieces;
}

static void forward_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *columns = j->scratch + (size_t)piece * j->scratch_bytes;
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            j->k->im2col(columns, image_at(j, b, g), &j->window);
            gemm(j, false, false, j->out_channels, places(j), window_rows(j), weight_at(j, j->w, g),
                 window_rows(j), columns, places(j), 0, result_at(j, b, g));
        }
}

static void input_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *columns = j->scratch + (size_t)piece * j->scratch_bytes;
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            gemm(j, true, false, window_rows(j), places(j), j->out_channels, weight_at(j, j->w, g),
                 window_rows(j), result_at(j, b, g), places(j), 0, columns);
            j->k->col2im(image_at(j, b, g), columns, &j->window);
        }
}

static void weight_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *columns = j->scratch + (size_t)piece * j->scratch_bytes;
    char *sum = j->sums + (size_t)piece * j->weight_items * j->bytes;
    memset(sum, 0, j->weight_items * j->bytes);
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            j->k->im2col(columns, image_at(j, b, g), &j->window);
            gemm(j, false, true, j->out_channels, window_rows(j), places(j), result_at(j, b, g), places(j),
                 columns, places(j), 1, weight_at(j, sum, g));
        }
}

/* Sizes and options of x [B,C,H,W], w [O,C/groups,kh,kw] as dims, checked. attr: stride, padding, dilation,
 * groups. */
static bool conv_setup(as_ctx *c, as_dims x, as_dims w, as_dtype dtype, const as_attr *attr, conv_job *j)
{
    const int64_t *i = attr->i;
    int64_t groups = i[6];
    if (i[0] < 1 || i[1] < 1 || i[2] < 0 || i[3] < 0 || i[4] < 1 || i[5] < 1 || groups < 1)
        return context_fail(c, "stride and dilation from 1, padding from 0, groups from 1"), false;
    if (x.size[1] != w.size[1] * groups || w.size[0] % groups)
        return context_fail(c,
                            "input of %" PRId64 " channels, weight [%" PRId64 ",%" PRId64 ",...] in %" PRId64
                            " groups takes %" PRId64,
                            x.size[1], w.size[0], w.size[1], groups, w.size[1] * groups),
               false;
    j->window = (kernel_window){.channels = w.size[1],
                                .height = x.size[2],
                                .width = x.size[3],
                                .kernel_h = w.size[2],
                                .kernel_w = w.size[3],
                                .stride_h = i[0],
                                .stride_w = i[1],
                                .pad_h = i[2],
                                .pad_w = i[3],
                                .dilation_h = i[4],
                                .dilation_w = i[5]};
    int64_t room_h = x.size[2] + 2 * i[2] - i[4] * (w.size[2] - 1) - 1;
    int64_t room_w = x.size[3] + 2 * i[3] - i[5] * (w.size[3] - 1) - 1;
    if (room_h < 0 || room_w < 0 || w.size[2] < 1 || w.size[3] < 1)
        return context_fail(c, "a %" PRId64 "x%" PRId64 " kernel on a padded image of %" PRId64 "x%" PRId64,
                            w.size[2], w.size[3], x.size[2] + 2 * i[2], x.size[3] + 2 * i[3]),
               false;
    j->window.out_height = room_h / i[0] + 1;
    j->window.out_width = room_w / i[1] + 1;
    j->k = kernels_for(dtype);
    j->dtype = dtype;
    j->bytes = tensor_item_bytes(dtype);
    j->batch = x.size[0];
    j->groups = groups;
    j->out_channels = w.size[0] / groups;
    j->pieces = j->batch < PIECES ? j->batch : PIECES;
    j->scratch_bytes = (size_t)(window_rows(j) * places(j)) * j->bytes;
    j->scratch_bytes = (j->scratch_bytes + 63) / 64 * 64;
    j->weight_items = (size_t)(w.size[0] * w.size[1] * w.size[2] * w.size[3]);
    return true;
}

static bool is_image(as_ctx *c, as_t x, const char *what)
{
    if (x->rank == 4 && tensor_is_float(x))
        return true;
    char text[TENSOR_TEXT];
    context_fail(c, "%s %s, expected a float of four axes", what, tensor_shape_text(x, text));
    return false;
}

/* The same work by Winograd's way, where that pays: 1 done, 0 not for this shape, -1 out of memory. */
static int by_winograd(as_ctx *c, const conv_job *j, bool (*f)(const winograd_call *, float *), char *result)
{
    if (!winograd_serves(j->dtype, &j->window, j->groups, j->out_channels))
        return 0;
    winograd_call call = {.window = j->window,
                          .batch = j->batch,
                          .out_channels = j->out_channels,
                          .x = (const float *)j->x,
                          .w = (const float *)j->w,
                          .gy = (const float *)j->y};
    if (f(&call, (float *)result))
        return 1;
    context_fail(c, "out of memory: scratch of a convolution");
    return -1;
}

/* Runs the pieces with scratch; false and a failure when there is no memory for it. */
static bool conv_run(as_ctx *c, conv_job *j, void (*piece)(void *, int64_t))
{
    size_t bytes = (size_t)j->pieces * j->scratch_bytes;
    j->scratch = alloc_get(bytes);
    if (!j->scratch)
        return context_fail(c, "out of memory: scratch of %zu bytes", bytes), false;
    pool_run(j->pieces, piece, j);
    alloc_put(j->scratch, bytes);
    return true;
}

as_t forward_conv2d(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], w = call->in[1];
    conv_job j = {0};
    if (!is_image(c, x, "input") || !is_image(c, w, "weight") ||
        !conv_setup(c, tensor_dims(x), tensor_dims(w), (as_dtype)x->dtype, &call->attr, &j))
        return context_of(c)->inert;
    if (x->dtype != w->dtype)
        return context_fail(c, "input and weight of different dtypes");
    x = tensor_dense(c, x);
    w = tensor_dense(c, w);
    as_dims out = {4, {x->size[0], w->size[0], j.window.out_height, j.window.out_width}};
    as_t y = tensor_new(c, (as_dtype)x->dtype, out);
    if (!context_ok(c) || y->count == 0)
        return y;
    j.x = x->data, j.w = w->data, j.y = y->data;
    if (by_winograd(c, &j, winograd_forward, j.y) == 0)
        conv_run(c, &j, forward_piece);
    return context_ok(c) ? y : context_of(c)->inert;
}

/* The gradient's sizes are what the forward convolution would give. */
static bool fits_result(as_ctx *c, const conv_job *j, as_t gy)
{
    if (gy->size[0] == j->batch && gy->size[1] == j->out_channels * j->groups &&
        gy->size[2] == j->window.out_height && gy->size[3] == j->window.out_width)
        return true;
    char text[TENSOR_TEXT];
    context_fail(c, "gradient %s, expected [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "]",
                 tensor_shape_text(gy, text), j->batch, j->out_channels * j->groups, j->window.out_height,
                 j->window.out_width);
    return false;
}

as_t forward_conv2d_input(as_ctx *c, op_call *call)
{
    as_t gy = call->in[0], w = call->in[1];
    conv_job j = {0};
    if (!is_image(c, gy, "gradient") || !is_image(c, w, "weight"))
        return context_of(c)->inert;
    as_dims x = {4, {gy->size[0], w->size[1] * call->attr.i[6], call->attr.i[7], call->attr.i[8]}};
    if (gy->dtype != w->dtype)
        return context_fail(c, "gradient and weight of different dtypes");
    if (!conv_setup(c, x, tensor_dims(w), (as_dtype)w->dtype, &call->attr, &j) || !fits_result(c, &j, gy))
        return context_of(c)->inert;
    gy = tensor_dense(c, gy);
    w = tensor_dense(c, w);
    as_t gx = tensor_new(c, (as_dtype)w->dtype, x);
    if (!context_ok(c) || gx->count == 0)
        return gx;
    j.x = gx->data, j.w = w->data, j.y = gy->data;
    if (by_winograd(c, &j, winograd_input_gradient, j.x) == 0) {
        memset(j.x, 0, (size_t)gx->count * j.bytes); /* col2im adds */
        conv_run(c, &j, input_piece);
    }
    return context_ok(c) ? gx : context_of(c)->inert;
}

as_t forward_conv2d_weight(as_ctx *c, op_call *call)
{
    as_t x = call->in[0], gy = call->in[1];
    conv_job j = {0};
    if (!is_image(c, gy, "gradient") || !is_image(c, x, "input"))
        return context_of(c)->inert;
    as_dims w = {4,
                 {gy->size[1], call->attr.i[6] > 0 ? x->size[1] / call->attr.i[6] : 0, call->attr.i[7],
                  call->attr.i[8]}};
    if (gy->dtype != x->dtype)
        return context_fail(c, "gradient and input of different dtypes");
    if (!conv_setup(c, tensor_dims(x), w, (as_dtype)x->dtype, &call->attr, &j) || !fits_result(c, &j, gy))
        return context_of(c)->inert;
    x = tensor_dense(c, x);
    gy = tensor_dense(c, gy);
    as_t gw = tensor_full(c, (as_dtype)x->dtype, w, 0);
    if (!context_ok(c) || j.pieces == 0)
        return gw;
    j.x = x->data, j.y = gy->data;
    if (by_winograd(c, &j, winograd_weight_gradient, gw->data) != 0)
        return context_ok(c) ? gw : context_of(c)->inert;
    size_t bytes = (size_t)j.pieces * j.weight_items * j.bytes;
    j.sums = alloc_get(bytes);
    if (!j.sums)
        return context_fail(c, "out of memory: %zu bytes of partial sums", bytes);
    bool ok = conv_run(c, &j, weight_piece);
    for (int64_t p = 0; ok && p < j.pieces; p++)
        j.k->accumulate(gw->data, j.sums + (size_t)p * j.weight_items * j.bytes, (int64_t)j.weight_items);
    alloc_put(j.sums, bytes);
    return ok ? gw : context_of(c)->inert;
}

/* ---- max pooling: one image is one channel plane group of an item ---- */

typedef struct {
    const kernels *k;
    kernel_window window;
    const char *x;
    char *y;
    int64_t *place;
    size_t bytes;
} pool_job;

static void pool_piece(void *arg, int64_t b)
{
    const pool_job *j = arg;
    const kernel_window *w = &j->window;
    size_t in = (size_t)(b * w->channels * w->height * w->width) * j->bytes;
    size_t out = (size_t)(b * w->channels * w->out_height * w->out_width);
    j->k->max_pool(j->y + out * j->bytes, j->place ? j->place + out : NULL, j->x + in, w);
}

/* Maxima of x and, if wanted, their places; NULL after a failure. */
static as_t pooled(as_ctx *c, as_t x, const as_attr *attr, as_t *place, kernel_window *window)
{
    const int64_t *i = attr->i;
    if (!is_image(c, x, "input"))
        return NULL;
    if (i[0] < 1 || i[1] < 1 || i[2] < 1 || i[3] < 1 || i[4] < 0 || i[5] < 0 || 2 * i[4] > i[0] ||
        2 * i[5] > i[1])
        return context_fail(c, "kernel and stride from 1, padding from 0 to half the kernel"), NULL;
    int64_t room_h = x->size[2] + 2 * i[4] - i[0], room_w = x->size[3] + 2 * i[5] - i[1];
    char text[TENSOR_TEXT];
    if (room_h < 0 || room_w < 0)
        return context_fail(c, "a window of %" PRId64 "x%" PRId64 " on %s", i[0], i[1],
                            tensor_shape_text(x, text)),
               NULL;
    *window = (kernel_window){.channels = x->size[1],
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
                              .dilation_w = 1};
    x = tensor_dense(c, x);
    as_dims dims = {4, {x->size[0], x->size[1], window->out_height, window->out_width}};
    as_t y = tensor_new(c, (as_dtype)x->dtype, dims);
    if (place)
        *place = tensor_new(c, AS_I64, dims);
    if (!context_ok(c))
        return NULL;
    pool_job j = {.k = kernels_for(x->dtype),
                  .window = *window,
                  .x = x->data,
                  .y = y->data,
                  .place = place ? (*place)->data : NULL,
                  .bytes = tensor_item_bytes(x->dtype)};
    pool_run(y->count ? x->size[0] : 0, pool_piece, &j);
    return y;
}

as_t forward_max_pool2d(as_ctx *c, op_call *call)
{
    kernel_window w;
    as_t y = pooled(c, call->in[0], &call->attr, NULL, &w);
    return y ? y : context_of(c)->inert;
}

/* gx[place] += gy, or out = v[place]: planes of windows flattened to one axis. */
as_t forward_max_pool2d_input(as_ctx *c, op_call *call)
{
    kernel_window w;
    as_t x = call->in[0], gy = call->in[1], place;
    as_t y = pooled(c, x, &call->attr, &place, &w);
    if (!y)
        return context_of(c)->inert;
    char text[TENSOR_TEXT];
    if (gy->rank != 4 || gy->count != y->count || gy->dtype != x->dtype)
        return context_fail(c, "gradient %s does not have the result's shape", tensor_shape_text(gy, text));
    gy = tensor_dense(c, gy);
    as_t gx = tensor_full(c, (as_dtype)x->dtype, tensor_dims(x), 0);
    if (context_ok(c))
        kernels_for(x->dtype)->scatter_add(gx->data, gy->data, place->data, x->size[0] * x->size[1],
                                           w.height * w.width, w.out_height * w.out_width, 1);
    return gx;
}

as_t forward_max_pool2d_pick(as_ctx *c, op_call *call)
{
    kernel_window w;
    as_t x = call->in[0], v = call->in[1], place;
    as_t y = pooled(c, x, &call->attr, &place, &w);
    if (!y)
        return context_of(c)->inert;
    char text[TENSOR_TEXT];
    if (v->rank != 4 || v->count != x->count || v->dtype != x->dtype)
        return context_fail(c, "%s does not have the input's shape", tensor_shape_text(v, text));
    v = tensor_dense(c, v);
    if (context_ok(c))
        kernels_for(x->dtype)->gather(y->data, v->data, place->data, x->size[0] * x->size[1],
                                      w.height * w.width, w.out_height * w.out_width, 1);
    return y;
}
