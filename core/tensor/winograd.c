#include "tensor/winograd.h"

#include "tensor/alloc.h"
#include "tensor/gemm.h"
#include "tensor/pool.h"

#define PIECES 8          /* of the batch, by the batch alone: bits do not depend on threads */
#define PLANES 36         /* values of a transformed tile */
#define LEAST_CHANNELS 16 /* fewer, and the transforms cost more than the products save */
/* Items between planes beside the values: planes of whole pages would fall on the same places of the cache.
 */
#define GAP 16
#define CHUNK_ITEMS 400000 /* transformed values worked on at once: the second-level cache and a bit */

/* The two sides of the convolution that is computed, and what is laid out for it. */
typedef struct {
    const kernels *k;
    kernel_tiles in, out;
    int64_t batch, pieces, together; /* images of a chunk */
    const float *x, *gy, *bias;
    float *y;
    float *filters;       /* [36][in][out] */
    float *scratch;       /* a piece's: V, M or Z, one image of either side, sums of weights */
    size_t scratch_items; /* of a piece */
} job;

bool winograd_serves(as_dtype dtype, const kernel_window *w, int64_t groups, int64_t out_channels)
{
    return dtype == AS_F32 && groups == 1 && w->kernel_h == 3 && w->kernel_w == 3 && w->stride_h == 1 &&
           w->stride_w == 1 && w->dilation_h == 1 && w->dilation_w == 1 && w->pad_h == w->pad_w &&
           w->pad_h <= 2 && w->channels >= LEAST_CHANNELS && out_channels >= LEAST_CHANNELS &&
           w->out_height >= 4 && w->out_width >= 4;
}

static int64_t tiles(const job *j)
{
    return j->in.rows * j->in.columns;
}

static size_t filter_items(const job *j)
{
    return (size_t)(PLANES * (j->in.stride * j->out.stride));
}

/* From one plane of n transformed tiles to the next. */
static int64_t plane_of(const kernel_tiles *side, int64_t n)
{
    return n * side->stride + GAP;
}

static kernel_filters filters_of(const job *j)
{
    return (kernel_filters){j->out.channels, j->in.channels, j->out.stride, j->in.stride};
}

typedef struct {
    float *v, *m, *image, *sums;
    int64_t first, last; /* images */
} piece_of;

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static size_t image_items(const job *j)
{
    int64_t in = (j->in.height * j->in.width + 1) * j->in.stride;
    int64_t out = (j->in.out_height * j->in.out_width + 1) * j->out.stride;
    return (size_t)larger(in, out);
}

static piece_of piece_at(const job *j, int64_t piece)
{
    float *base = j->scratch + (size_t)piece * j->scratch_items;
    int64_t most = j->together * tiles(j);
    float *m = base + PLANES * plane_of(&j->in, most), *image = m + PLANES * plane_of(&j->out, most);
    return (piece_of){.v = base,
                      .m = m,
                      .image = image,
                      .sums = image + image_items(j),
                      .first = j->batch * piece / j->pieces,
                      .last = j->batch * (piece + 1) / j->pieces};
}

typedef void transform(void *, int64_t, const void *, const kernel_tiles *, void *);

/* Images b to b + n of x [B,channels,items] into planes [n tiles][stride] */
static void transform_images(const job *j, transform *f, float *v, const float *x, const kernel_tiles *side,
                             int64_t items, int64_t b, int64_t n, float *image)
{
    for (int64_t i = 0; i < n; i++)
        f(v + i * tiles(j) * side->stride, plane_of(side, n * tiles(j)), x + (b + i) * side->channels * items,
          side, image);
}

static void forward_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    piece_of p = piece_at(j, piece);
    const int64_t in = j->in.stride, out = j->out.stride;
    const int64_t places = j->in.height * j->in.width, out_places = j->in.out_height * j->in.out_width;
    for (int64_t b = p.first; b < p.last; b += j->together) {
        int64_t images = p.last - b < j->together ? p.last - b : j->together, n = images * tiles(j);
        transform_images(j, j->k->winograd_input, p.v, j->x, &j->in, places, b, images, p.image);
        gemm_batch_f32(PLANES, false, false, n, out, in, 1, p.v, in, plane_of(&j->in, n), j->filters, out,
                       in * out, 0, p.m, out, plane_of(&j->out, n));
        for (int64_t i = 0; i < images; i++)
            j->k->winograd_output(j->y + (b + i) * j->out.channels * out_places, p.m + i * tiles(j) * out,
                                  plane_of(&j->out, n), &j->out, j->bias, p.image);
    }
}

