/* The transforms of Winograd's minimal filtering F(4x4, 3x3): a tile of 6x6 inputs, four places from one tile
 * to the next, gives 4x4 outputs by 36 products instead of 144.
 * from Lavin & Gray 2016, arXiv:1509.09308, section 4.3: Y = A^T [ (G g G^T) . (B^T d B) ] A
 *
 * Channels lie side by side here, `stride` items from one place of an image to the next, so that a vector
 * holds one value of a tile for many channels. Value (j, k) of a transformed tile lies in plane 6 j + k. */
#include "tensor/kernels/vectors.h"

#include <string.h>

enum { TILE = 6, OUT = 4, TAPS = 3 };

/* B^T d */
INLINE void input_line(vector *y, const vector *d)
{
    vector even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    vector near_even = d[4] - d[2], near_odd = 2 * (d[3] - d[1]);
    y[0] = 4 * d[0] - 5 * d[2] + d[4];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = near_even + near_odd;
    y[4] = near_even - near_odd;
    y[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* A^T m */
INLINE void output_line(vector *y, const vector *m)
{
    vector s = m[1] + m[2], d = m[1] - m[2], p = m[3] + m[4], q = m[3] - m[4];
    y[0] = m[0] + s + p;
    y[1] = d + 2 * q;
    y[2] = s + 4 * p;
    y[3] = d + 8 * q + m[5];
}

/* A g */
INLINE void gradient_line(vector *y, const vector *g)
{
    vector even = g[0] + g[2], odd = g[1] + g[3], far_even = g[0] + 4 * g[2], far_odd = 2 * g[1] + 8 * g[3];
    y[0] = g[0];
    y[1] = even + odd;
    y[2] = even - odd;
    y[3] = far_even + far_odd;
    y[4] = far_even - far_odd;
    y[5] = g[3];
}

/* G g */
INLINE void filter_line(vector *y, const vector *g)
{
    const real sixth = (real)(1.0 / 6), part = (real)(1.0 / 24), half = (real)(1.0 / 12);
    vector ends = sixth * (g[0] + g[2]), middle = sixth * g[1];
    vector low = part * g[0] + sixth * g[2], turn = half * g[1];
    y[0] = (real)0.25 * g[0];
    y[1] = -ends - middle;
    y[2] = middle - ends;
    y[3] = low + turn;
    y[4] = low - turn;
    y[5] = g[2];
}

/* G^T u */
INLINE void filter_gradient_line(vector *y, const vector *u)
{
    const real sixth = (real)(1.0 / 6), part = (real)(1.0 / 24), half = (real)(1.0 / 12);
    vector s = sixth * (u[1] + u[2]), d = sixth * (u[2] - u[1]), p = u[3] + u[4], q = u[3] - u[4];
    y[0] = (real)0.25 * u[0] - s + part * p;
    y[1] = d + half * q;
    y[2] = sixth * p - s + u[5];
}

/* Values (j, k) at to[m j + k] + at_to = line applied down the columns of the n x n values at from[n j + k] +
 * at_from, then along the rows. */
INLINE void both_ways(real *const *to, int64_t at_to, int m, const real *const *from, int64_t at_from, int n,
                      void line(vector *, const vector *))
{
    vector half[TILE][TILE];
    UNROLLED
    for (int k = 0; k < n; k++) {
        vector x[TILE], y[TILE];
        UNROLLED
        for (int j = 0; j < n; j++)
            x[j] = load(from[j * n + k] + at_from);
        line(y, x);
        UNROLLED
        for (int j = 0; j < m; j++)
            half[j][k] = y[j];
    }
    UNROLLED
    for (int j = 0; j < m; j++) {
        vector y[TILE];
        line(y, half[j]);
        UNROLLED
        for (int k = 0; k < m; k++)
            store(to[j * m + k] + at_to, y[k]);
    }
}

INLINE void find_planes(real **at, real *first, int64_t plane)
{
    for (int k = 0; k < TILE * TILE; k++)
        at[k] = first + k * plane;
}

/* Where the n x n values of a tile lie in an image of channels side by side: its first place (row, column)
 * may be outside; what is outside lies at `outside`. */
INLINE void find_places(real **at, int n, real *image, int64_t height, int64_t width, int64_t stride,
                        int64_t row, int64_t column, real *outside)
{
    for (int j = 0; j < n; j++)
        for (int k = 0; k < n; k++) {
            int64_t h = row + j, w = column + k;
            bool inside = h >= 0 && h < height && w >= 0 && w < width;
            at[j * n + k] = inside ? image + (h * width + w) * stride : outside;
        }
}

/* The tiles of x [channels,H,W], n x n values each from place (-pad, -pad) on, into planes [tile][stride] */
INLINE void transform_tiles(real *v, int64_t plane, const real *x, int64_t height, int64_t width, int64_t pad,
                            const kernel_tiles *t, int n, void line(vector *, const vector *), real *image)
{
    const int64_t stride = t->stride, places = height * width;
    real *zeros = image + places * stride;
    if (t->channels < stride)
        memset(image, 0, (size_t)(places * stride) * sizeof *image);
    memset(zeros, 0, (size_t)stride * sizeof *zeros);
    transpose(image, stride, x, places, t->channels, places);
    real *planes[TILE * TILE];
    find_planes(planes, v, plane);
    int64_t tile = 0;
    for (int64_t r = 0; r < t->rows; r++)
        for (int64_t c = 0; c < t->columns; c++) {
            real *at[TILE * TILE];
            find_places(at, n, image, height, width, stride, OUT * r - pad, OUT * c - pad, zeros);
            for (int64_t i = 0; i < stride; i += WIDTH, tile += WIDTH)
                both_ways(planes, tile, TILE, (const real *const *)at, i, n, line);
        }
}

static void winograd_input(void *v, int64_t plane, const void *x, const kernel_tiles *t, void *scratch)
{
    transform_tiles(v, plane, x, t->height, t->width, t->pad, t, TILE, input_line, scratch);
}

static void winograd_gradient(void *z, int64_t plane, const void *gy, const kernel_tiles *t, void *scratch)
{
    transform_tiles(z, plane, gy, t->out_height, t->out_width, 0, t, OUT, gradient_line, scratch);
}

/* The value at (1, 1) goes into each of a tile's outputs once, and so does what is added to it. */
static void winograd_output(void *y, void *m, int64_t plane, const kernel_tiles *t, const void *bias_,
                            void *scratch)
{
    const real *bias = bias_;
    const int64_t stride = t->stride, places = t->out_height * t->out_width;
    real *planes[TILE * TILE], *image = scratch, *unused = image + places * stride;
    find_planes(planes, m, plane);
    int64_t tile = 0;
    for (int64_t r = 0; r < t->rows; r++)
        for (int64_t c = 0; c < t->columns; c++) {
            real *to[OUT * OUT];
            for (int64_t i = 0; bias && i < t->channels; i++)
                planes[TILE + 1][tile + i] += bias[i];
            find_places(to, OUT, image, t->out_height, t->out_width, stride, OUT * r, OUT * c, unused);
            for (int64_t i = 0; i < stride; i += WIDTH, tile += WIDTH)
                both_ways(to, i, OUT, (const real *const *)planes, tile, TILE, output_line);
        }
    transpose(y, places, image, stride, places, t->channels);
}

/* u [plane][in][out] of w [O,I,3,3], zeros in what the strides have more; `flip` takes w [I,O,3,3] turned by
 * 180 degrees, for the input's gradient. */
static void winograd_filters(void *u, const void *w_, const kernel_filters *f, bool flip)
{
    real *planes[TILE * TILE];
    const real *w = w_;
    find_planes(planes, u, f->in_stride * f->out_stride);
    for (int64_t c = 0; c < f->in_stride; c++)
        for (int64_t o = 0; o < f->out_stride; o += WIDTH) {
            real taps[TAPS * TAPS][VECTOR_BYTES / sizeof(real)] = {{0}};
            const real *at[TAPS * TAPS];
            const int64_t items = c < f->in ? smaller(WIDTH, f->out - o) : 0;
            for (int64_t i = 0; i < items; i++) {
                const real *from = w + TAPS * TAPS * (flip ? c * f->out + o + i : (o + i) * f->in + c);
                for (int k = 0; k < TAPS * TAPS; k++)
                    taps[k][i] = from[flip ? TAPS * TAPS - 1 - k : k];
            }
            for (int k = 0; k < TAPS * TAPS; k++)
                at[k] = taps[k];
            both_ways(planes, c * f->out_stride + o, TILE, at, 0, TAPS, filter_line);
        }
}

/* gw [O,I,3,3] of gu [plane][in][out]: the transpose of winograd_filters */
static void winograd_filter_gradient(void *gw_, void *gu, const kernel_filters *f)
{
    real *planes[TILE * TILE], *gw = gw_;
    find_planes(planes, gu, f->in_stride * f->out_stride);
    for (int64_t c = 0; c < f->in; c++)
        for (int64_t o = 0; o < f->out; o += WIDTH) {
            real taps[TAPS * TAPS][VECTOR_BYTES / sizeof(real)], *to[TAPS * TAPS];
            for (int k = 0; k < TAPS * TAPS; k++)
                to[k] = taps[k];
            both_ways(to, 0, TAPS, (const real *const *)planes, c * f->out_stride + o, TILE,
                      filter_gradient_line);
            for (int64_t i = 0; i < smaller(WIDTH, f->out - o); i++)
                for (int k = 0; k < TAPS * TAPS; k++)
                    gw[((o + i) * f->in + c) * TAPS * TAPS + k] = taps[k][i];
        }
}

void KERNEL(fill_winograd)(kernels *k)
{
    k->winograd_input = winograd_input;
    k->winograd_output = winograd_output;
    k->winograd_gradient = winograd_gradient;
    k->winograd_filters = winograd_filters;
    k->winograd_filter_gradient = winograd_filter_gradient;
}
