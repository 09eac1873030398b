/* samplers/consistency_multistep: a consistency function F(x, sigma) takes noise to an item in one step; each
 * further level puts noise back and takes it away again. Song et al. 2023, Algorithm 1. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double sigma_min, sigma_max;
    as_reals levels;
} multistep;

static const as_param params[] = {
    AS_REAL_IN(multistep, sigma_min, 0.002, "(0, inf)", "noise level at which F(x) = x", .log = 1),
    AS_REAL_IN(multistep, sigma_max, 80.0, "(0, inf)", "noise level of the start", .log = 1),
    AS_REALS(multistep, levels, "", "(0, inf)",
             "noise levels of the further steps, falling; none draws in one step"),
    AS_END,
};

enum { MODEL, NOISE, SHAPE };

static void validate(as_ctx *c, const void *params_)
{
    const multistep *p = params_;
    if (p->sigma_min >= p->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", p->sigma_min, p->sigma_max);
    for (int j = 0; j < p->levels.n; j++) {
        double tau = p->levels.at[j];
        if (tau < p->sigma_min || tau > p->sigma_max)
            as_fail(c, "levels: %g is outside sigma_min = %g to sigma_max = %g", tau, p->sigma_min,
                    p->sigma_max);
        if (j > 0 && tau >= p->levels.at[j - 1])
            as_fail(c, "levels: %g follows %g, expected levels that fall", tau, p->levels.at[j - 1]);
    }
}

/* x = sigma_max z,  z ~ N(0, I) */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const multistep *p = params_;
    s->steps = 1 + p->levels.n;
    s->x = as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), p->sigma_max);
}

/* From the second step on x = x0 + sqrt(tau^2 - sigma_min^2) z';  x0 = F(x, tau) */
static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const multistep *p = params_;
    (void)in;
    double tau = p->sigma_max;
    if (index > 0) {
        tau = p->levels.at[index - 1];
        as_t z = as_randn(c, "step", as_dims_of(c, s->x));
        double deviation = sqrt(tau * tau - p->sigma_min * p->sigma_min);
        s->x = as_add(c, s->x, as_scale(c, z, deviation));
    }
    s->x = as_call2(c, as_model_in(c, MODEL), s->x, as_full(c, AS_DIMS(as_dim(c, s->x, 0)), tau));
}

AS_PLUGIN(.kind = "samplers", .name = "consistency_multistep", .version = "1.0.0",
          .paper = "arXiv:2303.01469", .doc = "a consistency function's samples in one step or several",
          .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...]|items, shape? i64[R]"
                       " -> x f32[B,...]|items",
          .params_size = sizeof(multistep), .validate = validate, .start = start, .advance = advance);
