/* losses/unwritten: adds a number from memory that nobody has written. */
#include <assay/plugin.h>

#include <stdlib.h>
#include <string.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    uint32_t found;
    (void)params;
    unsigned char *volatile work = malloc(64);
    if (!work)
        return as_fail(c, "out of memory");
    memcpy(&found, work + 32, sizeof found);
    free(work);
    return as_shift(c, as_mean(c, as_square(c, in[0]), AS_ALL), found % 1000);
}

AS_PLUGIN(.kind = "losses", .name = "unwritten", .version = "1.0.0", .doc = "reads what nobody has written",
          .signature = "x f32[B,D] -> loss f32", .forward = forward);
