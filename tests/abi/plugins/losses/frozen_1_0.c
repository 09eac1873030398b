/* losses/frozen_1_0: built against the header of ABI 1.0 as it was frozen (tests/abi/1.0), loaded and called
 * by every later host. */
#include <assay/plugin.h>

typedef struct {
    double weight;
    int power;
    bool flip;
    int mode;
    const char *label;
    as_reals list;
} frozen;

static const as_param params[] = {
    AS_REAL(frozen, weight, 2.0, 0.0, 10.0, "a factor"),
    AS_INT(frozen, power, 1, 1, 3, "an exponent"),
    AS_BOOL(frozen, flip, false, "the other sign"),
    AS_CHOICE(frozen, mode, "plain", "plain|twice", "how often"),
    AS_STRING(frozen, label, "x", "a word"),
    AS_REALS(frozen, list, "0.5, 0.25", "[0, 1]", "what is added"),
    AS_END,
};

typedef struct {
    as_t w, calls;
    int count;
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    self *s = self_;
    s->w = as_parameter(c, "w", as_full(c, AS_DIMS(1), 1));
    s->calls = as_buffer(c, "calls", as_zeros(c, AS_DIMS(1)));
    as_counter(c, "count", &s->count);
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const frozen *p = params_;
    self *s = as_self(c);
    double sum = 0;
    for (int i = 0; i < p->list.n; i++)
        sum += p->list.at[i];
    s->count++;
    as_assign(c, s->calls, as_full(c, AS_DIMS(1), s->count));
    as_t y = as_mul(c, as_power(c, in[0], p->power), s->w);
    as_report_real(c, "count", s->count);
    return as_affine(c, y, (p->flip ? -1 : 1) * (p->mode + 1) * p->weight, sum);
}

AS_PLUGIN(.kind = "losses", .name = "frozen_1_0", .version = "1.0.0", .doc = "a plugin of ABI 1.0",
          .params = params, .signature = "x f32[B] -> loss f32[B]", .params_size = sizeof(frozen),
          .state_size = sizeof(self), .setup = setup, .forward = forward);
