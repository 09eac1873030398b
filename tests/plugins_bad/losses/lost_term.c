/* losses/lost_term: reads the mean of x as a number, so that the gradient through it is lost. */
#include <assay/plugin.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    double mean = as_item(c, as_mean(c, in[0], AS_ALL));
    return as_mean(c, as_scale(c, as_square(c, in[0]), mean), AS_ALL);
}

AS_PLUGIN(.kind = "losses", .name = "lost_term", .version = "1.0.0", .doc = "loses a term of its gradient",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
