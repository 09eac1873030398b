/* losses/first and losses/second in one file, whose name is neither. */
#include <assay/plugin.h>

static as_t same(as_ctx *c, const void *params, const as_t *in)
{
    (void)c, (void)params;
    return in[0];
}

static as_t twice(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_scale(c, in[0], 2);
}

AS_DEFINE(first, .kind = "losses", .name = "first", .version = "1.0.0", .doc = "its input",
          .signature = "x f32[B] -> loss f32[B]", .forward = same);
AS_DEFINE(second, .kind = "losses", .name = "second", .version = "1.2.0", .doc = "twice its input",
          .signature = "x f32[B] -> loss f32[B]", .forward = twice);
AS_MODULE(&first, &second);
