/* The windows of images side by side: what a convolution multiplies by its weight. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

typedef struct {
    const kernels *k;
    kernel_window window;
    const char *x;
    char *y;
    size_t in_bytes, out_bytes; /* of one image */
} unfold_job;

static void unfold_piece(void *arg, int64_t image)
{
    const unfold_job *j = arg;
    j->k->im2col(j->y + (size_t)image * j->out_bytes, j->x + (size_t)image * j->in_bytes, &j->window);
}

as_t forward_unfold(as_ctx *c, as_t x, const as_attr *attr, int64_t kernel_h, int64_t kernel_w, int64_t out_h,
                    int64_t out_w)
{
    const int64_t *i = attr->i;
    int64_t groups = i[6], channels = x->size[1] / groups;
    x = tensor_dense(c, x);
    as_dims dims = {3, {x->size[0] * groups, channels * kernel_h * kernel_w, out_h * out_w}};
    as_t y = tensor_new(c, (as_dtype)x->dtype, dims);
    if (!context_ok(c) || y->count == 0)
        return y;
    size_t bytes = tensor_item_bytes((as_dtype)x->dtype);
    unfold_job j = {.k = kernels_for(x->dtype),
                    .window = {.channels = channels,
                               .height = x->size[2],
                               .width = x->size[3],
                               .out_height = out_h,
                               .out_width = out_w,
                               .kernel_h = kernel_h,
                               .kernel_w = kernel_w,
                               .stride_h = i[0],
                               .stride_w = i[1],
                               .pad_h = i[2],
                               .pad_w = i[3],
                               .dilation_h = i[4],
                               .dilation_w = i[5]},
                    .x = x->data,
                    .y = y->data,
                    .in_bytes = (size_t)(channels * x->size[2] * x->size[3]) * bytes,
                    .out_bytes = (size_t)(dims.size[1] * dims.size[2]) * bytes};
    pool_run(dims.size[0], unfold_piece, &j);
    return y;
}
