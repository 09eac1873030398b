/* distillers/dmd2: a few-step generator whose samples have the teacher's distribution: distribution-matching
 * gradient, a fake critic updated more often than the generator, a GAN term on real items, training inputs
 * from the generator's own earlier steps. Yin et al. 2024 (DMD2) and the official train_edm.py,
 * edm_guidance.py, sd_unified_model.py. Denoisers are called with (x, sigma), or (x, sigma, labels). Guidance
 * is the teacher's business: give one that combines its two predictions. */
#include <assay/distil.h>

typedef struct {
    as_levels grid;
    int ratio, gan_max, inputs;
    double dm_low, dm_high, lam_gen, lam_dis, clip;
    bool matching;
    as_reals schedule;
} dmd2;

enum { SIMULATED, REAL_NOISED };

static const as_param params[] = {
    AS_INT(dmd2, ratio, 5, 1, 1000000, "steps a generator update; the fake is updated in every step"),
    AS_BOOL(dmd2, matching, true,
            "the distribution-matching term; without it the generator has the GAN's only"),
    AS_REAL(dmd2, dm_low, 0.02, 0.0, 1.0, "its levels: from this share of the grid"),
    AS_REAL(dmd2, dm_high, 0.98, 0.0, 1.0, "to this one"),
    AS_REAL_IN(dmd2, lam_gen, 3e-3, "[0, inf)", "weight of the GAN in the generator's loss", .log = 1),
    AS_REAL_IN(dmd2, lam_dis, 1e-2, "[0, inf)", "weight of the GAN in the fake's loss", .log = 1),
    AS_INT(
        dmd2, gan_max, 1000, 1, 100000,
        "the discriminator sees items with noise of one of this many levels, from the smallest; 1 is none"),
    AS_REALS(dmd2, schedule, "80", "(0, inf)",
             "noise levels of the generator's steps, falling; one makes it a one-step generator"),
    AS_CHOICE(dmd2, inputs, "simulated", "simulated|real",
              "what later steps learn on: the generator's own samples, or real items, with noise"),
    AS_REAL_IN(dmd2, clip, 10.0, "[0, inf)", "largest norm of each group's gradient; 0 does not clip"),
    AS_LEVELS_PARAMS(dmd2),
    AS_END,
};

typedef struct {
    int step, generator_updates;
} self;

enum { NOISE, LABELS, REAL, REAL_LABELS, STUDENT, FAKE, TEACHER, DISC, STUDENT_GROUP, FAKE_GROUP };

static void validate(as_ctx *c, const void *params_)
{
    const dmd2 *p = params_;
    as_levels_validate(c, &p->grid);
    if (p->gan_max > p->grid.levels)
        as_fail(c, "gan_max = %d is above levels = %d", p->gan_max, p->grid.levels);
    if (p->dm_low > p->dm_high)
        as_fail(c, "dm_low = %g is above dm_high = %g", p->dm_low, p->dm_high);
    if (p->schedule.n == 0)
        as_fail(c, "schedule is empty, expected the noise level of at least one step");
    for (int k = 1; k < p->schedule.n; k++)
        if (p->schedule.at[k] >= p->schedule.at[k - 1])
            as_fail(c, "schedule: %g follows %g, expected levels that fall", p->schedule.at[k],
                    p->schedule.at[k - 1]);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    self *s = self_;
    as_counter(c, "step", &s->step);
    as_counter(c, "generator_updates", &s->generator_updates);
}

static void refuse(as_ctx *c, const dmd2 *p, const as_t *in)
{
    if (as_model_in(c, DISC) && !in[REAL])
        as_fail(c, "disc was given, so the step needs the batch real");
    if (p->inputs == REAL_NOISED && !in[REAL])
        as_fail(c, "inputs = \"real\" needs the batch real");
    if (in[REAL] && in[LABELS] && !in[REAL_LABELS])
        as_fail(c, "real was given with labels, but without real_labels");
    if (!p->matching && !as_model_in(c, DISC))
        as_fail(c, "matching = false without disc: nothing teaches the student");
    as_refuse_shared_nets(c, STUDENT, FAKE, TEACHER);
}

static as_t level(as_ctx *c, const dmd2 *p, int k, as_t x)
{
    return as_full(c, AS_DIMS(as_dim(c, x, 0)), p->schedule.at[k]);
}

/* What the generator is given at step k of its schedule: tau_1 z; from the second step on its last estimate
 * of x0, made without history from z, with fresh noise of tau_k. Or real items with noise of tau_k. */
static as_t input_of(as_ctx *c, const dmd2 *p, const as_t *in, int k)
{
    if (p->inputs == REAL_NOISED)
        return as_noised(c, in[REAL], level(c, p, k, in[REAL]), "step noise");
    bool before = as_no_grad(c);
    as_t x = as_scale(c, in[NOISE], p->schedule.at[0]);
    for (int j = 0; j < k && as_ok(c); j++) {
        as_t x0 = as_denoise(c, as_model_in(c, STUDENT), x, level(c, p, j, x), in[LABELS]);
        x = as_noised(c, x0, level(c, p, j + 1, x0), "step noise");
    }
    as_no_grad_end(c, before);
    return x;
}

