/* losses/bad_rules: its rules between parameters never come to an end, or write where they may not. */
#include <assay/plugin.h>

typedef struct {
    bool loops;
} bad_rules;

static const as_param params[] = {AS_BOOL(bad_rules, loops, true, "whether validate loops"), AS_END};

static void validate(as_ctx *c, const void *p)
{
    const bad_rules *rules = p;
    volatile bool on = rules->loops;
    (void)c;
    while (on) {
    }
    volatile uintptr_t nowhere = 8;
    *(volatile int *)nowhere = 1;
}

static as_t forward(as_ctx *c, const void *p, const as_t *in)
{
    (void)c, (void)p;
    return in[0];
}

AS_PLUGIN(.kind = "losses", .name = "bad_rules", .version = "1.0.0", .doc = "bad rules",
          .signature = "x f32[B] -> loss f32[B]", .params = params, .params_size = sizeof(bad_rules),
          .validate = validate, .forward = forward);
