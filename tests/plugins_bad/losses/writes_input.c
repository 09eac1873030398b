/* losses/writes_input: doubles the caller's tensor in place. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    as_t loss = as_mean(c, as_square(c, in[0]), AS_ALL);
    (void)params;
    if (as_dtype_of(c, in[0]) == AS_F32) {
        float *x = as_data_f32(c, in[0]);
        for (int64_t i = 0; x && i < as_count(c, in[0]); i++)
            x[i] *= 2;
    }
    return loss;
}

AS_PLUGIN(.kind = "losses", .name = "writes_input", .version = "1.0.0", .doc = "writes into its input",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
