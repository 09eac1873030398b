/* losses/gce: generalised cross-entropy, firmer against wrong labels the larger q. Zhang & Sabuncu 2018. */
#include <assay/plugin.h>

typedef struct {
    double q;
} gce;

static const as_param params[] = {
    AS_REAL_IN(gce, q, 0.7, "(0, 1]", "towards 0: cross-entropy; 1: the mean absolute error 1 - p"),
    AS_END,
};

/* loss[b] = (1 - p^q) / q,   p = softmax(logits[b])[labels[b]]   (eq. 6) */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const gce *p = params_;
    if (as_dim(c, in[0], -1) < 2)
        return as_fail(c, "logits of 1 class, expected 2 classes or more");
    if (!as_finite(c, in[0]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t logp = as_gather(c, as_log_softmax(c, in[0], -1), in[1], -1); /* [B] */
    return as_scale(c, as_expm1(c, as_scale(c, logp, p->q)), -1 / p->q);
}

AS_PLUGIN(.kind = "losses", .name = "gce", .version = "1.0.0", .paper = "arXiv:1805.07836",
          .doc = "generalised cross-entropy, for noisy labels", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(gce), .forward = forward);
