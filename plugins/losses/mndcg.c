/* losses/mndcg: cross-entropy and a ranking loss over a raw image and its M mixed copies: the confidences, in
 * the order of the mixing coefficients, are to have the discounted gain of the coefficients. Noh et al. 2023,
 * RankMixup; the details are those of the authors' RankMixup_MNDCG. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double w_mix;
} mndcg;

enum { LOGITS, LABELS, MIX_LOGITS, MIX_COEF };

static const as_param params[] = {
    AS_REAL_IN(mndcg, w_mix, 0.1, "[0, inf)", "weight of the ranking loss; 0 gives cross-entropy"),
    AS_END,
};

static as_t confidence(as_ctx *c, as_t f)
{
    return as_squeeze(c, as_max(c, as_softmax(c, f, -1), -1), -1);
}

/* sum_j x_j / log2(j + 1),   x [B,1+M], j = 1 .. 1+M -> [B] */
static as_t gain(as_ctx *c, as_t x)
{
    as_t j = as_cast(c, as_arange(c, as_dim(c, x, -1)), as_dtype_of(c, x)); /* from 0 */
    as_t discount = as_scale(c, as_power(c, as_log(c, as_shift(c, j, 2)), -1), log(2));
    return as_squeeze(c, as_sum(c, as_mul(c, x, discount), -1), -1);
}

/* 1 - ndcg_i with ndcg = DCG / IDCG, or IDCG / DCG where the confidences gain more than the coefficients, so
 * that too much of it costs as well.  raw [B], mixed and coefficient [B,M]. DCG is the gain of (raw, mixed in
 * descending order of the coefficients), IDCG that of (1, the coefficients). */
static as_t missed(as_ctx *c, as_t raw, as_t mixed, as_t coefficient)
{
    as_t order = as_argsort(c, coefficient, -1, true); /* [B,M]; equals keep theirs */
    as_t one = as_full(c, AS_DIMS(as_dim(c, raw, 0), 1), 1);
    const as_t conf[2] = {as_unsqueeze(c, raw, -1), as_gather(c, mixed, order, -1)};
    const as_t ideal[2] = {one, as_gather(c, coefficient, order, -1)};
    as_t dcg = gain(c, as_concat(c, conf, 2, -1)), idcg = gain(c, as_concat(c, ideal, 2, -1)); /* [B] */
    as_t ndcg = as_where(c, as_gt(c, idcg, dcg), as_div(c, dcg, idcg), as_div(c, idcg, dcg));
    return as_affine(c, ndcg, -1, 1);
}

/* loss = mean_i ce_i + w_mix mean_i (1 - ndcg_i). The coefficients are constants. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const mndcg *p = params_;
    int64_t B = as_dim(c, in[LABELS], 0), rows = as_dim(c, in[MIX_COEF], 0), M = B > 0 ? rows / B : 0;
    if (as_dim(c, in[LOGITS], 1) < 2)
        return as_fail(c, "logits of 1 class, expected 2 classes or more");
    if (M < 1)
        return as_fail(c, "%lld mixed rows of a batch of %lld, expected M * B with M >= 1", (long long)rows,
                       (long long)B);
    if (!as_finite(c, in[LOGITS]) || !as_finite(c, in[MIX_LOGITS]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t coefficient = as_detach(c, in[MIX_COEF]);
    double low = as_item(c, as_min(c, coefficient, AS_ALL)),
           high = as_item(c, as_max(c, coefficient, AS_ALL));
    if (!(low >= 0.5 && high <= 1))
        return as_fail(c, "mix_coef from %.6g to %.6g, expected 0.5 to 1: the larger of two weights", low,
                       high);
    as_t raw = confidence(c, in[LOGITS]);                                                      /* [B] */
    as_t mixed = as_transpose(c, as_reshape(c, confidence(c, in[MIX_LOGITS]), AS_DIMS(M, B))); /* [B,M] */
    coefficient = as_transpose(c, as_reshape(c, coefficient, AS_DIMS(M, B)));                  /* [B,M] */
    as_t mix = as_mean(c, missed(c, raw, mixed, coefficient), AS_ALL);
    as_t ce = as_mean(c, as_cross_entropy(c, in[LOGITS], in[LABELS], 0), AS_ALL);
    as_report(c, "ce", ce);
    as_report(c, "mix", mix);
    return as_add(c, ce, as_scale(c, mix, p->w_mix));
}

AS_PLUGIN(.kind = "losses", .name = "mndcg", .version = "1.0.0", .paper = "arXiv:2308.11990",
          .doc = "cross-entropy and the M-NDCG ranking loss of RankMixup", .params = params,
          .signature = "logits f32[B,C], labels i64[B]<C, mix_logits f32[M*B,C], mix_coef f32[M*B]"
                       " -> loss f32|stop",
          .params_size = sizeof(mndcg), .forward = forward);
