/* scores/snip: how much of the mean loss hangs on the weights as they are. Lee et al. 2019, SNIP, equation 6,
 * summed over the network as in Abdelfattah et al. 2021, section 3.2, and its official measures/snip.py. */
#include "weights.h"

enum { MODEL, X, LABELS };

/* sum_k | w_k d L / d w_k | */
static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    weights w;
    as_t g[WEIGHTS_MAX];
    if (!weights_mean_gradient(c, as_model_in(c, MODEL), in[X], in[LABELS], &w, g))
        return as_inert(c);
    as_t total = as_full(c, AS_SCALAR, 0);
    for (int k = 0; k < w.n; k++)
        total = as_add(c, total, as_sum(c, as_abs(c, as_mul(c, w.w[k], g[k])), AS_ALL));
    return as_detach(c, total);
}

AS_PLUGIN(.kind = "scores", .name = "snip", .version = "1.0.0", .paper = "arXiv:1810.02340",
          .doc = "sum over weights of |weight x gradient of the mean loss|",
          .signature = "model model{params}(f32[B,...] -> f32[B,C]), x f32[N,...], labels i64[N]<C"
                       " -> value f32",
          .score = score);
