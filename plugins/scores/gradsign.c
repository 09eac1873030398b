/* scores/gradsign: how much the items of a batch agree on the direction in which each weight of an untrained
 * network should move. Zhang & Jia 2022, GradSign, algorithm 1 (official get_grad_conflict):
 *   GS = sum_{k in W} | sum_n sign([g_n]_k) |,  g_n = grad_theta l_n
 * Every item goes through the network alone, so batch statistics are its own. The sum over k is the score;
 * the mean over k, which some side scripts of the official code take, is reported beside it. */
#include "weights.h"

enum { MODEL, X, LABELS };

/* sign(g) with sign(0) = sign(NaN) = 0, in double: sums of signs are integers and stay exact */
static as_t sign(as_ctx *c, as_t g)
{
    as_t zero = as_full(c, AS_SCALAR, 0);
    return as_cast(c, as_sub(c, as_cast(c, as_gt(c, g, zero), AS_F64), as_cast(c, as_lt(c, g, zero), AS_F64)),
                   AS_F64);
}

/* sign(g_n) over W, [|W|] */
static as_t signs_of(as_ctx *c, const as_t *in, int64_t n, const weights *w)
{
    as_t g[WEIGHTS_MAX];
    as_t loss = weights_losses(c, as_model_in(c, MODEL), as_slice(c, in[X], 0, n, n + 1, 1),
                               as_slice(c, in[LABELS], 0, n, n + 1, 1));
    if (as_ok(c) && !as_finite(c, loss))
        return as_fail(c, "the loss of item %lld is NaN or infinite", (long long)n);
    if (!as_ok(c) || !as_gradients(c, loss, w->w, w->n, false, g))
        return as_inert(c);
    for (int k = 0; k < w->n; k++)
        g[k] = as_reshape(c, sign(c, g[k]), AS_DIMS(-1));
    return as_concat(c, g, w->n, 0);
}

static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    const int64_t n = as_dim(c, in[X], 0);
    weights w;
    if (n < 2)
        return as_fail(c, "%lld item, expected 2 or more: one item has nobody to agree with", (long long)n);
    if (!weights_of(c, as_model_state(c, as_model_in(c, MODEL)), &w))
        return as_inert(c);
    as_t sums = as_cast(c, as_zeros(c, AS_DIMS(w.count)), AS_F64); /* sum_n sign([g_n]_k) */
    for (int64_t i = 0; i < n && as_ok(c); i++) {
        as_scope scope = as_open(c);
        sums = as_close(c, scope, as_add(c, sums, signs_of(c, in, i, &w)));
    }
    as_t total = as_sum(c, as_abs(c, sums), AS_ALL);
    as_report(c, "mean", as_scale(c, total, 1 / (double)w.count));
    as_report(c, "per_param", as_scale(c, total, 1 / ((double)w.count * (double)n)));
    return total;
}

AS_PLUGIN(.kind = "scores", .name = "gradsign", .version = "1.0.0", .paper = "arXiv:2110.08616",
          .doc = "agreement of the items' gradient signs, over the weights of an untrained network",
          .signature = "model model{params}(f32[B,...] -> f32[B,C]), x f32[N,...], labels i64[N]<C"
                       " -> value f64",
          .score = score);
