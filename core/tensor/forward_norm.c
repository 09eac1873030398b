/* Layer, group and batch normalisation and cross-entropy: rows of dense memory, cut by shape alone. */
#include "tensor/forward.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <assay/tensor.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PIECE 32768  /* items read by one piece */
#define NEAR 4096    /* items that are still in L1 when they are read again */
#define PARTS_MAX 32 /* parts of a weight's gradient, added in order at the end */

/* x as rows of `channels` segments of `inner` items; for a batch norm rows are items and the statistics run
 * down them. */
typedef struct {
    const kernels *k;
    int64_t rows, channels, inner, groups; /* groups: rows of one item (group norm), else 1 */
    int64_t per_piece;
    size_t bytes;
    double eps;
    char *y, *gw, *gb;
    const char *x, *gy, *w, *b;
    double *mean, *rstd; /* batch norm: of each channel */
    double *plain, *product;
    bool fixed;
} norm_job;

static void norm_cut(norm_job *j, int64_t items)
{
    int64_t row = items > 0 ? items : 1;
    j->per_piece = row >= PIECE ? 1 : PIECE / row;
    if (j->rows * row < 2 * PIECE)
        j->per_piece = j->rows > 0 ? j->rows : 1;
}

static const char *weights_at(const norm_job *j, const char *w, int64_t row)
{
    return w + (size_t)(row % j->groups * j->channels) * j->bytes;
}

static void rows_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    const int64_t n = j->channels * j->inner, at_once = n < NEAR ? NEAR / n : 1;
    int64_t first = piece * j->per_piece, last = first + j->per_piece;
    last = last < j->rows ? last : j->rows;
    for (int64_t end; first < last; first = end) {
        end = first + at_once < last ? first + at_once : last;
        j->k->moments(j->mean + first, j->rstd + first, j->x + (size_t)(first * n) * j->bytes, end - first,
                      n);
        for (int64_t r = first; r < end; r++) {
            size_t at = (size_t)(r * n) * j->bytes;
            j->rstd[r] = 1 / sqrt(j->rstd[r] / (double)n + j->eps);
            j->k->normalize(j->y + at, j->x + at, weights_at(j, j->w, r), weights_at(j, j->b, r), j->mean[r],
                            j->rstd[r], j->channels, j->inner);
        }
    }
}

static void rows_gradient_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, last = first + j->per_piece;
    size_t step = (size_t)(j->channels * j->inner) * j->bytes;
    size_t part = (size_t)(piece * j->channels * j->groups) * j->bytes;
    for (int64_t r = first; r < last && r < j->rows; r++) {
        size_t at = part + (size_t)(r % j->groups * j->channels) * j->bytes;
        j->k->normalize_gradient(j->y + (size_t)r * step, j->gw + at, j->gb + at, j->gy + (size_t)r * step,
                                 j->x + (size_t)r * step, weights_at(j, j->w, r), j->mean[r], j->rstd[r],
                                 j->channels, j->inner);
    }
}

/* Weights as given, or `value` for each. NULL and a failure where the sizes do not fit. */
static as_t weights_of(as_ctx *c, const op_call *call, int at, as_t x, int64_t count, double value)
{
    if (at >= call->n)
        return tensor_full(c, (as_dtype)x->dtype, AS_DIMS(count), value);
    as_t w = call->in[at];
    char a[TENSOR_TEXT], b[TENSOR_TEXT];
    if (w->count != count || w->dtype != x->dtype) {
        context_fail(c, "%s %s for %s: expected %" PRId64 " items of its dtype",
                     value == 1 ? "weight" : "bias", tensor_shape_text(w, a), tensor_shape_text(x, b), count);
        return NULL;
    }
    return tensor_dense(c, w);
}

