/* losses/wrong_gradient: mean square of x, half of it computed from raw data: the tape never sees that half.
 */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t seen = as_mean(c, as_square(c, in[0]), AS_ALL);
    double raw = 0;
    if (as_dtype_of(c, in[0]) == AS_F64) {
        const double *x = as_data_f64(c, in[0]);
        for (int64_t i = 0; x && i < as_count(c, in[0]); i++)
            raw += x[i] * x[i];
    } else {
        const float *x = as_data_f32(c, in[0]);
        for (int64_t i = 0; x && i < as_count(c, in[0]); i++)
            raw += (double)x[i] * x[i];
    }
    as_t unseen = as_full(c, AS_SCALAR, raw / (double)as_count(c, in[0]));
    return as_scale(c, as_add(c, seen, unseen), 0.5);
}

AS_PLUGIN(.kind = "losses", .name = "wrong_gradient", .version = "1.0.0",
          .doc = "half of its gradient is lost", .signature = "x f32[B,D] -> loss f32", .forward = forward);
