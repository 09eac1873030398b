/* losses/gla: generalised logit-adjusted cross-entropy. Softmax of the logits shall be the posterior under
 * the label distribution `target`; adding ln(prior / target) turns it into that under the one the items were
 * drawn with, which their labels can score. Menon et al. 2021, Long-tail learning via logit adjustment, for
 * the uniform target; Park et al. 2023, Label shift adapter, for any. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double tau;
} gla;

static const as_param params[] = {
    AS_REAL(gla, tau, 1.0, 0.0, 10.0, "how much of the adjustment; 0 gives cross-entropy"),
    AS_END,
};

enum { LOGITS, LABELS, PRIOR, TARGET };

/* Frequencies below 1e-6 count as that. */
static as_t log_frequency(as_ctx *c, as_t pi)
{
    return as_log(c, as_clamp(c, pi, 1e-6, 1));
}

/* Whether pi can be a label distribution; what is wrong is said. */
static void check_distribution(as_ctx *c, const char *name, as_t pi)
{
    double least = as_item(c, as_min(c, pi, AS_ALL)), sum = as_item(c, as_sum(c, pi, AS_ALL));
    if (!(least >= 0))
        as_fail(c, "%s holds %g, expected frequencies from 0", name, least);
    if (!(fabs(sum - 1) < 1e-3))
        as_fail(c, "%s sums to %g, expected 1", name, sum);
}

/* loss[b] = CE(f_b + tau (ln pi_s - ln pi), y_b),   f = logits, pi_s = prior, pi = target */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const gla *p = params_;
    check_distribution(c, "prior", in[PRIOR]);
    check_distribution(c, "target", in[TARGET]);
    if (as_item(c, as_min(c, in[PRIOR], AS_ALL)) == 0)
        return as_fail(c, "prior has a class of frequency 0, which no item can teach");
    as_t shift = as_sub(c, log_frequency(c, in[PRIOR]), log_frequency(c, in[TARGET])); /* [C] */
    return as_cross_entropy(c, as_add(c, in[LOGITS], as_scale(c, shift, p->tau)), in[LABELS], 0);
}

AS_PLUGIN(.kind = "losses", .name = "gla", .version = "1.0.0", .paper = "arXiv:2308.08810",
          .doc = "cross-entropy of logits that are meant for another label distribution", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items, prior f32[C], target f32[C]"
                       " -> loss f32[B]|items",
          .params_size = sizeof(gla), .forward = forward);