/* How x lies for a layer or group norm. False and a failure where it does not fit. */
static bool rows_of(as_ctx *c, as_op_code code, as_t x, int64_t option, norm_job *j)
{
    char text[TENSOR_TEXT];
    if (!tensor_is_float(x))
        return context_fail(c, "%s, expected a float", tensor_shape_text(x, text)), false;
    j->k = kernels_for(x->dtype);
    j->bytes = tensor_item_bytes(x->dtype);
    j->inner = j->rows = j->channels = j->groups = 1;
    if (code == AS_OP_LAYER_NORM) {
        if (option < 1 || option > x->rank)
            return context_fail(c, "over the last %" PRId64 " axes of %s", option,
                                tensor_shape_text(x, text)),
                   false;
        for (int i = 0; i < x->rank; i++)
            *(i < x->rank - option ? &j->rows : &j->channels) *= x->size[i];
    } else {
        if (x->rank < 2 || option < 1 || x->size[1] % option)
            return context_fail(c, "%" PRId64 " groups of %s: expected [B, C, ...], C a multiple", option,
                                tensor_shape_text(x, text)),
                   false;
        j->groups = option;
        j->rows = x->size[0] * option;
        j->channels = x->size[1] / option;
        for (int i = 2; i < x->rank; i++)
            j->inner *= x->size[i];
    }
    if (x->count > 0 || j->channels * j->inner > 0)
        return true;
    return context_fail(c, "no item to take a mean of: %s", tensor_shape_text(x, text)), false;
}

/* layer_norm: x, weight, bias (both may be missing); i0 = how many axes, the last ones. group_norm: i0 =
 * groups. r0 = eps. */
as_t forward_row_norm(as_ctx *c, op_call *call)
{
    norm_job j = {.eps = call->attr.r[0]};
    as_t x = call->in[0];
    if (call->n > 3)
        return context_fail(c, "%d tensors, expected at most 3", call->n);
    if (!rows_of(c, call->code, x, call->attr.i[0], &j))
        return context_of(c)->inert;
    as_t w = weights_of(c, call, 1, x, j.channels * j.groups, 1);
    as_t b = w ? weights_of(c, call, 2, x, j.channels * j.groups, 0) : NULL;
    x = tensor_dense(c, x);
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    call->found = tensor_new(c, AS_F64, AS_DIMS(2, j.rows));
    if (!b || !context_ok(c))
        return context_of(c)->inert;
    j.x = x->data, j.y = y->data, j.w = w->data, j.b = b->data;
    j.mean = call->found->data, j.rstd = j.mean + j.rows;
    norm_cut(&j, j.channels * j.inner);
    if (y->count)
        pool_run((j.rows + j.per_piece - 1) / j.per_piece, rows_piece, &j);
    return y;
}

/* Sums the parts of a weight's gradient into the first, in order. */
static as_t fold_parts(as_ctx *c, const norm_job *j, as_t parts, int64_t n)
{
    as_t y = tensor_from(c, (as_dtype)parts->dtype, AS_DIMS(j->channels * j->groups), parts->data);
    int64_t count = j->channels * j->groups;
    for (int64_t p = 1; p < n && context_ok(c); p++)
        j->k->accumulate(y->data, (char *)parts->data + (size_t)(p * count) * j->bytes, count);
    return y;
}

void forward_row_norm_gradient(as_ctx *c, const op_call *call, as_t gy, as_t *gx)
{
    norm_job j = {0};
    as_t x = call->in[0];
    if (!rows_of(c, call->code, x, call->attr.i[0], &j))
        return;
    j.mean = call->found->data, j.rstd = j.mean + j.rows;
    int64_t count = j.channels * j.groups;
    as_t w = weights_of(c, call, 1, x, count, 1);
    x = tensor_dense(c, x), gy = tensor_dense(c, gy);
    gx[0] = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    norm_cut(&j, j.channels * j.inner);
    int64_t least = (j.rows + PARTS_MAX - 1) / PARTS_MAX;
    j.per_piece = j.per_piece < least ? least : j.per_piece;
    int64_t pieces = x->count ? (j.rows + j.per_piece - 1) / j.per_piece : 0;
    as_dims parts = AS_DIMS(pieces ? pieces : 1, count);
    as_t gw = tensor_full(c, (as_dtype)x->dtype, parts, 0), gb = tensor_full(c, (as_dtype)x->dtype, parts, 0);
    if (!context_ok(c))
        return;
    j.x = x->data, j.gy = gy->data, j.y = gx[0]->data, j.w = w->data;
    j.gw = gw->data, j.gb = gb->data;
    pool_run(pieces, rows_gradient_piece, &j);
    if (call->n > 1)
        gx[1] = fold_parts(c, &j, gw, pieces);
    if (call->n > 2)
        gx[2] = fold_parts(c, &j, gb, pieces);
}

