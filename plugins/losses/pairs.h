/* What losses over the pairs of a batch have in common: cosine similarities, and which pairs are of one
 * label. */
#ifndef ASSAY_PLUGINS_LOSSES_PAIRS_H
#define ASSAY_PLUGINS_LOSSES_PAIRS_H

#include <assay/plugin.h>

typedef struct {
    as_t s;         /* [B,B] cosine similarities of the rows */
    as_t same;      /* [B,B] 1 where the labels are equal and it is not the item itself */
    as_t different; /* [B,B] 1 where the labels differ */
} pairs;

/* emb [B,D], labels i64[B]. Refuses embeddings that have no direction. */
static inline pairs pairs_of(as_ctx *c, as_t emb, as_t labels)
{
    pairs p = {0};
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, emb), -1)); /* [B,1] */
    if (as_ok(c) && !as_finite(c, emb))
        as_fail(c, "an embedding holds NaN or infinity");
    else if (as_ok(c) && as_item(c, as_min(c, norm, AS_ALL)) == 0)
        as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    as_t unit = as_div(c, emb, norm), place = as_arange(c, as_dim(c, emb, 0));
    as_t itself = as_eq(c, as_unsqueeze(c, place, 0), as_unsqueeze(c, place, 1));
    as_t equal = as_eq(c, as_unsqueeze(c, labels, 0), as_unsqueeze(c, labels, 1));
    p.s = as_matmul(c, unit, as_transpose(c, unit));
    p.same = as_sub(c, equal, itself);
    p.different = as_affine(c, equal, -1, 1);
    return p;
}

/* The mean of x over the pairs that `which` marks with 1; 0 over none. The marks are constants. */
static inline as_t pairs_mean(as_ctx *c, as_t x, as_t which)
{
    double count = as_item(c, as_sum(c, which, AS_ALL));
    return as_scale(c, as_sum(c, as_mul(c, x, which), AS_ALL), 1 / (count > 0 ? count : 1));
}

#endif
