/* losses/mixup_ce: cross-entropy of mixed images to both their labels, each with its weight. Zhang et al.
 * 2018, mixup. Several mixed copies of the batch stand one after the other. */
#include <assay/plugin.h>

enum { MIX_LOGITS, LABELS, MIX_LABELS, MIX };

/* loss[m B + i] = mix_m ce(f, y_i) + (1 - mix_m) ce(f, y'_mi),   f = mix_logits[m B + i], y' the partner's
 * label */
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    int64_t B = as_dim(c, in[LABELS], 0), M = as_dim(c, in[MIX], 0);
    if (as_dim(c, in[MIX_LOGITS], 1) < 2)
        return as_fail(c, "mix_logits of 1 class, expected 2 classes or more");
    if (M < 1)
        return as_fail(c, "mix holds nothing, expected a weight for each mixed copy of the batch");
    if (!as_finite(c, in[MIX_LOGITS]))
        return as_fail(c, "mix_logits hold NaN or infinity");
    double low = as_item(c, as_min(c, in[MIX], AS_ALL)), high = as_item(c, as_max(c, in[MIX], AS_ALL));
    if (!(low >= 0 && high <= 1))
        return as_fail(c, "mix from %.6g to %.6g, expected weights from 0 to 1", low, high);
    as_t own = as_tile(c, in[LABELS], M, 0); /* [M*B] */
    as_t mix = as_reshape(c, as_expand(c, as_unsqueeze(c, in[MIX], -1), AS_DIMS(M, B)), AS_DIMS(M * B));
    as_t to_own = as_cross_entropy(c, in[MIX_LOGITS], own, 0);
    as_t to_partner = as_cross_entropy(c, in[MIX_LOGITS], in[MIX_LABELS], 0);
    return as_add(c, to_partner, as_mul(c, mix, as_sub(c, to_own, to_partner)));
}

AS_PLUGIN(.kind = "losses", .name = "mixup_ce", .version = "1.0.0", .paper = "arXiv:1710.09412",
          .doc = "cross-entropy of mixed images to both their labels",
          .signature = "mix_logits f32[M*B,C], labels i64[B]<C, mix_labels i64[M*B]<C, mix f32[M]"
                       " -> loss f32[M*B]",
          .forward = forward);
