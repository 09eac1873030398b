/* scores/grand_1_0: norm of each item's loss gradient over all parameters. Paul et al. 2021, definition 2.1.
 */
#include <assay/plugin.h>

typedef struct {
    as_t class_weight;
} grand;

static const as_param params[] = {
    AS_TENSOR(grand, class_weight, "f32[C]", "of each class's loss; none: 1"),
    AS_END,
};

enum { MODEL, X, LABELS, PARAMETERS = 256 };

/* || grad_theta l(f(x_n), y_n) ||_2, the model in evaluation */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const grand *p = params_;
    as_model *f = as_model_in(c, MODEL);
    const as_state *theta = as_model_state(c, f);
    as_t x[PARAMETERS];
    int n = as_state_size(c, theta);
    if (n > PARAMETERS)
        return as_fail(c, "%d parameters, expected %d at most", n, PARAMETERS);
    for (int k = 0; k < n; k++)
        x[k] = as_state_tensor(c, theta, k);
    as_model_mode(c, f, AS_EVAL);
    bool before = as_record(c);
    as_t logits = as_call1(c, f, in[X]);
    as_t loss = as_neg(c, as_gather(c, as_log_softmax(c, logits, -1), in[LABELS], -1)); /* [N] */
    if (p->class_weight && as_dim(c, p->class_weight, 0) != as_dim(c, logits, 1))
        as_fail(c, "class_weight of %lld classes, the model has %lld",
                (long long)as_dim(c, p->class_weight, 0), (long long)as_dim(c, logits, 1));
    else if (p->class_weight)
        loss = as_mul(c, loss, as_index_select(c, p->class_weight, in[LABELS], 0));
    as_t norms = as_item_gradient_norms(c, loss, x, n);
    as_no_grad_end(c, before);
    return norms;
}

AS_PLUGIN(.kind = "scores", .name = "grand_1_0", .version = "1.0.0", .paper = "arXiv:2107.07075",
          .doc = "gradient norm of each item's loss", .params = params,
          .signature = "model model{params, modes}(f32[N,...] -> f32[N,^C]), x f32[N,...]|items,"
                       " labels i64[N]<C|items -> values f32[N]|items",
          .params_size = sizeof(grand), .score = score);
