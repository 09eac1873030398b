/* The forward SDEs of score models, dx = a(t) x dt + g(t) dW, so that x_t = alpha(t) x_0 + sigma(t) z with t
 * = 0 the data and t = 1 noise. Song et al. 2021, section 3.4 and the official sde_lib.py; edm: Karras et al.
 * 2022, where the noise level is the time. A plugin includes this beside plugin.h. */
#ifndef ASSAY_SDE_H
#define ASSAY_SDE_H

#include <assay/plugin.h>

#include <math.h>

/* ---- forward SDEs ---- */

enum { AS_VP, AS_SUBVP, AS_VE, AS_EDM };                   /* as_sde.kind */
enum { AS_SCORE, AS_DENOISER, AS_NOISE, AS_DENOISER_EDM }; /* what a model gives, as_sde.output */

/* A forward SDE dx = a(t) x dt + g(t) dW with x_t = alpha(t) x_0 + sigma(t) z, and what a model gives for (x,
 * t). AS_SDE_PARAMS fills it as the field `sde` of a plugin's parameters. */
typedef struct {
    int kind, output;
    double beta_min, beta_max;   /* vp, subvp */
    double sigma_min, sigma_max; /* ve; edm only asks for the largest */
} as_sde;

#define AS_SDE_ROW(T, field, name_, type_, ...)                                                              \
    {                                                                                                        \
        .type = type_, .name = name_, .offset = offsetof(T, sde) + offsetof(as_sde, field), __VA_ARGS__      \
    }
/* Rows of the table of parameters T for its field `as_sde sde`: the default kind and those the plugin knows,
 * of "vp|subvp|ve|edm" from the left. */
#define AS_SDE_PARAMS(T, kind_, kinds)                                                                       \
    AS_SDE_ROW(T, kind, "sde", AS_PARAM_CHOICE, .text = kind_, .range = kinds, .doc = "the forward SDE"),    \
        AS_SDE_ROW(T, output, "output", AS_PARAM_CHOICE, .text = "score",                                    \
                   .range = "score|denoiser|noise|edm",                                                      \
                   .doc = "what the model gives for (x, t); edm: D(x / alpha, sigma / alpha), x_0 of "       \
                          "x_0 + sigma z"),                                                                  \
        AS_SDE_ROW(T, beta_min, "beta_min", AS_PARAM_REAL, .value = 0.1, .range = "(0, inf)",                \
                   .doc = "b0 of vp and subvp"),                                                             \
        AS_SDE_ROW(T, beta_max, "beta_max", AS_PARAM_REAL, .value = 20, .range = "(0, inf)",                 \
                   .doc = "b1 of vp and subvp"),                                                             \
        AS_SDE_ROW(T, sigma_min, "sigma_min", AS_PARAM_REAL, .value = 0.01, .range = "(0, inf)",             \
                   .doc = "smallest noise of ve", .log = 1),                                                 \
        AS_SDE_ROW(T, sigma_max, "sigma_max", AS_PARAM_REAL, .value = 50, .range = "(0, inf)",               \
                   .doc = "largest noise of ve", .log = 1)

/* For a plugin's .validate: the smaller end of a range below the larger. */
static inline void as_sde_validate(as_ctx *c, const as_sde *s)
{
    if (s->sigma_min >= s->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", s->sigma_min, s->sigma_max);
    if (s->beta_min > s->beta_max)
        as_fail(c, "beta_min = %g is above beta_max = %g", s->beta_min, s->beta_max);
}

/* alpha(t): log alpha = -t^2 (b1 - b0) / 4 - t b0 / 2 for vp and subvp, else 1 */
static inline double as_sde_alpha(const as_sde *s, double t)
{
    return s->kind == AS_VE || s->kind == AS_EDM
               ? 1
               : exp(-t * t * (s->beta_max - s->beta_min) / 4 - t * s->beta_min / 2);
}

/* sigma(t): sqrt(1 - alpha^2) for vp, 1 - alpha^2 for subvp (the deviation, not the variance), smin
 * (smax/smin)^t for ve, t for edm */
static inline double as_sde_sigma(const as_sde *s, double t)
{
    if (s->kind == AS_EDM)
        return t;
    if (s->kind == AS_VE)
        return s->sigma_min * pow(s->sigma_max / s->sigma_min, t);
    double beta = t * t * (s->beta_max - s->beta_min) / 2 + t * s->beta_min, variance = -expm1(-beta);
    return s->kind == AS_VP ? sqrt(variance) : variance;
}

/* beta(t) = b0 + t (b1 - b0) */
static inline double as_sde_beta(const as_sde *s, double t)
{
    return s->beta_min + t * (s->beta_max - s->beta_min);
}

/* a(t) = d log alpha / dt, so that f(x, t) = a(t) x */
static inline double as_sde_drift(const as_sde *s, double t)
{
    return s->kind == AS_VE || s->kind == AS_EDM ? 0 : -as_sde_beta(s, t) / 2;
}

/* g(t)^2 */
static inline double as_sde_diffusion2(const as_sde *s, double t)
{
    double a = as_sde_alpha(s, t), sigma = as_sde_sigma(s, t);
    return s->kind == AS_EDM     ? 2 * t
           : s->kind == AS_VE    ? 2 * sigma * sigma * log(s->sigma_max / s->sigma_min)
           : s->kind == AS_SUBVP ? as_sde_beta(s, t) * (1 - pow(a, 4)) /* 1 - exp(-2 b0 t - (b1 - b0) t^2) */
                                 : as_sde_beta(s, t);
}

/* Deviation of the prior, which x at the largest t is drawn from. */
static inline double as_sde_prior(const as_sde *s)
{
    return s->kind == AS_VE || s->kind == AS_EDM ? s->sigma_max : 1;
}

/* The place in time that hooks are told. */
static inline as_point as_sde_point(const as_sde *s, double t, double t_next, int index)
{
    const as_point at = {t, t_next, as_sde_alpha(s, t), as_sde_sigma(s, t), index};
    return at;
}

/* s(x, t) [B,...] from a model of (x, t): s = (alpha D - x) / sigma^2 = -eps / sigma. */
static inline as_t as_sde_score(as_ctx *c, const as_sde *s, as_model *m, as_t x, double t)
{
    double alpha = as_sde_alpha(s, t), sigma = as_sde_sigma(s, t);
    bool edm = s->output == AS_DENOISER_EDM;
    as_t time = as_full(c, AS_DIMS(as_dim(c, x, 0)), edm ? sigma / alpha : t);
    as_t y = as_call2(c, m, edm && alpha != 1 ? as_scale(c, x, 1 / alpha) : x, time);
    if (s->output == AS_SCORE)
        return y;
    if (s->output == AS_NOISE)
        return as_scale(c, y, -1 / sigma);
    return as_scale(c, as_sub(c, as_scale(c, y, alpha), x), 1 / (sigma * sigma));
}

/* The probability-flow ODE's f - g^2 s / 2 out of a score [B,...]. */
static inline as_t as_sde_flow(as_ctx *c, const as_sde *s, as_t x, as_t score, double t)
{
    return as_sub(c, as_scale(c, x, as_sde_drift(s, t)), as_scale(c, score, as_sde_diffusion2(s, t) / 2));
}

#endif
