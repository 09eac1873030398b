/* losses/sce: symmetric cross-entropy, that of the prediction to the label beside that of the label to the
 * prediction. Wang et al. 2019; the balance of the two is one number, as in the code of LDR-KL's authors. */
#include <assay/plugin.h>

typedef struct {
    double bal;
} sce;

#define LOG_OF_ZERO (-4.0) /* what stands for log 0 in the reverse part: the paper's A */

static const as_param params[] = {
    AS_REAL(sce, bal, 0.5, 0.0, 1.0, "share of the reverse part; 0 gives cross-entropy; try 0.05, 0.5, 0.95"),
    AS_END,
};

/* loss[b] = (1 - bal) ce + bal rce,   p = softmax(logits[b])
 *   ce  = -log p_y
 *   rce = -sum_k p_k log onehot(y)_k = -A (1 - p_y) */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const sce *p = params_;
    if (as_dim(c, in[0], -1) < 2)
        return as_fail(c, "logits of 1 class, expected 2 classes or more");
    if (!as_finite(c, in[0]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t logp = as_gather(c, as_log_softmax(c, in[0], -1), in[1], -1); /* [B] */
    as_t rce = as_scale(c, as_expm1(c, logp), LOG_OF_ZERO);            /* [B], expm1(log p) = -(1 - p) */
    return as_sub(c, as_scale(c, rce, p->bal), as_scale(c, logp, 1 - p->bal));
}

AS_PLUGIN(.kind = "losses", .name = "sce", .version = "1.0.0", .paper = "arXiv:1908.06112",
          .doc = "symmetric cross-entropy, for noisy labels", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(sce), .forward = forward);
