/* Indices and windows of images, in every table: by number and against loops that follow the
 * definition. */
#include <stdio.h>

#include "tensor_kernels.h"

/* x [2,3,2], places 2, 0, 2 of the middle axis */
static void check_index_by_number(const table *t)
{
    static const double x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const int64_t index[3] = {2, 0, 2};
    static const double selected[12] = {5, 6, 1, 2, 5, 6, 11, 12, 7, 8, 11, 12};
    static const double added[12] = {3, 4, 0, 0, 6, 8, 9, 10, 0, 0, 18, 20};
    static const int64_t each[8] = {0, 2, 1, 1, 2, 0, 2, 2};
    static const double gathered[8] = {1, 6, 3, 4, 11, 8, 11, 12};
    static const double scattered[12] = {1, 0, 3, 4, 0, 2, 0, 6, 0, 0, 12, 8};
    void *in = items_of(t, x, 12), *y = items_of(t, NULL, 12);
    t->k.index_select(y, in, index, 2, 3, 3, 2);
    assert_items(t, "index_select", y, selected, 12, 0);
    memset(y, 0, 12 * t->size);
    t->k.index_add(y, in, index, 2, 3, 3, 2);
    assert_items(t, "index_add", y, added, 12, 0);
    t->k.gather(y, in, each, 2, 3, 2, 2);
    assert_items(t, "gather", y, gathered, 8, 0);
    memset(y, 0, 12 * t->size);
    t->k.scatter_add(y, in, each, 2, 3, 2, 2);
    assert_items(t, "scatter_add", y, scattered, 12, 0);
    t->k.index_select(y, in, index, 1, 12, 3, 1); /* inner 1 */
    assert_items(t, "index_select of items", y, (const double[]){3, 1, 3}, 3, 0);
    t->k.index_select(y, in, index, 2, 3, 0, 2); /* nothing */
    t->k.gather(y, in, each, 0, 3, 2, 2);
    assert_items(t, "nothing selected", y, (const double[]){3, 1, 3}, 3, 0);
    free(in);
    free(y);
}

/* Selecting and adding are transposes: <select(x), g> = <x, add(g)>, for slices of every length. */
static void check_index_transposes(const table *t)
{
    enum { OUTER = 2, N = 7, ITEMS = 9, LONGEST = 40 };
    int64_t index[OUTER * ITEMS * LONGEST];
    for (int i = 0; i < OUTER * ITEMS * LONGEST; i++)
        index[i] = (i * 5 + i / 7) % N;
    for (int64_t inner = 1; inner <= LONGEST; inner++)
        for (int whole = 0; whole < 2; whole++) {
            int64_t nx = OUTER * N * inner, ny = OUTER * ITEMS * inner;
            void *x = items_of(t, NULL, nx), *g = items_of(t, NULL, ny), *y = items_of(t, NULL, ny);
            void *back = items_of(t, NULL, nx);
            for (int64_t i = 0; i < nx; i++)
                put(t, x, i, floor(8 * noise(i)));
            for (int64_t i = 0; i < ny; i++)
                put(t, g, i, floor(8 * noise(i + 900)));
            (whole ? t->k.index_select : t->k.gather)(y, x, index, OUTER, N, ITEMS, inner);
            (whole ? t->k.index_add : t->k.scatter_add)(back, g, index, OUTER, N, ITEMS, inner);
            double left = 0, right = 0;
            for (int64_t i = 0; i < ny; i++)
                left += get(t, y, i) * get(t, g, i);
            for (int64_t i = 0; i < nx; i++)
                right += get(t, x, i) * get(t, back, i);
            assert_near(t, whole ? "index_add" : "scatter_add", inner, right, left, 0); /* small integers */
            free(x);
            free(g);
            free(y);
            free(back);
        }
}

static void test_indices(void **state)
{
    (void)state;
    each_table(check_index_by_number);
    each_table(check_index_transposes);
}