/* ---- batch norm: x [B, C, ...] ---- */

#define STRIP 256 /* channels of one item's row worked on together where they lie side by side */

static bool batch_of(as_ctx *c, as_t x, norm_job *j)
{
    char text[TENSOR_TEXT];
    if (x->rank < 2 || !tensor_is_float(x))
        return context_fail(c, "%s, expected a float [B, C, ...]", tensor_shape_text(x, text)), false;
    j->k = kernels_for(x->dtype);
    j->bytes = tensor_item_bytes(x->dtype);
    j->rows = x->size[0], j->channels = x->size[1], j->inner = 1;
    for (int i = 2; i < x->rank; i++)
        j->inner *= x->size[i];
    if (j->rows * j->inner == 0)
        return context_fail(c, "no item to take a mean of: %s", tensor_shape_text(x, text)), false;
    int64_t items = j->rows * j->inner;
    j->per_piece = j->inner == 1 ? STRIP : items >= PIECE ? 1 : PIECE / items;
    return true;
}

static int64_t batch_pieces(const norm_job *j)
{
    return (j->channels + j->per_piece - 1) / j->per_piece;
}

/* Mean and sum of squared deviations of channel k: those of its segments, put together (Chan, Golub & LeVeque
 * 1979). */
static void channel_moments(const norm_job *j, int64_t k, double *mean, double *squares)
{
    double n = 0, m = 0, s = 0, each = (double)j->inner;
    for (int64_t r = 0; r < j->rows; r++) {
        double part, deviation;
        j->k->moments(&part, &deviation, j->x + (size_t)((r * j->channels + k) * j->inner) * j->bytes, 1,
                      j->inner);
        double d = part - m, all = n + each;
        m += d * each / all;
        s += deviation + d * d * n * each / all;
        n = all;
    }
    *mean = m;
    *squares = s;
}

static void batch_moments_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, left = j->channels - first;
    left = left < j->per_piece ? left : j->per_piece;
    double *mean = j->mean + first, *squares = j->rstd + first;
    if (j->inner == 1)
        j->k->column_moments(mean, squares, j->x + (size_t)first * j->bytes, j->rows, j->channels, left);
    else
        for (int64_t k = 0; k < left; k++)
            channel_moments(j, first + k, &mean[k], &squares[k]);
}

static void put(as_t x, int64_t at, double value)
{
    if (x->dtype == AS_F32)
        ((float *)x->data)[at] = (float)value;
    else
        ((double *)x->data)[at] = value;
}

static double get(const struct as_tensor *x, int64_t at)
{
    return x->dtype == AS_F32 ? ((const float *)x->data)[at] : ((const double *)x->data)[at];
}

