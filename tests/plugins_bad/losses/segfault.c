/* losses/segfault: writes through a null pointer in forward. The report must name plugin, call and step. */
#include <assay/plugin.h>

/* the crash itself is wanted, no report of a sanitizer */
static __attribute__((no_sanitize("undefined"))) as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    volatile int *nowhere = (volatile int *)c->services->self(c); /* NULL: it has no struct of its own */
    *nowhere = 1;
    return in[0];
}

AS_PLUGIN(.kind = "losses", .name = "segfault", .version = "1.0.0", .doc = "crashes in forward",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
