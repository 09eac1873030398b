/* distillers/sim: a one-step generator by score implicit matching, which descends a distance d of its score
 * to the teacher's by that divergence's exact gradient. Luo et al. 2024 (SIM), section 3. The squared
 * distance is SiD (Zhou et al. 2024), with its alpha. The paper's weight and c are UNVERIFIED (its training
 * code was not published): the weight and the levels are those of SiD's sid_loss.py for both distances. */
#include "one_step.h"

typedef struct {
    one_step one;
    int distance, units;
    double c, alpha;
} sim;

enum { PSEUDO_HUBER, L2 };
enum { DENOISER, SCORE };

static const as_param params[] = {
    AS_CHOICE(sim, distance, "pseudo_huber", "pseudo_huber|l2",
              "d of the scores' difference y: sqrt(|y|^2 + c^2) - c, or |y|^2"),
    AS_REAL_IN(sim, c, 0.03, "(0, inf)", "softens pseudo_huber, in sqrt(d) sigma_data", .log = 1),
    AS_REAL_IN(sim, alpha, 1.0, "[0, inf)", "of SiD, for l2: 1 is the exact gradient, SiD's choice is 1.2"),
    AS_CHOICE(sim, units, "denoiser", "denoiser|score",
              "of y: denoisers, each item over its mean |x0 - D_T|; or scores, weight 1, c in their unit"),
    ONE_STEP_PARAMS(sim),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const sim *p = params_;
    one_step_validate(c, &p->one);
    if (p->distance == PSEUDO_HUBER && p->alpha != 1)
        as_fail(c, "alpha = %g with distance = \"pseudo_huber\", expected 1: alpha is of distance = \"l2\"",
                p->alpha);
}

/* The gradient passes through both networks to x: one without history would change it and not the value. */
static void refuse_detached(as_ctx *c, as_t D, as_t x, const char *name)
{
    as_t g = as_ok(c) ? as_grad(c, D, x, false) : NULL;
    if (g && as_ok(c) && as_item(c, as_max(c, as_abs(c, g), AS_ALL)) == 0)
        as_fail(c,
                "%s has no gradient in its input, expected one: sim differentiates through it, so it may "
                "not detach or turn recording off",
                name);
}

static as_t rows(as_ctx *c, as_t x)
{
    return as_reshape(c, x, AS_DIMS(as_dim(c, x, 0), -1));
}

/* [B,1]: c in the unit of D, and what an item's loss is multiplied by */
static as_t softening(as_ctx *c, const sim *p, as_t sigma, as_t x0)
{
    double d = (double)as_dim(c, rows(c, x0), 1);
    return p->units == SCORE ? as_scale(c, as_square(c, sigma), p->c)
                             : as_full(c, as_dims_of(c, sigma), p->c * sqrt(d) * p->one.sigma_data);
}

static as_t weight(as_ctx *c, const sim *p, as_t sigma, as_t x0, as_t D_T)
{
    if (p->units == SCORE)
        return p->distance == L2 ? as_scale(c, as_power(c, sigma, -4), 2) : as_power(c, sigma, -2);
    as_t miss = as_detach(c, as_mean(c, as_abs(c, as_sub(c, rows(c, x0), rows(c, D_T))), -1));
    return as_power(c, as_clamp(c, miss, 1e-5, 1e300), -1);
}

/* y = (D_F - D_T) / sigma^2, r = (D_F - x0) / sigma^2:  L = E w -d'(y)^T r, differentiated through both
 * networks and d'. In the unit of D, with c_D = c sigma^2 and what is left over in w:
 *   pseudo_huber  -(D_F - D_T)^T (D_F - x0) / sqrt(|D_F - D_T|^2 + c_D^2), one norm an item
 *   l2            (D_T - D_F)^T ((D_T - x0) - alpha (D_T - D_F)) */
static as_t loss(as_ctx *c, const void *params_, const as_t *in, as_t x0, as_t x, as_t sigma)
{
    const sim *p = params_;
    as_t D_F = as_denoise(c, as_model_in(c, FAKE), x, sigma, in[LABELS]);
    as_t D_T = as_denoise(c, as_model_in(c, TEACHER), x, sigma, in[LABELS]);
    as_must_be_finite(c, D_F, "what the fake returned");
    as_must_be_finite(c, D_T, "what the teacher returned");
    if (((const one_step_state *)as_self(c))->step <= p->one.ratio) { /* the first time: it costs a pass */
        refuse_detached(c, D_T, x, "teacher");
        refuse_detached(c, D_F, x, "fake");
    }
    report_gap(c, as_sub(c, D_F, D_T));

    as_t gap = as_sub(c, rows(c, D_F), rows(c, D_T));                                   /* [B,d] */
    as_t product = as_sum(c, as_mul(c, gap, as_sub(c, rows(c, D_F), rows(c, x0))), -1); /* [B,1] */
    as_t square = as_sum(c, as_square(c, gap), -1);
    as_t level = as_unsqueeze(c, sigma, -1), item;
    if (p->distance == PSEUDO_HUBER)
        item = as_div(c, as_neg(c, product),
                      as_sqrt(c, as_add(c, square, as_square(c, softening(c, p, level, x0)))));
    else
        item = as_sub(c, as_scale(c, square, 1 - p->alpha), product);
    return as_mean(c, as_mul(c, weight(c, p, level, x0, D_T), item), AS_ALL);
}

static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    return one_step_train(c, &((const sim *)params_)->one, params_, in, loss);
}

AS_PLUGIN(.kind = "distillers", .name = "sim", .version = "1.0.0", .paper = "arXiv:2410.16794",
          .doc = "a one-step generator by score implicit matching, pseudo-Huber or squared (SiD)",
          .params = params, .signature = ONE_STEP_SIGNATURE, .params_size = sizeof(sim),
          .state_size = sizeof(one_step_state), .validate = validate, .setup = one_step_setup, .step = step);
