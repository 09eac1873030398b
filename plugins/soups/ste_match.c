/* soups/ste_match: permutations found by gradient descent on the loss at the middle of two networks, through
 * a straight-through estimator; theta_a and theta_b stay as they are. sinkhorn: X_l [n_l,n_l] = I + noise,
 * S_l = Sinkhorn(X_l / tau),  Q_l = argmax_Q <X_l, Q>, P_l = stopgrad(Q_l - S_l) + S_l          (Pena et al.
 * 2023, sinkhorn-rebasin; starts unaligned) rebasin:  P = WM(theta_hat, theta_b), forward with stopgrad(P
 * theta_b) + theta_hat - stopgrad(theta_hat) (Ainsworth et al. 2023, algorithm 3; begins at the solution of
 * weight matching) Which of the two Ito et al. 2025 call STE is UNVERIFIED; the code they released later runs
 * the second. */
#include "matching.h"

typedef struct {
    const char *spec;
    int mode, give, epochs, batch, subset, rounds;
    double lr, decay, tau, noise, momentum;
} ste_match;

enum { STATES, MODEL, X, LABELS, START };
enum { SINKHORN, REBASIN };

static const as_param params[] = {
    AS_STRING(ste_match, spec, "", SPEC_DOC),
    AS_CHOICE(ste_match, mode, "sinkhorn", "sinkhorn|rebasin", "from no alignment, or from weight matching"),
    AS_CHOICE(ste_match, give, "mean", GIVE_WORDS, GIVE_DOC),
    AS_INT(ste_match, epochs, 10, 0, 10000, "passes over x"),
    AS_INT(ste_match, batch, 1000, 1, 1000000, "items a step"),
    AS_INT(ste_match, subset, 2000, 1, 1000000, "sinkhorn: first items of x, whose loss says what is kept"),
    AS_INT(ste_match, rounds, 20, 0, 1000, "sinkhorn: normalisations of rows, then columns"),
    AS_REAL_IN(ste_match, lr, 0.1, "(0, inf)", "of AdamW on X; rebasin, whose own is 0.01: of SGD", .log = 1),
    AS_REAL(ste_match, decay, 0.01, 0.0, 1.0, "sinkhorn: AdamW's weight decay"),
    AS_REAL_IN(ste_match, tau, 1.0, "(0, inf)", "sinkhorn: temperature", .log = 1),
    AS_REAL_IN(ste_match, noise, 0.1, "[0, inf)", "sinkhorn: deviation of the start around the identity"),
    AS_REAL_IN(ste_match, momentum, 0.9, "[0, 1)", "rebasin: of SGD"),
    AS_END,
};

/* Mean cross-entropy at the middle of theta_a and `other`, over the items at `places`. */
static as_t middle_loss(as_ctx *c, const as_t *in, const as_t *other, as_t places)
{
    const as_state *a = as_state_in(c, STATES, 0);
    as_state *theta = as_state_new(c);
    for (int i = 0; i < as_state_size(c, a) && as_ok(c); i++) {
        as_t x = as_state_tensor(c, a, i);
        bool integers = as_dtype_of(c, x) == AS_I64;
        as_state_set(c, theta, as_state_name(c, a, i),
                     integers ? x : as_scale(c, as_add(c, x, other[i]), 0.5));
    }
    as_t x = as_index_select(c, in[X], places, 0), y = as_index_select(c, in[LABELS], places, 0);
    as_t f = as_call_with(c, as_model_in(c, MODEL), theta, &x, 1);
    return as_mean(c, as_cross_entropy(c, f, y, 0), AS_ALL);
}

/* P theta_k in the working float */
static void moved_by(as_ctx *c, const matching *m, int k, const as_t *perm, as_t *out)
{
    const as_state *theta = as_state_in(c, STATES, k);
    for (int i = 0; i < m->tensors && as_ok(c); i++)
        out[i] = permuted(c, &m->spec, i, as_state_tensor(c, theta, i), perm, -1);
}

static as_t batch_of(as_ctx *c, const ste_match *p, as_t order, int64_t first)
{
    int64_t n = as_count(c, order), end = first + p->batch < n ? first + p->batch : n;
    return as_slice(c, order, 0, first, end, 1);
}

/* Rows, then columns, to sums of one, in logarithms, beginning with X / tau: [n,n] */
static as_t sinkhorn(as_ctx *c, const ste_match *p, as_t x)
{
    as_t log_s = as_scale(c, x, 1 / p->tau);
    for (int k = 0; k < p->rounds; k++) {
        log_s = as_log_softmax(c, log_s, 1);
        log_s = as_log_softmax(c, log_s, 0);
    }
    return as_exp(c, log_s);
}

static as_t hardened(as_ctx *c, as_t x)
{
    return as_assignment(c, as_cast(c, as_detach(c, x), AS_F64), true);
}

