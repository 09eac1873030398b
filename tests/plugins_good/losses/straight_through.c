/* losses/straight_through: square distance of x to its rounding, whose gradient passes straight through:
 * y = x + detach(round(x) - x). Bengio et al. 2013. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t x = in[0], shifted = as_shift(c, x, 0.5);
    as_t half = as_shift(c, as_scale(c, as_sign(c, x), 0.5), 0.5); /* 1 where x > 0 */
    as_t y = as_add(c, x, as_detach(c, as_sub(c, half, x)));       /* [B,D] */
    return as_mean(c, as_mul(c, as_square(c, y), shifted), AS_ALL);
}

AS_PLUGIN(.kind = "losses", .name = "straight_through", .version = "1.0.0", .paper = "arXiv:1308.3432",
          .doc = "a step function whose gradient passes straight through",
          .signature = "x f32[B,D] -> loss f32|stop", .forward = forward);
