/* scores/sv_alignment: whether two networks share their singular directions, how far they stand apart, and
 * what lies on the line between them. Ito et al. 2025, Analysis of linear mode connectivity via
 * permutation-based weight matching, sections 2 and 4 to 6; the second network is given as it was matched.
 *   R(gamma) = sum_{l,i,j} (u^a_{l,i} . u^b_{l,j}) (v^a_{l,i} . v^b_{l,j}) / sum_l k_l
 * over i, j of s_{l,i} >= gamma max_i s_{l,i} in their own network; k_l, how many of a are kept: the page's
 * reading for gamma > 0, UNVERIFIED. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    as_reals gamma;
    int points;
} sv_alignment;

enum { FIRST, SECOND, BEFORE, MODEL, X, LABELS, LAYERS_MAX = 256 };

static const as_param params[] = {
    AS_REALS(sv_alignment, gamma, "0, 0.3, 0.5", "[0, 1]", "shares of the largest singular value"),
    AS_INT(sv_alignment, points, 25, 2, 1000, "evenly spaced places on the line, both ends included"),
    AS_END,
};

typedef struct {
    as_t part[3]; /* U [M,K], s [K], V^T [K,N] */
} triples;

static as_t of_second(as_ctx *c, int which, const char *name, as_t like)
{
    const char *said = which == SECOND ? "second" : "before";
    as_t x = as_state_find(c, as_state_in(c, which, 0), name);
    if (!x)
        return as_fail(c, "%s has no \"%s\", first has", said, name);
    bool same = as_rank(c, x) == as_rank(c, like) && as_dtype_of(c, x) == as_dtype_of(c, like);
    for (int k = 0; same && k < as_rank(c, x); k++)
        same = as_dim(c, x, k) == as_dim(c, like, k);
    if (!same)
        return as_fail(c, "\"%s\" of %s is not of first's shape and type", name, said);
    if (as_dtype_of(c, x) != AS_I64 && (!as_finite(c, x) || !as_finite(c, like)))
        return as_fail(c, "\"%s\" of first or %s holds NaN or infinity", name, said);
    return x;
}

/* Of a weight as a matrix [out, all else]. */
static triples triples_of(as_ctx *c, as_t w)
{
    triples t;
    as_t x = as_cast(c, w, AS_F64);
    as_svd(c, as_reshape(c, x, AS_DIMS(as_dim(c, x, 0), -1)), t.part);
    return t;
}

/* How many of the values count: s >= gamma max s, and none that is 0 up to rounding, whose vectors are
 * anyone's. */
static int64_t kept(as_ctx *c, as_t s, double gamma)
{
    as_t share = as_scale(c, as_max(c, s, 0), gamma > 1e-6 ? gamma : 1e-6);
    if (as_item(c, share) == 0)
        return 0;
    return (int64_t)as_item(c, as_sum(c, as_ge(c, s, share), AS_ALL));
}

/* sum_{i,j} (u^a_i . u^b_j)(v^a_i . v^b_j) over the first m of a and n of b: <U_a^T U_b, V_a^T V_b> */
static double overlap(as_ctx *c, const triples *a, const triples *b, int64_t m, int64_t n)
{
    as_t ua = as_slice(c, a->part[0], 1, 0, m, 1), ub = as_slice(c, b->part[0], 1, 0, n, 1);
    as_t va = as_slice(c, a->part[2], 0, 0, m, 1), vb = as_slice(c, b->part[2], 0, 0, n, 1);
    as_t u = as_matmul(c, as_transpose(c, ua), ub), v = as_matmul(c, va, as_transpose(c, vb));
    return as_item(c, as_sum(c, as_mul(c, u, v), AS_ALL));
}

typedef struct {
    int n;
    triples a[LAYERS_MAX], b[LAYERS_MAX];
    double after2, before2; /* squared distances from first to second and to before */
} pair;

static void compare(as_ctx *c, pair *p)
{
    const as_state *first = as_state_in(c, FIRST, 0);
    for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++) {
        const char *name = as_state_name(c, first, i);
        as_t a = as_state_tensor(c, first, i), b = of_second(c, SECOND, name, a);
        if (!as_ok(c) || as_dtype_of(c, a) == AS_I64)
            continue;
        as_t in_double = as_cast(c, a, AS_F64);
        p->after2 += as_item(c, as_sum(c, as_square(c, as_sub(c, in_double, as_cast(c, b, AS_F64))), AS_ALL));
        if (as_state_count(c, BEFORE)) {
            as_t x = as_cast(c, of_second(c, BEFORE, name, a), AS_F64);
            p->before2 += as_item(c, as_sum(c, as_square(c, as_sub(c, in_double, x)), AS_ALL));
        }
        if (as_rank(c, a) < 2 || !as_ok(c))
            continue;
        if (p->n == LAYERS_MAX)
            as_fail(c, "more than %d layers", LAYERS_MAX);
        else
            p->a[p->n] = triples_of(c, a), p->b[p->n++] = triples_of(c, b);
    }
    if (as_ok(c) && p->n == 0)
        as_fail(c, "first has no weights of two axes or more");
}

