/* losses/class_weight: cross-entropy with a weight for each class, which is a parameter: a tensor as long as
 * the logits have classes. */
#include <assay/plugin.h>

typedef struct {
    as_t weight, offset;
} cfg;

static const as_param params[] = {
    AS_TENSOR(cfg, weight, "f32[C]", "of each class; none: 1"),
    AS_TENSOR(cfg, offset, "f32[C]", "added to the logits; none: 0"),
    AS_END,
};

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const cfg *p = params_;
    as_t logits = p->offset ? as_add(c, in[0], p->offset) : in[0];
    as_t loss = as_neg(c, as_gather(c, as_log_softmax(c, logits, -1), in[1], -1)); /* [B] */
    return p->weight ? as_mul(c, loss, as_index_select(c, p->weight, in[1], 0)) : loss;
}

AS_PLUGIN(.kind = "losses", .name = "class_weight", .version = "1.0.0",
          .doc = "cross-entropy, classes weighted", .params = params,
          .signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
          .params_size = sizeof(cfg), .forward = forward);
