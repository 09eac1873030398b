/* scores/grad_norm: the sum over layers of the norm of the mean loss's gradient at their weights. Abdelfattah
 * et al. 2021, Zero-cost proxies for lightweight NAS, section 3.1, and its official measures/grad_norm.py. */
#include "weights.h"

enum { MODEL, X, LABELS };

/* sum_l || d L / d W_l ||_2 */
static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    weights w;
    as_t g[WEIGHTS_MAX];
    if (!weights_mean_gradient(c, as_model_in(c, MODEL), in[X], in[LABELS], &w, g))
        return as_inert(c);
    as_t total = as_full(c, AS_SCALAR, 0);
    for (int k = 0; k < w.n; k++)
        total = as_add(c, total, as_sqrt(c, as_sum(c, as_square(c, g[k]), AS_ALL)));
    return total;
}

AS_PLUGIN(.kind = "scores", .name = "grad_norm", .version = "1.0.0", .paper = "arXiv:2101.08134",
          .doc = "sum over layers of the norm of the mean loss's gradient",
          .signature = "model model{params}(f32[B,...] -> f32[B,C]), x f32[N,...], labels i64[N]<C"
                       " -> value f32",
          .score = score);
