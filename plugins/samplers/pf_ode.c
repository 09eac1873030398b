/* samplers/pf_ode: the probability-flow ODE of a score model, from noise to data and, given data, from data
 * to its noise. Song et al. 2021, section 4.3: dx/dt = f - g^2 s / 2 has the marginals of the SDE. */
#include <assay/ode.h>
#include <assay/sde.h>

typedef struct {
    as_sde sde;
    int solver, steps;
    double eps, rtol, atol;
} pf_ode;

enum { RK45, HEUN };
enum { MODEL, NOISE, SHAPE, DATA };

static const as_param params[] = {
    AS_SDE_PARAMS(pf_ode, "vp", "vp|subvp|ve"),
    AS_CHOICE(pf_ode, solver, "rk45", "rk45|heun", "steps by their error, or `steps` even ones of two calls"),
    AS_INT(pf_ode, steps, 50, 2, 1000000, "N of heun, from 1 to eps"),
    AS_REAL_IN(pf_ode, eps, 1e-3, "(0, 1)", "the last time; 1e-5 for ve", .log = 1),
    AS_REAL_IN(pf_ode, rtol, 1e-5, "(0, 1)", "error of an rk45 step, as a share of x", .log = 1),
    AS_REAL_IN(pf_ode, atol, 1e-5, "(0, inf)", "and beside it", .log = 1),
    AS_END,
};

typedef struct {
    int calls; /* of the model */
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    as_counter(c, "calls", &((self *)self_)->calls);
}

static void validate(as_ctx *c, const void *params_)
{
    as_sde_validate(c, &((const pf_ode *)params_)->sde);
}

/* x = sigma(1) noise, or the data: where it is given it is encoded. */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const pf_ode *p = params_;
    s->steps = p->solver == RK45 ? 1 : p->steps;
    s->x = in[DATA] ? in[DATA] : as_scale(c, as_start_noise(c, in[NOISE], in[SHAPE]), as_sde_prior(&p->sde));
    ((self *)as_self(c))->calls = 0;
}

typedef struct {
    const pf_ode *p;
    int index;
} flow;

static as_t slope(as_ctx *c, void *flow_, as_t x, double t)
{
    const flow *w = flow_;
    const as_point at = as_sde_point(&w->p->sde, t, NAN, w->index);
    as_t score = as_guide(c, &at, x, as_sde_score(c, &w->p->sde, as_model_in(c, MODEL), x, t));
    return as_sde_flow(c, &w->p->sde, x, score, t);
}

static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const pf_ode *p = params_;
    self *own = as_self(c);
    bool encodes = in[DATA] != NULL;
    double from = encodes ? p->eps : 1, to = encodes ? 1 : p->eps, h = (to - from) / s->steps;
    double t = from + index * h, next = index + 1 < s->steps ? t + h : to;
    flow w = {p, index};
    const as_point at = as_sde_point(&p->sde, t, next, index);
    as_pre_step(c, &at, s);
    if (p->solver == RK45)
        s->x = as_ode_rk45(c, slope, &w, s->x, t, next, p->rtol, p->atol, &own->calls);
    else
        s->x = as_ode_heun(c, slope, &w, s->x, t, next - t);
    own->calls += p->solver == HEUN ? 2 : 0;
    as_moved(c, &at, s);
    as_post_step(c, &at, s);
    as_report_real(c, "calls", own->calls);
}

/* Noise comes back in the prior's units, as it went in. */
static void finish(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const pf_ode *p = params_;
    if (in[DATA])
        s->x = as_scale(c, s->x, 1 / as_sde_prior(&p->sde));
}

AS_PLUGIN(.kind = "samplers", .name = "pf_ode", .version = "1.0.0", .paper = "arXiv:2011.13456",
          .doc = "the probability-flow ODE: noise to data, or data to its noise", .params = params,
          .signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R],"
                       " data? f32[B,...] -> x f32[B,...]",
          .params_size = sizeof(pf_ode), .state_size = sizeof(self), .validate = validate, .setup = setup,
          .start = start, .advance = advance, .finish = finish);
