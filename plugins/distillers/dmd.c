/* distillers/dmd: distribution matching held by pairs of a noise and the teacher's sample from it. Yin et al.
 * 2024 (DMD), the predecessor of dmd2 and its baseline: one fake update a generator update, no GAN. The
 * regression's LPIPS becomes the squared distance of the features of a network the script gives. Its weight
 * 0.25 is UNVERIFIED. */
#include <assay/distil.h>

typedef struct {
    as_levels grid;
    double dm_low, dm_high, lam_reg, pixel, sigma_init, clip;
} dmd;

static const as_param params[] = {
    AS_REAL_IN(dmd, lam_reg, 0.25, "[0, inf)", "weight of the regression", .log = 1),
    AS_REAL_IN(dmd, pixel, 0.1, "[0, inf)", "weight of the mean squared error beside the features", .log = 1),
    AS_REAL_IN(dmd, sigma_init, 80.0, "(0, inf)", "noise level of the student", .log = 1),
    AS_REAL(dmd, dm_low, 0.02, 0.0, 1.0, "levels of the matching term: from this share of the grid"),
    AS_REAL(dmd, dm_high, 0.98, 0.0, 1.0, "to this one"),
    AS_REAL_IN(dmd, clip, 10.0, "[0, inf)", "largest norm of each group's gradient; 0 does not clip"),
    AS_LEVELS_PARAMS(dmd),
    AS_END,
};

enum {
    NOISE,
    LABELS,
    PAIR_NOISE,
    PAIR_SAMPLE,
    PAIR_LABELS,
    STUDENT,
    FAKE,
    TEACHER,
    FEATURES,
    STUDENT_GROUP,
    FAKE_GROUP
};

static void validate(as_ctx *c, const void *params_)
{
    const dmd *p = params_;
    as_levels_validate(c, &p->grid);
    if (p->dm_low > p->dm_high)
        as_fail(c, "dm_low = %g is above dm_high = %g", p->dm_low, p->dm_high);
}

/* x0 = G(sigma_init z, sigma_init) */
static as_t generate(as_ctx *c, const dmd *p, as_t z, as_t labels)
{
    as_t sigma = as_full(c, AS_DIMS(as_dim(c, z, 0)), p->sigma_init);
    as_t x0 = as_denoise(c, as_model_in(c, STUDENT), as_scale(c, z, p->sigma_init), sigma, labels);
    return as_must_be_finite(c, x0, "what the student returned");
}

/* dist(x, y) = mean_b |h(x_b) - h(y_b)|^2 + pixel mean (x - y)^2; the first term where features were given */
static as_t distance(as_ctx *c, const dmd *p, as_t x, as_t y)
{
    as_t far = as_scale(c, as_mean(c, as_square(c, as_sub(c, x, y)), AS_ALL), p->pixel);
    as_model *h = as_model_in(c, FEATURES);
    if (!h)
        return far;
    bool before = as_no_grad(c);
    as_t of_y = as_call1(c, h, y); /* [P,H] */
    as_no_grad_end(c, before);
    as_t apart = as_sum(c, as_square(c, as_sub(c, as_call1(c, h, x), of_y)), -1); /* [P,1] */
    return as_add(c, as_mean(c, apart, AS_ALL), far);
}

/* L_G = L_dm + lam_reg dist(G(z_pair), y_pair); then the fake learns the images of before */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const dmd *p = params_;
    as_refuse_shared_nets(c, STUDENT, FAKE, TEACHER);
    if (in[LABELS] && !in[PAIR_LABELS])
        as_fail(c, "labels were given, but no pair_labels");
    as_t x0 = generate(c, p, in[NOISE], in[LABELS]);
    as_t dm = as_dm_loss(c, &p->grid, x0, in[LABELS], as_model_in(c, TEACHER), as_model_in(c, FAKE),
                         p->dm_low, p->dm_high);
    as_t paired = generate(c, p, in[PAIR_NOISE], in[PAIR_LABELS]);
    as_t reg = distance(c, p, paired, in[PAIR_SAMPLE]);
    as_update(c, as_group_in(c, STUDENT_GROUP), as_add(c, dm, as_scale(c, reg, p->lam_reg)), p->clip);

    as_t loss = as_fake_loss(c, &p->grid, x0, in[LABELS], as_model_in(c, FAKE));
    as_update(c, as_group_in(c, FAKE_GROUP), loss, p->clip);
    as_report(c, "dm", dm);
    as_report(c, "regression", reg);
    as_report(c, "fake", loss);
    return loss;
}

#define DENOISER "model(f32[B,...], f32[B], labels? i64[B] -> f32[B,...])"
AS_PLUGIN(.kind = "distillers", .name = "dmd", .version = "1.0.0", .paper = "arXiv:2311.18828",
          .doc = "distribution matching with regression to pairs of the teacher's solver", .params = params,
          .signature = "z f32[B,...], labels? i64[B], pair_z f32[P,...], pair_y f32[P,...],"
                       " pair_labels? i64[P], student " DENOISER ", fake " DENOISER ", teacher " DENOISER ","
                       " features? model(f32[B,...] -> f32[B,H]),"
                       " student_optimizer group, fake_optimizer group -> loss f32",
          .params_size = sizeof(dmd), .validate = validate, .step = step);
