/* losses/divides: an integer division by zero. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    volatile int64_t zero = as_count(c, in[0]) - as_dim(c, in[0], 0);
    (void)params;
    return as_scale(c, in[0], (double)(as_count(c, in[0]) / zero));
}

AS_PLUGIN(.kind = "losses", .name = "divides", .version = "1.0.0", .doc = "divides by zero",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
