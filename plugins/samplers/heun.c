/* samplers/heun: the probability-flow ODE of x = x0 + sigma noise by Heun's second-order steps. Karras et al.
 * 2022 (EDM), Algorithm 1 without churn. The model is a denoiser D(x, sigma), an estimate of x0; it is called
 * 2 steps - 1 times. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int steps;
    double sigma_min, sigma_max, rho;
} heun;

static const as_param params[] = {
    AS_INT(heun, steps, 18, 2, 100000, "levels of the grid; one more leads from the last to 0"),
    AS_REAL_IN(heun, sigma_min, 0.002, "(0, inf)", "smallest noise level above 0", .log = 1),
    AS_REAL_IN(heun, sigma_max, 80.0, "(0, inf)", "noise level of the start", .log = 1),
    AS_REAL_IN(heun, rho, 7.0, "(0, inf)",
               "how much the levels crowd towards sigma_min; 1 spaces them evenly"),
    AS_END,
};

enum { MODEL, NOISE, SHAPE };

static void validate(as_ctx *c, const void *params_)
{
    const heun *p = params_;
    if (p->sigma_min >= p->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", p->sigma_min, p->sigma_max);
    double root = pow(p->sigma_max, 1 / p->rho);
    if (!(root > 0) || isinf(root)) /* 80^(1/rho) at rho = 0.001 is 10^1903 */
        as_fail(c, "rho = %g is too small: sigma_max^(1/rho) is no finite number above 0", p->rho);
}

/* sigma_i = (sigma_max^(1/rho) + i/(N-1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho,  sigma_N = 0   (eq. 5)
 */
static double level(const heun *p, int i)
{
    if (i >= p->steps)
        return 0;
    double high = pow(p->sigma_max, 1 / p->rho), low = pow(p->sigma_min, 1 / p->rho);
    return pow(high + i / (p->steps - 1.0) * (low - high), p->rho);
}

/* x = sigma_0 noise,  noise ~ N(0, I) */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const heun *p = params_;
    s->steps = p->steps;
    s->x = as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), level(p, 0));
}

/* dx/dsigma = (x - D(x, sigma)) / sigma */
static as_t slope(as_ctx *c, as_t x, double sigma)
{
    as_t levels = as_full(c, AS_DIMS(as_dim(c, x, 0)), sigma); /* [B] */
    return as_scale(c, as_sub(c, x, as_call2(c, as_model_in(c, MODEL), x, levels)), 1 / sigma);
}

static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const heun *p = params_;
    double sigma = level(p, index), next = level(p, index + 1), h = next - sigma;
    (void)in;
    as_t d = slope(c, s->x, sigma);
    as_t euler = as_add(c, s->x, as_scale(c, d, h));
    if (next == 0) { /* the slope is not defined at 0 */
        s->x = euler;
        return;
    }
    as_t both = as_add(c, d, slope(c, euler, next));
    s->x = as_add(c, s->x, as_scale(c, both, h / 2));
}

AS_PLUGIN(.kind = "samplers", .name = "heun", .version = "1.0.0", .paper = "arXiv:2206.00364",
          .doc = "EDM's deterministic sampler: Heun steps on the probability-flow ODE", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...]|items, shape? i64[R]"
                       " -> x f32[B,...]|items",
          .params_size = sizeof(heun), .validate = validate, .start = start, .advance = advance);
