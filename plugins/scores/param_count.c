/* scores/param_count: |W|, the number of weights of a network's convolutions and linear layers, which every
 * score of architectures is to be compared with. */
#include "weights.h"

static as_t score(as_ctx *c, const void *params, const as_t *in)
{
    (void)params, (void)in;
    weights w;
    if (!weights_of(c, as_model_state(c, as_model_in(c, 0)), &w))
        return as_inert(c);
    return as_cast(c, as_full(c, AS_SCALAR, (double)w.count), AS_F64);
}

AS_PLUGIN(.kind = "scores", .name = "param_count", .version = "1.0.0",
          .doc = "number of weights of convolutions and linear layers",
          .signature = "model model{params}(f32[B,...] -> f32[B,C]) -> value f64", .score = score);