/* channels, height, width, out (filled in), kernel, stride, padding, dilation: h w each */
static kernel_window windows[] = {
    {1, 3, 3, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1},   {2, 5, 4, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1},
    {3, 28, 28, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1}, {2, 7, 7, 0, 0, 5, 5, 1, 1, 2, 2, 1, 1},
    {1, 6, 9, 0, 0, 3, 2, 1, 1, 0, 0, 1, 1},   {2, 9, 8, 0, 0, 3, 3, 2, 2, 1, 1, 1, 1},
    {1, 8, 8, 0, 0, 2, 2, 2, 2, 0, 0, 1, 1},   {2, 9, 7, 0, 0, 2, 2, 2, 2, 0, 0, 1, 1},
    {1, 64, 66, 0, 0, 2, 2, 2, 2, 0, 0, 1, 1}, {1, 10, 11, 0, 0, 3, 3, 1, 1, 2, 2, 2, 2},
    {1, 2, 2, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1},   {1, 1, 1, 0, 0, 5, 5, 1, 1, 2, 2, 1, 1},
    {1, 5, 70, 0, 0, 1, 3, 1, 2, 0, 1, 1, 3},  {1, 3, 2500, 0, 0, 3, 3, 1, 1, 1, 1, 1, 1},
    {1, 4, 30, 0, 0, 3, 9, 1, 1, 1, 4, 1, 1},
};
#define WINDOWS (int)(sizeof windows / sizeof *windows)

