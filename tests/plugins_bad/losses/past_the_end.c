/* losses/past_the_end: writes one item behind its copy of x. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t copy = as_scale(c, as_detach(c, in[0]), 2);
    int64_t n = as_count(c, copy);
    if (as_dtype_of(c, copy) == AS_F64) {
        double *x = as_data_f64(c, copy);
        for (int64_t i = 0; x && i <= n; i++)
            x[i] = 1;
    } else {
        float *x = as_data_f32(c, copy);
        for (int64_t i = 0; x && i <= n; i++)
            x[i] = 1;
    }
    return as_mean(c, as_mul(c, in[0], copy), AS_ALL);
}

AS_PLUGIN(.kind = "losses", .name = "past_the_end", .version = "1.0.0", .doc = "writes past the end",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
