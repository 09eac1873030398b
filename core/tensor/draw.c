#include "tensor/draw.h"

#include <assay/tensor.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const names[] = {
    [DRAW_UNIFORM] = "rand",
    [DRAW_NORMAL] = "randn",
    [DRAW_SIGN] = "rademacher",
    [DRAW_GAMMA] = "gamma",
    [DRAW_BETA] = "beta",
    [DRAW_BELOW] = "randint",
    [DRAW_PERMUTATION] = "permutation",
    [DRAW_CATEGORICAL] = "categorical",
};

static bool is_real(draw_kind kind)
{
    return kind <= DRAW_BETA;
}

/* n numbers at `out`, which is of the dtype of the result. */
static void fill(random_stream *s, const draw_request *r, void *out, int64_t n)
{
    bool single = r->dtype == AS_F32;
    switch (r->kind) {
    case DRAW_UNIFORM:
        single ? random_uniform_f32(s, out, n) : random_uniform_f64(s, out, n);
        break;
    case DRAW_NORMAL:
        single ? random_normal_f32(s, out, n) : random_normal_f64(s, out, n);
        break;
    case DRAW_SIGN:
        single ? random_sign_f32(s, out, n) : random_sign_f64(s, out, n);
        break;
    case DRAW_GAMMA:
        single ? random_gamma_f32(s, r->a, out, n) : random_gamma_f64(s, r->a, out, n);
        break;
    case DRAW_BETA:
        single ? random_beta_f32(s, r->a, r->b, out, n) : random_beta_f64(s, r->a, r->b, out, n);
        break;
    case DRAW_BELOW:
        random_below(s, (uint64_t)r->below, out, n);
        break;
    default:
        random_permutation(s, out, n);
    }
}

static bool positive(as_ctx *c, const draw_request *r, const char *name, double value)
{
    if (value > 0 && isfinite(value))
        return true;
    context_fail(c, "%s: %s is %g, expected a finite number above 0", names[r->kind], name, value);
    return false;
}

static bool parameters_fit(as_ctx *c, const draw_request *r)
{
    char text[TENSOR_TEXT];
    if (is_real(r->kind) && r->dtype == AS_I64)
        return context_fail(c, "%s: dtype i64, expected f32 or f64", names[r->kind]), false;
    if (r->kind == DRAW_GAMMA && !positive(c, r, "shape", r->a))
        return false;
    if (r->kind == DRAW_BETA && (!positive(c, r, "a", r->a) || !positive(c, r, "b", r->b)))
        return false;
    if (r->kind == DRAW_BELOW && r->below < 1)
        return context_fail(c, "randint: below is %" PRId64 ", expected at least 1", r->below), false;
    if (r->kind == DRAW_PERMUTATION && r->below < 0)
        return context_fail(c, "permutation: of %" PRId64 " items", r->below), false;
    if (r->kind == DRAW_CATEGORICAL && (!tensor_is_float(r->weights) || r->weights->rank < 1))
        return context_fail(c, "categorical: weights %s, expected a float [..., classes]",
                            tensor_shape_text(r->weights, text)),
               false;
    return true;
}

/* Sizes of the result. */
static as_dims result_dims(const draw_request *r)
{
    as_dims d = r->dims;
    if (r->kind == DRAW_PERMUTATION)
        d = r->items ? AS_DIMS(r->items->count, r->below) : AS_DIMS(r->below);
    if (r->kind == DRAW_CATEGORICAL) {
        d = tensor_dims(r->weights);
        d.rank--;
        if (r->draws > 0)
            d.size[d.rank++] = r->draws;
    }
    return d;
}

static bool items_fit(as_ctx *c, const draw_request *r, const as_dims *d)
{
    char text[TENSOR_TEXT];
    if (!r->items ||
        (r->items->dtype == AS_I64 && r->items->rank == 1 && d->rank > 0 && d->size[0] == r->items->size[0]))
        return true;
    if (d->rank > 0)
        context_fail(c, "%s: items %s, expected i64[%" PRId64 "], one for each place of the first axis",
                     names[r->kind], tensor_shape_text(r->items, text), d->size[0]);
    else
        context_fail(c, "%s: items need a first axis, the result is a scalar", names[r->kind]);
    return false;
}

