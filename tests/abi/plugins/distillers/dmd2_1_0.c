/* distillers/dmd2_1_0: a one-step student from the difference of two denoisers, a critic of its own with its
 * own update ratio, a GAN head on a tap of it. Yin et al. 2024, DMD2; noise x = x0 + sigma eps. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int ratio, levels;
    double sigma_min, sigma_max, start, sigma_data, lam_gen, lam_dis, clip;
    as_reals schedule;
    const char *tap;
} dmd2;

static const as_param params[] = {
    AS_INT(dmd2, ratio, 5, 1, 1000, "R, updates of the critic for each of the student"),
    AS_INT(dmd2, levels, 1000, 2, 100000, "of the noise grid"),
    AS_REAL_IN(dmd2, sigma_min, 0.002, "(0, inf)", "smallest noise", .log = 1),
    AS_REAL_IN(dmd2, sigma_max, 80.0, "(0, inf)", "largest noise", .log = 1),
    AS_REAL_IN(dmd2, start, 80.0, "(0, inf)", "noise the student starts from", .log = 1),
    AS_REAL_IN(dmd2, sigma_data, 0.5, "(0, inf)", "deviation of the data"),
    AS_REAL_IN(dmd2, lam_gen, 3e-3, "[0, inf)", "weight of the GAN term for the student; 0: no GAN"),
    AS_REAL_IN(dmd2, lam_dis, 1e-2, "[0, inf)", "weight of the GAN term for the critic"),
    AS_REAL_IN(dmd2, clip, 10.0, "[0, inf)", "norm of a gradient at most; 0: any"),
    AS_REALS(dmd2, schedule, "", "(0, inf)", "levels of a student of several steps, falling; none: one step"),
    AS_STRING(dmd2, tap, "h", "where the critic's features are read"),
    AS_END,
};

typedef struct {
    int t;
} self;

enum { NOISE, REAL, STUDENT, TEACHER, FAKE, HEAD, STUDENT_OPTIMIZER, FAKE_OPTIMIZER };

static void validate(as_ctx *c, const void *params_)
{
    const dmd2 *p = params_;
    if (p->sigma_min >= p->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", p->sigma_min, p->sigma_max);
    for (int k = 1; k < p->schedule.n; k++)
        if (p->schedule.at[k] >= p->schedule.at[k - 1])
            as_fail(c, "schedule: %g at [%d] is not below %g", p->schedule.at[k], k, p->schedule.at[k - 1]);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    as_counter(c, "t", &((self *)self_)->t);
}

/* [B] against [B,...] */
static as_t wide(as_ctx *c, as_t s, as_t x)
{
    as_dims dims = as_dims_of(c, x);
    for (int k = 1; k < dims.rank; k++)
        dims.size[k] = 1;
    return as_reshape(c, s, dims);
}

/* sigma_i = (smin^(1/7) + i/(n-1) (smax^(1/7) - smin^(1/7)))^7,  i ~ U{low .. high-1}, one for each item */
static as_t draw_levels(as_ctx *c, const dmd2 *p, const char *stream, int64_t B, int low, int high)
{
    double from = pow(p->sigma_min, 1.0 / 7), to = pow(p->sigma_max, 1.0 / 7);
    as_t i = as_randint(c, stream, high > low ? high - low : 1, AS_DIMS(B));
    as_t place = as_cast(c, i, as_dtype_of(c, as_full(c, AS_SCALAR, 0)));
    double step = (to - from) / (p->levels - 1);
    return as_power(c, as_affine(c, place, step, from + low * step), 7);
}

/* x0 + sigma eps */
static as_t noised(as_ctx *c, as_t x0, as_t sigma, const char *stream)
{
    return as_add(c, x0, as_mul(c, wide(c, sigma, x0), as_randn(c, stream, as_dims_of(c, x0))));
}

static as_t at_level(as_ctx *c, as_model *m, as_t x, double sigma)
{
    return as_call2(c, m, x, as_full(c, AS_DIMS(as_dim(c, x, 0)), sigma));
}

/* The student's images; of several steps: k - 1 of them without gradient, as it samples (backward
 * simulation). */
static as_t generate(as_ctx *c, const dmd2 *p, as_t z, bool live)
{
    as_model *G = as_model_in(c, STUDENT);
    int n = p->schedule.n;
    double level = n ? p->schedule.at[0] : p->start;
    as_t x = as_scale(c, z, level);
    bool before = as_no_grad(c);
    int k = n ? (int)as_item(c, as_cast(c, as_randint(c, "step", n, AS_SCALAR), AS_F64)) : 0;
    for (int j = 0; j < k && as_ok(c); j++) {
        as_t sigma = as_full(c, AS_DIMS(as_dim(c, z, 0)), p->schedule.at[j + 1]);
        x = noised(c, at_level(c, G, x, p->schedule.at[j]), sigma, "renoise");
        level = p->schedule.at[j + 1];
    }
    if (live)
        as_no_grad_end(c, before);
    as_t x0 = at_level(c, G, x, level);
    as_no_grad_end(c, before);
    return x0;
}

