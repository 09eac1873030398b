/* losses/dsm: denoising score matching in continuous time, for any of the SDEs. Song et al. 2021, equation 7
 * and the official losses.py: the score of x_t given x_0 is -z / sigma. */
#include <assay/sde.h>

typedef struct {
    as_sde sde;
    bool likelihood_weighting, reduce_mean;
    double eps;
} dsm;

enum { MODEL, DATA, TIME, NOISE };

static const as_param params[] = {
    AS_SDE_PARAMS(dsm, "vp", "vp|subvp|ve"),
    AS_BOOL(dsm, likelihood_weighting, false, "weight g^2 on |s + z / sigma|^2 in place of sigma^2"),
    AS_BOOL(dsm, reduce_mean, false, "mean over an item's numbers in place of half their sum"),
    AS_REAL_IN(dsm, eps, 1e-5, "(0, 1)", "t is uniform over [eps, 1)", .log = 1),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    as_sde_validate(c, &((const dsm *)params_)->sde);
}

static void refuse_time(as_ctx *c, const dsm *p, as_t t)
{
    double low = as_item(c, as_min(c, t, AS_ALL)), high = as_item(c, as_max(c, t, AS_ALL));
    if (as_ok(c) && !(low >= p->eps * 0.999 && high <= 1)) /* eps in f32 may lie below it */
        as_fail(c, "t from %g to %g, expected eps = %g to 1", low, high, p->eps);
}

typedef double of_time(const as_sde *s, double t);

/* One number an item, [B,1,...] beside x [B,...] */
static as_t beside(as_ctx *c, const as_sde *s, of_time *f, as_t t, as_t x)
{
    as_t wide = as_contiguous(c, as_cast(c, as_detach(c, t), AS_F64));
    as_dims dims = {.rank = as_rank(c, x), .size = {as_dim(c, t, 0), 1, 1, 1, 1, 1, 1, 1}};
    as_t out = as_reshape(c, as_from(c, AS_F64, AS_DIMS(as_dim(c, t, 0)), as_data_f64(c, wide)), dims);
    double *value = as_data_f64(c, out);
    for (int64_t b = 0; value && b < as_dim(c, t, 0); b++)
        value[b] = f(s, value[b]);
    return as_cast(c, out, as_dtype_of(c, x));
}

/* sigma s + z: for a model of the noise z - eps, for a score sigma s + z, for a denoiser
 * (alpha D - x_t) / sigma + z */
static as_t residual(as_ctx *c, const as_sde *s, as_t xt, as_t t, as_t alpha, as_t sigma, as_t z)
{
    as_model *m = as_model_in(c, MODEL);
    if (s->output == AS_NOISE)
        return as_sub(c, z, as_call2(c, m, xt, t));
    if (s->output == AS_SCORE)
        return as_add(c, as_mul(c, sigma, as_call2(c, m, xt, t)), z);
    as_t level = as_reshape(c, as_div(c, sigma, alpha), AS_DIMS(-1)); /* [B] */
    as_t D = s->output == AS_DENOISER ? as_call2(c, m, xt, t) : as_call2(c, m, as_div(c, xt, alpha), level);
    return as_add(c, as_div(c, as_sub(c, as_mul(c, alpha, D), xt), sigma), z);
}

/* t ~ U(eps, 1),  z ~ N(0, I),  x_t = alpha x_0 + sigma z;  1/2 sum |sigma s(x_t, t) + z|^2, times (g /
 * sigma)^2 for likelihood. No gradient goes to t: it is drawn. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const dsm *p = params_;
    as_t x = in[DATA], z = in[NOISE] ? in[NOISE] : as_randn(c, "z", as_dims_of(c, x));
    as_t t =
        in[TIME] ? in[TIME] : as_affine(c, as_rand(c, "t", AS_DIMS(as_dim(c, x, 0))), 1 - p->eps, p->eps);
    refuse_time(c, p, t);
    as_t alpha = beside(c, &p->sde, as_sde_alpha, t, x), sigma = beside(c, &p->sde, as_sde_sigma, t, x);
    as_t xt = as_add(c, as_mul(c, alpha, x), as_mul(c, sigma, z));
    as_t each = as_square(c, residual(c, &p->sde, xt, t, alpha, sigma, z)); /* [B,...] */
    if (p->likelihood_weighting)
        each = as_mul(c, each, as_div(c, beside(c, &p->sde, as_sde_diffusion2, t, x), as_square(c, sigma)));
    each = as_reshape(c, each, AS_DIMS(as_dim(c, x, 0), -1));
    as_t loss = p->reduce_mean ? as_mean(c, each, -1) : as_scale(c, as_sum(c, each, -1), 0.5);
    return as_squeeze(c, loss, -1); /* [B] */
}

AS_PLUGIN(.kind = "losses", .name = "dsm", .version = "1.0.0", .paper = "arXiv:2011.13456",
          .doc = "denoising score matching in continuous time (vp, subvp, ve)", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), x f32[B,...], t? f32[B], z? f32[B,...]"
                       " -> loss f32[B]|stop",
          .params_size = sizeof(dsm), .validate = validate, .forward = forward);