typedef struct {
    int steps;
    as_t x[PERMUTATIONS_MAX], first[PERMUTATIONS_MAX],
        second[PERMUTATIONS_MAX]; /* X_l, Adam's moments; f64 */
} soft;

static as_t zeros(as_ctx *c, as_dims dims)
{
    return as_contiguous(c, as_cast(c, as_zeros(c, dims), AS_F64));
}

static void soft_start(as_ctx *c, const ste_match *p, const spec *s, soft *o)
{
    const as_state *start = as_state_count(c, START) ? as_state_in(c, START, 0) : NULL;
    for (int l = 0; l < s->count && as_ok(c); l++) {
        as_dims square = AS_DIMS(s->size[l], s->size[l]);
        as_t given = start ? as_state_find(c, start, s->name[l]) : NULL;
        as_t eye = as_one_hot(c, as_arange(c, s->size[l]), s->size[l]);
        if (given && (as_rank(c, given) != 2 || as_dim(c, given, 0) != s->size[l] ||
                      as_dim(c, given, 1) != s->size[l] || !as_finite(c, given)))
            as_fail(c, "start of permutation %s is not %lld by %lld finite numbers", s->name[l],
                    (long long)s->size[l], (long long)s->size[l]);
        o->x[l] = zeros(c, square), o->first[l] = zeros(c, square), o->second[l] = zeros(c, square);
        store(c, o->x[l],
              given ? given : as_add(c, eye, as_scale(c, as_randn(c, "start", square), p->noise)));
    }
}

/* One step of AdamW, of torch's defaults beside lr and decay. */
static void soft_step(as_ctx *c, const ste_match *p, const spec *s, soft *o, const as_t *g)
{
    o->steps++;
    for (int l = 0; l < s->count; l++) {
        as_t d = as_cast(c, g[l], AS_F64);
        store(c, o->first[l], as_add(c, as_scale(c, o->first[l], 0.9), as_scale(c, d, 0.1)));
        store(c, o->second[l],
              as_add(c, as_scale(c, o->second[l], 0.999), as_scale(c, as_square(c, d), 0.001)));
        as_t root = as_sqrt(c, as_scale(c, o->second[l], 1 / (1 - pow(0.999, o->steps))));
        as_t step = as_scale(c, o->first[l], p->lr / (1 - pow(0.9, o->steps)));
        as_t kept = as_scale(c, o->x[l], 1 - p->lr * p->decay);
        store(c, o->x[l], as_sub(c, kept, as_div(c, step, as_shift(c, root, 1e-8))));
    }
}

/* P_l = stopgrad(Q_l - S_l) + S_l; one batch. */
static void soft_batch(as_ctx *c, const ste_match *p, const matching *m, int k, const as_t *in, as_t places,
                       soft *o)
{
    const spec *s = &m->spec;
    as_t leaf[PERMUTATIONS_MAX], through[PERMUTATIONS_MAX], other[TENSORS_MAX], g[PERMUTATIONS_MAX];
    for (int l = 0; l < s->count; l++) {
        leaf[l] = as_leaf(c, as_cast(c, o->x[l], as_dtype_of(c, in[X])));
        as_t S = sinkhorn(c, p, leaf[l]), Q = as_one_hot(c, hardened(c, o->x[l]), s->size[l]);
        through[l] = as_add(c, as_detach(c, as_sub(c, Q, S)), S);
    }
    moved_by(c, m, k, through, other);
    if (as_gradients(c, middle_loss(c, in, other, places), leaf, s->count, false, g))
        soft_step(c, p, s, o, g);
}

/* The loss of the hard permutations on the fixed subset; what is best so far stays in m. */
static void judge(as_ctx *c, const ste_match *p, matching *m, int k, const as_t *in, const soft *o,
                  double *least)
{
    as_t perm[PERMUTATIONS_MAX], other[TENSORS_MAX];
    int64_t n = as_dim(c, in[X], 0);
    bool before = as_no_grad(c);
    for (int l = 0; l < m->spec.count; l++)
        perm[l] = hardened(c, o->x[l]);
    moved_by(c, m, k, perm, other);
    double loss = as_item(c, middle_loss(c, in, other, as_arange(c, n < p->subset ? n : p->subset)));
    as_no_grad_end(c, before);
    if (!(loss < *least))
        return;
    *least = loss;
    store_all(c, &m->spec, m->perm[k], perm);
}

static double by_sinkhorn(as_ctx *c, const ste_match *p, matching *m, int k, const as_t *in)
{
    double least = INFINITY;
    soft o = {0};
    soft_start(c, p, &m->spec, &o);
    judge(c, p, m, k, in, &o, &least);
    for (int epoch = 0; epoch < p->epochs && m->spec.count && as_ok(c); epoch++) {
        as_t order = as_permutation(c, "batches", as_dim(c, in[X], 0));
        for (int64_t first = 0; first < as_count(c, order) && as_ok(c); first += p->batch) {
            as_scope scope = as_open(c);
            soft_batch(c, p, m, k, in, batch_of(c, p, order, first), &o);
            as_close(c, scope, NULL);
        }
        as_scope scope = as_open(c);
        judge(c, p, m, k, in, &o, &least);
        as_close(c, scope, NULL);
    }
    if (m->spec.count)
        as_output(c, 2, as_cast(c, sinkhorn(c, p, o.x[0]), as_dtype_of(c, in[X])));
    return least;
}

