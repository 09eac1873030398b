/* soups/uniform: the mean of models' states, weighted if asked. Wortsman et al. 2022, model soups. */
#include <assay/plugin.h>

#include <math.h>

enum { STATES, WEIGHTS, MODELS = 256 };

/* w_k / sum w, in double; equal shares where none are given. NULL after a failure. */
static as_t shares(as_ctx *c, as_t weights, int count)
{
    double w[MODELS], sum = 0;
    for (int k = 0; k < count; k++)
        w[k] = 1;
    if (weights) {
        if (as_count(c, weights) != count)
            return as_fail(c, "%lld weights for %d states", (long long)as_count(c, weights), count);
        const double *given = as_data_f64(c, as_contiguous(c, as_cast(c, weights, AS_F64)));
        for (int k = 0; given && k < count; k++)
            w[k] = given[k];
    }
    for (int k = 0; k < count; k++) {
        if (!(w[k] >= 0) || isinf(w[k]))
            return as_fail(c, "weight %g of state %d, expected 0 or more", w[k], k + 1);
        sum += w[k];
    }
    if (sum == 0)
        return as_fail(c, "all %d weights are 0", count);
    for (int k = 0; k < count; k++)
        w[k] /= sum;
    return as_from(c, AS_F64, AS_DIMS(count), w);
}

/* Integers (steps counted, permutations) have no mean: they must be equal. */
static as_t same_integers(as_ctx *c, const char *name, const as_t *x, int count)
{
    for (int k = 1; k < count; k++)
        if (!as_equal(c, x[0], x[k]))
            return as_fail(c, "integer tensor \"%s\" differs between state 1 and state %d", name, k + 1);
    return x[0];
}

/* theta = sum_k w_k theta_k / sum_k w_k, buffers included; summed in double, so that theta and theta give
 * theta */
static as_t mean(as_ctx *c, const char *name, as_t *x, as_t w, int count)
{
    for (int k = 0; k < count; k++)
        if (as_item(c, as_sum(c, as_scale(c, x[k], 0), AS_ALL)) != 0) /* 0 * NaN and 0 * inf are NaN */
            return as_fail(c, "\"%s\" of state %d holds NaN or infinity", name, k + 1);
    x[count] = w;
    return as_weighted_sum(c, x, count);
}

static as_t merge(as_ctx *c, const void *params, const as_t *in)
{
    int count = as_state_count(c, STATES);
    (void)params;
    if (count > MODELS)
        return as_fail(c, "%d states, expected %d at most", count, MODELS);
    as_t w = shares(c, in[WEIGHTS], count);
    const as_state *first = as_state_in(c, STATES, 0);
    for (int i = 0; as_ok(c) && i < as_state_size(c, first); i++) {
        const char *name = as_state_name(c, first, i);
        as_t x[MODELS + 1];
        for (int k = 0; k < count; k++)
            x[k] = as_state_tensor(c, as_state_in(c, STATES, k), i);
        bool integers = as_dtype_of(c, x[0]) == AS_I64;
        as_state_put(c, name, integers ? same_integers(c, name, x, count) : mean(c, name, x, w, count));
    }
    as_report_real(c, "states", count);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "uniform", .version = "1.0.0", .paper = "arXiv:2203.05482",
          .doc = "mean of models' states, optionally weighted",
          .signature = "states state[]|items, weights? f32[K]|items -> state", .merge = merge);
