/* samplers/fkc_1_0: the reverse SDE of x = x0 + sigma noise with the weights that make it sample an annealed
 * or a mixed target. Skreta et al. 2025, Feynman-Kac correctors. Resampling is hooks/smc. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int target, steps;
    double beta, sigma_min, sigma_max, rho;
} fkc;

enum { ANNEAL, GEOMETRIC, PRODUCT };
enum { MODEL, SECOND, NOISE, SHAPE };

static const as_param params[] = {
    AS_CHOICE(fkc, target, "anneal", "anneal|geometric|product", "q^beta, q1^(1-beta) q2^beta, q1 q2"),
    AS_INT(fkc, steps, 200, 2, 100000, "levels of the grid, less one"),
    AS_REAL_IN(fkc, beta, 2.0, "(0, inf)", "exponent of the target"),
    AS_REAL_IN(fkc, sigma_min, 0.02, "(0, inf)", "smallest noise", .log = 1),
    AS_REAL_IN(fkc, sigma_max, 20.0, "(0, inf)", "largest noise", .log = 1),
    AS_REAL_IN(fkc, rho, 7.0, "(0, inf)", "how much the levels crowd towards sigma_min"),
    AS_END,
};

typedef struct {
    as_t origin; /* [B] which item of the start each is */
} self;

static void validate(as_ctx *c, const void *params_)
{
    const fkc *p = params_;
    if (p->sigma_min >= p->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", p->sigma_min, p->sigma_max);
    if (!isfinite(pow(p->sigma_max, 1 / p->rho)))
        as_fail(c, "rho = %g is too small", p->rho);
}

static double level(const fkc *p, int i)
{
    double high = pow(p->sigma_max, 1 / p->rho), low = pow(p->sigma_min, 1 / p->rho);
    return pow(high + i / (double)p->steps * (low - high), p->rho);
}

/* The target path's own law at the largest noise. */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const fkc *p = params_;
    double share = p->target == ANNEAL ? p->beta : p->target == PRODUCT ? 2 : 1;
    s->steps = p->steps;
    s->x = as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), p->sigma_max / sqrt(share));
    s->x_mean = s->x;
    s->logw = as_zeros(c, AS_DIMS(as_dim(c, s->x, 0)));
    ((self *)as_self(c))->origin = as_per_item(c, "origin", as_arange(c, as_dim(c, s->x, 0)));
}

/* (D - x) / sigma^2, then the hooks */
static as_t score(as_ctx *c, const as_point *at, int model, as_t x)
{
    as_t D = as_call2(c, as_model_in(c, model), x, as_full(c, AS_DIMS(as_dim(c, x, 0)), at->sigma));
    return as_guide(c, at, x, as_scale(c, as_sub(c, D, x), 1 / (at->sigma * at->sigma)));
}

/* <a, b> of each item, [B]: summed, for weights grow with the dimension */
static as_t dot(as_ctx *c, as_t a, as_t b)
{
    as_t rows = as_reshape(c, as_mul(c, a, b), AS_DIMS(as_dim(c, a, 0), -1));
    return as_squeeze(c, as_sum(c, rows, -1), -1);
}

/* v = g^2 (what x follows),  dlogw = w dtau;  g^2 dtau = sigma_i^2 - sigma_{i+1}^2, f = 0 */
static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const fkc *p = params_;
    double sigma = level(p, index), next = level(p, index + 1), g2 = sigma * sigma - next * next, b = p->beta;
    const as_point at = {sigma, next, 1, sigma, index};
    (void)in;
    as_pre_step(c, &at, s);
    as_t s1 = score(c, &at, MODEL, s->x), v, w;
    if (p->target == ANNEAL) {
        v = as_scale(c, s1, b);
        w = as_scale(c, dot(c, s1, s1), 0.5 * b * (b - 1));
    } else {
        as_t s2 = score(c, &at, SECOND, s->x), off = as_sub(c, s1, s2);
        bool mixes = p->target == GEOMETRIC;
        v = mixes ? as_add(c, as_scale(c, s1, 1 - b), as_scale(c, s2, b)) : as_add(c, s1, s2);
        w = mixes ? as_scale(c, dot(c, off, off), 0.5 * b * (b - 1)) : dot(c, s1, s2);
    }
    s->logw = as_add(c, s->logw, as_scale(c, w, g2));
    s->x_mean = as_add(c, s->x, as_scale(c, v, g2));
    s->x = as_add(c, s->x_mean, as_scale(c, as_randn(c, "noise", as_dims_of(c, s->x)), sqrt(g2)));
    as_moved(c, &at, s);
    as_post_step(c, &at, s);
}

static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)params_, (void)in;
    as_output(c, 1, s->logw);
    as_output(c, 2, ((self *)as_self(c))->origin);
}

AS_PLUGIN(.kind = "samplers", .name = "fkc_1_0", .version = "1.0.0", .paper = "arXiv:2503.02819",
          .doc = "a weighted reverse SDE for annealed and mixed targets", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]),"
                       " second? model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R]"
                       " -> x f32[B,...], logw f32[B], origin i64[B]",
          .params_size = sizeof(fkc), .state_size = sizeof(self), .validate = validate, .start = start,
          .advance = advance, .finish = finish);
