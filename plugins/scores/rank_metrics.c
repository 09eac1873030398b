/* scores/rank_metrics: how well scores put things in the order of what they are to foretell: Spearman's rho
 * and Kendall's tau-b, which count ties. The criterion of scores of architectures; Zhang & Jia 2022,
 * GradSign, section 5. From all pairs: for ten thousand things and more there is assay.statistics. */
#include <assay/plugin.h>

/* s[i,j] = sign(x_i - x_j), [M,M] */
static as_t order(as_ctx *c, as_t x)
{
    return as_sign(c, as_sub(c, as_unsqueeze(c, x, 1), as_unsqueeze(c, x, 0)));
}

/* sum a b / sqrt(sum a^2 sum b^2) */
static as_t cosine(as_ctx *c, as_t a, as_t b)
{
    as_t norms = as_mul(c, as_sum(c, as_square(c, a), AS_ALL), as_sum(c, as_square(c, b), AS_ALL));
    return as_div(c, as_sum(c, as_mul(c, a, b), AS_ALL), as_sqrt(c, norms));
}

/* Refuses what has no order. */
static bool has_order(as_ctx *c, as_t x, as_t s, const char *name)
{
    if (as_ok(c) && !as_finite(c, x))
        as_fail(c, "%s hold NaN or infinity", name);
    else if (as_ok(c) && as_item(c, as_sum(c, as_abs(c, s), AS_ALL)) == 0)
        as_fail(c, "%s are all the same: ranks need numbers that differ", name);
    return as_ok(c);
}

/* rank_i - (M + 1) / 2 = sum_j s[i,j] / 2, ties at their mean rank: rho is the correlation of row sums, tau-b
 * that of the signs themselves */
static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t s = order(c, in[0]), t = order(c, in[1]);
    if (!has_order(c, in[0], s, "scores") || !has_order(c, in[1], t, "truths"))
        return as_inert(c);
    as_output(c, 1, cosine(c, s, t));
    return cosine(c, as_sum(c, s, 1), as_sum(c, t, 1));
}

AS_PLUGIN(.kind = "scores", .name = "rank_metrics", .version = "1.0.0", .paper = "arXiv:2110.08616",
          .doc = "rank correlations of scores with what they are to foretell",
          .signature = "scores f64[M], truths f64[M] -> rho f64, tau f64", .score = score);
