/* Average pooling, resizing and running sums: linear maps and their transposes, one image or row at a time.
 */
#include "tensor/kernels/real.h"

#include <string.h>

/* Outside the image counts as zeros, and a window always has kernel_h * kernel_w items. */
static void avg_pool(void *y_, const void *x_, const kernel_window *w)
{
    real *y = y_, scale = 1 / (real)(w->kernel_h * w->kernel_w);
    const real *x = x_;
    for (int64_t c = 0; c < w->channels; c++, x += w->height * w->width)
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++) {
                int64_t top = i * w->stride_h - w->pad_h, left = j * w->stride_w - w->pad_w;
                real sum = 0;
                for (int64_t h = top < 0 ? 0 : top; h < smaller(top + w->kernel_h, w->height); h++)
                    for (int64_t v = left < 0 ? 0 : left; v < smaller(left + w->kernel_w, w->width); v++)
                        sum += x[h * w->width + v];
                *y++ = sum * scale;
            }
}

static void avg_pool_transposed(void *x_, const void *y_, const kernel_window *w)
{
    real *x = x_, scale = 1 / (real)(w->kernel_h * w->kernel_w);
    const real *y = y_;
    for (int64_t c = 0; c < w->channels; c++, x += w->height * w->width)
        for (int64_t i = 0; i < w->out_height; i++)
            for (int64_t j = 0; j < w->out_width; j++) {
                int64_t top = i * w->stride_h - w->pad_h, left = j * w->stride_w - w->pad_w;
                real share = *y++ * scale;
                for (int64_t h = top < 0 ? 0 : top; h < smaller(top + w->kernel_h, w->height); h++)
                    for (int64_t v = left < 0 ? 0 : left; v < smaller(left + w->kernel_w, w->width); v++)
                        x[h * w->width + v] += share;
            }
}

/* Whether every place of the result is one of the image's, as where nothing lies between two. */
static bool is_exact(const kernel_taps *t)
{
    for (int64_t i = 0; i < t->to; i++)
        if (t->share[i] != 0)
            return false;
    return true;
}

/* y[i, j] = x at (low i, low j); a row of the same items as the one before is a copy of it. */
static void repeat_items(real *y, const real *x, const kernel_taps *rows, const kernel_taps *columns)
{
    const int64_t *low = columns->low, to = columns->to;
    for (int64_t i = 0; i < rows->to; i++, y += to) {
        const real *from = x + rows->low[i] * columns->from;
        if (i && rows->low[i] == rows->low[i - 1])
            memcpy(y, y - to, (size_t)to * sizeof *y);
        else
            for (int64_t j = 0; j < to; j++)
                y[j] = from[low[j]];
    }
}

/* The transpose: places that took the same item are neighbours. */
static void sum_repeated(real *x, const real *y, const kernel_taps *rows, const kernel_taps *columns)
{
    const int64_t *low = columns->low, to = columns->to;
    for (int64_t i = 0; i < rows->to; i++, y += to) {
        real *into = x + rows->low[i] * columns->from;
        for (int64_t j = 0; j < to;) {
            const int64_t place = low[j];
            real sum = 0;
            for (; j < to && low[j] == place; j++)
                sum += y[j];
            into[place] += sum;
        }
    }
}

/* y[i, j] = the four items around it, by weight */
static void resize(void *y_, const void *x_, const kernel_taps *rows, const kernel_taps *columns,
                   int64_t channels)
{
    real *y = y_;
    const real *x = x_;
    if (is_exact(rows) && is_exact(columns)) {
        for (int64_t c = 0; c < channels; c++)
            repeat_items(y + c * rows->to * columns->to, x + c * rows->from * columns->from, rows, columns);
        return;
    }
    for (int64_t c = 0; c < channels; c++, x += rows->from * columns->from)
        for (int64_t i = 0; i < rows->to; i++) {
            const real *a = x + rows->low[i] * columns->from, *b = x + rows->high[i] * columns->from;
            real down = (real)rows->share[i];
            for (int64_t j = 0; j < columns->to; j++) {
                int64_t l = columns->low[j], r = columns->high[j];
                real right = (real)columns->share[j];
                real top = a[l] + right * (a[r] - a[l]), bottom = b[l] + right * (b[r] - b[l]);
                *y++ = top + down * (bottom - top);
            }
        }
}

static void resize_transposed(void *x_, const void *y_, const kernel_taps *rows, const kernel_taps *columns,
                              int64_t channels)
{
    real *x = x_;
    const real *y = y_;
    if (is_exact(rows) && is_exact(columns)) {
        for (int64_t c = 0; c < channels; c++)
            sum_repeated(x + c * rows->from * columns->from, y + c * rows->to * columns->to, rows, columns);
        return;
    }
    for (int64_t c = 0; c < channels; c++, x += rows->from * columns->from)
        for (int64_t i = 0; i < rows->to; i++) {
            real *a = x + rows->low[i] * columns->from, *b = x + rows->high[i] * columns->from;
            real down = (real)rows->share[i];
            for (int64_t j = 0; j < columns->to; j++) {
                int64_t l = columns->low[j], r = columns->high[j];
                real right = (real)columns->share[j], v = *y++, lower = v * down, upper = v - lower;
                a[l] += upper - upper * right;
                a[r] += upper * right;
                b[l] += lower - lower * right;
                b[r] += lower * right;
            }
        }
}

/* y[k] = x[0] + ... + x[k] along n; backwards: x[k] + ... + x[n-1] */
static void cumsum(void *y_, const void *x_, int64_t n, int64_t columns, int64_t stride, int backwards)
{
    double sum[KERNEL_STRIP] = {0};
    for (int64_t k = 0; k < n; k++) {
        int64_t at = (backwards ? n - 1 - k : k) * stride;
        const real *x = (const real *)x_ + at;
        real *y = (real *)y_ + at;
        for (int64_t i = 0; i < columns; i++) {
            sum[i] += (double)x[i];
            y[i] = (real)sum[i];
        }
    }
}

void KERNEL(fill_resample)(kernels *k)
{
    k->avg_pool = avg_pool;
    k->avg_pool_transposed = avg_pool_transposed;
    k->resize = resize;
    k->resize_transposed = resize_transposed;
    k->cumsum = cumsum;
}
