/* Layer, group and batch normalisation. A row is one group of `channels` segments of `inner` items each; a
 * column is one channel of a batch whose rows are side by side (inner 1). */
#include "tensor/kernels/rows.h"
#include "tensor/kernels/vectors.h"

#define BLOCK (RUN * LANES)

/* sum of (x - mean)^2 */
static double sum_squares(const real *x, int64_t n, real mean)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t items = smaller(BLOCK, n - start), i = 0;
        const real *at = x + start;
        real lane[LANES] = {0};
        for (; i + LANES <= items; i += LANES)
            for (int l = 0; l < LANES; l++)
                lane[l] += (at[i + l] - mean) * (at[i + l] - mean);
        for (int l = 0; i + l < items; l++)
            lane[l] += (at[i + l] - mean) * (at[i + l] - mean);
        total += fold_lanes(lane, plus_of);
    }
    return total;
}

static void moments(double *mean, double *squares, const void *x_, int64_t rows, int64_t n)
{
    const real *x = x_;
    for (int64_t r = 0; r < rows; r++)
        mean[r] = (double)sum_row(x + r * n, n) / (double)n;
    for (int64_t r = 0; r < rows; r++)
        squares[r] = sum_squares(x + r * n, n, (real)mean[r]);
}

/* y = (x - mean) rstd w + b */
static void normalize(void *y_, const void *x_, const void *w_, const void *b_, double mean_, double rstd_,
                      int64_t channels, int64_t inner)
{
    real *y = y_, mean = (real)mean_, rstd = (real)rstd_;
    const real *x = x_, *w = w_, *b = b_;
    if (inner == 1) {
        INDEPENDENT
        for (int64_t i = 0; i < channels; i++)
            y[i] = (x[i] - mean) * rstd * w[i] + b[i];
        return;
    }
    for (int64_t k = 0; k < channels; k++, x += inner, y += inner) {
        real scale = rstd * w[k], shift = b[k];
        INDEPENDENT
        for (int64_t i = 0; i < inner; i++)
            y[i] = (x[i] - mean) * scale + shift;
    }
}

/* sums of gy and of gy (x - mean) */
static void sums(double *plain, double *product, const void *gy_, const void *x_, double mean_, int64_t n)
{
    const real *gy = gy_, *x = x_;
    real mean = (real)mean_;
    *plain = *product = 0;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t items = smaller(BLOCK, n - start), i = 0;
        const real *g = gy + start, *at = x + start;
        real a[LANES] = {0}, b[LANES] = {0};
        for (; i + LANES <= items; i += LANES)
            for (int l = 0; l < LANES; l++) {
                a[l] += g[i + l];
                b[l] += g[i + l] * (at[i + l] - mean);
            }
        for (int l = 0; i + l < items; l++) {
            a[l] += g[i + l];
            b[l] += g[i + l] * (at[i + l] - mean);
        }
        *plain += fold_lanes(a, plus_of);
        *product += fold_lanes(b, plus_of);
    }
}

/* gx = scale gy - shift - slope (x - mean) */
static void combine(void *gx_, const void *gy_, const void *x_, int64_t n, double mean_, double scale_,
                    double shift_, double slope_)
{
    real *gx = gx_, mean = (real)mean_, scale = (real)scale_, shift = (real)shift_, slope = (real)slope_;
    const real *gy = gy_, *x = x_;
    INDEPENDENT
    for (int64_t i = 0; i < n; i++)
        gx[i] = scale * gy[i] - shift - slope * (x[i] - mean);
}

INLINE real fold_vector(vector v)
{
    real lane[VECTOR_BYTES / sizeof(real)];
    store(lane, v);
    for (int w = WIDTH / 2; w > 0; w /= 2)
        for (int l = 0; l < w; l++)
            lane[l] += lane[l + w];
    return lane[0];
}

/* One row with a weight an item: the sums of gy w and gy w (x - mean), and the row's part of the gradients of
 * w and b. In vectors, because loops over lanes would fetch everything from four places at a time. */
