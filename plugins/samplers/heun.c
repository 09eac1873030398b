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

static as_t draw(as_ctx *c, as_t shape)
{
    const int64_t *size = as_data_i64(c, shape);
    as_dims dims = {.rank = (int)as_count(c, shape)};
    if (!size)
        return as_inert(c);
    if (dims.rank < 1 || dims.rank > AS_MAX_RANK)
        return as_fail(c, "shape of %d axes, expected 1 to %d", dims.rank, AS_MAX_RANK);
    for (int i = 0; i < dims.rank; i++) {
        dims.size[i] = size[i];
        if (size[i] < 1)
            return as_fail(c, "shape: size %lld at [%d], expected 1 or more", (long long)size[i], i);
    }
    return as_randn(c, "noise", dims);
}

/* x = sigma_0 noise,  noise ~ N(0, I) */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const heun *p = params_;
    s->steps = p->steps;
    if (!in[NOISE] && !in[SHAPE])
        s->x = as_fail(c, "neither noise nor shape was given; shape [1000,2] draws 1000 items of 2 numbers");
    else
        s->x = as_scale(c, in[NOISE] ? in[NOISE] : draw(c, in[SHAPE]), level(p, 0));
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
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R]"
                       " -> x f32[B,...]",
          .params_size = sizeof(heun), .validate = validate, .start = start, .advance = advance);
