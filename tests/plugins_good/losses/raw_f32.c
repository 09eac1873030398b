/* losses/raw_f32: works on raw f32 and has its own gradient, injected as a surrogate: checked in f32. */
#include <assay/plugin.h>

/* loss = mean x^2 / 2: the value from raw items, the gradient x / n by <g, x - sg(x)> */
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    as_t x = in[0], fixed = as_contiguous(c, as_detach(c, x));
    const float *v = as_data_f32(c, fixed);
    int64_t n = as_count(c, x);
    double sum = 0;
    (void)params;
    for (int64_t i = 0; v && i < n; i++)
        sum += 0.5 * (double)v[i] * v[i];
    as_t towards = as_sum(c, as_mul(c, fixed, as_sub(c, x, fixed)), AS_ALL);
    return as_affine(c, towards, 1.0 / (double)n, sum / (double)n);
}

AS_PLUGIN(.kind = "losses", .name = "raw_f32", .version = "1.0.0", .doc = "reads raw f32",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
