/* losses/keeps_in_params: counts its calls in its parameters: no state saves that, no reset brings it back.
 */
#include <assay/plugin.h>

typedef struct {
    double gain;
} cfg;

static const as_param params[] = {
    AS_REAL(cfg, gain, 1.0, 0.5, 2.0, "a factor"),
    AS_END,
};

typedef struct {
    int calls;
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    as_counter(c, "calls", &((self *)self_)->calls);
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    cfg *p = (cfg *)(uintptr_t)params_;
    ((self *)as_self(c))->calls++;
    p->gain *= 0.9;
    return as_scale(c, as_mean(c, as_square(c, in[0]), AS_ALL), p->gain);
}

AS_PLUGIN(.kind = "losses", .name = "keeps_in_params", .version = "1.0.0",
          .doc = "writes into its parameters", .params = params, .signature = "x f32[B,D] -> loss f32",
          .params_size = sizeof(cfg), .state_size = sizeof(self), .setup = setup, .forward = forward);
