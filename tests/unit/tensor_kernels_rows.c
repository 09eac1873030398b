/* Reductions and softmax along an axis, in every table: against plain loops in double, and by number where
 * infinities, NaN and equals are concerned. */
#include <stdio.h>

#include "tensor_kernels.h"

/* outer, n, inner: single rows and columns, rows short and long of vectors, strips and blocks of all kinds */
static const int64_t shapes[][3] = {
    {1, 1, 1},    {3, 1, 1},    {2, 2, 1},    {70, 3, 1}, {65, 10, 1}, {5, 16, 1},
    {7, 17, 1},   {3, 32, 1},   {3, 33, 1},   {2, 64, 1}, {2, 130, 1}, {1, 1000, 1},
    {2, 2049, 1}, {1, 9001, 1}, {1, 1, 5},    {2, 3, 7},  {3, 10, 16}, {1, 40, 100},
    {2, 70, 256}, {1, 5, 257},  {2, 31, 600}, {0, 4, 3},  {4, 100, 2},
};
#define SHAPES (sizeof shapes / sizeof *shapes)

typedef struct {
    int64_t outer, n, inner, items, results;
    void *x, *y;
} block;

static block block_of(const table *t, const int64_t *shape, double scale)
{
    block b = {shape[0], shape[1], shape[2], shape[0] * shape[1] * shape[2], shape[0] * shape[2], NULL, NULL};
    b.x = items_of(t, NULL, b.items);
    b.y = items_of(t, NULL, b.items);
    for (int64_t i = 0; i < b.items; i++)
        put(t, b.x, i, scale * noise(i));
    return b;
}

static void block_free(block *b)
{
    free(b->x);
    free(b->y);
}

/* Item k of result r's row */
static double item(const table *t, const void *x, const block *b, int64_t r, int64_t k)
{
    return get(t, x, (r / b->inner * b->n + k) * b->inner + r % b->inner);
}

static void check_sum(const table *t)
{
    for (size_t s = 0; s < SHAPES; s++) {
        block b = block_of(t, shapes[s], 1);
        for (int mean = 0; mean < 2; mean++) {
            (mean ? t->k.mean : t->k.sum)(b.y, b.x, b.outer, b.n, b.inner);
            for (int64_t r = 0; r < b.results; r++) {
                double want = 0, size = 0;
                for (int64_t k = 0; k < b.n; k++) {
                    want += item(t, b.x, &b, r, k);
                    size += fabs(item(t, b.x, &b, r, k));
                }
                /* lanes of at most 32 additions, then pairs; half a unit for each of the 32 + 6 + log2(n /
                 * 2048) roundings would be the worst */
                assert_near(t, mean ? "mean" : "sum", r, get(t, b.y, r), mean ? want / (double)b.n : want,
                            4 * t->epsilon * size / (mean ? (double)b.n : 1));
            }
        }
        block_free(&b);
    }
}

/* Nothing to add gives 0; the error does not grow with the length; twice the same bits. */
static void check_long_sum(const table *t)
{
    enum { LONG = 1 << 20 };
    void *x = items_of(t, NULL, LONG), *y = items_of(t, NULL, 2);
    t->k.sum(y, x, 1, 0, 2);
    assert_true(get(t, y, 0) == 0 && get(t, y, 1) == 0);
    t->k.sum(y, x, 1, 0, 1);
    assert_true(get(t, y, 0) == 0);
    for (int i = 0; i < LONG; i++)
        put(t, x, i, 0.1);
    double want =
        LONG * get(t, x, 0); /* exact: a power of two times it. One by one, floats give 1034 too much */
    t->k.sum(y, x, 1, LONG, 1);
    assert_near(t, "long sum", 0, get(t, y, 0), want, 4 * t->epsilon * want);
    t->k.sum(y, x, 1, LONG / 2, 2);
    assert_near(t, "long sum of columns", 0, get(t, y, 0), want / 2, 4 * t->epsilon * want);
    for (int i = 0; i < LONG; i++)
        put(t, x, i, noise(i));
    char first[8], again[8];
    t->k.sum(first, x, 1, LONG - 3, 1);
    t->k.sum(again, x, 1, LONG - 3, 1);
    assert_memory_equal(first, again, t->size);
    free(x);
    free(y);
}