/* x [B, C, ...] -> [3, C]: mean, 1 / sqrt(variance + eps), variance (biased) of each channel. r0 = eps */
as_t forward_batch_moments(as_ctx *c, op_call *call)
{
    norm_job j = {.eps = call->attr.r[0]};
    if (!batch_of(c, call->in[0], &j))
        return context_of(c)->inert;
    as_t x = tensor_dense(c, call->in[0]);
    as_t y = tensor_new(c, (as_dtype)x->dtype, AS_DIMS(3, j.channels));
    as_t work = tensor_new(c, AS_F64, AS_DIMS(2, j.channels));
    if (!context_ok(c))
        return y;
    j.x = x->data, j.mean = work->data, j.rstd = j.mean + j.channels;
    pool_run(batch_pieces(&j), batch_moments_piece, &j);
    for (int64_t k = 0; k < j.channels; k++) {
        double variance = j.rstd[k] / (double)(j.rows * j.inner);
        put(y, k, j.mean[k]);
        put(y, j.channels + k, 1 / sqrt(variance + j.eps));
        put(y, 2 * j.channels + k, variance);
    }
    return y;
}

static void batch_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, last = first + j->per_piece;
    last = last < j->channels ? last : j->channels;
    for (int64_t r = 0; r < j->rows; r++)
        for (int64_t k = first; k < last; k++) {
            size_t at = (size_t)((r * j->channels + k) * j->inner) * j->bytes, w = (size_t)k * j->bytes;
            j->k->normalize(j->y + at, j->x + at, j->w + w, j->b + w, j->mean[k], j->rstd[k], 1, j->inner);
        }
}

static double weight_at(const norm_job *j, const char *w, int64_t k)
{
    return j->bytes == 4 ? ((const float *)(const void *)w)[k] : ((const double *)(const void *)w)[k];
}

/* Rows of a strip of columns, gy and x as they lie; the gradient when there is a gy. */
static void columns_map(const norm_job *j, int64_t first, int64_t columns, const double *scale,
                        const double *shift, const double *slope)
{
    for (int64_t r = 0; r < j->rows; r++) {
        size_t at = (size_t)(r * j->channels + first) * j->bytes;
        j->k->column_map(j->y + at, j->gy ? j->gy + at : NULL, j->x + at, j->mean + first, scale, shift,
                         slope, columns);
    }
}

/* y = (x - mean) rstd w + b with w, b and the statistics one a column */
static void columns_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, left = j->channels - first;
    left = left < j->per_piece ? left : j->per_piece;
    double shift[STRIP], slope[STRIP];
    for (int64_t k = 0; k < left; k++) {
        shift[k] = weight_at(j, j->b, first + k);
        slope[k] = j->rstd[first + k] * weight_at(j, j->w, first + k);
    }
    columns_map(j, first, left, shift, shift, slope);
}

static void columns_gradient_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, left = j->channels - first;
    left = left < j->per_piece ? left : j->per_piece;
    double scale[STRIP], shift[STRIP], slope[STRIP], n = (double)j->rows;
    size_t at = (size_t)first * j->bytes;
    j->k->column_sums(j->plain + first, j->product + first, j->gy + at, j->x + at, j->mean + first, j->rows,
                      j->channels, left);
    for (int64_t k = 0; k < left; k++) {
        double rstd = j->rstd[first + k];
        scale[k] = weight_at(j, j->w, first + k) * rstd;
        shift[k] = j->fixed ? 0 : -scale[k] * j->plain[first + k] / n;
        slope[k] = j->fixed ? 0 : -scale[k] * rstd * rstd * j->product[first + k] / n;
    }
    columns_map(j, first, left, scale, shift, slope);
}

static as_t statistics_of(as_ctx *c, as_t moments, const norm_job *j)
{
    char text[TENSOR_TEXT];
    if (moments->rank != 2 || moments->size[0] != 3 || moments->size[1] != j->channels ||
        !tensor_is_float(moments))
        return context_fail(c, "statistics %s, expected [3,%" PRId64 "]", tensor_shape_text(moments, text),
                            j->channels);
    as_t dense = tensor_dense(c, moments);
    as_t work = tensor_new(c, AS_F64, AS_DIMS(4, j->channels));
    for (int64_t k = 0; k < 2 * j->channels && context_ok(c); k++)
        ((double *)work->data)[k] = get(dense, k);
    return work;
}

