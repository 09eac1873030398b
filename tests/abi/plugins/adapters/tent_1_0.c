/* adapters/tent_1_0: a trained classifier goes on learning on what it sees, by the entropy of its own
 * predictions, normalising by the batch. Wang et al. 2021, Tent. */
#include <assay/plugin.h>

typedef struct {
    int steps;
} tent;

static const as_param params[] = {
    AS_INT(tent, steps, 1, 1, 100, "updates on each batch"),
    AS_END,
};

enum { MODEL, OPTIMIZER, X };

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    (void)params_;
    as_model_mode(c, as_model_in(c, MODEL), AS_EVAL);
    return as_call1(c, as_model_in(c, MODEL), in[X]);
}

/* H = -sum_c p_c log p_c; the outputs are those before the last update, as in the official code */
static as_t adapt(as_ctx *c, const void *params_, const as_t *in)
{
    const tent *p = params_;
    as_t logits = NULL;
    as_model_mode(c, as_model_in(c, MODEL), AS_BATCH_STATS);
    for (int k = 0; k < p->steps && as_ok(c); k++) {
        logits = as_call1(c, as_model_in(c, MODEL), in[X]);
        as_t log_p = as_log_softmax(c, logits, -1);
        as_t entropy = as_neg(c, as_sum(c, as_mul(c, as_exp(c, log_p), log_p), -1));
        as_report(c, "entropy", as_mean(c, entropy, AS_ALL));
        as_update(c, as_group_in(c, OPTIMIZER), as_mean(c, entropy, AS_ALL), 0);
    }
    return logits;
}

AS_PLUGIN(.kind = "adapters", .name = "tent_1_0", .version = "1.0.0", .paper = "arXiv:2006.10726",
          .doc = "lowers the entropy of a classifier's own predictions", .params = params,
          .signature = "model model{modes}(f32[B,...] -> f32[B,^C]), optimizer group, x f32[B,...]"
                       " -> logits f32[B,C]",
          .params_size = sizeof(tent), .forward = forward, .adapt = adapt);
