/* losses/keeps_tensor: adds a tensor of the call before, which it kept in its own struct unregistered. */
#include <assay/plugin.h>
typedef struct {
    as_t last;
} self;
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    self *s = as_self(c);
    (void)params;
    as_t y = s->last ? as_add(c, in[0], s->last) : in[0];
    s->last = as_scale(c, in[0], 2);
    return as_mean(c, y, AS_ALL);
}
AS_PLUGIN(.kind = "losses", .name = "keeps_tensor", .version = "1.0.0", .doc = "reads last call's tensor",
          .signature = "x f32[B,D] -> loss f32", .state_size = sizeof(self), .forward = forward);
