/* soups/learned: shares of the models and a logit scale, learned on held-out data. Wortsman et al. 2022,
 * model soups, appendix I; learned_bylayer.py. The gradient of the shares flows through the mixed weights;
 * the models are constants. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int by, passes, batch;
    double lr;
} learned;

enum { MODEL_SHARES, TENSOR_SHARES };
enum { STATES, MODEL, X, LABELS, MODELS = 256 };
enum { RAW, BETA, LEARNED };

static const as_param params[] = {
    AS_CHOICE(learned, by, "model", "model|tensor", "one share a model, or one for each of its tensors"),
    AS_INT(learned, passes, 5, 0, 10000, "over the held-out data; 0: the uniform soup"),
    AS_INT(learned, batch, 256, 1, 1000000, "held-out items a step"),
    AS_REAL_IN(learned, lr, 0.05, "(0, inf)", "of AdamW, whose weight decay is 0", .log = 1),
    AS_END,
};

/* AdamW without decay. Loshchilov & Hutter 2019; beta1 0.9, beta2 0.999, eps 1e-8. */
typedef struct {
    as_t m[LEARNED], v[LEARNED];
    int t;
} adamw;

static as_t moved(as_ctx *c, adamw *o, int k, as_t x, as_t g, double lr)
{
    o->m[k] = as_add(c, as_scale(c, o->m[k], 0.9), as_scale(c, g, 0.1));
    o->v[k] = as_add(c, as_scale(c, o->v[k], 0.999), as_scale(c, as_square(c, g), 0.001));
    as_t root = as_shift(c, as_sqrt(c, as_scale(c, o->v[k], 1 / (1 - pow(0.999, o->t)))), 1e-8);
    return as_sub(c, as_detach(c, x), as_div(c, as_scale(c, o->m[k], lr / (1 - pow(0.9, o->t))), root));
}

/* sum_k alpha[row,k] theta_{k,i}; integers have no mixture and must be equal */
static as_t mixed_tensor(as_ctx *c, as_t alpha, int64_t row, int count, int i)
{
    const as_state *first = as_state_in(c, STATES, 0);
    as_t sum = as_state_tensor(c, first, i);
    bool integers = as_dtype_of(c, sum) == AS_I64;
    as_t shares = as_slice(c, alpha, 0, row, row + 1, 1); /* [1,K] */
    for (int k = 0; k < count && as_ok(c); k++) {
        as_t theta = as_state_tensor(c, as_state_in(c, STATES, k), i);
        if (integers && !as_equal(c, sum, theta))
            return as_fail(c, "integer tensor \"%s\" differs between the states", as_state_name(c, first, i));
        if (integers)
            continue;
        if (!as_finite(c, theta))
            return as_fail(c, "\"%s\" of state %d holds NaN or infinity", as_state_name(c, first, i), k + 1);
        as_t part = as_mul(c, theta, as_reshape(c, as_slice(c, shares, 1, k, k + 1, 1), AS_SCALAR));
        sum = k ? as_add(c, sum, part) : part;
    }
    return sum;
}

/* theta(alpha), alpha = softmax(raw) in each row */
static as_state *mixed(as_ctx *c, as_t raw, int count)
{
    as_state *theta = as_state_new(c);
    const as_state *first = as_state_in(c, STATES, 0);
    as_t alpha = as_softmax(c, raw, -1);
    for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++)
        as_state_set(c, theta, as_state_name(c, first, i),
                     mixed_tensor(c, alpha, as_dim(c, raw, 0) == 1 ? 0 : i, count, i));
    return theta;
}

/* mean CE(beta f(x; theta(alpha)), y) over the items at `places` */
static as_t loss_of(as_ctx *c, const as_t *in, const as_state *theta, as_t beta, as_t places)
{
    as_t x = as_index_select(c, in[X], places, 0), y = as_index_select(c, in[LABELS], places, 0);
    as_t logits = as_mul(c, as_call_with(c, as_model_in(c, MODEL), theta, &x, 1), beta);
    return as_mean(c, as_cross_entropy(c, logits, y, 0), AS_ALL);
}

