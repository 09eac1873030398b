/* Windows of an image, for convolution as a product and for pooling. */
#include "tensor/kernels/real.h"

#include <string.h>

/* The outputs [first, last) whose input place, output * stride + shift, lies in [0, size). */
typedef struct {
    int64_t first, last;
} span;

static span inside(int64_t outputs, int64_t stride, int64_t shift, int64_t size)
{
    int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    int64_t last = size <= shift ? 0 : (size - 1 - shift) / stride + 1;
    last = smaller(last, outputs);
    return (span){smaller(first, last > 0 ? last : 0), last > 0 ? last : 0};
}

/* One tap (kh, kw) of the kernel: where its items lie, and the outputs that have one. */
typedef struct {
    int64_t shift_h, shift_w; /* input row = output row * stride + shift */
    span rows, columns;
} tap;

static tap tap_at(const kernel_window *w, int64_t kh, int64_t kw)
{
    int64_t shift_h = kh * w->dilation_h - w->pad_h, shift_w = kw * w->dilation_w - w->pad_w;
    return (tap){shift_h, shift_w, inside(w->out_height, w->stride_h, shift_h, w->height),
                 inside(w->out_width, w->stride_w, shift_w, w->width)};
}

/* Steps of 1 and as many columns out as in, the usual convolution: a tap's outputs are then the input moved
 * by one distance, but for the columns at the sides, and rows need no loops of their own. */
static bool is_shift(const kernel_window *w)
{
    return w->stride_h == 1 && w->stride_w == 1 && w->out_width == w->width;
}

/* The columns of `rows` rows whose item lies outside */
INLINE void clear_sides(real *y, int64_t rows, int64_t width, span columns)
{
    for (int64_t i = 0; i < columns.first; i++)
        for (int64_t h = 0; h < rows; h++)
            y[h * width + i] = 0;
    for (int64_t i = columns.last; i < width; i++)
        for (int64_t h = 0; h < rows; h++)
            y[h * width + i] = 0;
}

/* y [OH,OW] of one channel x and tap */
static void take_rows(real *y, const real *x, const kernel_window *w, tap t)
{
    memset(y, 0, (size_t)(t.rows.first * w->out_width) * sizeof *y);
    for (int64_t h = t.rows.first; h < t.rows.last; h++) {
        real *to = y + h * w->out_width;
        const real *from = x + (h * w->stride_h + t.shift_h) * w->width;
        for (int64_t i = 0; i < t.columns.first; i++)
            to[i] = 0;
        if (w->stride_w == 1)
            memcpy(to + t.columns.first, from + t.columns.first + t.shift_w,
                   (size_t)(t.columns.last - t.columns.first) * sizeof *to);
        else
            for (int64_t i = t.columns.first; i < t.columns.last; i++)
                to[i] = from[i * w->stride_w + t.shift_w];
        for (int64_t i = t.columns.last; i < w->out_width; i++)
            to[i] = 0;
    }
    int64_t rest = w->out_height - t.rows.last;
    memset(y + t.rows.last * w->out_width, 0, (size_t)(rest * w->out_width) * sizeof *y);
}

static void take_shifted(real *y, const real *x, const kernel_window *w, tap t)
{
    const int64_t width = w->width, distance = t.shift_h * width + t.shift_w;
    int64_t first = t.rows.first * width, last = t.rows.last * width;
    memset(y, 0, (size_t)first * sizeof *y);
    memset(y + last, 0, (size_t)(w->out_height * width - last) * sizeof *y);
    /* the sides may reach beyond the image's first and last item */
    int64_t from = first + distance < 0 ? -distance : first;
    int64_t to = smaller(last, w->height * width - distance);
    if (from < to)
        memcpy(y + from, x + from + distance, (size_t)(to - from) * sizeof *y);
    clear_sides(y + first, t.rows.last - t.rows.first, width, t.columns);
}

static void im2col(void *y_, const void *x_, const kernel_window *w)
{
    real *y = y_;
    const bool shifts = is_shift(w);
    for (int64_t c = 0; c < w->channels; c++) {
        const real *x = (const real *)x_ + c * w->height * w->width;
        for (int64_t kh = 0; kh < w->kernel_h; kh++)
            for (int64_t kw = 0; kw < w->kernel_w; kw++) {
                if (shifts)
                    take_shifted(y, x, w, tap_at(w, kh, kw));
                else
                    take_rows(y, x, w, tap_at(w, kh, kw));
                y += w->out_height * w->out_width;
            }
    }
}

/* x of one channel += y [OH,OW] of one tap */
static void put_rows(real *x, const real *y, const kernel_window *w, tap t)
{
    for (int64_t h = t.rows.first; h < t.rows.last; h++) {
        const real *from = y + h * w->out_width;
        real *to = x + (h * w->stride_h + t.shift_h) * w->width;
        if (w->stride_w == 1) {
            INDEPENDENT
            for (int64_t i = t.columns.first; i < t.columns.last; i++)
                to[i + t.shift_w] += from[i];
        } else {
            for (int64_t i = t.columns.first; i < t.columns.last; i++)
                to[i * w->stride_w + t.shift_w] += from[i];
        }
    }
}