static as_t alignments(as_ctx *c, const sv_alignment *q, const pair *p)
{
    double value[64];
    if (q->gamma.n < 1 || q->gamma.n > 64)
        return as_fail(c, "gamma of %d numbers, expected 1 to 64", q->gamma.n);
    for (int g = 0; g < q->gamma.n; g++) {
        double sum = 0, count = 0;
        for (int l = 0; l < p->n && as_ok(c); l++) {
            int64_t m = kept(c, p->a[l].part[1], q->gamma.at[g]);
            int64_t n = kept(c, p->b[l].part[1], q->gamma.at[g]);
            if (m && n)
                sum += overlap(c, &p->a[l], &p->b[l], m, n);
            count += (double)m;
        }
        value[g] = count > 0 ? sum / count : 0;
    }
    return as_from(c, AS_F64, AS_DIMS(q->gamma.n), value);
}

/* Singular values of both, layer after layer: [2,S] */
static as_t spectra(as_ctx *c, const pair *p)
{
    as_t s[2][LAYERS_MAX], both[2];
    for (int l = 0; l < p->n; l++)
        s[0][l] = p->a[l].part[1], s[1][l] = p->b[l].part[1];
    for (int k = 0; k < 2; k++)
        both[k] = as_concat(c, s[k], p->n, 0);
    return as_stack(c, both, 2, 0);
}

/* L at (1 - lam) first + lam second, differentiable in lam: mean cross-entropy, or the model's mean output
 * where there are no labels. */
static as_t loss_at(as_ctx *c, const as_t *in, as_t lam)
{
    const as_state *first = as_state_in(c, FIRST, 0);
    as_state *theta = as_state_new(c);
    for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++) {
        const char *name = as_state_name(c, first, i);
        as_t a = as_state_tensor(c, first, i), b = as_state_find(c, as_state_in(c, SECOND, 0), name);
        if (as_dtype_of(c, a) != AS_I64)
            as_state_set(c, theta, name, as_add(c, a, as_mul(c, lam, as_sub(c, b, a))));
        else if (as_equal(c, a, b))
            as_state_set(c, theta, name, a);
        else
            as_fail(c, "integer tensor \"%s\" differs between first and second", name);
    }
    as_t f = as_call_with(c, as_model_in(c, MODEL), theta, &in[X], 1);
    return as_mean(c, in[LABELS] ? as_cross_entropy(c, f, in[LABELS], 0) : f, AS_ALL);
}

/* max over lam of L(lam) - ((1 - lam) L(0) + lam L(1)) */
static void report_barrier(as_ctx *c, const sv_alignment *q, const as_t *in)
{
    double L[1000], most = -INFINITY;
    bool before = as_no_grad(c);
    for (int k = 0; k < q->points && as_ok(c); k++) {
        as_scope scope = as_open(c);
        L[k] = as_item(c, loss_at(c, in, as_full(c, AS_SCALAR, k / (q->points - 1.0))));
        as_close(c, scope, NULL);
    }
    as_no_grad_end(c, before);
    for (int k = 0; k < q->points && as_ok(c); k++) {
        double lam = k / (q->points - 1.0), rise = L[k] - ((1 - lam) * L[0] + lam * L[q->points - 1]);
        most = rise > most ? rise : most;
    }
    as_report_real(c, "barrier", as_ok(c) ? most : 0);
    as_report_real(c, "loss_first", L[0]);
    as_report_real(c, "loss_second", L[q->points - 1]);
}

/* (g_a - g_b) . delta / 4 + (delta . H_a delta + delta . H_b delta) / 16: derivatives along the line at its
 * ends, the average of both expansions at the middle */
static void report_estimate(as_ctx *c, const as_t *in)
{
    double slope[2], bend[2];
    bool before = as_record(c);
    for (int k = 0; k < 2 && as_ok(c); k++) {
        as_scope scope = as_open(c);
        as_t lam = as_leaf(c, as_full(c, AS_SCALAR, k)), g = as_grad(c, loss_at(c, in, lam), lam, true);
        slope[k] = as_item(c, g);
        bend[k] = as_item(c, as_grad(c, g, lam, false));
        as_close(c, scope, NULL);
    }
    as_no_grad_end(c, before);
    if (as_ok(c))
        as_report_real(c, "estimate", (slope[0] - slope[1]) / 4 + (bend[0] + bend[1]) / 16);
}

static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const sv_alignment *q = params_;
    pair p = {0};
    compare(c, &p);
    as_t values = alignments(c, q, &p);
    as_output(c, 1, spectra(c, &p));
    as_report_real(c, "distance2", p.after2);
    if (as_state_count(c, BEFORE) && as_ok(c))
        as_report_real(c, "reduction", p.before2 > 0 ? 100 * (1 - sqrt(p.after2 / p.before2)) : 0);
    if (as_model_in(c, MODEL) && in[X]) {
        report_barrier(c, q, in);
        report_estimate(c, in);
    }
    return values;
}

AS_PLUGIN(.kind = "scores", .name = "sv_alignment", .version = "1.0.0", .paper = "arXiv:2402.04051",
          .doc = "agreement of two networks' singular vectors, their distance and the barrier between them",
          .params = params,
          .signature =
              "first state, second state, before? state, model? model{params}(f32[N,...] -> f32[N,^C]),"
              " x? f32[N,...], labels? i64[N]<C -> values f64[G], spectra f64[2,S]",
          .params_size = sizeof(sv_alignment), .score = score);
