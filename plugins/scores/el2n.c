/* scores/el2n: how far a model's probabilities are from the label, item by item, averaged over runs. Paul et
 * al. 2021, Deep Learning on a Data Diet, definition 2.3 and the variants of the official scores.py. */
#include <assay/plugin.h>

typedef struct {
    int kind;
} el2n;

enum { EL2N, L1, MAX_MARGIN, SUM_MARGIN };

static const as_param params[] = {
    AS_CHOICE(el2n, kind, "el2n", "el2n|l1|max_margin|sum_margin", "norm of p - onehot(y), or a margin"),
    AS_END,
};

/* el2n_n = (1/K) sum_k || p_k(x_n) - onehot(y_n) ||_2 */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const el2n *p = params_;
    if (as_dim(c, in[0], 0) == 0)
        return as_fail(c, "logits of no run, expected one or more");
    if (!as_finite(c, in[0]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t prob = as_softmax(c, in[0], -1);                     /* [K,N,C] */
    as_t onehot = as_one_hot(c, in[1], as_dim(c, in[0], -1)); /* [N,C] */
    as_t miss = as_sub(c, prob, onehot), per_run;             /* [K,N,C] */
    as_t right = as_sum(c, as_mul(c, prob, onehot), -1);      /* [K,N,1], p_y */
    if (p->kind == EL2N)
        per_run = as_sqrt(c, as_sum(c, as_square(c, miss), -1));
    else if (p->kind == L1)
        per_run = as_sum(c, as_abs(c, miss), -1);
    else if (p->kind == MAX_MARGIN) /* max over c != y of p_c, minus p_y; p - 2 onehot never wins */
        per_run = as_sub(c, as_max(c, as_sub(c, prob, as_scale(c, onehot, 2)), -1), right);
    else /* sum over c != y of (p_c - p_y) = (1 - p_y) - (C - 1) p_y */
        per_run = as_affine(c, right, -(double)as_dim(c, in[0], -1), 1);
    return as_squeeze(c, as_squeeze(c, as_mean(c, per_run, 0), -1), 0); /* [N] */
}

AS_PLUGIN(.kind = "scores", .name = "el2n", .version = "1.0.0", .paper = "arXiv:2107.07075",
          .doc = "error norm of each item, averaged over runs", .params = params,
          .signature = "logits f32[K,N,C], labels i64[N]<C -> values f32[N]", .params_size = sizeof(el2n),
          .score = score);