#define CHUNK 2048 /* items of a copy that stays in L1 */

/* By way of a copy whose sides are 0, so that one loop takes many rows. */
static void put_shifted(real *x, const real *y, const kernel_window *w, tap t)
{
    const int64_t width = w->width, distance = t.shift_h * width + t.shift_w, items = w->height * width;
    real copy[CHUNK];
    for (int64_t h = t.rows.first, rows; h < t.rows.last; h += rows) {
        rows = smaller(CHUNK / width, t.rows.last - h);
        memcpy(copy, y + h * width, (size_t)(rows * width) * sizeof *y);
        clear_sides(copy, rows, width, t.columns);
        int64_t at = h * width + distance; /* in x, of the copy's first item */
        int64_t from = at < 0 ? -at : 0, to = smaller(rows * width, items - at);
        for (int64_t i = from; i < to; i++)
            x[at + i] += copy[i];
    }
}

static void col2im(void *x_, const void *y_, const kernel_window *w)
{
    const real *y = y_;
    const bool shifts = is_shift(w) && w->width <= CHUNK;
    for (int64_t c = 0; c < w->channels; c++) {
        real *x = (real *)x_ + c * w->height * w->width;
        for (int64_t kh = 0; kh < w->kernel_h; kh++)
            for (int64_t kw = 0; kw < w->kernel_w; kw++) {
                if (shifts)
                    put_shifted(x, y, w, tap_at(w, kh, kw));
                else
                    put_rows(x, y, w, tap_at(w, kh, kw));
                y += w->out_height * w->out_width;
            }
    }
}

/* Whether v takes the place of m: the first among equals stays, a NaN as well. */
INLINE int beats(real v, real m)
{
    return (v > m) | ((v != v) & (m == m));
}

/* A row of outputs, one tap of the window after the other, each as far as it lies in the image. A place of -1
 * is none yet, and lets an item of -infinity in. */
INLINE void pool_row(real *y, int64_t *place, const real *x, const kernel_window *w, int64_t h)
{
    const int64_t outputs = w->out_width, width = w->width, stride = w->stride_w;
    for (int64_t i = 0; i < outputs; i++)
        y[i] = -INFINITE;
    for (int64_t i = 0; place && i < outputs; i++)
        place[i] = -1;
    for (int64_t kh = 0; kh < w->kernel_h; kh++) {
        int64_t row = h * w->stride_h + kh * w->dilation_h - w->pad_h;
        if (row < 0 || row >= w->height)
            continue;
        for (int64_t kw = 0; kw < w->kernel_w; kw++) {
            int64_t shift = kw * w->dilation_w - w->pad_w, at = row * width + shift;
            span s = inside(outputs, stride, shift, width);
            INDEPENDENT
            for (int64_t i = s.first; i < s.last; i++) {
                real v = x[at + i * stride], m = y[i];
                int better = beats(v, m) | (place && place[i] < 0);
                y[i] = better ? v : m;
                if (place)
                    place[i] = better ? at + i * stride : place[i];
            }
        }
    }
}

/* The usual window, 2 by 2 in steps of 2 with nothing outside, for `rows` rows of outputs, rows * outputs of
 * them at most CHUNK / 2. Pairs of rows first, then pairs of columns of all rows in one loop; `lower` is 1
 * where the second row won, and between equals the upper row goes before the left column. */
INLINE void pool_2x2(real *y, int64_t *place, const real *x, int64_t width, int64_t outputs, int64_t rows)
{
    real best[CHUNK], lower[CHUNK], right[CHUNK / 2];
    for (int64_t h = 0; h < rows; h++)
        for (int64_t i = 0; i < 2 * outputs; i++) {
            real a = x[2 * h * width + i], b = x[(2 * h + 1) * width + i];
            int better = beats(b, a);
            best[2 * h * outputs + i] = better ? b : a;
            if (place)
                lower[2 * h * outputs + i] = better ? 1 : 0;
        }
    for (int64_t i = 0; i < rows * outputs; i++) {
        real a = best[2 * i], b = best[2 * i + 1];
        int better = beats(b, a);
        if (place) {
            int equal = (a == b) | ((a != a) & (b != b));
            better |= equal & (lower[2 * i] > lower[2 * i + 1]);
            right[i] = better ? lower[2 * i + 1] * (real)width + 1 : lower[2 * i] * (real)width;
        }
        y[i] = better ? b : a;
    }
    for (int64_t h = 0; place && h < rows; h++)
        for (int64_t i = 0; i < outputs; i++)
            place[h * outputs + i] = 2 * h * width + 2 * i + (int64_t)right[h * outputs + i];
}

