/* losses/mrl: cross-entropy and the mixup-based ranking loss, which wants a mixed image to be predicted with
 * less confidence than the raw one. Noh et al. 2023, RankMixup; the details are those of the authors'
 * RankMixup_MRL. */
#include <assay/plugin.h>

typedef struct {
    double margin, w_mix;
    int on, mask;
} mrl;

enum { LOGIT, PROB };
enum { SAMPLE, PRODUCT };
enum { LOGITS, LABELS, MIX_LOGITS, MIX_LABELS };

static const as_param params[] = {
    AS_REAL_IN(mrl, margin, 2.0, "[0, inf)",
               "by which a raw image is to be ahead; try 1, 2; for prob below 1"),
    AS_REAL_IN(mrl, w_mix, 0.1, "[0, inf)", "weight of the ranking loss; 0 gives cross-entropy"),
    AS_CHOICE(mrl, on, "logit", "logit|prob",
              "what is ranked: the largest logit, as the authors' code has it, or the largest probability"),
    AS_CHOICE(
        mrl, mask, "sample", "sample|product",
        "a pair of one label does not count; product: mean(keep) mean(hinge), as the authors' code has it"),
    AS_END,
};

static as_t confidence(as_ctx *c, const mrl *p, as_t f)
{
    return as_squeeze(c, as_max(c, p->on == PROB ? as_softmax(c, f, -1) : f, -1), -1);
}

/* loss = mean_i ce_i + w_mix loss_mix,   loss_mix = mean_{m,i} keep relu(conf(mixed_mi) - conf(raw_i) +
 * margin) keep = 0 where both mixed images have the same label, else 1. The authors have M = 1 copies. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const mrl *p = params_;
    int64_t B = as_dim(c, in[LABELS], 0), rows = as_dim(c, in[MIX_LABELS], 0), M = B > 0 ? rows / B : 0;
    if (as_dim(c, in[LOGITS], 1) < 2)
        return as_fail(c, "logits of 1 class, expected 2 classes or more");
    if (M < 1)
        return as_fail(c, "%lld mixed rows of a batch of %lld, expected M * B with M >= 1", (long long)rows,
                       (long long)B);
    if (!as_finite(c, in[LOGITS]) || !as_finite(c, in[MIX_LOGITS]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t raw = confidence(c, p, in[LOGITS]);                                      /* [B] */
    as_t mixed = as_reshape(c, confidence(c, p, in[MIX_LOGITS]), AS_DIMS(M, B));  /* [M,B] */
    as_t hinge = as_relu(c, as_shift(c, as_sub(c, mixed, raw), p->margin));       /* [M,B] */
    as_t partner = as_reshape(c, in[MIX_LABELS], AS_DIMS(M, B));                  /* [M,B] */
    as_t keep = as_cast(c, as_ne(c, partner, in[LABELS]), as_dtype_of(c, hinge)); /* [M,B] */
    as_t mix = p->mask == SAMPLE ? as_mean(c, as_mul(c, keep, hinge), AS_ALL)
                                 : as_mul(c, as_mean(c, keep, AS_ALL), as_mean(c, hinge, AS_ALL));
    as_t ce = as_mean(c, as_cross_entropy(c, in[LOGITS], in[LABELS], 0), AS_ALL);
    as_report(c, "ce", ce);
    as_report(c, "mix", mix);
    return as_add(c, ce, as_scale(c, mix, p->w_mix));
}

AS_PLUGIN(.kind = "losses", .name = "mrl", .version = "1.0.0", .paper = "arXiv:2308.11990",
          .doc = "cross-entropy and the mixup-based ranking loss of RankMixup", .params = params,
          .signature = "logits f32[B,C], labels i64[B]<C, mix_logits f32[M*B,C], mix_labels i64[M*B]<C"
                       " -> loss f32",
          .params_size = sizeof(mrl), .forward = forward);
