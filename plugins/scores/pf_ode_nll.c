/* scores/pf_ode_nll: the log-likelihood of items under a score model, by the change of density along the
 * probability-flow ODE. Song et al. 2021, section 4.3 and appendix D.2, and the official likelihood.py. */
#include <assay/ode.h>
#include <assay/sde.h>

typedef struct {
    as_sde sde;
    double eps, rtol, atol, offset;
} pf_ode_nll;

enum { MODEL, DATA, PROBE };

static const as_param params[] = {
    AS_SDE_PARAMS(pf_ode_nll, "vp", "vp|subvp|ve"),
    AS_REAL_IN(pf_ode_nll, eps, 1e-5, "(0, 1)", "where the data lies", .log = 1),
    AS_REAL_IN(pf_ode_nll, rtol, 1e-5, "(0, 1)", "error of a step, as a share of x", .log = 1),
    AS_REAL_IN(pf_ode_nll, atol, 1e-5, "(0, inf)", "and beside it", .log = 1),
    AS_REAL(pf_ode_nll, offset, 0.0, -100.0, 100.0,
            "added to bits a number: 7 for 8-bit data plus uniform noise in [-1, 1], 8 in [0, 1]"),
    AS_END,
};

typedef struct {
    const as_sde *sde;
    as_t e; /* [B,D], one vector for the whole way: another at each call would be another equation */
    as_dims dims;
} flow;

static void validate(as_ctx *c, const void *params_)
{
    as_sde_validate(c, &((const pf_ode_nll *)params_)->sde);
}

/* dx/dt = F = f - g^2 s / 2,  dl/dt = div F ~ <grad_x <F, e>, e>  (Skilling-Hutchinson), of y = (x, l)
 * [B,D+1] */
static as_t slope(as_ctx *c, void *flow_, as_t y, double t)
{
    const flow *w = flow_;
    bool before = as_record(c);
    as_t x = as_leaf(c, as_slice(c, y, -1, 0, as_dim(c, w->e, 1), 1));
    as_t items = as_reshape(c, x, w->dims);
    as_t F = as_sde_flow(c, w->sde, items, as_sde_score(c, w->sde, as_model_in(c, MODEL), items, t), t);
    F = as_reshape(c, F, as_dims_of(c, w->e));
    as_t u = as_grad(c, as_sum(c, as_mul(c, F, w->e), AS_ALL), x, false);
    as_no_grad_end(c, before);
    const as_t both[2] = {as_detach(c, F), as_sum(c, as_mul(c, u, w->e), -1)};
    return as_concat(c, both, 2, -1);
}

/* A model that answers otherwise when it is asked again (dropout) has no likelihood. */
static void refuse_stochastic(as_ctx *c, const as_sde *sde, as_t x)
{
    as_t first = as_sde_score(c, sde, as_model_in(c, MODEL), x, 1);
    as_t again = as_sde_score(c, sde, as_model_in(c, MODEL), x, 1);
    if (as_ok(c) && as_finite(c, first) && !as_equal(c, first, again))
        as_fail(
            c,
            "the model gave two answers for one input: it has no likelihood while dropout is on; net:eval()");
}

/* log p_0(x) = log prior(x(1)) + l, a number: nothing is recorded for gradients */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const pf_ode_nll *p = params_;
    int64_t B = as_dim(c, in[DATA], 0), D = as_count(c, in[DATA]) / B;
    int calls = 0;
    bool before = as_no_grad(c);
    refuse_stochastic(c, &p->sde, in[DATA]);
    as_t e = in[PROBE] ? as_reshape(c, in[PROBE], AS_DIMS(B, D)) : as_rademacher(c, "probe", AS_DIMS(B, D));
    flow w = {&p->sde, e, as_dims_of(c, in[DATA])};
    const as_t start[2] = {as_reshape(c, in[DATA], AS_DIMS(B, D)), as_zeros(c, AS_DIMS(B, 1))};
    as_t y = as_concat(c, start, 2, -1);
    y = as_ode_rk45(c, slope, &w, y, p->eps, 1, p->rtol, p->atol, &calls);
    as_t l = as_squeeze(c, as_slice(c, y, -1, D, D + 1, 1), -1);
    double deviation = as_sde_prior(&p->sde);
    as_t z = as_scale(c, as_slice(c, y, -1, 0, D, 1), 1 / deviation);
    as_t square = as_squeeze(c, as_sum(c, as_square(c, z), -1), -1);
    as_t prior = as_affine(c, square, -0.5, -(double)D * log(sqrt(2 * acos(-1)) * deviation));
    as_t log_p = as_add(c, prior, l); /* [B] */
    as_output(c, 1, as_affine(c, log_p, -1 / ((double)D * log(2)), p->offset));
    as_output(c, 2, as_reshape(c, z, w.dims));
    as_output(c, 3, l);
    as_report_real(c, "calls", calls);
    as_no_grad_end(c, before);
    return log_p;
}

AS_PLUGIN(.kind = "scores", .name = "pf_ode_nll", .version = "1.0.0", .paper = "arXiv:2011.13456",
          .doc = "log-likelihood of items through the probability-flow ODE", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), x f32[B,...], probe? f32[B,...]"
                       " -> log_p f32[B], bits f32[B], z f32[B,...], l f32[B]",
          .params_size = sizeof(pf_ode_nll), .validate = validate, .score = score);
