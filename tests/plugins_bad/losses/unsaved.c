/* losses/unsaved: counts its calls in a field that is not registered. */
#include <assay/plugin.h>

typedef struct {
    int calls;
    as_t scale;
} self;

static void setup(as_ctx *c, const void *params, void *self_)
{
    self *s = self_;
    (void)params;
    s->scale = as_buffer(c, "scale", as_full(c, AS_SCALAR, 2)); /* as_counter is missing here */
}

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    self *s = as_self(c);
    (void)params;
    s->calls++;
    return as_scale(c, as_mul(c, as_mean(c, in[0], AS_ALL), s->scale), 1.0 / s->calls);
}

AS_PLUGIN(.kind = "losses", .name = "unsaved", .version = "1.0.0", .doc = "keeps what it does not register",
          .signature = "x f32[B,D] -> loss f32", .state_size = sizeof(self), .setup = setup,
          .forward = forward);