static void row_sums(real *gw, real *gb, const real *gy, const real *x, const real *w, int64_t n, real mean,
                     real rstd, double *plain, double *product)
{
    int64_t i = 0;
    *plain = *product = 0;
    while (i + WIDTH <= n) {
        vector a = {0}, b = {0};
        for (int64_t end = smaller(i + RUN * WIDTH, n - WIDTH + 1); i < end; i += WIDTH) {
            vector g = load(gy + i), d = load(x + i) - mean, weighted = g * load(w + i);
            store(gb + i, load(gb + i) + g);
            store(gw + i, load(gw + i) + g * d * rstd);
            a += weighted;
            b += weighted * d;
        }
        *plain += fold_vector(a);
        *product += fold_vector(b);
    }
    for (; i < n; i++) {
        real g = gy[i], d = x[i] - mean;
        gb[i] += g;
        gw[i] += g * d * rstd;
        *plain += g * w[i];
        *product += g * w[i] * d;
    }
}

static void normalize_gradient(void *gx_, void *gw_, void *gb_, const void *gy_, const void *x_,
                               const void *w_, double mean, double rstd, int64_t channels, int64_t inner)
{
    real *gx = gx_, *gw = gw_, *gb = gb_;
    const real *gy = gy_, *x = x_, *w = w_;
    double plain = 0, product = 0, n = (double)(channels * inner);
    if (inner == 1) {
        row_sums(gw, gb, gy, x, w, channels, (real)mean, (real)rstd, &plain, &product);
        real m = (real)mean, r = (real)rstd, shift = (real)(rstd * plain / n);
        real slope = (real)(rstd * rstd * rstd * product / n);
        INDEPENDENT
        for (int64_t i = 0; i < channels; i++)
            gx[i] = r * w[i] * gy[i] - shift - slope * (x[i] - m);
        return;
    }
    for (int64_t k = 0; k < channels; k++) {
        double one, two;
        sums(&one, &two, gy + k * inner, x + k * inner, mean, inner);
        gb[k] += (real)one;
        gw[k] += (real)(two * rstd);
        plain += one * (double)w[k];
        product += two * rstd * (double)w[k];
    }
    for (int64_t k = 0; k < channels; k++)
        combine(gx + k * inner, gy + k * inner, x + k * inner, inner, mean, rstd * (double)w[k],
                rstd * plain / n, rstd * rstd * product / n);
}

/* x [rows, step], `columns` of them: mean and sum of squared deviations of each */
static void column_moments(double *mean, double *squares, const void *x_, int64_t rows, int64_t step,
                           int64_t columns)
{
    const real *x = x_;
    for (int64_t i = 0; i < columns; i++)
        mean[i] = squares[i] = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < columns; i++)
            mean[i] += (double)x[r * step + i];
    for (int64_t i = 0; i < columns; i++)
        mean[i] /= (double)rows;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < columns; i++) {
            double d = (double)x[r * step + i] - mean[i];
            squares[i] += d * d;
        }
}

static void column_sums(double *plain, double *product, const void *gy_, const void *x_, const double *mean,
                        int64_t rows, int64_t step, int64_t columns)
{
    const real *gy = gy_, *x = x_;
    for (int64_t i = 0; i < columns; i++)
        plain[i] = product[i] = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < columns; i++) {
            plain[i] += (double)gy[r * step + i];
            product[i] += (double)gy[r * step + i] * ((double)x[r * step + i] - mean[i]);
        }
}

/* y = scale gy + shift + slope (x - mean), one row of columns; gy NULL: 0 */
static void column_map(void *y_, const void *gy_, const void *x_, const double *mean, const double *scale,
                       const double *shift, const double *slope, int64_t columns)
{
    real *y = y_;
    const real *gy = gy_, *x = x_;
    if (gy) {
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++)
            y[i] = (real)(scale[i] * (double)gy[i] + shift[i] + slope[i] * ((double)x[i] - mean[i]));
        return;
    }
    INDEPENDENT
    for (int64_t i = 0; i < columns; i++)
        y[i] = (real)(shift[i] + slope[i] * ((double)x[i] - mean[i]));
}

void KERNEL(fill_normalize)(kernels *k)
{
    k->moments = moments;
    k->normalize = normalize;
    k->normalize_sums = sums;
    k->normalize_combine = combine;
    k->normalize_gradient = normalize_gradient;
    k->column_moments = column_moments;
    k->column_sums = column_sums;
    k->column_map = column_map;
}
