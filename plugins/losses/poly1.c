/* losses/poly1: cross-entropy with its first term re-weighted. Leng et al. 2022, Poly-1. */
#include <assay/plugin.h>

typedef struct {
    double epsilon;
} poly1;

static const as_param params[] = {
    AS_REAL(poly1, epsilon, 1.0, -1.0, 10.0, "added weight of 1 - p; 0 gives cross-entropy"),
    AS_END,
};

/* loss[b] = -log p + epsilon (1 - p),   p = softmax(logits[b])[labels[b]] */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const poly1 *p = params_;
    as_t logp = as_gather(c, as_log_softmax(c, in[0], -1), in[1], -1); /* [B] */
    as_t miss = as_neg(c, as_expm1(c, logp));                          /* [B], 1 - p, exact near p = 1 */
    return as_sub(c, as_scale(c, miss, p->epsilon), logp);
}

AS_PLUGIN(.kind = "losses", .name = "poly1", .version = "1.0.0", .paper = "arXiv:2204.12511",
          .doc = "cross-entropy with its first term re-weighted", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(poly1), .forward = forward);