/* x [B, C, ...], moments [3, C], weight [C], bias [C] (both may be missing) */
as_t forward_batch_norm(as_ctx *c, op_call *call)
{
    norm_job j = {0};
    as_t x = call->in[0];
    if (call->n < 2 || call->n > 4)
        return context_fail(c, "%d tensors, expected 2 to 4", call->n);
    if (!batch_of(c, x, &j))
        return context_of(c)->inert;
    as_t stats = statistics_of(c, call->in[1], &j);
    as_t w = context_ok(c) ? weights_of(c, call, 2, x, j.channels, 1) : NULL;
    as_t b = w ? weights_of(c, call, 3, x, j.channels, 0) : NULL;
    x = tensor_dense(c, x);
    as_t y = b ? tensor_new(c, (as_dtype)x->dtype, tensor_dims(x)) : NULL;
    if (!context_ok(c))
        return context_of(c)->inert;
    j.mean = stats->data, j.rstd = j.mean + j.channels;
    j.x = x->data, j.y = y->data, j.w = w->data, j.b = b->data;
    pool_run(batch_pieces(&j), j.inner == 1 ? columns_piece : batch_piece, &j);
    return y;
}

static void batch_sums_piece(void *arg, int64_t piece)
{
    const norm_job *j = arg;
    int64_t first = piece * j->per_piece, left = j->channels - first;
    left = left < j->per_piece ? left : j->per_piece;
    for (int64_t k = first; k < first + left; k++) {
        double one = 0, two = 0, n = (double)(j->rows * j->inner);
        for (int64_t r = 0; r < j->rows; r++) {
            double a, b;
            size_t at = (size_t)((r * j->channels + k) * j->inner) * j->bytes;
            j->k->normalize_sums(&a, &b, j->gy + at, j->x + at, j->mean[k], j->inner);
            one += a;
            two += b;
        }
        j->plain[k] = one, j->product[k] = two;
        double scale = weight_at(j, j->w, k) * j->rstd[k], shift = j->fixed ? 0 : scale * j->plain[k] / n;
        double slope = j->fixed ? 0 : scale * j->rstd[k] * j->rstd[k] * j->product[k] / n;
        for (int64_t r = 0; r < j->rows; r++) {
            size_t at = (size_t)((r * j->channels + k) * j->inner) * j->bytes;
            j->k->normalize_combine(j->y + at, j->gy + at, j->x + at, j->inner, j->mean[k], scale, shift,
                                    slope);
        }
    }
}

void forward_batch_norm_gradient(as_ctx *c, const op_call *call, as_t gy, as_t *gx)
{
    norm_job j = {.fixed = call->attr.i[0] != 0};
    as_t x = tensor_dense(c, call->in[0]);
    gy = tensor_dense(c, gy);
    if (!context_ok(c) || !batch_of(c, x, &j))
        return;
    as_t stats = statistics_of(c, call->in[1], &j), w = weights_of(c, call, 2, x, j.channels, 1);
    gx[0] = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    as_t gw = tensor_new(c, (as_dtype)x->dtype, AS_DIMS(j.channels)), gb = gw;
    gb = tensor_new(c, (as_dtype)x->dtype, AS_DIMS(j.channels));
    if (!context_ok(c))
        return;
    j.mean = stats->data, j.rstd = j.mean + j.channels;
    j.plain = j.rstd + j.channels, j.product = j.plain + j.channels;
    j.x = x->data, j.gy = gy->data, j.y = gx[0]->data, j.w = w->data;
    pool_run(batch_pieces(&j), j.inner == 1 ? columns_gradient_piece : batch_sums_piece, &j);
    for (int64_t k = 0; k < j.channels; k++) {
        put(gw, k, j.product[k] * j.rstd[k]);
        put(gb, k, j.plain[k]);
    }
    if (call->n > 2)
        gx[2] = gw;
    if (call->n > 3)
        gx[3] = gb;
}
