/* scores/synflow: the flow through a network without data. Tanaka et al. 2020, Pruning neural networks
 * without any data, equation 2, summed as in Abdelfattah et al. 2021 and its official measures/synflow.py: R
 * = sum of the logits for one input of ones, with |theta| for every parameter,  sum_k |w_k d R / d |w_k|| in
 * double, since products of many layers overflow. The network is given without its normalisation layers,
 * which would undo the scale that is measured; its inputs tell the shape of x only. */
#include "weights.h"

enum { MODEL, X };

static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_model *f = as_model_in(c, MODEL);
    const as_state *given = as_model_state(c, f);
    as_state *theta = as_state_new(c);
    for (int i = 0; i < as_state_size(c, given) && as_ok(c); i++) {
        as_t x = as_cast(c, as_detach(c, as_state_tensor(c, given, i)), AS_F64);
        as_state_set(c, theta, as_state_name(c, given, i), as_leaf(c, as_abs(c, x)));
    }
    weights w;
    as_t g[WEIGHTS_MAX];
    as_dims one = as_dims_of(c, in[X]);
    one.size[0] = 1;
    as_t ones = as_cast(c, as_full(c, one, 1), AS_F64);
    if (!as_ok(c) || !weights_of(c, theta, &w))
        return as_inert(c);
    as_t flow = as_sum(c, as_call_with(c, f, theta, &ones, 1), AS_ALL);
    if (!as_ok(c) || !as_gradients(c, flow, w.w, w.n, false, g))
        return as_inert(c);
    as_t total = as_cast(c, as_full(c, AS_SCALAR, 0), AS_F64);
    for (int k = 0; k < w.n; k++)
        total = as_add(c, total, as_sum(c, as_abs(c, as_mul(c, w.w[k], g[k])), AS_ALL));
    return as_detach(c, total);
}

AS_PLUGIN(.kind = "scores", .name = "synflow", .version = "1.0.0", .paper = "arXiv:2006.05467",
          .doc = "flow of ones through a network with the absolute values of its parameters",
          .signature = "model model{params}(f64[B,...] -> f64[B,C]), x f32[N,...] -> value f64",
          .score = score);
