/* What distillers of one-step generators with an online fake denoiser share: the noise levels and the rest of
 * a step beside the generator's loss. Luo et al. 2024 (SIM), algorithm 1; constants of the official SiD code
 * (Zhou et al. 2024, sid_loss.py), which SIM builds on. */
#ifndef ASSAY_ONE_STEP_H
#define ASSAY_ONE_STEP_H

#include <assay/distil.h>

typedef struct {
    int ratio;
    double sigma_init, sigma_min, sigma_max, u_max, sigma_data, fake_mean, fake_deviation, clip;
} one_step;

#define ONE_STEP_ROW(T, field, type_, value_, range_, log_, doc_)                                            \
    {                                                                                                        \
        .type = type_, .name = #field, .offset = offsetof(T, one) + offsetof(one_step, field),               \
        .value = (value_), .range = (range_), .log = (log_), .doc = (doc_)                                   \
    }
/* Rows of the table of parameters T for its field `one_step one`. */
#define ONE_STEP_PARAMS(T)                                                                                   \
    ONE_STEP_ROW(T, ratio, AS_PARAM_INT, 1, "[1, 1000000]", 0,                                               \
                 "steps a generator update; the fake is updated in every step"),                             \
        ONE_STEP_ROW(T, sigma_init, AS_PARAM_REAL, 2.5, "(0, inf)", 1, "noise level of the student"),        \
        ONE_STEP_ROW(T, sigma_min, AS_PARAM_REAL, 0.002, "(0, inf)", 1, "smallest noise level"),             \
        ONE_STEP_ROW(T, sigma_max, AS_PARAM_REAL, 80, "(0, inf)", 1, "largest noise level"),                 \
        ONE_STEP_ROW(T, u_max, AS_PARAM_REAL, 0.8, "(0, 1]", 0,                                              \
                     "share of the levels the generator learns at, from below"),                             \
        ONE_STEP_ROW(T, sigma_data, AS_PARAM_REAL, 0.5, "(0, inf)", 1, "deviation of the data"),             \
        ONE_STEP_ROW(T, fake_mean, AS_PARAM_REAL, -1.2, "[-10, 10]", 0,                                      \
                     "mean of ln sigma where the fake learns"),                                              \
        ONE_STEP_ROW(T, fake_deviation, AS_PARAM_REAL, 1.2, "[0, 5]", 0, "its deviation"),                   \
        ONE_STEP_ROW(T, clip, AS_PARAM_REAL, 0, "[0, inf)", 0,                                               \
                     "largest norm of each group's gradient; 0 does not clip")

enum { NOISE, LABELS, STUDENT, FAKE, TEACHER, STUDENT_GROUP, FAKE_GROUP };

#define ONE_STEP_DENOISER "model(f32[B,...], f32[B], labels? i64[B] -> f32[B,...])"
#define ONE_STEP_SIGNATURE                                                                                   \
    "z f32[B,...], labels? i64[B], student " ONE_STEP_DENOISER ", fake " ONE_STEP_DENOISER                   \
    ", teacher " ONE_STEP_DENOISER ", student_optimizer group, fake_optimizer group -> loss f32"

/* An instance's state. */
typedef struct {
    int step;
} one_step_state;

static void one_step_setup(as_ctx *c, const void *params, void *self)
{
    (void)params;
    as_counter(c, "step", &((one_step_state *)self)->step);
}

/* For a plugin's .validate. */
static void one_step_validate(as_ctx *c, const one_step *o)
{
    if (o->sigma_min >= o->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", o->sigma_min, o->sigma_max);
}

/* x0 = G(sigma_init z, sigma_init, labels) */
static as_t generated(as_ctx *c, const one_step *o, as_t z, as_t labels)
{
    as_t sigma = as_full(c, AS_DIMS(as_dim(c, z, 0)), o->sigma_init);
    as_t x0 = as_denoise(c, as_model_in(c, STUDENT), as_scale(c, z, o->sigma_init), sigma, labels);
    return as_must_be_finite(c, x0, "what the student returned");
}

/* sigma = (smax^(1/7) + (1 - u) (smin^(1/7) - smax^(1/7)))^7 [B], u even in 0 .. u_max: 0 is sigma_min */
static as_t generator_level(as_ctx *c, const one_step *o, as_t x0)
{
    double low = pow(o->sigma_min, 1 / 7.0), high = pow(o->sigma_max, 1 / 7.0);
    as_t u = as_scale(c, as_rand(c, "level", AS_DIMS(as_dim(c, x0, 0))), o->u_max);
    return as_power(c, as_affine(c, u, high - low, low), 7);
}

/* mean (sigma^2 + sd^2) / (sigma sd)^2 (D_F(x0 + sigma eps) - x0)^2, ln sigma ~ N(mean, deviation^2): EDM's
 * loss on the student's samples, without their history */
static as_t denoising_loss(as_ctx *c, const one_step *o, as_t x0, as_t labels)
{
    as_t normal = as_randn(c, "fake level", AS_DIMS(as_dim(c, x0, 0)));
    as_t sigma = as_exp(c, as_affine(c, normal, o->fake_deviation, o->fake_mean)); /* [B] */
    as_t x = as_noised(c, x0, sigma, "fake noise");
    as_t D_F = as_denoise(c, as_model_in(c, FAKE), x, sigma, labels);
    as_t weight = as_shift(c, as_power(c, sigma, -2), 1 / (o->sigma_data * o->sigma_data));
    return as_mean(c, as_mul(c, as_beside(c, weight, x0), as_square(c, as_sub(c, D_F, x0))), AS_ALL);
}

/* The generator's loss at x0 [B,...], x = x0 + sigma eps. */
typedef as_t generator_loss(as_ctx *c, const void *params, const as_t *in, as_t x0, as_t x, as_t sigma);

/* The fake learns samples of z without history; then, in every ratio-th step, the student is moved on samples
 * of fresh noise. Gradients that the generator's loss has in the fake are never made. */
static as_t one_step_train(as_ctx *c, const one_step *o, const void *params, const as_t *in,
                           generator_loss *loss_of)
{
    one_step_state *s = as_self(c);
    as_refuse_shared_nets(c, STUDENT, FAKE, TEACHER);
    bool before = as_no_grad(c);
    as_t sample = generated(c, o, in[NOISE], in[LABELS]);
    as_no_grad_end(c, before);
    as_t fake = denoising_loss(c, o, sample, in[LABELS]);
    as_update(c, as_group_in(c, FAKE_GROUP), fake, o->clip);
    as_report(c, "fake", fake);

    s->step++;
    if (s->step % o->ratio == 0) {
        as_t z = as_randn(c, "z", as_dims_of(c, in[NOISE]));
        as_t x0 = generated(c, o, z, in[LABELS]);
        as_t sigma = generator_level(c, o, x0);
        as_t loss = loss_of(c, params, in, x0, as_noised(c, x0, sigma, "noise"), sigma);
        as_update(c, as_group_in(c, STUDENT_GROUP), loss, o->clip);
        as_report(c, "generator", loss);
    }
    return fake;
}

/* Reports the mean norm of D_F - D_T [B,...], what the losses make small; their values say nothing. */
static void report_gap(as_ctx *c, as_t gap)
{
    as_t flat = as_reshape(c, as_detach(c, gap), AS_DIMS(as_dim(c, gap, 0), -1));
    as_report(c, "gap", as_mean(c, as_sqrt(c, as_sum(c, as_square(c, flat), -1)), AS_ALL));
}

#endif
