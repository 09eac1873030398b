/* distillers/diff_instruct: a one-step generator that descends the integrated Kullback-Leibler divergence to
 * its teacher. Luo et al. 2023; DMD's gradient (as_dm_field) without regression and GAN, and the baseline of
 * sim. The item's weight is that of DMD and SiD, 1 / mean |x0 - D_T|. */
#include "one_step.h"

typedef struct {
    one_step one;
} diff_instruct;

static const as_param params[] = {
    ONE_STEP_PARAMS(diff_instruct),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    one_step_validate(c, &((const diff_instruct *)params_)->one);
}

/* g = w (D_F - D_T) is pushed into x0, both networks off */
static as_t loss(as_ctx *c, const void *params_, const as_t *in, as_t x0, as_t x, as_t sigma)
{
    (void)params_;
    bool before = as_no_grad(c);
    as_t D_F = as_denoise(c, as_model_in(c, FAKE), x, sigma, in[LABELS]);
    as_t D_T = as_denoise(c, as_model_in(c, TEACHER), x, sigma, in[LABELS]);
    as_must_be_finite(c, D_F, "what the fake returned");
    as_must_be_finite(c, D_T, "what the teacher returned");
    report_gap(c, as_sub(c, D_F, D_T));
    as_no_grad_end(c, before);
    return as_surrogate(c, x0, as_dm_field(c, x0, D_T, D_F));
}

static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    return one_step_train(c, &((const diff_instruct *)params_)->one, params_, in, loss);
}

AS_PLUGIN(.kind = "distillers", .name = "diff_instruct", .version = "1.0.0", .paper = "arXiv:2305.18455",
          .doc = "a one-step generator that descends the integrated KL divergence to its teacher",
          .params = params, .signature = ONE_STEP_SIGNATURE, .params_size = sizeof(diff_instruct),
          .state_size = sizeof(one_step_state), .validate = validate, .setup = one_step_setup, .step = step);