static void weight_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    piece_of p = piece_at(j, piece);
    const int64_t in = j->in.stride, out = j->out.stride;
    const int64_t places = j->in.height * j->in.width, out_places = j->in.out_height * j->in.out_width;
    for (int64_t b = p.first; b < p.last; b += j->together) {
        int64_t images = p.last - b < j->together ? p.last - b : j->together, n = images * tiles(j);
        transform_images(j, j->k->winograd_input, p.v, j->x, &j->in, places, b, images, p.image);
        transform_images(j, j->k->winograd_gradient, p.m, j->gy, &j->out, out_places, b, images, p.image);
        gemm_batch_f32(PLANES, true, false, in, out, n, 1, p.v, in, plane_of(&j->in, n), p.m, out,
                       plane_of(&j->out, n), b == p.first ? 0.0f : 1.0f, p.sums, out, in * out);
    }
}

/* Scratch of all pieces behind the filters, which are made from w, or whose gradient becomes gw; false when
 * there is no memory. */
static bool run(job *j, void (*piece)(void *, int64_t), const float *w, bool flip, float *gw)
{
    j->k = kernels_for(AS_F32);
    j->pieces = j->batch < PIECES ? j->batch : PIECES;
    int64_t most = (j->batch + j->pieces - 1) / j->pieces;
    int64_t both = PLANES * (j->in.stride + j->out.stride) * tiles(j);
    j->together = CHUNK_ITEMS / both;
    j->together = j->together < 1 ? 1 : j->together > most ? most : j->together;
    size_t filters = filter_items(j);
    j->scratch_items = (size_t)(both * j->together + 2 * PLANES * GAP) + image_items(j) + (gw ? filters : 0);
    size_t bytes = (filters + (size_t)j->pieces * j->scratch_items) * sizeof(float);
    j->filters = alloc_get(bytes);
    if (!j->filters)
        return false;
    j->scratch = j->filters + filters;
    const kernel_filters f = filters_of(j);
    if (w)
        j->k->winograd_filters(j->filters, w, &f, flip);
    pool_run(j->pieces, piece, j);
    for (int64_t p = 1; gw && p < j->pieces; p++)
        j->k->accumulate(piece_at(j, 0).sums, piece_at(j, p).sums, (int64_t)filters);
    if (gw)
        j->k->winograd_filter_gradient(gw, piece_at(j, 0).sums, &f);
    alloc_put(j->filters, bytes);
    return true;
}

/* A convolution from `in` to `out` channels of images [height, width] to [out_height, out_width] */
static job job_of(int64_t in, int64_t out, int64_t height, int64_t width, int64_t pad, int64_t out_height,
                  int64_t out_width)
{
    job j = {.in = {.height = height,
                    .width = width,
                    .pad = pad,
                    .out_height = out_height,
                    .out_width = out_width,
                    .rows = (out_height + 3) / 4,
                    .columns = (out_width + 3) / 4,
                    .channels = in,
                    .stride = (in + 15) / 16 * 16}};
    j.out = j.in;
    j.out.channels = out;
    j.out.stride = (out + 15) / 16 * 16;
    return j;
}

bool winograd_forward(const winograd_call *call, float *y)
{
    const kernel_window *w = &call->window;
    job j =
        job_of(w->channels, call->out_channels, w->height, w->width, w->pad_h, w->out_height, w->out_width);
    j.batch = call->batch, j.x = call->x, j.bias = call->bias, j.y = y;
    return run(&j, forward_piece, call->w, false, NULL);
}

/* The same convolution of gy with the filters turned round, channels exchanged. */
bool winograd_input_gradient(const winograd_call *call, float *gx)
{
    const kernel_window *w = &call->window;
    job j = job_of(call->out_channels, w->channels, w->out_height, w->out_width, 2 - w->pad_h, w->height,
                   w->width);
    j.batch = call->batch, j.x = call->gy, j.y = gx;
    return run(&j, forward_piece, call->w, true, NULL);
}

bool winograd_weight_gradient(const winograd_call *call, float *gw)
{
    const kernel_window *w = &call->window;
    job j =
        job_of(w->channels, call->out_channels, w->height, w->width, w->pad_h, w->out_height, w->out_width);
    j.batch = call->batch, j.x = call->x, j.gy = call->gy;
    return run(&j, weight_piece, NULL, false, gw);
}
