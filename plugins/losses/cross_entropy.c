/* losses/cross_entropy: negative log likelihood of the label, optionally of labels smoothed towards the
 * uniform distribution. Smoothing: Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.
 */
#include <assay/plugin.h>

typedef struct {
    double smoothing;
} cross_entropy;

static const as_param params[] = {
    AS_REAL(cross_entropy, smoothing, 0.0, 0.0, 1.0, "share of the label's weight spread over all classes"),
    AS_END,
};

/* loss[b] = -(1 - s) log p_y - s mean_k log p_k,   p = softmax(logits[b]),  y = labels[b] */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const cross_entropy *p = params_;
    as_t logp = as_log_softmax(c, in[0], -1);              /* [B,C] */
    as_t label = as_neg(c, as_gather(c, logp, in[1], -1)); /* [B] */
    if (p->smoothing == 0)
        return label;
    as_t uniform = as_neg(c, as_squeeze(c, as_mean(c, logp, -1), -1)); /* [B] */
    return as_add(c, as_scale(c, label, 1 - p->smoothing), as_scale(c, uniform, p->smoothing));
}

AS_PLUGIN(.kind = "losses", .name = "cross_entropy", .version = "1.0.0", .paper = "arXiv:1512.00567",
          .doc = "negative log likelihood of the label, with label smoothing", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(cross_entropy), .forward = forward);
