/* scores/soup_gap: how far the loss of two averaged models is from that of their averaged logits, and what
 * flatness and confidence predict of it. Wortsman et al. 2022, model soups, section 4:
 *   theta(lam) = (1 - lam) theta_1 + lam theta_2,  df = f(x; theta_2) - f(x; theta_1)
 *   Ls = mean CE(beta f(x; theta(lam)), y),  Le = mean CE(beta ((1 - lam) f(x; theta_1) + lam f(x; theta_2)),
 * y) Ls - Le ~ lam (1 - lam) / 2 (-d^2 Ls / dlam^2 + beta^2 mean_x Var_{c ~ softmax(beta f(x; theta(lam)))}
 * df_c) */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double lam, beta;
} soup_gap;

enum { FIRST, SECOND, MODEL, X, LABELS, BASE };

static const as_param params[] = {
    AS_REAL(soup_gap, lam, 0.5, 0.0, 1.0, "share of the second model"),
    AS_REAL_IN(soup_gap, beta, 1.0, "(0, inf)", "scale of the logits, calibrated on held-out data", .log = 1),
    AS_END,
};

static as_t tensor_of(as_ctx *c, int which, int i)
{
    return as_state_tensor(c, as_state_in(c, which, 0), i);
}

/* theta(lam), differentiable in lam; integers must be equal */
static as_state *between(as_ctx *c, as_t lam)
{
    const as_state *first = as_state_in(c, FIRST, 0);
    as_state *theta = as_state_new(c);
    for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++) {
        const char *name = as_state_name(c, first, i);
        as_t a = tensor_of(c, FIRST, i), b = as_state_find(c, as_state_in(c, SECOND, 0), name);
        if (!b)
            as_fail(c, "second has no \"%s\", first has", name);
        else if (as_dtype_of(c, a) != AS_I64)
            as_state_set(c, theta, name, as_add(c, a, as_mul(c, lam, as_sub(c, b, a))));
        else if (as_equal(c, a, b))
            as_state_set(c, theta, name, a);
        else
            as_fail(c, "integer tensor \"%s\" differs between first and second", name);
    }
    return theta;
}

static as_t logits_of(as_ctx *c, const as_state *theta, const as_t *in)
{
    return as_call_with(c, as_model_in(c, MODEL), theta, &in[X], 1);
}

static as_t loss_of(as_ctx *c, const soup_gap *p, as_t f, as_t labels)
{
    as_t log_p = as_log_softmax(c, as_scale(c, f, p->beta), -1);
    return as_neg(c, as_mean(c, as_gather(c, log_p, labels, -1), AS_ALL));
}

/* mean_x Var_{c ~ softmax(beta f)}[df_c] */
static as_t variance(as_ctx *c, const soup_gap *p, as_t f, as_t df)
{
    as_t prob = as_softmax(c, as_scale(c, f, p->beta), -1);
    as_t mean = as_sum(c, as_mul(c, prob, df), -1);
    return as_mean(c, as_sum(c, as_mul(c, prob, as_square(c, as_sub(c, df, mean))), -1), AS_ALL);
}

/* cos phi = <theta_1 - theta_0, theta_2 - theta_0> / (|.| |.|) */
static void report_angle(as_ctx *c)
{
    const as_state *base = as_state_in(c, BASE, 0);
    double dot = 0, a2 = 0, b2 = 0;
    for (int i = 0; i < as_state_size(c, base) && as_ok(c); i++) {
        const char *name = as_state_name(c, base, i);
        as_t at = as_state_tensor(c, base, i), a = as_state_find(c, as_state_in(c, FIRST, 0), name);
        as_t b = as_state_find(c, as_state_in(c, SECOND, 0), name);
        if (!a || !b) {
            as_fail(c, "\"%s\" of base is not in first and second", name);
            return;
        }
        if (as_dtype_of(c, at) == AS_I64)
            continue;
        a = as_sub(c, as_cast(c, a, AS_F64), as_cast(c, at, AS_F64));
        b = as_sub(c, as_cast(c, b, AS_F64), as_cast(c, at, AS_F64));
        dot += as_item(c, as_sum(c, as_mul(c, a, b), AS_ALL));
        a2 += as_item(c, as_sum(c, as_square(c, a), AS_ALL));
        b2 += as_item(c, as_sum(c, as_square(c, b), AS_ALL));
    }
    if (as_ok(c) && (a2 == 0 || b2 == 0))
        as_fail(c, "the %s model is the base: there is no angle", a2 == 0 ? "first" : "second");
    as_report_real(c, "cos", dot / sqrt(a2 * b2));
}

static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const soup_gap *p = params_;
    as_t f1 = logits_of(c, as_state_in(c, FIRST, 0), in), f2 = logits_of(c, as_state_in(c, SECOND, 0), in);
    as_t ensemble =
        loss_of(c, p, as_add(c, as_scale(c, f1, 1 - p->lam), as_scale(c, f2, p->lam)), in[LABELS]);
    bool before = as_record(c);
    as_t lam = as_leaf(c, as_full(c, AS_SCALAR, p->lam));
    as_t f = logits_of(c, between(c, lam), in), soup = loss_of(c, p, f, in[LABELS]);
    as_t curvature = as_grad(c, as_grad(c, soup, lam, true), lam, false);
    as_no_grad_end(c, before);
    as_t spread = variance(c, p, f, as_sub(c, f2, f1));
    if (as_state_count(c, BASE))
        report_angle(c);
    as_report(c, "soup", soup);
    as_report(c, "ensemble", ensemble);
    as_report(c, "curvature", curvature);
    as_report(c, "variance", spread);
    as_output(c, 1, as_detach(c, as_sub(c, soup, ensemble)));
    as_t sum = as_sub(c, as_scale(c, spread, p->beta * p->beta), curvature);
    return as_detach(c, as_scale(c, sum, p->lam * (1 - p->lam) / 2));
}

AS_PLUGIN(.kind = "scores", .name = "soup_gap", .version = "1.0.0", .paper = "arXiv:2203.05482",
          .doc = "predicted and measured loss gap between averaged weights and averaged logits",
          .params = params,
          .signature = "first state, second state, model model{params}(f32[N,...] -> f32[N,^C]),"
                       " x f32[N,...]|items, labels i64[N]<C|items, base? state -> predicted f32[], "
                       "measured f32[]",
          .params_size = sizeof(soup_gap), .score = score);
