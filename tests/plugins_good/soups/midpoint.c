/* soups/midpoint: halfway between two states, and only between two. */
#include <assay/plugin.h>

static as_t merge(as_ctx *c, const void *params, const as_t *in)
{
    (void)params, (void)in;
    if (as_state_count(c, 0) != 2)
        return as_fail(c, "%d states, expected two", as_state_count(c, 0));
    const as_state *a = as_state_in(c, 0, 0), *b = as_state_in(c, 0, 1);
    for (int i = 0; as_ok(c) && i < as_state_size(c, a); i++) {
        as_t x = as_state_tensor(c, a, i);
        bool number = as_dtype_of(c, x) != AS_I64;
        as_state_put(c, as_state_name(c, a, i),
                     number ? as_scale(c, as_add(c, x, as_state_tensor(c, b, i)), 0.5) : x);
    }
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "midpoint", .version = "1.0.0", .doc = "halfway between two states",
          .signature = "states state[]|items -> state", .merge = merge);
