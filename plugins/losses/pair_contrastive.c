/* losses/pair_contrastive: pairs of one label together, others apart, by cosine similarity with two margins.
 * Hadsell, Chopra & LeCun 2006, in the form that Zhang et al. 2023 (arXiv:2307.04047) add their margin to:
 * means over all pairs of a kind, not over the hard ones. */
#include "pairs.h"

typedef struct {
    double mp, mn;
} pair_contrastive;

static const as_param params[] = {
    AS_REAL(pair_contrastive, mp, 1.0, -1.0, 1.0, "similarity that pairs of one label should reach"),
    AS_REAL(pair_contrastive, mn, 0.5, -1.0, 1.0, "similarity that other pairs should stay below"),
    AS_END,
};

/* mean over S_pos of relu(mp - s) + mean over S_neg of relu(s - mn) */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const pair_contrastive *p = params_;
    pairs pair = pairs_of(c, in[0], in[1]);
    return as_add(c, pairs_mean(c, as_relu(c, as_affine(c, pair.s, -1, p->mp)), pair.same),
                  pairs_mean(c, as_relu(c, as_affine(c, pair.s, 1, -p->mn)), pair.different));
}

AS_PLUGIN(.kind = "losses", .name = "pair_contrastive", .version = "1.0.0",
          .doc = "contrastive loss over the pairs of a batch", .params = params,
          .signature = "emb f32[B,D], labels i64[B] -> loss f32", .params_size = sizeof(pair_contrastive),
          .forward = forward);
