#include "tensor/winograd.h"

#include "tensor/alloc.h"
#include "tensor/gemm.h"
#include "tensor/pool.h"

#include <string.h>

#define PIECES 8          /* of the batch, by the batch alone: bits do not depend on threads */
#define PLANES 16         /* values of a transformed tile */
#define LEAST_CHANNELS 16 /* fewer, and the transforms cost more than the products save */
#define CHUNK_ITEMS                                                                                          \
    400000 /* transformed values worked on at once: within the second-level cache and a bit                  \
            */

typedef struct {
    const kernels *k;
    kernel_tiles tiles;
    int64_t channels, out_channels;  /* of the convolution that is computed */
    int64_t batch, pieces, together; /* images of a chunk */
    const float *x, *gy;
    float *y;
    float *filters;             /* [16][O][C] */
    float *scratch;             /* a piece's: V, M or Z, and the parts of one channel */
    size_t scratch_items, sums; /* of a piece; offset of its weight sums */
} job;

bool winograd_serves(as_dtype dtype, const kernel_window *w, int64_t groups, int64_t out_channels)
{
    return dtype == AS_F32 && groups == 1 && w->kernel_h == 3 && w->kernel_w == 3 && w->stride_h == 1 &&
           w->stride_w == 1 && w->dilation_h == 1 && w->dilation_w == 1 && w->pad_h == w->pad_w &&
           w->pad_h <= 2 && w->channels >= LEAST_CHANNELS && out_channels >= LEAST_CHANNELS &&
           w->out_height >= 4 && w->out_width >= 4;
}

static kernel_tiles tiles_of(int64_t height, int64_t width, int64_t pad, int64_t out_height,
                             int64_t out_width)
{
    return (kernel_tiles){
        height, width, pad, out_height, out_width, (out_height + 1) / 2, (out_width + 1) / 2 + 1};
}

/* u[p][o][c]: G g G^T of each 3x3 filter; `flip` takes w [C,O,3,3] turned by 180 degrees, for the input's
 * gradient. */
static void transform_filters(float *u, const float *w, int64_t out, int64_t in, bool flip)
{
    for (int64_t o = 0; o < out; o++)
        for (int64_t c = 0; c < in; c++) {
            const float *g = w + 9 * (flip ? c * out + o : o * in + c);
            float down[4][3];
            for (int k = 0; k < 3; k++) {
                float a = flip ? g[8 - k] : g[k], b = flip ? g[5 - k] : g[3 + k],
                      d = flip ? g[2 - k] : g[6 + k];
                down[0][k] = a;
                down[1][k] = 0.5f * (a + b + d);
                down[2][k] = 0.5f * (a - b + d);
                down[3][k] = d;
            }
            for (int j = 0; j < 4; j++) {
                float a = down[j][0], b = down[j][1], d = down[j][2], *to = u + (4 * j * out + o) * in + c;
                to[0] = a;
                to[out * in] = 0.5f * (a + b + d);
                to[2 * out * in] = 0.5f * (a - b + d);
                to[3 * out * in] = d;
            }
        }
}

/* The transpose: gw = G^T gu G. */
static void filter_gradient(float *gw, const float *gu, int64_t out, int64_t in)
{
    for (int64_t o = 0; o < out; o++)
        for (int64_t c = 0; c < in; c++) {
            float across[4][3];
            for (int j = 0; j < 4; j++) {
                const float *from = gu + (4 * j * out + o) * in + c;
                float a = from[0], b = from[out * in], d = from[2 * out * in], e = from[3 * out * in];
                across[j][0] = a + 0.5f * (b + d);
                across[j][1] = 0.5f * (b - d);
                across[j][2] = e + 0.5f * (b + d);
            }
            float *g = gw + 9 * (o * in + c);
            for (int k = 0; k < 3; k++) {
                float b = across[1][k], d = across[2][k];
                g[k] = across[0][k] + 0.5f * (b + d);
                g[3 + k] = 0.5f * (b - d);
                g[6 + k] = across[3][k] + 0.5f * (b + d);
            }
        }
}

static int64_t places(const job *j)
{
    return j->tiles.rows * j->tiles.pitch;
}

static int64_t part_items(const job *j)
{
    return 4 * ((j->tiles.rows + 1) * j->tiles.pitch + 1);
}

typedef struct {
    float *v, *m, *parts, *sums;
    int64_t first, last; /* images */
} piece_of;

static piece_of piece_at(const job *j, int64_t piece)
{
    float *base = j->scratch + (size_t)piece * j->scratch_items;
    int64_t n = j->together * places(j);
    return (piece_of){.v = base,
                      .m = base + PLANES * j->channels * n,
                      .parts = base + PLANES * (j->channels + j->out_channels) * n,
                      .sums = base + j->sums,
                      .first = j->batch * piece / j->pieces,
                      .last = j->batch * (piece + 1) / j->pieces};
}

/* Transforms `images` images of x [B,channels,H,W] from image b on; planes are [channels][images * places].
 */