static void test_sum_and_mean(void **state)
{
    (void)state;
    each_table(check_sum);
    each_table(check_long_sum);
}

static void check_extremes(const table *t)
{
    for (size_t s = 0; s < SHAPES; s++) {
        block b = block_of(t, shapes[s], 1);
        for (int64_t i = 0; i < b.items; i++) /* quarters, so that there are equals */
            put(t, b.x, i, floor(4 * get(t, b.x, i)) / 4);
        void *low = items_of(t, NULL, b.results);
        int64_t *place = calloc((size_t)b.results + 1, sizeof *place);
        t->k.max(b.y, b.x, b.outer, b.n, b.inner);
        t->k.min(low, b.x, b.outer, b.n, b.inner);
        t->k.argmax(place, b.x, b.outer, b.n, b.inner);
        for (int64_t r = 0; r < b.results; r++) {
            double largest = item(t, b.x, &b, r, 0), smallest = largest;
            int64_t first = 0;
            for (int64_t k = 1; k < b.n; k++) {
                double v = item(t, b.x, &b, r, k);
                if (v > largest) {
                    largest = v;
                    first = k;
                }
                smallest = fmin(smallest, v);
            }
            assert_near(t, "max", r, get(t, b.y, r), largest, 0);
            assert_near(t, "min", r, get(t, low, r), smallest, 0);
            if (place[r] != first)
                fail_msg("%s: argmax [%lld]: %lld, expected %lld", t->name, (long long)r, (long long)place[r],
                         (long long)first);
        }
        free(place);
        free(low);
        block_free(&b);
    }
}

/* The first NaN is the largest and the smallest; infinities are ordinary. Once as a row, once as a column of
 * three. */
static void check_special_extremes(const table *t)
{
    enum { N = 90 };
    for (int64_t inner = 1; inner <= 3; inner += 2) {
        void *x = items_of(t, NULL, N * inner), *y = items_of(t, NULL, inner);
        int64_t place[3];
        for (int i = 0; i < N * inner; i++)
            put(t, x, i, -INFINITY);
        t->k.max(y, x, 1, N, inner);
        t->k.argmax(place, x, 1, N, inner);
        assert_near(t, "max of -inf", 0, get(t, y, 0), -INFINITY, 0);
        assert_int_equal(place[0], 0);
        put(t, x, 70 * inner, INFINITY);
        t->k.argmax(place, x, 1, N, inner);
        assert_int_equal(place[0], 70);
        put(t, x, 81 * inner, NAN);
        put(t, x, 85 * inner, NAN);
        t->k.argmax(place, x, 1, N, inner);
        assert_int_equal(place[0], 81);
        t->k.max(y, x, 1, N, inner);
        assert_true(isnan(get(t, y, 0)));
        t->k.min(y, x, 1, N, inner);
        assert_true(isnan(get(t, y, 0)));
        free(x);
        free(y);
    }
}

static void test_max_min_argmax(void **state)
{
    (void)state;
    each_table(check_extremes);
    each_table(check_special_extremes);
}

/* Results of the three at items of +-20, against sums in long double. Tolerances: a result of softmax has the
 * error of one exponential, the sum's and two roundings; logarithms besides the rounding of a shift by up to
 * 40. */
static void check_softmax(const table *t)
{
    for (size_t s = 0; s < SHAPES; s++) {
        block b = block_of(t, shapes[s], 20);
        void *log_y = items_of(t, NULL, b.items), *lse = items_of(t, NULL, b.results);
        t->k.softmax(b.y, b.x, b.outer, b.n, b.inner);
        t->k.log_softmax(log_y, b.x, b.outer, b.n, b.inner);
        t->k.logsumexp(lse, b.x, b.outer, b.n, b.inner);
        for (int64_t r = 0; r < b.results; r++) {
            long double sum = 0;
            for (int64_t k = 0; k < b.n; k++)
                sum += expl(item(t, b.x, &b, r, k));
            assert_near(t, "logsumexp", r, get(t, lse, r), (double)logl(sum), 40 * t->epsilon);
            for (int64_t k = 0; k < b.n; k++) {
                double x = item(t, b.x, &b, r, k), want = (double)(expl(x) / sum);
                assert_near(t, "softmax", r, item(t, b.y, &b, r, k), want, 30 * t->epsilon * want);
                assert_near(t, "log_softmax", r, item(t, log_y, &b, r, k), (double)(x - logl(sum)),
                            40 * t->epsilon);
            }
        }
        free(log_y);
        free(lse);
        block_free(&b);
    }
}