/* A copy of the weights in double, checked: draws leave running sums in it. */
static as_t odds_of(as_ctx *c, as_t weights)
{
    as_t x = tensor_new(c, AS_F64, tensor_dims(weights)), dense = tensor_dense(c, weights);
    if (!context_ok(c))
        return x;
    int64_t classes = x->size[x->rank - 1];
    double *odds = x->data;
    for (int64_t i = 0; i < x->count; i++) {
        double value = dense->dtype == AS_F32 ? (double)((const float *)dense->data)[i]
                                              : ((const double *)dense->data)[i];
        odds[i] = value;
        if (!(value >= 0 && isfinite(value)))
            return context_fail(c,
                                "categorical: weight %g of class %" PRId64 " in row %" PRId64
                                ", expected a finite number from 0",
                                value, i % classes, i / classes);
    }
    for (int64_t row = 0; classes > 0 && row < x->count / classes; row++) {
        double sum = 0;
        for (int64_t k = 0; k < classes; k++)
            sum += odds[row * classes + k];
        if (!(sum > 0 && isfinite(sum)))
            return context_fail(c, "categorical: the weights of row %" PRId64 " add up to %g", row, sum);
    }
    return x;
}

static void draw_categories(as_ctx *c, random_stream *s, const draw_request *r, as_t y)
{
    char text[TENSOR_TEXT];
    int64_t classes = r->weights->size[r->weights->rank - 1], draws = r->draws > 0 ? r->draws : 1;
    if (r->items && r->weights->rank < 2) {
        context_fail(c, "categorical: items need weights [B, ..., classes], not %s",
                     tensor_shape_text(r->weights, text));
        return;
    }
    if (classes == 0 && y->count > 0) {
        context_fail(c, "categorical: weights %s: there is no class to draw",
                     tensor_shape_text(r->weights, text));
        return;
    }
    as_t odds = odds_of(c, r->weights);
    if (!context_ok(c))
        return;
    int64_t rows = y->count / draws;
    if (!r->items) {
        random_categorical(s, odds->data, rows, classes, draws, y->data);
        return;
    }
    int64_t each = r->items->count ? rows / r->items->count : 0;
    for (int64_t i = 0; i < r->items->count; i++) {
        random_stream own = random_item(*s, ((const uint64_t *)r->items->data)[i]);
        random_categorical(&own, (double *)odds->data + i * each * classes, each, classes, draws,
                           (int64_t *)y->data + i * each * draws);
    }
    random_pass(s);
}

static void fill_items(random_stream *s, const draw_request *r, as_t y)
{
    int64_t each = r->items->count ? y->count / r->items->count : 0;
    size_t bytes = (size_t)each * tensor_item_bytes((as_dtype)y->dtype);
    for (int64_t i = 0; i < r->items->count; i++) {
        random_stream own = random_item(*s, ((const uint64_t *)r->items->data)[i]);
        fill(&own, r, (char *)y->data + (size_t)i * bytes, each);
    }
    random_pass(s);
}

as_t draw_tensor(as_ctx *c, random_stream *s, const draw_request *request)
{
    draw_request r = *request;
    if (!context_ok(c) || !parameters_fit(c, &r))
        return context_of(c)->inert;
    as_dims d = result_dims(&r);
    if (d.rank > AS_MAX_RANK)
        return context_fail(c, "categorical: weights of %d axes leave none for the draws", AS_MAX_RANK);
    if (!items_fit(c, &r, &d))
        return context_of(c)->inert;
    as_t y = tensor_new(c, is_real(r.kind) ? r.dtype : AS_I64, d);
    if (r.items)
        r.items = tensor_dense(c, r.items);
    if (!context_ok(c))
        return context_of(c)->inert;
    if (r.kind == DRAW_CATEGORICAL)
        draw_categories(c, s, &r, y);
    else if (r.items)
        fill_items(s, &r, y);
    else
        fill(s, &r, y->data, y->count);
    return context_ok(c) ? y : context_of(c)->inert;
}