static int64_t outputs(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    return (size + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
}

static void size_windows(void)
{
    for (int i = 0; i < WINDOWS; i++) {
        kernel_window *w = &windows[i];
        w->out_height = outputs(w->height, w->kernel_h, w->stride_h, w->pad_h, w->dilation_h);
        w->out_width = outputs(w->width, w->kernel_w, w->stride_w, w->pad_w, w->dilation_w);
    }
}

/* The place in the image of tap (kh, kw) of output (oh, ow), or -1 outside */
static int64_t place_of(const kernel_window *w, int64_t oh, int64_t ow, int64_t kh, int64_t kw)
{
    int64_t h = oh * w->stride_h + kh * w->dilation_h - w->pad_h;
    int64_t v = ow * w->stride_w + kw * w->dilation_w - w->pad_w;
    return h < 0 || h >= w->height || v < 0 || v >= w->width ? -1 : h * w->width + v;
}

/* im2col by its definition; col2im adds the same items back. Small integers: no rounding. */
static void check_columns(const table *t)
{
    for (int i = 0; i < WINDOWS; i++) {
        const kernel_window *w = &windows[i];
        int64_t pixels = w->height * w->width, area = w->out_height * w->out_width;
        int64_t columns = w->channels * w->kernel_h * w->kernel_w * area;
        void *x = items_of(t, NULL, w->channels * pixels), *y = items_of(t, NULL, columns);
        void *back = items_of(t, NULL, w->channels * pixels);
        double *sum = calloc((size_t)(w->channels * pixels), sizeof *sum);
        for (int64_t k = 0; k < w->channels * pixels; k++) {
            put(t, x, k, (double)(k + 1));
            put(t, back, k, 5);
            sum[k] = 5;
        }
        memset(y, 0x55, (size_t)columns * t->size);
        t->k.im2col(y, x, w);
        int64_t at = 0;
        for (int64_t c = 0; c < w->channels; c++)
            for (int64_t tap = 0; tap < w->kernel_h * w->kernel_w; tap++)
                for (int64_t o = 0; o < area; o++, at++) {
                    int64_t place =
                        place_of(w, o / w->out_width, o % w->out_width, tap / w->kernel_w, tap % w->kernel_w);
                    double want = place < 0 ? 0 : get(t, x, c * pixels + place);
                    assert_near(t, "im2col", i, get(t, y, at), want, 0);
                    put(t, y, at, (double)(at % 13 + 1)); /* outside as well: must not come back */
                    if (place >= 0)
                        sum[c * pixels + place] += (double)(at % 13 + 1);
                }
        t->k.col2im(back, y, w);
        assert_items(t, "col2im", back, sum, w->channels * pixels, 0);
        free(x);
        free(y);
        free(back);
        free(sum);
    }
}

static void test_im2col_and_back(void **state)
{
    (void)state;
    each_table(check_columns);
}

/* gy at the places found, 0 elsewhere, over whatever was there. */
static void check_pool_gradient(const table *t, const kernel_window *w, const void *x, const int64_t *place)
{
    int64_t pixels = w->height * w->width, area = w->out_height * w->out_width;
    void *gx = items_of(t, NULL, w->channels * pixels), *gy = items_of(t, NULL, w->channels * area);
    void *y = items_of(t, NULL, w->channels * area);
    int64_t *scratch = calloc((size_t)(w->channels * area), sizeof *scratch);
    double *sum = calloc((size_t)(w->channels * pixels), sizeof *sum);
    memset(gx, 0x55, (size_t)(w->channels * pixels) * t->size);
    for (int64_t o = 0; o < w->channels * area; o++) {
        put(t, gy, o, (double)(o % 13 + 1));
        sum[o / area * pixels + place[o]] += (double)(o % 13 + 1);
    }
    t->k.max_pool_gradient(gx, gy, x, w, y, scratch);
    assert_items(t, "max_pool_gradient", gx, sum, w->channels * pixels, 0);
    free(gx);
    free(gy);
    free(y);
    free(scratch);
    free(sum);
}

static void check_pool_of(const table *t, const kernel_window *w, const void *x)
{
    int64_t pixels = w->height * w->width, area = w->out_height * w->out_width;
    void *y = items_of(t, NULL, w->channels * area), *alone = items_of(t, NULL, w->channels * area);
    int64_t *place = calloc((size_t)(w->channels * area), sizeof *place);
    t->k.max_pool(y, place, x, w);
    t->k.max_pool(alone, NULL, x, w);
    assert_memory_equal(y, alone, (size_t)(w->channels * area) * t->size);
    for (int64_t o = 0; o < w->channels * area; o++) {
        double largest = -INFINITY;
        int64_t first = -1;
        for (int64_t tap = 0; tap < w->kernel_h * w->kernel_w; tap++) {
            int64_t p =
                place_of(w, o % area / w->out_width, o % w->out_width, tap / w->kernel_w, tap % w->kernel_w);
            if (p < 0)
                continue;
            double v = get(t, x, o / area * pixels + p);
            if (first < 0 || v > largest || (isnan(v) && !isnan(largest))) {
                largest = v;
                first = p;
            }
        }
        assert_near(t, "max_pool", o, get(t, y, o), largest, 0);
        if (place[o] != first)
            fail_msg("%s: max_pool of %lld x %lld [%lld]: place %lld, expected %lld", t->name,
                     (long long)w->height, (long long)w->width, (long long)o, (long long)place[o],
                     (long long)first);
    }
    check_pool_gradient(t, w, x, place);
    free(y);
    free(alone);
    free(place);
}

/* Thirds of the items NaN or -infinity or among a few equals, in turn. */
static void check_pool(const table *t)
{
    for (int i = 0; i < WINDOWS; i++) {
        const kernel_window *w = &windows[i];
        int64_t items = w->channels * w->height * w->width;
        void *x = items_of(t, NULL, items);
        for (int kind = 0; kind < 4; kind++) {
            for (int64_t k = 0; k < items; k++) {
                double v = kind == 0 ? noise(k) : floor(2 * noise(k));
                if (kind >= 2 && noise(k + 7777) > 0.3)
                    v = kind == 2 ? NAN : -INFINITY;
                put(t, x, k, v);
            }
            check_pool_of(t, w, x);
        }
        free(x);
    }
}

static void test_max_pool(void **state)
{
    (void)state;
    each_table(check_pool);
}

/* Whole squares, what is beside them, and steps longer than a row; nothing else is written. */
static void check_transpose(const table *t)
{
    static const int64_t sides[] = {1, 3, 4, 16, 17, 35};
    enum { SIDES = 6, STEP = 40, ITEMS = STEP * STEP };
    void *x = items_of(t, NULL, ITEMS), *y = items_of(t, NULL, ITEMS);
    for (int64_t i = 0; i < ITEMS; i++)
        put(t, x, i, (double)i);
    for (int s = 0; s < SIDES * SIDES; s++) {
        const int64_t rows = sides[s / SIDES], columns = sides[s % SIDES];
        for (int64_t i = 0; i < ITEMS; i++)
            put(t, y, i, -1);
        t->k.transpose(y, STEP, x, STEP, rows, columns);
        for (int64_t i = 0; i < ITEMS; i++) {
            const int64_t row = i % STEP, column = i / STEP;
            const double want = row < rows && column < columns ? (double)(row * STEP + column) : -1;
            assert_near(t, "transpose", i, get(t, y, i), want, 0);
        }
    }
    free(x);
    free(y);
}

static void test_transpose(void **state)
{
    (void)state;
    each_table(check_transpose);
}

int main(void)
{
    size_windows();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_im2col_and_back),
        cmocka_unit_test(test_max_pool),
        cmocka_unit_test(test_transpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