/* softmax' v = y (v - sum v y); log_softmax' v = v - e^y sum v */
static void check_softmax_gradients(const table *t)
{
    for (size_t s = 0; s < SHAPES; s++) {
        block b = block_of(t, shapes[s], 3);
        void *g = items_of(t, NULL, b.items), *gx = items_of(t, NULL, b.items);
        for (int logarithm = 0; logarithm < 2; logarithm++) {
            for (int64_t i = 0; i < b.items; i++)
                put(t, g, i, noise(i + 1000));
            (logarithm ? t->k.log_softmax : t->k.softmax)(b.y, b.x, b.outer, b.n, b.inner);
            memcpy(gx, g, (size_t)b.items * t->size);
            (logarithm ? t->k.log_softmax_gradient : t->k.softmax_gradient)(gx, gx, b.y, b.outer, b.n,
                                                                            b.inner);
            for (int64_t r = 0; r < b.results; r++) {
                double sum = 0;
                for (int64_t k = 0; k < b.n; k++)
                    sum += item(t, g, &b, r, k) * (logarithm ? 1 : item(t, b.y, &b, r, k));
                for (int64_t k = 0; k < b.n; k++) {
                    double y = item(t, b.y, &b, r, k), v = item(t, g, &b, r, k);
                    double want = logarithm ? v - exp(y) * sum : y * (v - sum);
                    assert_near(t, "gradient", r, item(t, gx, &b, r, k), want, 20 * t->epsilon);
                }
            }
        }
        free(g);
        free(gx);
        block_free(&b);
    }
}

/* Rows of 3 (short), of 50 and columns: the first three items decide, the others are -infinity. */
static void check_softmax_limits(const table *t)
{
    static const int64_t sizes[][2] = {{3, 1}, {50, 1}, {3, 4}, {50, 4}};
    static const double cases[][7] = {
        /* items, softmax, logsumexp */
        {1000, 1000, -INFINITY, 0.5, 0.5, 0, 1000.6931471805599},
        {-1000, -1000, -INFINITY, 0.5, 0.5, 0, -999.30685281944},
        {0, 1.0986122886681098, -INFINITY, 0.25, 0.75, 0, 1.3862943611198906}, /* 0, ln 3: ln 4 */
        {-INFINITY, -INFINITY, -INFINITY, NAN, NAN, NAN, -INFINITY},
        {INFINITY, 0, 0, NAN, NAN, NAN, INFINITY},
        {NAN, 0, 0, NAN, NAN, NAN, NAN},
    };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            int64_t n = sizes[s][0], inner = sizes[s][1];
            void *x = items_of(t, NULL, n * inner), *y = items_of(t, NULL, n * inner);
            for (int64_t i = 0; i < n * inner; i++)
                put(t, x, i, i / inner < 3 ? cases[c][i / inner] : -INFINITY);
            t->k.softmax(y, x, 1, n, inner);
            for (int k = 0; k < 3; k++)
                assert_near(t, "softmax's limit", (int64_t)c, get(t, y, k * inner), cases[c][3 + k],
                            2 * t->epsilon);
            t->k.logsumexp(y, x, 1, n, inner);
            assert_near(t, "logsumexp's limit", (int64_t)c, get(t, y, 0), cases[c][6], 1000 * t->epsilon);
            t->k.log_softmax(y, x, 1, n, inner);
            for (int k = 0; k < 3; k++)
                assert_near(t, "log_softmax's limit", (int64_t)c, get(t, y, k * inner), log(cases[c][3 + k]),
                            4 * t->epsilon);
            free(x);
            free(y);
        }
}

static void test_softmax(void **state)
{
    (void)state;
    each_table(check_softmax);
    each_table(check_softmax_gradients);
    each_table(check_softmax_limits);
}

/* Rows of items of +-10 under smoothing s: the loss, and the gradient of 3 times the sum of losses, made with
 * the loss and from it. Labels are the first, the last and one between by turns. */
