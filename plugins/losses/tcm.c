/* losses/tcm: the threshold-consistent margin, added to a metric loss so that one threshold of similarity
 * serves all classes. Zhang et al. 2023, Threshold-consistent margin loss for open-world deep metric
 * learning; the equation as in the paper and in pytorch-metric-learning's losses/tcm_loss.py. Only hard pairs
 * count, and each sum is divided by the number of hard pairs. */
#include "pairs.h"

typedef struct {
    double m_pos, m_neg, w_pos, w_neg;
} tcm;

static const as_param params[] = {
    AS_REAL(tcm, m_pos, 0.9, -1.0, 1.0, "pairs of one label up to this similarity are hard"),
    AS_REAL(tcm, m_neg, 0.5, -1.0, 1.0, "pairs of different labels from this similarity on are hard"),
    AS_REAL(tcm, w_pos, 1.0, 0.0, 1e6, "weight of pairs of one label"),
    AS_REAL(tcm, w_neg, 1.0, 0.0, 1e6, "weight of pairs of different labels"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const tcm *p = params_;
    if (p->m_neg >= p->m_pos)
        as_fail(c, "m_neg = %g is not below m_pos = %g", p->m_neg, p->m_pos);
}

/* L = w_pos mean_{S_pos, s <= m_pos} (m_pos - s) + w_neg mean_{S_neg, s >= m_neg} (s - m_neg), 0 over no pair
 */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const tcm *p = params_;
    pairs pair = pairs_of(c, in[0], in[1]);
    as_t s = as_detach(c, pair.s);
    as_t hard_pos = as_mul(c, pair.same, as_le(c, s, as_full(c, AS_SCALAR, p->m_pos)));
    as_t hard_neg = as_mul(c, pair.different, as_ge(c, s, as_full(c, AS_SCALAR, p->m_neg)));
    as_report(c, "hard_pos", as_sum(c, hard_pos, AS_ALL));
    as_report(c, "hard_neg", as_sum(c, hard_neg, AS_ALL));
    as_t pull = pairs_mean(c, as_affine(c, pair.s, -1, p->m_pos), hard_pos);
    as_t push = pairs_mean(c, as_affine(c, pair.s, 1, -p->m_neg), hard_neg);
    return as_add(c, as_scale(c, pull, p->w_pos), as_scale(c, push, p->w_neg));
}

AS_PLUGIN(.kind = "losses", .name = "tcm", .version = "1.0.0", .paper = "arXiv:2307.04047",
          .doc = "margins that hard pairs of all classes share, beside a metric loss", .params = params,
          .signature = "emb f32[B,D], labels i64[B] -> loss f32", .params_size = sizeof(tcm),
          .validate = validate, .forward = forward);