/* x0 = G(x, tau_k), k drawn once for the batch; live, or without history. */
static as_t generate(as_ctx *c, const dmd2 *p, const as_t *in, as_t labels, bool live)
{
    int steps = p->schedule.n;
    int k = steps == 1 ? 0 : (int)as_item(c, as_randint(c, "step", steps, AS_SCALAR));
    as_t x = input_of(c, p, in, as_ok(c) ? k : 0);
    bool before = live ? as_record(c) : as_no_grad(c);
    as_t x0 = as_denoise(c, as_model_in(c, STUDENT), x, level(c, p, as_ok(c) ? k : 0, x), labels);
    as_no_grad_end(c, before);
    return as_must_be_finite(c, x0, "what the student returned");
}

/* The discriminator's logits [B] of x0 with noise of a level below gan_max. */
static as_t logits(as_ctx *c, const dmd2 *p, as_t x0, as_t labels)
{
    as_t sigma = as_level_draw(c, &p->grid, "gan level", as_dim(c, x0, 0), 0, p->gan_max - 1);
    return as_denoise(c, as_model_in(c, DISC), as_noised(c, x0, sigma, "gan noise"), sigma, labels);
}

/* L_G = L_dm + lam_gen mean softplus(-l(x0)). The student's group alone is moved: fake and discriminator are
 * passed through. */
static void update_generator(as_ctx *c, const dmd2 *p, as_t x0, as_t labels)
{
    as_t loss = as_zeros(c, AS_SCALAR);
    if (p->matching) {
        as_t dm = as_dm_loss(c, &p->grid, x0, labels, as_model_in(c, TEACHER), as_model_in(c, FAKE),
                             p->dm_low, p->dm_high);
        as_report(c, "dm", dm);
        loss = as_add(c, loss, dm);
    }
    if (as_model_in(c, DISC)) {
        as_t gan = as_mean(c, as_softplus(c, as_neg(c, logits(c, p, x0, labels))), AS_ALL);
        as_report(c, "gan_generator", gan);
        loss = as_add(c, loss, as_scale(c, gan, p->lam_gen));
    }
    as_update(c, as_group_in(c, STUDENT_GROUP), loss, p->clip);
}

/* L = L_F + lam_dis mean (softplus(l(x0)) + softplus(-l(real))): fake and discriminator live. */
static as_t update_fake(as_ctx *c, const dmd2 *p, const as_t *in, as_t x0, as_t labels)
{
    as_t loss = as_fake_loss(c, &p->grid, x0, labels, as_model_in(c, FAKE));
    as_report(c, "fake", loss);
    if (as_model_in(c, DISC)) {
        as_t of_x0 = as_mean(c, as_softplus(c, logits(c, p, x0, labels)), AS_ALL);
        as_t of_real = as_softplus(c, as_neg(c, logits(c, p, in[REAL], in[REAL_LABELS])));
        as_t gan = as_add(c, of_x0, as_mean(c, of_real, AS_ALL));
        as_report(c, "gan_discriminator", gan);
        loss = as_add(c, loss, as_scale(c, gan, p->lam_dis));
    }
    as_update(c, as_group_in(c, FAKE_GROUP), loss, p->clip);
    return loss;
}

/* The order matters: images are made once, the generator moves on them in every R-th step, then the fake
 * learns those same images. */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const dmd2 *p = params_;
    self *s = as_self(c);
    refuse(c, p, in);
    if (!as_ok(c))
        return as_inert(c);
    bool turn = s->step % p->ratio == 0;
    as_t labels = p->inputs == REAL_NOISED ? in[REAL_LABELS] : in[LABELS];
    as_t x0 = generate(c, p, in, labels, turn);
    if (turn)
        update_generator(c, p, x0, labels);
    as_t loss = update_fake(c, p, in, as_detach(c, x0), labels);
    s->step++;
    s->generator_updates += turn;
    as_report_real(c, "generator_updates", s->generator_updates);
    return loss;
}

#define DENOISER "model(f32[B,...], f32[B], labels? i64[B] -> f32[B,...])"
AS_PLUGIN(.kind = "distillers", .name = "dmd2", .version = "1.0.0", .paper = "arXiv:2405.14867",
          .doc = "distribution matching with a faster fake critic, a GAN term and backward simulation",
          .params = params,
          .signature =
              "z f32[B,...], labels? i64[B], real? f32[R,...], real_labels? i64[R], student " DENOISER
              ", fake " DENOISER ", teacher " DENOISER ","
              " disc? model(f32[B,...], f32[B], labels? i64[B] -> f32[B]),"
              " student_optimizer group, fake_optimizer group -> loss f32",
          .params_size = sizeof(dmd2), .state_size = sizeof(self), .validate = validate, .setup = setup,
          .step = step);
