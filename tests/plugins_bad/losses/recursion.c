/* losses/recursion: calls itself until the stack is full. The report must come from another stack. */
#include <assay/plugin.h>

static volatile int never; /* keeps the compiler from making a loop of it, and from refusing it */

static int deeper(int n)
{
    volatile char page[4096];
    page[n % 4096] = (char)n;
    if (never)
        return n;
    return deeper(n + 1) + page[0];
}

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_scale(c, in[0], deeper(0));
}

AS_PLUGIN(.kind = "losses", .name = "recursion", .version = "1.0.0", .doc = "overflows the stack",
          .signature = "x f32[B] -> loss f32[B]", .forward = forward);
