/* losses/far_write: writes far behind what it was given, where no memory is. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t copy = as_scale(c, in[0], 1);
    float *x = as_data_f32(c, copy);
    if (x)
        *(volatile float *)(x + ((int64_t)1 << 40)) = 1;
    return copy;
}

AS_PLUGIN(.kind = "losses", .name = "far_write", .version = "1.0.0", .doc = "writes far out of bounds",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
