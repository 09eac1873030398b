/* losses/surrogate: injects a gradient field, as score distillation does: the loss is <detach(g), x>, so that
 * d loss / d x = g(x), here g = tanh(x) + a draw. The running mean of |g| is read by item and kept. */
#include <assay/plugin.h>

typedef struct {
    as_t size;
} self;

static void setup(as_ctx *c, const void *params, void *self_)
{
    (void)params;
    ((self *)self_)->size = as_buffer(c, "size", as_full(c, AS_SCALAR, 1));
}

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    self *s = as_self(c);
    (void)params;
    bool before = as_no_grad(c);
    as_t noise = as_scale(c, as_randn(c, "noise", as_dims_of(c, in[0])), 0.1);
    as_t g = as_add(c, as_tanh(c, in[0]), noise);
    as_no_grad_end(c, before);
    as_t now = as_mean(c, as_abs(c, as_add(c, g, as_scale(c, in[0], 0.01))), AS_ALL);
    as_assign(c, s->size, as_add(c, as_scale(c, s->size, 0.9), as_scale(c, now, 0.1)));
    double size = as_item(c, s->size) + as_item(c, as_mean(c, as_square(c, in[0]), AS_ALL));
    return as_scale(c, as_sum(c, as_mul(c, g, in[0]), AS_ALL), 1 / size);
}

AS_PLUGIN(.kind = "losses", .name = "surrogate", .version = "1.0.0", .doc = "injects a gradient field",
          .signature = "x f32[B,D] -> loss f32|stop", .state_size = sizeof(self), .setup = setup,
          .forward = forward);
