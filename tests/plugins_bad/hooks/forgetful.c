/* hooks/forgetful: a momentum on the score that no state holds. */
#include <assay/plugin.h>

typedef struct {
    double pull;
    int seen;
} self;

static void setup(as_ctx *c, const void *params, void *self_)
{
    (void)params;
    as_counter(c, "seen", &((self *)self_)->seen); /* pull is not registered */
}

static as_t guide(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_t x, as_t score)
{
    self *s = as_self(c);
    (void)params, (void)in, (void)at;
    s->seen++;
    s->pull = 0.9 * s->pull + as_item(c, as_mean(c, x, AS_ALL));
    return as_shift(c, score, s->pull);
}

AS_PLUGIN(.kind = "hooks", .name = "forgetful", .version = "1.0.0", .doc = "keeps what it does not register",
          .signature = "-> x f32[B,D]", .state_size = sizeof(self), .setup = setup, .guide = guide);
