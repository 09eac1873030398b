/* losses/calls_back: calls the model it is given; what a script raises in there comes back through it. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_call1(c, as_model_in(c, 1), in[0]);
}

AS_PLUGIN(.kind = "losses", .name = "calls_back", .version = "1.0.0", .doc = "calls a model",
          .signature = "x f32[B], net function -> loss f32[B]", .forward = forward);
