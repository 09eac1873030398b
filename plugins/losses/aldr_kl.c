/* losses/aldr_kl: label distributionally robust loss with a KL regulariser and one temperature for each
 * training sample, set in closed form from how certain the prediction is. Zhu et al. 2023, ICML; the steps
 * are those of the authors' ALDRLoss_V1. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double lam0, alpha, margin;
    int normalize, n_samples;
    bool update, strict;
} aldr_kl;

enum { NONE, SOFTPLUS_MEAN, L1_MEAN };
enum { LOGITS, LABELS, INDEX };

static const as_param params[] = {
    AS_REAL_IN(aldr_kl, lam0, 10.0, "(0, inf)", "temperature of the start, and the largest; try 0.1, 1, 10",
               .log = 1),
    AS_REAL_IN(aldr_kl, alpha, 2.0, "(1, inf)", "how firmly a temperature stays at lam0"),
    AS_REAL_IN(aldr_kl, margin, 0.1, "[0, inf)", "added to every logit but the label's"),
    AS_CHOICE(aldr_kl, normalize, "l1_mean", "none|softplus_mean|l1_mean",
              "bounds the logits: divided by their mean after a softplus, or by the mean of their sizes"),
    AS_INT(aldr_kl, n_samples, 1000, 1, 100000000, "training samples: index lies below it"),
    AS_BOOL(aldr_kl, update, true, "false leaves the temperatures as they are; so does evaluation"),
    AS_BOOL(aldr_kl, strict, false, "refuses a sample twice in a batch; else its last place counts"),
    AS_END,
};

typedef struct {
    as_t lam; /* [N] */
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const aldr_kl *p = params_;
    self *s = self_;
    s->lam = as_per_item(c, "lam", as_full(c, AS_DIMS(p->n_samples), p->lam0));
}

/* "softplus_mean": f <- softplus(f), f / mean_k f_k.  "l1_mean": f / mean_k |f_k|.  The gradient flows
 * through. */
static as_t normalized(as_ctx *c, const aldr_kl *p, as_t f)
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

/* lam_i = lam0 - lam0 KL_i / (alpha log C),   KL_i = sum_k q_k log(C q_k),
 * q = softmax(f / lam_i) + 1e-5, scaled to sum 1: neither margin nor label in it. No gradient. */
static as_t adapted(as_ctx *c, const aldr_kl *p, as_t f, as_t lam, int64_t classes)
{
    as_t q = as_shift(c, as_softmax(c, as_div(c, f, as_unsqueeze(c, lam, -1)), -1), 1e-5); /* [B,C] */
    q = as_scale(c, as_div(c, q, as_mean(c, q, -1)), 1.0 / (double)classes);               /* [B,C] */
    as_t kl = as_sum(c, as_mul(c, q, as_log(c, as_scale(c, q, (double)classes))), -1);     /* [B,1] */
    return as_affine(c, as_squeeze(c, kl, -1), -p->lam0 / (p->alpha * log((double)classes)), p->lam0);
}

/* Writes the batch's temperatures [B] over the samples' old ones. Of a sample that stands in the batch twice
 * the last one is kept. */
static void remember(as_ctx *c, const aldr_kl *p, self *s, as_t index, as_t lam)
{
    int64_t B = as_dim(c, index, 0), N = p->n_samples;
    as_t place = as_arange(c, N); /* where in (old, new) each sample's temperature now stands */
    int64_t *from = as_data_i64(c, place);
    const int64_t *sample = as_data_i64(c, as_contiguous(c, index));
    for (int64_t b = 0; from && sample && b < B; b++) {
        if (p->strict && from[sample[b]] >= N)
            as_fail(c, "index holds sample %lld twice: its temperature would depend on the order",
                    (long long)sample[b]);
        from[sample[b]] = N + b;
    }
    const as_t both[2] = {s->lam, lam};
    as_assign(c, s->lam, as_index_select(c, as_concat(c, both, 2, 0), place, 0));
}

/* loss_i = lam_i (logsumexp_k x_k - log C) - alpha log C / (2 lam0) (lam_i - lam0)^2,
 * x_k = (f_k - f_y + c_k) / lam_i,   c_k = margin (k != y).  The last term only shifts the value.
 * As lam (m + log1p(mean_k expm1(x_k - m))), m = max_k x_k, which keeps its digits for large lam. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const aldr_kl *p = params_;
    self *s = as_self(c);
    int64_t classes = as_dim(c, in[LOGITS], 1);
    if (classes < 2)
        return as_fail(c, "logits of %lld class, expected 2 classes or more", (long long)classes);
    if (!as_finite(c, in[LOGITS]))
        return as_fail(c, "logits hold NaN or infinity");
    as_t f = normalized(c, p, in[LOGITS]);               /* [B,C] */
    as_t lam = as_index_select(c, s->lam, in[INDEX], 0); /* [B] */
    if (p->update && as_training(c)) {
        remember(c, p, s, in[INDEX], adapted(c, p, as_detach(c, f), lam, classes));
        lam = as_index_select(c, s->lam, in[INDEX], 0);
    }
    as_t column = as_unsqueeze(c, lam, -1);                                             /* [B,1] */
    as_t f_y = as_unsqueeze(c, as_gather(c, f, in[LABELS], -1), -1);                    /* [B,1] */
    as_t c_k = as_affine(c, as_one_hot(c, in[LABELS], classes), -p->margin, p->margin); /* [B,C] */
    as_t x = as_div(c, as_add(c, as_sub(c, f, f_y), c_k), column);                      /* [B,C] */
    as_t m = as_max(c, as_detach(c, x), -1);                                            /* [B,1] */
    as_t mean = as_mean(c, as_expm1(c, as_sub(c, x, m)), -1);                           /* [B,1] */
    as_t ldr = as_mul(c, column, as_add(c, m, as_log1p(c, mean)));                      /* [B,1] */
    as_t off = as_square(c, as_shift(c, lam, -p->lam0));                                /* [B] */
    as_report(c, "lam", as_mean(c, lam, AS_ALL));
    return as_sub(c, as_squeeze(c, ldr, -1),
                  as_scale(c, off, 0.5 * p->alpha * log((double)classes) / p->lam0));
}

AS_PLUGIN(.kind = "losses", .name = "aldr_kl", .version = "1.1.0", .paper = "arXiv:2112.14869",
          .doc = "label distributionally robust loss, one adaptive temperature a training sample",
          .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items, index i64[B]<n_samples|items"
                       " -> loss f32[B]|items",
          .params_size = sizeof(aldr_kl), .state_size = sizeof(self), .setup = setup, .forward = forward);