static void transform(const job *j, float *v, const float *x, int64_t b, int64_t images, int64_t channels,
                      int64_t items, void (*f)(void *, int64_t, const void *, const kernel_tiles *, void *),
                      float *parts)
{
    int64_t n = images * places(j);
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < images; i++)
            f(v + c * n + i * places(j), channels * n, x + ((b + i) * channels + c) * items, &j->tiles,
              parts);
}

static void forward_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    piece_of p = piece_at(j, piece);
    int64_t in = j->tiles.height * j->tiles.width, out = j->tiles.out_height * j->tiles.out_width;
    for (int64_t b = p.first; b < p.last; b += j->together) {
        int64_t images = p.last - b < j->together ? p.last - b : j->together, n = images * places(j);
        transform(j, p.v, j->x, b, images, j->channels, in, j->k->winograd_input, p.parts);
        gemm_batch_f32(PLANES, false, false, j->out_channels, n, j->channels, 1, j->filters, j->channels,
                       j->out_channels * j->channels, p.v, n, j->channels * n, 0, p.m, n,
                       j->out_channels * n);
        for (int64_t o = 0; o < j->out_channels; o++)
            for (int64_t i = 0; i < images; i++)
                j->k->winograd_output(j->y + ((b + i) * j->out_channels + o) * out,
                                      p.m + o * n + i * places(j), j->out_channels * n, &j->tiles, p.parts);
    }
}

static void weight_piece(void *arg, int64_t piece)
{
    const job *j = arg;
    piece_of p = piece_at(j, piece);
    int64_t in = j->tiles.height * j->tiles.width, out = j->tiles.out_height * j->tiles.out_width;
    for (int64_t b = p.first; b < p.last; b += j->together) {
        int64_t images = p.last - b < j->together ? p.last - b : j->together, n = images * places(j);
        transform(j, p.v, j->x, b, images, j->channels, in, j->k->winograd_input, p.parts);
        transform(j, p.m, j->gy, b, images, j->out_channels, out, j->k->winograd_gradient, p.parts);
        gemm_batch_f32(PLANES, false, true, j->out_channels, j->channels, n, 1, p.m, n, j->out_channels * n,
                       p.v, n, j->channels * n, b == p.first ? 0.0f : 1.0f, p.sums, j->channels,
                       j->out_channels * j->channels);
    }
}

/* Scratch of all pieces, filters in front; false when there is no memory. */
static bool run(job *j, void (*piece)(void *, int64_t), bool sums, const float *w, bool flip, float *gw)
{
    j->k = kernels_for(AS_F32);
    j->pieces = j->batch < PIECES ? j->batch : PIECES;
    int64_t most = (j->batch + j->pieces - 1) / j->pieces;
    j->together = CHUNK_ITEMS / (PLANES * (j->channels + j->out_channels) * places(j));
    j->together = j->together < 1 ? 1 : j->together > most ? most : j->together;
    size_t filters = (size_t)(PLANES * j->channels * j->out_channels);
    j->sums = (size_t)(PLANES * (j->channels + j->out_channels) * j->together * places(j) + part_items(j));
    j->scratch_items = (j->sums + (sums ? filters : 0) + 15) / 16 * 16;
    size_t before = (filters + 15) / 16 * 16,
           bytes = (before + (size_t)j->pieces * j->scratch_items) * sizeof(float);
    j->filters = alloc_get(bytes);
    if (!j->filters)
        return false;
    j->scratch = j->filters + before;
    if (w)
        transform_filters(j->filters, w, j->out_channels, j->channels, flip);
    pool_run(j->pieces, piece, j);
    for (int64_t p = 1; sums && p < j->pieces; p++)
        j->k->accumulate(piece_at(j, 0).sums, piece_at(j, p).sums, (int64_t)filters);
    if (sums)
        filter_gradient(gw, piece_at(j, 0).sums, j->out_channels, j->channels);
    alloc_put(j->filters, bytes);
    return true;
}

bool winograd_forward(const winograd_call *call, float *y)
{
    const kernel_window *w = &call->window;
    job j = {.tiles = tiles_of(w->height, w->width, w->pad_h, w->out_height, w->out_width),
             .channels = w->channels,
             .out_channels = call->out_channels,
             .batch = call->batch,
             .x = call->x,
             .y = y};
    return run(&j, forward_piece, false, call->w, false, NULL);
}

/* The same convolution of gy with the filters turned round, channels exchanged. */
bool winograd_input_gradient(const winograd_call *call, float *gx)
{
    const kernel_window *w = &call->window;
    job j = {.tiles = tiles_of(w->out_height, w->out_width, 2 - w->pad_h, w->height, w->width),
             .channels = call->out_channels,
             .out_channels = w->channels,
             .batch = call->batch,
             .x = call->gy,
             .y = gx};
    return run(&j, forward_piece, false, call->w, true, NULL);
}

bool winograd_weight_gradient(const winograd_call *call, float *gw)
{
    const kernel_window *w = &call->window;
    job j = {.tiles = tiles_of(w->height, w->width, w->pad_h, w->out_height, w->out_width),
             .channels = w->channels,
             .out_channels = call->out_channels,
             .batch = call->batch,
             .x = call->x,
             .gy = call->gy};
    return run(&j, weight_piece, true, NULL, false, gw);
}
