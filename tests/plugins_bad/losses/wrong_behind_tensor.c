/* losses/wrong_behind_tensor: right without its tensor; with it the gradient loses the weights. */
#include <assay/plugin.h>

typedef struct {
    as_t weight;
} cfg;

static const as_param params[] = {
    AS_TENSOR(cfg, weight, "f32[D]", "of each feature; sums to 1"),
    AS_END,
};

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const cfg *p = params_;
    if (!p->weight)
        return as_mean(c, as_square(c, in[0]), AS_ALL);
    if (as_item(c, as_abs(c, as_shift(c, as_sum(c, p->weight, AS_ALL), -1))) > 1e-6)
        return as_fail(c, "weight does not sum to 1");
    as_t weighted = as_mul(c, as_square(c, in[0]), p->weight);
    return as_add(c, as_mean(c, as_square(c, in[0]), AS_ALL), as_detach(c, as_mean(c, weighted, AS_ALL)));
}

AS_PLUGIN(.kind = "losses", .name = "wrong_behind_tensor", .version = "1.0.0",
          .doc = "a gradient lost where a tensor is given", .params = params,
          .signature = "x f32[B,D] -> loss f32", .params_size = sizeof(cfg), .forward = forward);
