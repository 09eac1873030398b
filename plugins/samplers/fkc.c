/* samplers/fkc: the reverse SDE with Feynman-Kac weights that make it sample an annealed, mixed or tilted
 * target. Skreta et al. 2025, Feynman-Kac correctors. Simulating dx = v dtau + zeta g dW with dlogw = w dtau
 * gives items whose law, weighted by exp(logw), follows the target's path (eq. 7-10); tau grows as the noise
 * falls. Resampling is hooks/smc. Both models have the one forward SDE of the parameters. */
#include <assay/sde.h>

typedef struct {
    as_sde sde;
    int target, steps;
    double beta, a, rho, eps, clip;
    as_reals b, active;
} fkc;

enum { ANNEAL, GEOMETRIC, PRODUCT, PRODUCT_ANNEALED, REWARD };
enum { MODEL, SECOND, TILT, NOISE, SHAPE };

static const as_param params[] = {
    AS_SDE_PARAMS(fkc, "edm", "vp|subvp|ve|edm"),
    AS_CHOICE(fkc, target, "anneal", "anneal|geometric|product|product_annealed|reward",
              "q^beta, q1^(1-beta) q2^beta, q1 q2, (q1 q2)^beta, q exp(b r)"),
    AS_REAL_IN(fkc, beta, 2.0, "(-inf, inf)", "exponent; above 0 for anneal and product_annealed"),
    AS_REAL(fkc, a, 0.0, 0.0, 0.5, "anneal: 0 scales the score, 0.5 tempers the noise as well"),
    AS_REALS(fkc, b, "0, 1", "(-inf, inf)", "reward: its weight, or the first and last of a straight line"),
    AS_INT(fkc, steps, 200, 2, 1000000, "from the largest noise to the smallest"),
    AS_REAL_IN(fkc, rho, 7.0, "(0, inf)", "edm: how much the levels crowd towards sigma_min"),
    AS_REAL_IN(fkc, eps, 1e-3, "(0, 1)", "the last time of vp, subvp and ve", .log = 1),
    AS_REAL_IN(fkc, clip, 0.0, "[0, inf)", "limit of a step's centred log weights, which biases; 0 is none"),
    AS_REALS(fkc, active, "", "[0, inf)", "lowest and highest time at which weights count; none: all"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const fkc *p = params_;
    as_sde_validate(c, &p->sde);
    if ((p->target == ANNEAL || p->target == PRODUCT_ANNEALED) && !(p->beta > 0))
        as_fail(c, "beta = %g, expected a number above 0: the target is no density", p->beta);
    if (p->b.n < 1 || p->b.n > 2)
        as_fail(c, "b of %d numbers, expected one, or the first and the last", p->b.n);
    if (p->active.n && !(p->active.n == 2 && p->active.at[0] < p->active.at[1]))
        as_fail(c, "active of %d numbers, expected the lowest and the highest time", p->active.n);
    if (p->sde.kind == AS_EDM && !isfinite(pow(p->sde.sigma_max, 1 / p->rho)))
        as_fail(c, "rho = %g is too small: sigma_max^(1/rho) is no finite number", p->rho);
}

/* sigma_i of Karras et al. 2022, eq. 5, for edm; else t_i evenly from 1 to eps */
static double time_of(const fkc *p, int i)
{
    double share = i / (double)p->steps;
    if (p->sde.kind != AS_EDM)
        return 1 + share * (p->eps - 1);
    double high = pow(p->sde.sigma_max, 1 / p->rho), low = pow(p->sde.sigma_min, 1 / p->rho);
    return pow(high + share * (low - high), p->rho);
}

static double strength(const fkc *p, int i)
{
    return p->b.at[0] + (p->b.at[p->b.n - 1] - p->b.at[0]) * i / p->steps;
}

/* The target path's own law at the largest noise: exponents add up to `power`. */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const fkc *p = params_;
    double beta = p->target == ANNEAL || p->target == PRODUCT_ANNEALED ? p->beta : 1;
    double power = p->target == PRODUCT || p->target == PRODUCT_ANNEALED ? 2 * beta : beta;
    s->steps = p->steps;
    s->x = as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), as_sde_prior(&p->sde) / sqrt(power));
    s->x_mean = s->x;
    s->logw = as_zeros(c, AS_DIMS(as_dim(c, s->x, 0)));
    if (as_dim(c, s->x, 0) < 2)
        as_fail(c, "1 item, expected 2 or more: weights are relative");
}

/* <a, b> of each item, [B]: the sum, for weights grow with the dimension */
static as_t dot(as_ctx *c, as_t a, as_t b)
{
    int64_t B = as_dim(c, a, 0);
    return as_squeeze(c, as_sum(c, as_reshape(c, as_mul(c, a, b), AS_DIMS(B, as_count(c, a) / B)), -1), -1);
}

typedef struct {
    double drift, g2, divergence; /* over the step: a dtau, g^2 dtau, div f dtau */
    as_point at;
} stride;

static as_t score(as_ctx *c, const fkc *p, const stride *h, int model, as_t x)
{
    return as_guide(c, &h->at, x, as_sde_score(c, &p->sde, as_model_in(c, model), x, h->at.t));
}

/* q^beta (Prop. 3.1): v = -f + eta g^2 s,  w = (beta - 1) div f + g^2/2 beta (beta - 1) |s|^2 */
static as_t anneal(as_ctx *c, const fkc *p, const stride *h, as_t x, as_t *w)
{
    as_t s = score(c, p, h, MODEL, x);
    *w = as_affine(c, dot(c, s, s), h->g2 / 2 * p->beta * (p->beta - 1), (p->beta - 1) * h->divergence);
    return as_scale(c, s, p->beta + (1 - p->beta) * p->a);
}

