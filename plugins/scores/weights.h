/* What scores of a network at its initialisation look at: W, the weights of its convolutions and linear
 * layers (tensors called "weight" of rank 4 or 2), no biases and no scales or shifts of normalisation. */
#ifndef ASSAY_PLUGINS_SCORES_WEIGHTS_H
#define ASSAY_PLUGINS_SCORES_WEIGHTS_H

#include <assay/plugin.h>

#include <string.h>

enum { WEIGHTS_MAX = 1024 };

typedef struct {
    int n;
    as_t w[WEIGHTS_MAX];
    int64_t count; /* |W| */
} weights;

static inline bool weights_called_so(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(dot ? dot + 1 : name, "weight") == 0;
}

/* Those of a model's state, in its order. Fails where there are none. */
static inline bool weights_of(as_ctx *c, const as_state *s, weights *out)
{
    out->n = 0, out->count = 0;
    for (int i = 0; i < as_state_size(c, s) && as_ok(c); i++) {
        as_t x = as_state_tensor(c, s, i);
        int rank = as_rank(c, x);
        if (!weights_called_so(as_state_name(c, s, i)) || (rank != 2 && rank != 4))
            continue;
        if (out->n == WEIGHTS_MAX) {
            as_fail(c, "more than %d weight tensors", WEIGHTS_MAX);
            return false;
        }
        out->w[out->n++] = x;
        out->count += as_count(c, x);
    }
    if (as_ok(c) && out->n == 0)
        as_fail(c, "the model has no weights of convolutions or linear layers");
    return as_ok(c);
}

/* l_n = -log softmax(f(x_n))[y_n], [N] */
static inline as_t weights_losses(as_ctx *c, as_model *f, as_t x, as_t labels)
{
    as_t log_p = as_log_softmax(c, as_call1(c, f, x), -1);
    return as_squeeze(c, as_neg(c, as_gather(c, log_p, as_unsqueeze(c, labels, -1), -1)), -1);
}

/* The gradient of the mean loss at every weight. Refuses a loss that is not finite. */
static inline bool weights_mean_gradient(as_ctx *c, as_model *f, as_t x, as_t labels, weights *w, as_t *g)
{
    if (!weights_of(c, as_model_state(c, f), w))
        return false;
    as_t losses = weights_losses(c, f, x, labels);
    if (as_ok(c) && !as_finite(c, losses))
        as_fail(c, "the loss holds NaN or infinity");
    return as_ok(c) && as_gradients(c, as_mean(c, losses, AS_ALL), w->w, w->n, false, g);
}

#endif
