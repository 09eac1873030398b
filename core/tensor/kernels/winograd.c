/* The transforms of Winograd's minimal filtering F(2x2, 3x3), one channel of one image at a time.
 * from Lavin & Gray 2016, arXiv:1509.09308, section 4.1: Y = A^T [ (G g G^T) . (B^T d B) ] A
 *
 * Tiles of 4x4 inputs overlap by two. An image is first split by the parity of its rows and columns: what the
 * tile in row r and column t needs lies then at i = r * pitch + t, i + 1, i + pitch and i + pitch + 1 of the
 * four parts, and all tiles are one loop over i. A row of tiles has one place more than tiles (pitch), whose
 * results are not used. */
#include "tensor/kernels/real.h"

#include <string.h>

static int64_t part_items(const kernel_tiles *t)
{
    return (t->rows + 1) * t->pitch + 1;
}

/* scratch = the four parts [even | odd rows][even | odd columns] of x [H,W] with `pad` zeros before and zeros
 * behind. */
static void split(real *scratch, const real *x, int64_t height, int64_t width, int64_t pad,
                  const kernel_tiles *t)
{
    int64_t items = part_items(t);
    memset(scratch, 0, (size_t)(4 * items) * sizeof *scratch);
    for (int64_t h = 0; h < height; h++) {
        int64_t row = h + pad;
        if (row / 2 > t->rows)
            break;
        real *even = scratch + 2 * (row % 2) * items + (row / 2) * t->pitch, *odd = even + items;
        const real *from = x + h * width;
        int64_t places = smaller(width, 2 * t->pitch - pad), pairs = places / 2;
        real *first = pad % 2 ? odd + pad / 2 : even + pad / 2,
             *second = pad % 2 ? even + pad / 2 + 1 : odd + pad / 2;
        for (int64_t i = 0; i < pairs; i++) {
            first[i] = from[2 * i];
            second[i] = from[2 * i + 1];
        }
        if (places % 2)
            first[pairs] = from[places - 1];
    }
}

/* B^T down one column of a tile */
INLINE void input_down(real d[4])
{
    real a = d[0] - d[2], b = d[1] + d[2], c = d[2] - d[1], e = d[1] - d[3];
    d[0] = a, d[1] = b, d[2] = c, d[3] = e;
}

/* v[4 j + k][i]: B^T d B of tile i */
static void winograd_input(void *v_, int64_t step, const void *x, const kernel_tiles *t, void *scratch)
{
    split(scratch, x, t->height, t->width, t->pad, t);
    int64_t items = part_items(t), n = t->rows * t->pitch, p = t->pitch;
    const real *ee = scratch, *eo = ee + items, *oe = eo + items, *oo = oe + items;
    real *v = v_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        real c0[4] = {ee[i], oe[i], ee[i + p], oe[i + p]};
        real c1[4] = {eo[i], oo[i], eo[i + p], oo[i + p]};
        real c2[4] = {ee[i + 1], oe[i + 1], ee[i + p + 1], oe[i + p + 1]};
        real c3[4] = {eo[i + 1], oo[i + 1], eo[i + p + 1], oo[i + p + 1]};
        input_down(c0);
        input_down(c1);
        input_down(c2);
        input_down(c3);
        for (int j = 0; j < 4; j++) {
            v[(4 * j) * step + i] = c0[j] - c2[j];
            v[(4 * j + 1) * step + i] = c1[j] + c2[j];
            v[(4 * j + 2) * step + i] = c2[j] - c1[j];
            v[(4 * j + 3) * step + i] = c1[j] - c3[j];
        }
    }
}

/* y [OH,OW] = A^T m A of every tile */
static void winograd_output(void *y_, const void *m_, int64_t step, const kernel_tiles *t, void *scratch)
{
    const real *m = m_;
    int64_t n = t->rows * t->pitch;
    real *part = scratch; /* [row][column] of the 2x2 outputs, n items each */
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        real top[4], low[4];
        for (int k = 0; k < 4; k++) {
            real a = m[k * step + i], b = m[(4 + k) * step + i], c = m[(8 + k) * step + i],
                 d = m[(12 + k) * step + i];
            top[k] = a + b + c;
            low[k] = b - c - d;
        }
        part[i] = top[0] + top[1] + top[2];
        part[n + i] = top[1] - top[2] - top[3];
        part[2 * n + i] = low[0] + low[1] + low[2];
        part[3 * n + i] = low[1] - low[2] - low[3];
    }
    real *y = y_;
    for (int64_t h = 0; h < t->out_height; h++) {
        const real *left = part + 2 * (h % 2) * n + (h / 2) * t->pitch, *right = left + n;
        real *row = y + h * t->out_width;
        int64_t pairs = t->out_width / 2;
        for (int64_t i = 0; i < pairs; i++) {
            row[2 * i] = left[i];
            row[2 * i + 1] = right[i];
        }
        if (t->out_width % 2)
            row[2 * pairs] = left[pairs];
    }
}

/* z[4 j + k][i]: A g A^T of the 2x2 outputs' gradients of tile i; 0 at the unused places */
static void winograd_gradient(void *z_, int64_t step, const void *gy, const kernel_tiles *t, void *scratch)
{
    split(scratch, gy, t->out_height, t->out_width, 0, t);
    int64_t items = part_items(t), n = t->rows * t->pitch;
    const real *ee = scratch, *eo = ee + items, *oe = eo + items, *oo = oe + items;
    real *z = z_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) {
        real left[4] = {ee[i], ee[i] + oe[i], ee[i] - oe[i], -oe[i]};
        real right[4] = {eo[i], eo[i] + oo[i], eo[i] - oo[i], -oo[i]};
        for (int j = 0; j < 4; j++) {
            z[(4 * j) * step + i] = left[j];
            z[(4 * j + 1) * step + i] = left[j] + right[j];
            z[(4 * j + 2) * step + i] = left[j] - right[j];
            z[(4 * j + 3) * step + i] = -right[j];
        }
    }
}

void KERNEL(fill_winograd)(kernels *k)
{
    k->winograd_input = winograd_input;
    k->winograd_output = winograd_output;
    k->winograd_gradient = winograd_gradient;
}
