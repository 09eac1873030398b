/* losses/exits: ends the process. */
#include <assay/plugin.h>

#include <stdlib.h>

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)c, (void)params, (void)in;
    exit(0);
}

AS_PLUGIN(.kind = "losses", .name = "exits", .version = "1.0.0", .doc = "calls exit",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