static void check_cross_entropy(const table *t)
{
    for (size_t s = 0; s < SHAPES; s++)
        for (double smoothing = 0; smoothing < 0.2; smoothing += 0.125) {
            block b = block_of(t, shapes[s], 10);
            const int64_t rows = b.outer * b.inner, n = b.n;
            void *loss = items_of(t, NULL, rows), *gy = items_of(t, NULL, rows);
            void *later = items_of(t, NULL, b.items);
            int64_t *label = calloc((size_t)rows + 1, sizeof *label);
            for (int64_t r = 0; r < rows; r++) {
                label[r] = r % 3 == 0 ? 0 : r % 3 == 1 ? n - 1 : n / 2;
                put(t, gy, r, 3);
            }
            t->k.cross_entropy(loss, NULL, b.x, label, rows, n, smoothing, 0);
            t->k.cross_entropy_gradient(later, gy, b.x, loss, label, rows, n, smoothing);
            void *with = items_of(t, NULL, rows);
            t->k.cross_entropy(with, b.y, b.x, label, rows, n, smoothing, 3);
            assert_memory_equal(loss, with, (size_t)rows * t->size);
            for (int64_t r = 0; r < rows; r++) {
                double sum = 0, mean = 0, tolerance = 60 * t->epsilon;
                for (int64_t i = r * n; i < (r + 1) * n; i++) {
                    sum += exp(get(t, b.x, i));
                    mean += get(t, b.x, i) / (double)n;
                }
                double picked = (1 - smoothing) * get(t, b.x, r * n + label[r]) + smoothing * mean;
                assert_near(t, "cross-entropy", r, get(t, loss, r), log(sum) - picked, tolerance);
                for (int64_t k = 0; k < n; k++) {
                    double want = exp(get(t, b.x, r * n + k)) / sum - smoothing / (double)n;
                    want = 3 * (k == label[r] ? want - (1 - smoothing) : want);
                    assert_near(t, "gradient with the loss", r, get(t, b.y, r * n + k), want, tolerance);
                    assert_near(t, "gradient from the loss", r, get(t, later, r * n + k), want, tolerance);
                }
            }
            free(loss), free(with), free(gy), free(later), free(label);
            block_free(&b);
        }
}

/* Classes of -infinity get no share; NaN and infinities show in the loss and in the whole row's gradient. */
static void check_cross_entropy_limits(const table *t)
{
    static const double rows[][4] = {
        /* an item, another, the loss of the first, its gradient there */
        {0, -INFINITY, 0, 0},
        {-INFINITY, 0, INFINITY, -1},
        {1e30, -1e30, 0, 0},
        {INFINITY, 0, NAN, NAN},
        {NAN, 0, NAN, NAN},
        {NAN, NAN, NAN, NAN},
        {-INFINITY, -INFINITY, NAN, NAN},
    };
    for (int64_t n = 2; n <= 600; n += 299)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            void *x = items_of(t, NULL, n), *gx = items_of(t, NULL, n), *later = items_of(t, NULL, n);
            void *loss = items_of(t, NULL, 1), *gy = items_of(t, (double[]){1}, 1);
            for (int64_t i = 0; i < n; i++)
                put(t, x, i, i < 2 ? rows[r][i] : -INFINITY);
            const int64_t label = 0;
            t->k.cross_entropy(loss, gx, x, &label, 1, n, 0, 1);
            assert_near(t, "cross-entropy's limit", (int64_t)r, get(t, loss, 0), rows[r][2], 0);
            assert_near(t, "gradient's limit", (int64_t)r, get(t, gx, 0), rows[r][3], 0);
            t->k.cross_entropy_gradient(later, gy, x, loss, &label, 1, n, 0);
            if (isfinite(rows[r][2]))
                assert_near(t, "later gradient's limit", (int64_t)r, get(t, later, 0), rows[r][3], 0);
            free(x), free(gx), free(later), free(loss), free(gy);
        }
}

static void test_cross_entropy(void **state)
{
    (void)state;
    each_table(check_cross_entropy);
    each_table(check_cross_entropy_limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum_and_mean),
        cmocka_unit_test(test_max_min_argmax),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_cross_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