/* q1^(1-beta) q2^beta: v = -f + g^2 ((1-beta) s1 + beta s2),  w = g^2/2 beta (beta - 1) |s1 - s2|^2
 * (q1 q2)^beta: v = -f + beta g^2 (s1 + s2),  w = (2 beta - 1) div f
 *               + g^2/2 (beta^2 |s1 + s2|^2 - beta (|s1|^2 + |s2|^2)); product has beta = 1 */
static as_t mix(as_ctx *c, const fkc *p, const stride *h, as_t x, as_t *w)
{
    as_t s1 = score(c, p, h, MODEL, x), s2 = score(c, p, h, SECOND, x);
    double beta = p->target == PRODUCT ? 1 : p->beta;
    if (p->target == GEOMETRIC) {
        as_t off = as_sub(c, s1, s2);
        *w = as_scale(c, dot(c, off, off), h->g2 / 2 * beta * (beta - 1));
        return as_add(c, as_scale(c, s1, 1 - beta), as_scale(c, s2, beta));
    }
    as_t both = as_add(c, s1, s2), each = as_add(c, dot(c, s1, s1), dot(c, s2, s2));
    as_t squares = as_sub(c, as_scale(c, dot(c, both, both), beta * beta), as_scale(c, each, beta));
    *w = as_affine(c, squares, h->g2 / 2, (2 * beta - 1) * h->divergence);
    return as_scale(c, both, beta);
}

/* q exp(b r) (Prop. 3.4): v = -f + g^2 (s + b/2 grad r),  w = db/dtau r - b <grad r, f> + g^2/2 b <grad r, s>
 */
static as_t tilt(as_ctx *c, const fkc *p, const stride *h, as_t x, as_t *w)
{
    double b = strength(p, h->at.index), db = strength(p, h->at.index + 1) - b;
    as_t s = score(c, p, h, MODEL, x);
    bool before = as_record(c);
    as_t point = as_leaf(c, x), r = as_call1(c, as_model_in(c, TILT), point); /* [B] */
    as_t slope = as_grad(c, as_sum(c, r, AS_ALL), point, false);
    as_no_grad_end(c, before);
    as_t along =
        as_add(c, as_scale(c, dot(c, slope, x), -b * h->drift), as_scale(c, dot(c, slope, s), h->g2 / 2 * b));
    *w = as_add(c, as_scale(c, as_detach(c, r), db), along);
    return as_add(c, s, as_scale(c, slope, b / 2));
}

/* A step's log weights, less their mean, into [-clip, clip]; tells the share it changed. */
static as_t clipped(as_ctx *c, const fkc *p, as_t w)
{
    if (p->clip == 0)
        return w;
    as_t mean = as_mean(c, w, 0), centred = as_sub(c, w, mean);
    as_t limit = as_full(c, AS_SCALAR, p->clip);
    as_report(c, "clipped", as_mean(c, as_gt(c, as_abs(c, centred), limit), AS_ALL));
    return as_add(c, as_clamp(c, centred, -p->clip, p->clip), mean);
}

static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const fkc *p = params_;
    double t = time_of(p, index), next = time_of(p, index + 1), dtau = t - next;
    double from = as_sde_sigma(&p->sde, t), to = as_sde_sigma(&p->sde, next);
    bool exact =
        p->sde.kind == AS_EDM || p->sde.kind == AS_VE; /* f = 0: g^2 dtau is what the variance loses */
    stride h = {.drift = as_sde_drift(&p->sde, t) * dtau,
                .g2 = exact ? from * from - to * to : as_sde_diffusion2(&p->sde, t) * dtau,
                .at = as_sde_point(&p->sde, t, next, index)};
    h.divergence = h.drift * (double)(as_count(c, s->x) / as_dim(c, s->x, 0));
    double zeta2 = p->target == ANNEAL ? (p->beta + (1 - p->beta) * 2 * p->a) / p->beta : 1;
    (void)in;
    as_pre_step(c, &h.at, s);
    as_t w, v = p->target == ANNEAL   ? anneal(c, p, &h, s->x, &w)
                : p->target == REWARD ? tilt(c, p, &h, s->x, &w)
                                      : mix(c, p, &h, s->x, &w);
    if (!p->active.n || (t >= p->active.at[0] && t <= p->active.at[1]))
        s->logw = as_add(c, s->logw, clipped(c, p, w));
    s->x_mean = as_add(c, as_scale(c, s->x, 1 - h.drift), as_scale(c, v, h.g2));
    s->x = as_add(c, s->x_mean, as_scale(c, as_randn(c, "noise", as_dims_of(c, s->x)), sqrt(zeta2 * h.g2)));
    as_moved(c, &h.at, s);
    as_post_step(c, &h.at, s);
}

static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)params_, (void)in;
    as_output(c, 1, s->logw);
}

AS_PLUGIN(.kind = "samplers", .name = "fkc", .version = "1.0.0", .paper = "arXiv:2503.02819",
          .doc = "a weighted reverse SDE for annealed, mixed and tilted targets", .params = params,
          .signature =
              "model model(f32[B,...], f32[B] -> f32[B,...]),"
              " second? model(f32[B,...], f32[B] -> f32[B,...]), reward? model(f32[B,...] -> f32[B]),"
              " noise? f32[B,...], shape? i64[R] -> x f32[B,...], logw f32[B]",
          .params_size = sizeof(fkc), .validate = validate, .start = start, .advance = advance,
          .finish = finish);