typedef struct {
    int n, at[TENSORS_MAX]; /* tensors of floats, by place in the state */
    as_t hat[TENSORS_MAX],
        velocity[TENSORS_MAX];   /* theta_hat and SGD's momentum; f64, integers as they are */
    as_t perm[PERMUTATIONS_MAX]; /* where the next matching starts */
} shadow;

/* One batch of the second mode; its loss. */
static double shadow_batch(as_ctx *c, const ste_match *p, const matching *m, int k, const as_t *in,
                           as_t places, shadow *h)
{
    as_t other[TENSORS_MAX], leaf[TENSORS_MAX], g[TENSORS_MAX], perm[PERMUTATIONS_MAX];
    memcpy(perm, h->perm, sizeof perm);
    weight_matching(c, &m->spec, h->hat, m->x[k], perm);
    store_all(c, &m->spec, h->perm, perm);
    moved_by(c, m, k, perm, other);
    for (int j = 0; j < h->n; j++) {
        leaf[j] = as_leaf(c, as_cast(c, h->hat[h->at[j]], as_dtype_of(c, in[X])));
        other[h->at[j]] = as_add(c, as_detach(c, other[h->at[j]]), as_sub(c, leaf[j], as_detach(c, leaf[j])));
    }
    as_t loss = middle_loss(c, in, other, places);
    if (!as_gradients(c, loss, leaf, h->n, false, g))
        return NAN;
    for (int j = 0; j < h->n; j++) {
        int i = h->at[j];
        as_t d = as_cast(c, g[j], AS_F64);
        store(c, h->velocity[i], as_add(c, as_scale(c, h->velocity[i], p->momentum), d));
        store(c, h->hat[i], as_sub(c, h->hat[i], as_scale(c, h->velocity[i], p->lr)));
    }
    return as_item(c, loss);
}

static void shadow_start(as_ctx *c, const matching *m, shadow *h)
{
    identity(c, &m->spec, h->perm);
    for (int i = 0; i < m->tensors && as_ok(c); i++) {
        h->hat[i] = m->x[0][i];
        if (as_dtype_of(c, h->hat[i]) == AS_I64)
            continue;
        h->at[h->n++] = i;
        h->hat[i] = zeros(c, as_dims_of(c, m->x[0][i]));
        h->velocity[i] = zeros(c, as_dims_of(c, m->x[0][i]));
        store(c, h->hat[i], m->x[0][i]);
    }
}

static double by_rebasin(as_ctx *c, const ste_match *p, matching *m, int k, const as_t *in)
{
    double least = INFINITY;
    shadow h = {0};
    shadow_start(c, m, &h);
    for (int epoch = 0; epoch < p->epochs && m->spec.count && as_ok(c); epoch++) {
        as_t order = as_permutation(c, "batches", as_dim(c, in[X], 0));
        for (int64_t first = 0; first < as_count(c, order) && as_ok(c); first += p->batch) {
            as_scope scope = as_open(c);
            double loss = shadow_batch(c, p, m, k, in, batch_of(c, p, order, first), &h);
            as_close(c, scope, NULL);
            if (!(loss < least))
                continue;
            least = loss;
            store_all(c, &m->spec, m->perm[k], h.perm);
        }
    }
    return least;
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const ste_match *p = params_;
    matching m = {0};
    double loss = 0;
    if (!matching_begin(c, &m, p->spec))
        return NULL;
    spec_must_fit(c, &m.spec, as_model_in(c, MODEL), in[X], as_state_in(c, STATES, 0));
    as_output(c, 2, as_zeros(c, AS_DIMS(1, 1)));
    for (int k = 1; k < m.models && as_ok(c); k++)
        loss += (p->mode == SINKHORN ? by_sinkhorn : by_rebasin)(c, p, &m, k, in) / (m.models - 1);
    matching_end(c, &m, p->give);
    as_report_real(c, "loss", isfinite(loss) ? loss : 0);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "ste_match", .version = "1.0.0", .paper = "arXiv:2402.04051",
          .doc = "mean of networks whose hidden units are permuted to a low loss of the mean",
          .params = params,
          .signature = "states state[], model model{params}(f32[B,...] -> f32[B,^C]), x f32[N,...],"
                       " labels i64[N]<C, start? state -> state, perm i64[K,P], soft f32[H,H]",
          .params_size = sizeof(ste_match), .merge = merge);
