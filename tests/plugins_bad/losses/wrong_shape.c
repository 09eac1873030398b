/* losses/wrong_shape: returns a scalar where its signature says one value an item. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_sum(c, in[0], AS_ALL);
}

AS_PLUGIN(.kind = "losses", .name = "wrong_shape", .version = "1.0.0", .doc = "returns another shape",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