static bool is_2x2(const kernel_window *w)
{
    return w->kernel_h == 2 && w->kernel_w == 2 && w->stride_h == 2 && w->stride_w == 2 && w->pad_h == 0 &&
           w->pad_w == 0 && w->dilation_h == 1 && w->dilation_w == 1 && w->out_width <= CHUNK / 2;
}

INLINE void pool_image(real *y, int64_t *place, const real *x, const kernel_window *w)
{
    const int64_t width = w->width, outputs = w->out_width;
    const bool usual = is_2x2(w);
    for (int64_t c = 0; c < w->channels; c++, x += w->height * width)
        for (int64_t h = 0, rows; h < w->out_height; h += rows) {
            rows = usual ? smaller(CHUNK / (2 * outputs), w->out_height - h) : 1;
            if (usual)
                pool_2x2(y, place, x + 2 * h * width, width, outputs, rows);
            else
                pool_row(y, place, x, w, h);
            y += rows * outputs;
            if (!place)
                continue;
            for (int64_t i = 0; usual && i < rows * outputs; i++)
                place[i] += 2 * h * width;
            place += rows * outputs;
        }
}

/* Twice, so that the loops without places are vectorised by themselves. */
static void max_pool(void *y, int64_t *place, const void *x, const kernel_window *w)
{
    if (place)
        pool_image(y, place, x, w);
    else
        pool_image(y, NULL, x, w);
}

/* gx of `rows` pairs of rows, all but an odd column at the end: as in pool_2x2 the better of each pair of
 * rows first, then of two columns, which gets gy. */
static void spread_2x2(real *gx, const real *gy, const real *x, int64_t width, int64_t outputs, int64_t rows)
{
    real best[CHUNK], lower[CHUNK], share[CHUNK];
    for (int64_t h = 0; h < rows; h++)
        for (int64_t i = 0; i < 2 * outputs; i++) {
            real a = x[2 * h * width + i], b = x[(2 * h + 1) * width + i];
            int better = beats(b, a);
            best[2 * h * outputs + i] = better ? b : a;
            lower[2 * h * outputs + i] = better ? 1 : 0;
        }
    for (int64_t i = 0; i < rows * outputs; i++) {
        real a = best[2 * i], b = best[2 * i + 1];
        int equal = (a == b) | ((a != a) & (b != b));
        int right = beats(b, a) | (equal & (lower[2 * i] > lower[2 * i + 1]));
        share[2 * i] = right ? 0 : gy[i];
        share[2 * i + 1] = right ? gy[i] : 0;
    }
    for (int64_t h = 0; h < rows; h++) {
        real *upper = gx + 2 * h * width, *below = upper + width;
        const real *from = share + 2 * h * outputs, *is_lower = lower + 2 * h * outputs;
        INDEPENDENT
        for (int64_t i = 0; i < 2 * outputs; i++) {
            real g = from[i];
            int down = is_lower[i] > 0;
            upper[i] = down ? 0 : g;
            below[i] = down ? g : 0;
        }
    }
}

/* One channel's whole gradient where windows are pairs of pairs. */
static void spread_channel(real *gx, const real *gy, const real *x, const kernel_window *w)
{
    const int64_t width = w->width, outputs = w->out_width;
    for (int64_t h = 0, rows; h < w->out_height; h += rows) {
        rows = smaller(CHUNK / (2 * outputs), w->out_height - h);
        spread_2x2(gx + 2 * h * width, gy + h * outputs, x + 2 * h * width, width, outputs, rows);
    }
    for (int64_t h = 0; width % 2 && h < w->height; h++)
        gx[h * width + width - 1] = 0;
    if (w->height % 2)
        memset(gx + (w->height - 1) * width, 0, (size_t)width * sizeof *gx);
}

static void max_pool_gradient(void *gx_, const void *gy_, const void *x_, const kernel_window *w, void *y,
                              int64_t *place)
{
    real *gx = gx_;
    const real *gy = gy_, *x = x_;
    const int64_t items = w->height * w->width, outputs = w->out_height * w->out_width;
    if (!is_2x2(w)) {
        max_pool(y, place, x, w);
        memset(gx, 0, (size_t)(w->channels * items) * sizeof *gx);
    }
    for (int64_t c = 0; c < w->channels; c++, gx += items, x += items, gy += outputs, place += outputs) {
        if (is_2x2(w))
            spread_channel(gx, gy, x, w);
        for (int64_t i = 0; !is_2x2(w) && i < outputs; i++)
            gx[place[i]] += gy[i];
    }
}

void KERNEL(fill_window)(kernels *k)
{
    k->im2col = im2col;
    k->col2im = col2im;
    k->max_pool = max_pool;
    k->max_pool_gradient = max_pool_gradient;
}