/* g = (D_F - D_T) / w,  w = mean over an item of |x0 - D_T|;  0.5 mean (x0 - sg(x0 - g))^2 */
static as_t matching(as_ctx *c, const dmd2 *p, as_t x0)
{
    as_t fixed = as_detach(c, x0);
    int64_t B = as_dim(c, x0, 0);
    bool before = as_no_grad(c);
    as_t sigma = draw_levels(c, p, "dm level", B, p->levels / 50, p->levels - p->levels / 50);
    as_t x = noised(c, fixed, sigma, "dm noise");
    as_t D_T = as_call2(c, as_model_in(c, TEACHER), x, sigma),
         D_F = as_call2(c, as_model_in(c, FAKE), x, sigma);
    if (!as_finite(c, D_T))
        as_fail(c, "teacher gave NaN or infinity");
    as_t off = as_reshape(c, as_abs(c, as_sub(c, fixed, D_T)), AS_DIMS(B, -1));
    as_t w = wide(c, as_squeeze(c, as_mean(c, off, -1), -1), x0), none = as_full(c, AS_SCALAR, 0);
    as_t g =
        as_where(c, w, as_div(c, as_sub(c, D_F, D_T), as_where(c, w, w, as_full(c, AS_SCALAR, 1))), none);
    as_t target = as_sub(c, fixed, g);
    as_no_grad_end(c, before);
    return as_scale(c, as_mean(c, as_square(c, as_sub(c, x0, target)), AS_ALL), 0.5);
}

/* The head's logit of the critic's features of noised images ("diffusion GAN"). */
static as_t logit(as_ctx *c, const dmd2 *p, as_t x0, const char *stream)
{
    as_t sigma = draw_levels(c, p, stream, as_dim(c, x0, 0), 0, p->levels), h, y;
    const as_t in[2] = {noised(c, x0, sigma, "gan noise"), sigma};
    const char *const names[1] = {p->tap};
    as_model_request(c, as_model_in(c, FAKE),
                     &(as_request){.size = sizeof(as_request),
                                   .in_count = 2,
                                   .in = in,
                                   .out_count = 1,
                                   .out = &y,
                                   .read_count = 1,
                                   .read = names,
                                   .value = &h});
    return as_call1(c, as_model_in(c, HEAD), h);
}

static bool has_gan(as_ctx *c, const dmd2 *p, const as_t *in)
{
    bool gan = p->lam_gen > 0 && as_model_in(c, HEAD);
    if (gan && !in[REAL])
        as_fail(c, "no real batch was given, and lam_gen = %g", p->lam_gen);
    return gan && as_ok(c);
}

static void update_student(as_ctx *c, const dmd2 *p, as_t x0, bool gan)
{
    as_t loss = matching(c, p, x0);
    as_report(c, "matching", loss);
    if (gan) {
        as_t fool = as_mean(c, as_softplus(c, as_neg(c, logit(c, p, x0, "gan level"))), AS_ALL);
        as_report(c, "fool", fool);
        loss = as_add(c, loss, as_scale(c, fool, p->lam_gen));
    }
    as_update(c, as_group_in(c, STUDENT_OPTIMIZER), loss, p->clip);
}

/* mean (sigma^-2 + 1/sd^2) (D_F - x0)^2, and softplus(l(x0)) + softplus(-l(real)) */
static as_t update_fake(as_ctx *c, const dmd2 *p, as_t x0, as_t real, bool gan)
{
    as_t sigma = draw_levels(c, p, "fake level", as_dim(c, x0, 0), 0, p->levels);
    as_t x = noised(c, x0, sigma, "fake noise");
    as_t weight = as_shift(c, as_power(c, sigma, -2), 1 / (p->sigma_data * p->sigma_data));
    as_t off = as_square(c, as_sub(c, as_call2(c, as_model_in(c, FAKE), x, sigma), x0));
    as_t loss = as_mean(c, as_mul(c, wide(c, weight, x0), off), AS_ALL);
    as_report(c, "fake", loss);
    if (gan) {
        as_t l = as_mean(c, as_softplus(c, logit(c, p, x0, "dis level")), AS_ALL);
        as_t r = as_mean(c, as_softplus(c, as_neg(c, logit(c, p, real, "dis level"))), AS_ALL);
        as_report(c, "discriminate", as_add(c, l, r));
        loss = as_add(c, loss, as_scale(c, as_add(c, l, r), p->lam_dis));
    }
    as_update(c, as_group_in(c, FAKE_OPTIMIZER), loss, p->clip);
    return loss;
}

/* One batch of images serves both: the critic learns those from before the student's update. */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const dmd2 *p = params_;
    self *s = as_self(c);
    bool gan = has_gan(c, p, in), live = s->t % p->ratio == 0;
    as_t x0 = generate(c, p, in[NOISE], live), fixed = as_detach(c, x0);
    if (live)
        update_student(c, p, x0, gan);
    as_report_real(c, "generator", live);
    s->t++;
    return update_fake(c, p, fixed, in[REAL], gan);
}

#define DENOISER "(f32[B,...], f32[B] -> f32[B,...])"

AS_PLUGIN(.kind = "distillers", .name = "dmd2_1_0", .version = "1.0.0", .paper = "arXiv:2405.14867",
          .doc = "a student from the difference of two denoisers, with a critic and a GAN head",
          .params = params,
          .signature = "noise f32[B,...], real? f32[B,...], student model" DENOISER ", teacher model" DENOISER
                       ", fake model{taps}" DENOISER ", head? model(f32[B,...] -> f32[B]),"
                       " student_optimizer group, fake_optimizer group -> loss f32",
          .params_size = sizeof(dmd2), .state_size = sizeof(self), .validate = validate, .setup = setup,
          .step = step);
