/* losses/dm_surrogate: the distribution-matching gradient as a loss. Yin et al. 2024 (DMD2), equation 4 of
 * DMD with the normaliser of the official compute_distribution_matching_loss. */
#include <assay/distil.h>

enum { X0, TEACHER, FAKE };

/* g = (D_F - D_T) / mean_item |x0 - D_T|,  loss = 1/2 mean (x0 - sg(x0 - g))^2 */
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_must_be_finite(c, in[X0], "x0");
    as_must_be_finite(c, in[TEACHER], "teacher");
    as_must_be_finite(c, in[FAKE], "fake");
    return as_surrogate(c, in[X0], as_dm_field(c, in[X0], in[TEACHER], in[FAKE]));
}

AS_PLUGIN(.kind = "losses", .name = "dm_surrogate", .version = "1.0.0", .paper = "arXiv:2405.14867",
          .doc = "pushes generated items along the difference of two denoisers (distribution matching)",
          .signature =
              "x0 f32[B,...]|items, teacher f32[B,...]|items, fake f32[B,...]|items -> loss f32|stop",
          .forward = forward);
