/* Convolution: unfolds each image (im2col) and multiplies; images are cut into at
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
    const char *bias;     /* [out_channels of all groups] or NULL */
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

/* Each channel of a group's result filled with its bias. */
static void start_from_bias(const conv_job *j, char *y, int64_t g)
{
    for (int64_t o = 0; o < j->out_channels; o++) {
        const char *bias = j->bias + (size_t)(g * j->out_channels + o) * j->bytes;
        float *f = (float *)y + o * places(j);
        double *d = (double *)y + o * places(j);
        for (int64_t i = 0; i < places(j); i++)
            if (j->dtype == AS_F32)
                f[i] = *(const float *)bias;
            else
                d[i] = *(const double *)bias;
    }
}

/* A kernel of one item that takes every place: the image is its own unfolding. */
static bool is_pointwise(const kernel_window *w)
{
    return w->kernel_h == 1 && w->kernel_w == 1 && w->stride_h == 1 && w->stride_w == 1 && w->pad_h == 0 &&
           w->pad_w == 0;
}

static const char *unfolded(const conv_job *j, char *columns, int64_t b, int64_t g)
{
    if (is_pointwise(&j->window))
        return image_at(j, b, g);
    j->k->im2col(columns, image_at(j, b, g), &j->window);
    return columns;
}

static void forward_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *scratch = j->scratch + (size_t)piece * j->scratch_bytes;
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            const char *columns = unfolded(j, scratch, b, g);
            if (j->bias)
                start_from_bias(j, result_at(j, b, g), g);
            gemm(j, false, false, j->out_channels, places(j), window_rows(j), weight_at(j, j->w, g),
                 window_rows(j), columns, places(j), j->bias ? 1 : 0, result_at(j, b, g));
        }
}

static void input_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *scratch = j->scratch + (size_t)piece * j->scratch_bytes;
    bool direct = is_pointwise(&j->window);
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            gemm(j, true, false, window_rows(j), places(j), j->out_channels, weight_at(j, j->w, g),
                 window_rows(j), result_at(j, b, g), places(j), 0, direct ? image_at(j, b, g) : scratch);
            if (!direct)
                j->k->col2im(image_at(j, b, g), scratch, &j->window);
        }
}

static void weight_piece(void *arg, int64_t piece)
{
    const conv_job *j = arg;
    char *scratch = j->scratch + (size_t)piece * j->scratch_bytes;
    char *sum = j->sums + (size_t)piece * j->weight_items * j->bytes;
    memset(sum, 0, j->weight_items * j->bytes);
    for (int64_t b = first_image(j, piece); b < first_image(j, piece + 1); b++)
        for (int64_t g = 0; g < j->groups; g++) {
            const char *columns = unfolded(j, scratch, b, g);
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
                          .bias = (const float *)j->bias,
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
    if (call->n != 2 && call->n != 3)
        return context_fail(c, "%d tensors, expected an input, a weight and, if there is one, a bias",
                            call->n);
    as_t x = call->in[0], w = call->in[1], b = call->n == 3 ? call->in[2] : NULL;
    char text[TENSOR_TEXT];
    conv_job j = {0};
    if (!tensor_is_image(c, x, "input") || !tensor_is_image(c, w, "weight") ||
        !conv_setup(c, tensor_dims(x), tensor_dims(w), (as_dtype)x->dtype, &call->attr, &j))
        return context_of(c)->inert;
    if (x->dtype != w->dtype)
        return context_fail(c, "input and weight of different dtypes");
    if (b && (b->rank != 1 || b->size[0] != w->size[0] || b->dtype != w->dtype))
        return context_fail(c, "bias %s, expected [%" PRId64 "] of the weight's dtype",
                            tensor_shape_text(b, text), w->size[0]);
    x = tensor_dense(c, x);
    w = tensor_dense(c, w);
    b = b ? tensor_dense(c, b) : NULL;
    as_dims out = {4, {x->size[0], w->size[0], j.window.out_height, j.window.out_width}};
    as_t y = tensor_new(c, (as_dtype)x->dtype, out);
    if (!context_ok(c) || y->count == 0)
        return y;
    j.x = x->data, j.w = w->data, j.y = y->data, j.bias = b ? b->data : NULL;
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
    if (!tensor_is_image(c, gy, "gradient") || !tensor_is_image(c, w, "weight"))
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
    if (!tensor_is_image(c, gy, "gradient") || !tensor_is_image(c, x, "input"))
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
