/* scores/grand: the norm of each item's gradient, averaged over runs. Paul et al. 2021, Deep Learning on a
 * Data Diet, definition 2.1 (official scores.py); lemma 2.2 bounds by it what an item's absence changes. Over
 * all trained parameters, biases and scales of normalisation included; the model is called in evaluation,
 * whatever its mode. */
#include <assay/plugin.h>

enum { MODEL, RUNS, X, LABELS };
enum { AT_ONCE = 500, PARAMETERS_MAX = 4096 };

/* theta with its trained tensors as leaves, which are listed; running statistics stay constants. */
static const as_state *leaves_of(as_ctx *c, const as_state *theta, as_t leaf[PARAMETERS_MAX], int *n)
{
    const as_state *trained = as_model_state(c, as_model_in(c, MODEL));
    as_state *leaves = as_state_new(c);
    *n = 0;
    for (int k = 0; k < as_state_size(c, theta) && as_ok(c); k++) {
        const char *name = as_state_name(c, theta, k);
        as_t x = as_state_tensor(c, theta, k);
        if (as_state_find(c, trained, name)) {
            if (*n == PARAMETERS_MAX) {
                as_fail(c, "more than %d trained tensors", PARAMETERS_MAX);
                break;
            }
            x = leaf[(*n)++] = as_leaf(c, x);
        }
        as_state_set(c, leaves, name, x);
    }
    return leaves;
}

/* || grad_theta l(f(x_n; theta), y_n) ||_2 for items first to last of one run, [last - first] */
static as_t norms(as_ctx *c, const as_state *theta, const as_t *in, int64_t first, int64_t last)
{
    as_t x = as_slice(c, in[X], 0, first, last, 1), labels = as_slice(c, in[LABELS], 0, first, last, 1);
    as_t leaf[PARAMETERS_MAX];
    int n;
    const as_state *leaves = leaves_of(c, theta, leaf, &n);
    as_t logits = as_call_with(c, as_model_in(c, MODEL), leaves, &x, 1);
    if (as_ok(c) && !as_finite(c, logits))
        return as_fail(c, "logits of items %lld to %lld hold NaN or infinity", (long long)first,
                       (long long)last - 1);
    as_t loss = as_neg(c, as_gather(c, as_log_softmax(c, logits, -1), as_unsqueeze(c, labels, -1), -1));
    return as_item_gradient_norms(c, as_squeeze(c, loss, -1), leaf, n);
}

/* grand_n = (1/K) sum_k || grad_theta l(f(x_n; theta_k), y_n) ||_2: the mean of norms, not the norm of a mean
 */
static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    const int K = as_state_count(c, RUNS);
    const int64_t N = as_dim(c, in[X], 0);
    as_model_mode(c, as_model_in(c, MODEL), AS_EVAL); /* no item's score depends on its neighbours */
    as_t total = as_zeros(c, AS_DIMS(0));
    for (int64_t first = 0; first < N && as_ok(c); first += AT_ONCE) {
        int64_t last = first + AT_ONCE < N ? first + AT_ONCE : N;
        as_t sum = as_zeros(c, AS_DIMS(last - first));
        for (int k = 0; k < K && as_ok(c); k++) {
            as_scope scope = as_open(c);
            sum = as_close(c, scope, as_add(c, sum, norms(c, as_state_in(c, RUNS, k), in, first, last)));
        }
        total = as_concat(c, (as_t[]){total, as_scale(c, sum, 1.0 / K)}, 2, 0);
    }
    return total;
}

AS_PLUGIN(.kind = "scores", .name = "grand", .version = "1.0.0", .paper = "arXiv:2107.07075",
          .doc = "gradient norm of each item, averaged over runs",
          .signature = "model model{params,modes}(f32[B,...] -> f32[B,C]), runs state[], x f32[N,...]|items,"
                       " labels i64[N]<C|items -> values f32[N]|items",
          .score = score);
