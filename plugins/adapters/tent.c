/* adapters/tent: a trained classifier with batch normalisation goes on learning on what it sees, by the
 * entropy of its own predictions. Wang et al. 2021, Tent. With steps = 0 it only normalises by the batch's
 * own statistics (Schneider et al. 2020; Nado et al. 2020). */
#include <assay/plugin.h>

typedef struct {
    int steps;
} tent;

static const as_param params[] = {
    AS_INT(tent, steps, 1, 0, 100, "updates on each batch; 0: batch statistics alone"),
    AS_END,
};

enum { MODEL, X, OPTIMIZER };

/* Normalised as in use: by the batch. */
static as_t logits_of(as_ctx *c, as_t x)
{
    if (as_dim(c, x, 0) < 2)
        return as_fail(c, "a batch of %lld items has no statistics, expected 2 or more",
                       (long long)as_dim(c, x, 0));
    as_model_mode(c, as_model_in(c, MODEL), AS_BATCH_STATS);
    return as_call1(c, as_model_in(c, MODEL), x);
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    (void)params_;
    return logits_of(c, in[X]);
}

/* H(p) = -sum_c p_c ln p_c of each item, p = softmax(logits)   (eq. 1) */
static as_t entropy_of(as_ctx *c, as_t logits)
{
    as_t log_p = as_log_softmax(c, logits, -1);
    return as_neg(c, as_sum(c, as_mul(c, as_exp(c, log_p), log_p), -1)); /* [B,1] */
}

/* The group is that of the normalisations' scales and shifts (section 3.2); the outputs are those before the
 * last update, as in the official code (DequanWang/tent, tent.py). */
static as_t adapt(as_ctx *c, const void *params_, const as_t *in)
{
    const tent *p = params_;
    if (p->steps == 0)
        return logits_of(c, in[X]);
    if (!as_group_in(c, OPTIMIZER))
        return as_fail(c, "steps = %d need an optimizer of the batch norms' scales and shifts", p->steps);
    as_t logits = NULL;
    for (int k = 0; k < p->steps && as_ok(c); k++) {
        logits = logits_of(c, in[X]);
        as_t entropy = as_mean(c, entropy_of(c, logits), AS_ALL);
        as_report(c, "entropy", entropy);
        as_update(c, as_group_in(c, OPTIMIZER), entropy, 0);
    }
    return logits;
}

AS_PLUGIN(.kind = "adapters", .name = "tent", .version = "1.0.0", .paper = "arXiv:2006.10726",
          .doc = "batch statistics, and lower entropy of a classifier's own predictions, batch by batch",
          .params = params,
          .signature = "model model{modes}(f32[B,...] -> f32[B,^C]), x f32[B,...], optimizer? group"
                       " -> logits f32[B,C]",
          .params_size = sizeof(tent), .forward = forward, .adapt = adapt);
