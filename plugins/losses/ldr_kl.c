/* losses/ldr_kl: label distributionally robust loss with a KL regulariser and one temperature. Zhu et al.
 * 2023, ICML. lam = 1, margin = 0 is cross-entropy minus log C; lam -> 0 the Crammer-Singer hinge; lam -> inf
 * the mean margin, which is symmetric and hence robust to uniform label noise. */
#include <assay/plugin.h>

typedef struct {
    double lam, margin;
    int normalize;
} ldr_kl;

enum { NONE, SOFTPLUS_MEAN, L1_MEAN };

static const as_param params[] = {
    AS_REAL_IN(ldr_kl, lam, 1.0, "(0, inf)", "temperature of the regulariser; try 0.1, 1, 10", .log = 1),
    AS_REAL_IN(ldr_kl, margin, 0.1, "[0, inf)", "added to every logit but the label's"),
    AS_CHOICE(ldr_kl, normalize, "none", "none|softplus_mean|l1_mean",
              "bounds the logits: divided by their mean after a softplus, or by the mean of their sizes"),
    AS_END,
};

/* "softplus_mean": f <- softplus(f), f / mean_k f_k.  "l1_mean": f / mean_k |f_k|.  The gradient flows
 * through. */
static as_t normalized(as_ctx *c, const ldr_kl *p, as_t f)
{
    if (p->normalize == NONE)
        return f;
    if (p->normalize == SOFTPLUS_MEAN)
        f = as_softplus(c, f);
    as_t size = as_mean(c, as_abs(c, f), -1); /* [B,1] */
    if (as_item(c, as_min(c, size, AS_ALL)) == 0)
        return as_fail(c, "all logits of an item are 0 (or underflow to it): %s divides by their mean",
                       p->normalize == L1_MEAN ? "l1_mean" : "softplus_mean");
    return as_div(c, f, size);
}

/* L = max_{q in simplex} sum_k q_k (f_k - f_y + c_k) - lam sum_k q_k log(C q_k),   c_k = margin (k != y)
 *   = lam (logsumexp_k x_k - log C),   x_k = (f_k - f_y + c_k) / lam
 *   = lam (m + log1p(mean_k expm1(x_k - m))),   m = max_k x_k
 * The last form keeps its digits for large lam, where logsumexp and log C nearly cancel. It is the same for
 * every m, so m carries no gradient. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const ldr_kl *p = params_;
    int64_t classes = as_dim(c, in[0], 1);
    if (classes < 2)
        return as_fail(c, "logits of %lld class, expected 2 classes or more", (long long)classes);
    if (!as_finite(c, in[0]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t f = normalized(c, p, in[0]);                                              /* [B,C] */
    as_t f_y = as_unsqueeze(c, as_gather(c, f, in[1], -1), -1);                    /* [B,1] */
    as_t c_k = as_affine(c, as_one_hot(c, in[1], classes), -p->margin, p->margin); /* [B,C], 0 at y */
    as_t x = as_scale(c, as_add(c, as_sub(c, f, f_y), c_k), 1 / p->lam);           /* [B,C] */
    as_t m = as_max(c, as_detach(c, x), -1);                                       /* [B,1] */
    as_t mean = as_mean(c, as_expm1(c, as_sub(c, x, m)), -1);                      /* [B,1] */
    return as_squeeze(c, as_scale(c, as_add(c, m, as_log1p(c, mean)), p->lam), -1);
}

AS_PLUGIN(.kind = "losses", .name = "ldr_kl", .version = "1.0.1", .paper = "arXiv:2112.14869",
          .doc = "label distributionally robust loss, KL regulariser, one temperature", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(ldr_kl), .forward = forward);
