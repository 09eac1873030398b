/* soups/learned_1_0: mixing coefficients and a logit scale learned on held-out data. Wortsman et al. 2022,
 * model soups, appendix I. The gradient of the coefficients flows through the mixed weights. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int passes;
    double rate;
} learned;

static const as_param params[] = {
    AS_INT(learned, passes, 5, 0, 10000, "over the held-out batch; 0: the uniform soup"),
    AS_REAL_IN(learned, rate, 0.05, "(0, inf)", "of Adam", .log = 1),
    AS_END,
};

enum { STATES, MODEL, X, LABELS, PRIOR, MODELS = 64 };

/* sum_k alpha_k theta_k for the i-th tensor; counts have no mixture, the first state's stay */
static as_t mixed_tensor(as_ctx *c, as_t alpha, int K, int i)
{
    as_t sum = as_state_tensor(c, as_state_in(c, STATES, 0), i);
    if (as_dtype_of(c, sum) == AS_I64)
        return sum;
    for (int k = 0; k < K; k++) {
        as_t share = as_reshape(c, as_slice(c, alpha, 0, k, k + 1, 1), AS_SCALAR);
        as_t part = as_mul(c, as_state_tensor(c, as_state_in(c, STATES, k), i), share);
        sum = k ? as_add(c, sum, part) : part;
    }
    return sum;
}

static as_state *mixed(as_ctx *c, as_t alpha)
{
    int K = as_state_count(c, STATES);
    as_state *theta = as_state_new(c);
    const as_state *first = as_state_in(c, STATES, 0);
    for (int i = 0; i < as_state_size(c, first) && as_ok(c); i++)
        as_state_set(c, theta, as_state_name(c, first, i), mixed_tensor(c, alpha, K, i));
    return theta;
}

/* mean CE(beta f(x; theta(alpha)) - log prior, y) */
static as_t loss_of(as_ctx *c, const as_t *in, as_t raw, as_t beta)
{
    const as_state *theta = mixed(c, as_softmax(c, raw, -1));
    as_t logits = as_mul(c, as_call_with(c, as_model_in(c, MODEL), theta, &in[X], 1), beta);
    if (in[PRIOR])
        logits = as_sub(c, logits, as_log(c, in[PRIOR]));
    return as_neg(c, as_mean(c, as_gather(c, as_log_softmax(c, logits, -1), in[LABELS], -1), AS_ALL));
}

/* Adam on (raw, beta), the best seen kept */
static as_t learn(as_ctx *c, const learned *p, const as_t *in, int K)
{
    as_t x[2] = {as_zeros(c, AS_DIMS(K)), as_full(c, AS_SCALAR, 1)}, g[2];
    as_t m[2] = {as_zeros(c, AS_DIMS(K)), as_zeros(c, AS_SCALAR)}, v[2] = {m[0], m[1]}, best = x[0];
    double least = INFINITY;
    for (int t = 1; t <= p->passes + 1 && as_ok(c); t++) {
        x[0] = as_leaf(c, x[0]);
        x[1] = as_leaf(c, x[1]);
        as_t loss = loss_of(c, in, x[0], x[1]);
        double value = as_item(c, loss);
        if (value < least) {
            least = value;
            best = as_detach(c, x[0]);
        }
        if (t > p->passes || !as_gradients(c, loss, x, 2, false, g))
            break;
        for (int k = 0; k < 2; k++) {
            m[k] = as_add(c, as_scale(c, m[k], 0.9), as_scale(c, g[k], 0.1));
            v[k] = as_add(c, as_scale(c, v[k], 0.999), as_scale(c, as_square(c, g[k]), 0.001));
            as_t root = as_shift(c, as_sqrt(c, as_scale(c, v[k], 1 / (1 - pow(0.999, t)))), 1e-8);
            as_t move = as_div(c, as_scale(c, m[k], p->rate / (1 - pow(0.9, t))), root);
            x[k] = as_sub(c, as_detach(c, x[k]), move);
        }
    }
    as_report_real(c, "loss", least);
    return best;
}

static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    int K = as_state_count(c, STATES);
    if (K > MODELS)
        return as_fail(c, "%d states, expected %d at most", K, MODELS);
    const as_state *theta = mixed(c, as_softmax(c, learn(c, params_, in, K), -1));
    for (int i = 0; i < as_state_size(c, theta) && as_ok(c); i++)
        as_state_put(c, as_state_name(c, theta, i), as_state_tensor(c, theta, i));
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "learned_1_0", .version = "1.0.0", .paper = "arXiv:2203.05482",
          .doc = "mixing coefficients learned on held-out data", .params = params,
          .signature = "states state[]|items, model model{params}(f32[N,...] -> f32[N,^C]), x f32[N,...],"
                       " labels i64[N]<C, prior? f32[C] -> state",
          .params_size = sizeof(learned), .merge = merge);
