/* Average pooling and resizing of images [B, C, H, W], and their transposes, which are their gradients. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <assay/tensor.h>

#include <inttypes.h>
#include <math.h>

typedef struct {
    const kernels *k;
    const kernel_window *window; /* pooling; NULL: resizing */
    const kernel_taps *rows, *columns;
    bool transposed;
    int64_t channels, in_items, out_items; /* of one image */
    size_t bytes;
    char *y;
    const char *x;
} image_job;

static void image_piece(void *arg, int64_t image)
{
    const image_job *j = arg;
    char *y = j->y + (size_t)(image * j->out_items) * j->bytes;
    const char *x = j->x + (size_t)(image * j->in_items) * j->bytes;
    if (j->window)
        (j->transposed ? j->k->avg_pool_transposed : j->k->avg_pool)(y, x, j->window);
    else
        (j->transposed ? j->k->resize_transposed : j->k->resize)(y, x, j->rows, j->columns, j->channels);
}

static as_t images_run(as_ctx *c, image_job *j, as_t x, int64_t height, int64_t width)
{
    x = tensor_dense(c, x);
    as_dims dims = AS_DIMS(x->size[0], x->size[1], height, width);
    as_t y =
        j->transposed ? tensor_full(c, (as_dtype)x->dtype, dims, 0) : tensor_new(c, (as_dtype)x->dtype, dims);
    if (!context_ok(c))
        return y;
    j->k = kernels_for(x->dtype);
    j->bytes = tensor_item_bytes(x->dtype);
    j->x = x->data, j->y = y->data;
    j->channels = x->size[1];
    j->in_items = x->size[1] * x->size[2] * x->size[3];
    j->out_items = x->size[1] * height * width;
    pool_run(j->out_items || j->transposed ? x->size[0] : 0, image_piece, j);
    return y;
}

/* The window of attr i = kernel, stride, padding over H x W; false and a failure when none fits. */
static bool window_of(as_ctx *c, const int64_t *i, int64_t channels, int64_t height, int64_t width,
                      kernel_window *w)
{
    *w = (kernel_window){.channels = channels,
                         .height = height,
                         .width = width,
                         .kernel_h = i[0],
                         .kernel_w = i[1],
                         .stride_h = i[2],
                         .stride_w = i[3],
                         .pad_h = i[4],
                         .pad_w = i[5],
                         .dilation_h = 1,
                         .dilation_w = 1};
    bool sound = i[0] > 0 && i[1] > 0 && i[2] > 0 && i[3] > 0 && i[4] >= 0 && i[5] >= 0;
    sound = sound && i[4] < i[0] && i[5] < i[1] && height + 2 * i[4] >= i[0] && width + 2 * i[5] >= i[1];
    if (!sound) {
        context_fail(c,
                     "window %" PRId64 " x %" PRId64 ", stride %" PRId64 " x %" PRId64 ", padding %" PRId64
                     " x %" PRId64 " for images of %" PRId64 " x %" PRId64,
                     i[0], i[1], i[2], i[3], i[4], i[5], height, width);
        return false;
    }
    w->out_height = (height + 2 * i[4] - i[0]) / i[2] + 1;
    w->out_width = (width + 2 * i[5] - i[1]) / i[3] + 1;
    return true;
}

as_t forward_avg_pool2d(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    kernel_window w;
    if (!tensor_is_image(c, x, "input") ||
        !window_of(c, call->attr.i, x->size[1], x->size[2], x->size[3], &w))
        return context_of(c)->inert;
    image_job j = {.window = &w};
    return images_run(c, &j, x, w.out_height, w.out_width);
}

/* i6 i7 = H W of the input */
as_t forward_avg_pool2d_input(as_ctx *c, op_call *call)
{
    as_t gy = call->in[0];
    const int64_t *i = call->attr.i;
    kernel_window w;
    if (!tensor_is_image(c, gy, "gradient") || !window_of(c, i, gy->size[1], i[6], i[7], &w))
        return context_of(c)->inert;
    if (gy->size[2] != w.out_height || gy->size[3] != w.out_width)
        return context_fail(c, "a gradient that does not fit the window");
    image_job j = {.window = &w, .transposed = true};
    return images_run(c, &j, gy, i[6], i[7]);
}

/* ---- resizing: i0 i1 = H W of the result, i2 = 1: bilinear (corners of pixels aligned), else nearest ----
 */

static bool taps_of(as_ctx *c, int64_t from, int64_t to, bool bilinear, kernel_taps *t)
{
    int64_t *places = tensor_new(c, AS_I64, AS_DIMS(2, to))->data;
    double *share = tensor_new(c, AS_F64, AS_DIMS(to))->data;
    if (!context_ok(c))
        return false;
    *t = (kernel_taps){.from = from, .to = to, .low = places, .high = places + to, .share = share};
    for (int64_t i = 0; i < to; i++) {
        double at = bilinear ? ((double)i + 0.5) * (double)from / (double)to - 0.5 : 0;
        at = at < 0 ? 0 : at;
        int64_t low = bilinear ? (int64_t)floor(at) : i * from / to;
        low = low < from ? low : from - 1;
        places[i] = low;
        places[to + i] = bilinear && low + 1 < from ? low + 1 : low;
        share[i] = bilinear ? at - (double)low : 0;
    }
    return true;
}

static as_t resize(as_ctx *c, op_call *call, int64_t height, int64_t width, int64_t to_height,
                   int64_t to_width, bool transposed)
{
    kernel_taps rows, columns;
    if (height < 1 || width < 1 || to_height < 1 || to_width < 1)
        return context_fail(c, "from %" PRId64 " x %" PRId64 " to %" PRId64 " x %" PRId64, height, width,
                            to_height, to_width);
    if (!taps_of(c, height, to_height, call->attr.i[2] != 0, &rows) ||
        !taps_of(c, width, to_width, call->attr.i[2] != 0, &columns))
        return context_of(c)->inert;
    image_job j = {.rows = &rows, .columns = &columns, .transposed = transposed};
    return images_run(c, &j, call->in[0], transposed ? height : to_height, transposed ? width : to_width);
}

as_t forward_resize2d(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    if (!tensor_is_image(c, x, "input"))
        return context_of(c)->inert;
    return resize(c, call, x->size[2], x->size[3], call->attr.i[0], call->attr.i[1], false);
}

/* i3 i4 = H W of resize2d's input */
as_t forward_resize2d_input(as_ctx *c, op_call *call)
{
    as_t gy = call->in[0];
    if (!tensor_is_image(c, gy, "gradient"))
        return context_of(c)->inert;
    return resize(c, call, call->attr.i[3], call->attr.i[4], gy->size[2], gy->size[3], true);
}
