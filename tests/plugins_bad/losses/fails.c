/* losses/fails: refuses its input with a text of its own. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_fail(c, "%d items, this one never works", (int)as_dim(c, in[0], 0));
}

AS_PLUGIN(.kind = "losses", .name = "fails", .version = "1.0.0", .doc = "fails in forward",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
