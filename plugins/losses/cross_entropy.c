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
    return as_cross_entropy(c, in[0], in[1], p->smoothing); /* [B] */
}

AS_PLUGIN(.kind = "losses", .name = "cross_entropy", .version = "1.0.0", .paper = "arXiv:1512.00567",
          .doc = "negative log likelihood of the label, with label smoothing", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(cross_entropy), .forward = forward);
