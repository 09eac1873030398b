/* losses/leak: never frees its working memory. */
#include <assay/plugin.h>

#include <stdlib.h>
#include <string.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    double *volatile work = malloc(256 * sizeof *work);
    if (!work)
        return as_fail(c, "out of memory");
    memset(work, 0, 256 * sizeof *work);
    return as_shift(c, as_mean(c, as_square(c, in[0]), AS_ALL), work[0]);
}

AS_PLUGIN(.kind = "losses", .name = "leak", .version = "1.0.0", .doc = "leaks 2048 bytes a call",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
