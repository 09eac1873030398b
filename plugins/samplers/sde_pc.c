/* samplers/sde_pc: predictor-corrector sampling of the reverse SDE. Song et al. 2021, algorithms 2 to 5, as
 * the official code does it: at each time corrector moves, then one predictor move; hooks act at the same
 * time. */
#include <assay/sde.h>

typedef struct {
    as_sde sde;
    int predictor, corrector, n, corrections;
    double eps, snr;
} sde_pc;

enum { REVERSE_DIFFUSION, EULER_MARUYAMA, ANCESTRAL, NO_PREDICTOR };
enum { LANGEVIN, ALD, NO_CORRECTOR };
enum { MODEL, NOISE, SHAPE };

static const as_param params[] = {
    AS_SDE_PARAMS(sde_pc, "vp", "vp|subvp|ve"),
    AS_CHOICE(sde_pc, predictor, "reverse_diffusion", "reverse_diffusion|euler_maruyama|ancestral|none",
              "the move along the reverse SDE"),
    AS_CHOICE(sde_pc, corrector, "langevin", "langevin|ald|none", "the moves at one time"),
    AS_INT(sde_pc, n, 1000, 2, 1000000, "N, times on the grid from 1 to eps"),
    AS_INT(sde_pc, corrections, 1, 0, 1000, "M, corrector moves at each time"),
    AS_REAL_IN(sde_pc, eps, 1e-3, "(0, 1)", "the last time; 1e-5 for ve", .log = 1),
    AS_REAL_IN(sde_pc, snr, 0.16, "(0, inf)", "r, size of a corrector move", .log = 1),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const sde_pc *p = params_;
    if (p->sde.kind == AS_SUBVP && p->predictor == ANCESTRAL)
        as_fail(c, "predictor = ancestral is not defined for subvp");
    as_sde_validate(c, &p->sde);
    if (p->sde.kind != AS_VE && p->sde.beta_max / p->n >= 1)
        as_fail(c, "n = %d is not above beta_max = %g", p->n, p->sde.beta_max);
}

/* sig_i = exp(linspace(ln smin, ln smax, N)),  sig_-1 = 0 */
static double sigma_of(const sde_pc *p, int i)
{
    return i < 0 ? 0 : as_sde_sigma(&p->sde, i / (p->n - 1.0));
}

static double beta_of(const sde_pc *p, int i) /* linspace(b0/N, b1/N, N) */
{
    return as_sde_beta(&p->sde, i / (p->n - 1.0)) / p->n;
}

static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const sde_pc *p = params_;
    s->steps = p->n;
    s->x = as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), as_sde_prior(&p->sde));
    s->x_mean = s->x;
}

static as_t score(as_ctx *c, const sde_pc *p, const as_point *at, as_t x)
{
    return as_guide(c, at, x, as_sde_score(c, &p->sde, as_model_in(c, MODEL), x, at->t));
}

/* x_mean and x = x_mean + deviation z, then the hooks */
static void move(as_ctx *c, const as_point *at, as_sample *s, as_t x_mean, double deviation, as_t z)
{
    s->x_mean = x_mean;
    s->x = as_add(c, x_mean, as_scale(c, z, deviation));
    as_moved(c, at, s);
}

/* mean over the batch of ||x_b|| */
static double mean_norm(as_ctx *c, as_t x)
{
    as_t rows = as_reshape(c, x, AS_DIMS(as_dim(c, x, 0), as_count(c, x) / as_dim(c, x, 0)));
    return as_item(c, as_mean(c, as_sqrt(c, as_sum(c, as_square(c, rows), -1)), AS_ALL));
}

/* langevin: e = 2 a_i (r mean||z|| / mean||g||)^2,  ald: e = 2 a_i (r sigma)^2,  x_mean = x + e g,
 * x = x_mean + sqrt(2 e) z;  a_i = 1 - beta_i for vp, else 1 */
static void correct(as_ctx *c, const sde_pc *p, const as_point *at, as_sample *s, int i)
{
    double a = p->sde.kind == AS_VP ? 1 - beta_of(p, i) : 1;
    as_t g = score(c, p, at, s->x), z = as_randn(c, "corrector", as_dims_of(c, s->x));
    double size = p->corrector == ALD ? p->snr * at->sigma : p->snr * mean_norm(c, z) / mean_norm(c, g);
    double e = 2 * a * size * size;
    move(c, at, s, as_add(c, s->x, as_scale(c, g, e)), sqrt(2 * e), z);
}

/* x_mean = k x + m s,  x = x_mean + deviation z */
static void coefficients(const sde_pc *p, double t, int i, double *k, double *m, double *deviation)
{
    double dt = 1.0 / p->n, bi = beta_of(p, i), low = sigma_of(p, i - 1), high = sigma_of(p, i);
    *k = 1 - as_sde_drift(&p->sde, t) * dt; /* euler_maruyama: x - (f - g^2 s) / N */
    *m = as_sde_diffusion2(&p->sde, t) * dt;
    *deviation = sqrt(*m);
    if (p->predictor == EULER_MARUYAMA || (p->sde.kind == AS_SUBVP && p->predictor == REVERSE_DIFFUSION))
        return;
    if (p->sde.kind == AS_VE) {
        *m = high * high - low * low;
        *deviation = sqrt(p->predictor == ANCESTRAL ? low * low * *m / (high * high) : *m);
    } else if (p->predictor == ANCESTRAL) {
        *k = *m = 1 / sqrt(1 - bi);
        *m *= bi;
        *deviation = sqrt(bi);
    } else { /* x - F + G^2 s,  F = (sqrt(1 - beta_i) - 1) x,  G = sqrt(beta_i) */
        *k = 2 - sqrt(1 - bi);
        *m = bi;
        *deviation = sqrt(bi);
    }
}

static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const sde_pc *p = params_;
    int i = p->n - 1 - index;
    double h = (p->eps - 1) / (p->n - 1.0), t = 1 + index * h, k, m, deviation;
    const as_point at = as_sde_point(&p->sde, t, index + 1 < p->n ? t + h : NAN, index);
    (void)in;
    as_pre_step(c, &at, s);
    for (int j = 0; j < p->corrections && p->corrector != NO_CORRECTOR && as_ok(c); j++)
        correct(c, p, &at, s, i);
    if (p->predictor != NO_PREDICTOR) {
        coefficients(p, t, i, &k, &m, &deviation);
        as_t g = score(c, p, &at, s->x), z = as_randn(c, "predictor", as_dims_of(c, s->x));
        move(c, &at, s, as_add(c, as_scale(c, s->x, k), as_scale(c, g, m)), deviation, z);
    }
    as_post_step(c, &at, s);
}

/* The last update without its noise. */
static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)c, (void)params_, (void)in;
    s->x = s->x_mean;
}

AS_PLUGIN(.kind = "samplers", .name = "sde_pc", .version = "1.1.0", .paper = "arXiv:2011.13456",
          .doc = "predictor-corrector sampling of the reverse SDE (vp, subvp, ve)", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R]"
                       " -> x f32[B,...]",
          .params_size = sizeof(sde_pc), .validate = validate, .start = start, .advance = advance,
          .finish = finish);