static as_t places_of(as_ctx *c, const learned *p, as_t order, int64_t first)
{
    int64_t n = as_count(c, order), end = first + p->batch < n ? first + p->batch : n;
    return as_slice(c, order, 0, first, end, 1);
}

/* The same over all held-out items, a number. */
static double held_out(as_ctx *c, const learned *p, const as_t *in, const as_t *x, int count)
{
    bool before = as_no_grad(c);
    as_t all = as_arange(c, as_dim(c, in[X], 0));
    const as_state *theta = mixed(c, x[RAW], count);
    double sum = 0;
    for (int64_t first = 0; first < as_count(c, all) && as_ok(c); first += p->batch) {
        as_t places = places_of(c, p, all, first);
        sum += as_item(c, loss_of(c, in, theta, x[BETA], places)) * (double)as_count(c, places);
    }
    as_no_grad_end(c, before);
    return sum / (double)as_count(c, all);
}

static void learn_pass(as_ctx *c, const learned *p, const as_t *in, adamw *o, as_t *x, int count)
{
    as_t order = as_permutation(c, "order", as_dim(c, in[X], 0)), g[LEARNED];
    for (int64_t first = 0; first < as_count(c, order) && as_ok(c); first += p->batch) {
        for (int k = 0; k < LEARNED; k++)
            x[k] = as_leaf(c, x[k]);
        as_t loss = loss_of(c, in, mixed(c, x[RAW], count), x[BETA], places_of(c, p, order, first));
        if (!as_gradients(c, loss, x, LEARNED, false, g))
            return;
        o->t++;
        for (int k = 0; k < LEARNED; k++)
            x[k] = moved(c, o, k, x[k], g[k], p->lr);
    }
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const learned *p = params_;
    int count = as_state_count(c, STATES), best_pass = 0;
    if (count > MODELS)
        return as_fail(c, "%d states, expected %d at most", count, MODELS);
    as_dims raw = AS_DIMS(p->by == TENSOR_SHARES ? as_state_size(c, as_state_in(c, STATES, 0)) : 1, count);
    as_t x[LEARNED] = {as_zeros(c, raw), as_full(c, AS_SCALAR, 1)}, best[LEARNED] = {x[RAW], x[BETA]};
    as_t zero[LEARNED] = {x[RAW], as_zeros(c, AS_SCALAR)};
    adamw o = {.m = {zero[RAW], zero[BETA]}, .v = {zero[RAW], zero[BETA]}};
    double uniform = held_out(c, p, in, x, count), least = uniform;
    for (int pass = 1; pass <= p->passes && as_ok(c); pass++) {
        learn_pass(c, p, in, &o, x, count);
        double loss = held_out(c, p, in, x, count);
        if (!(loss < least))
            continue;
        least = loss, best_pass = pass;
        for (int k = 0; k < LEARNED; k++)
            best[k] = as_detach(c, x[k]);
    }
    const as_state *theta = mixed(c, best[RAW], count);
    for (int i = 0; i < as_state_size(c, theta) && as_ok(c); i++)
        as_state_put(c, as_state_name(c, theta, i), as_state_tensor(c, theta, i));
    as_output(c, 1, as_softmax(c, best[RAW], -1));
    as_report_real(c, "uniform_loss", uniform);
    as_report_real(c, "loss", least);
    as_report_real(c, "pass", best_pass);
    as_report(c, "beta", best[BETA]);
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "learned", .version = "1.0.0", .paper = "arXiv:2203.05482",
          .doc = "shares of the models and a logit scale, learned on held-out data; the best pass is kept",
          .params = params,
          .signature = "states state[]|items, model model{params}(f32[B,...] -> f32[B,^C]), x f32[N,...],"
                       " labels i64[N]<C -> state, alpha f32[R,K]",
          .params_size = sizeof(learned), .merge = merge);
