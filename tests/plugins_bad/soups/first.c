/* soups/first: the first of the states, though it says that their order does not matter. */
#include <assay/plugin.h>

static as_t merge(as_ctx *c, const void *params, const as_t *in)
{
    const as_state *first = as_state_in(c, 0, 0);
    (void)params, (void)in;
    for (int i = 0; as_ok(c) && i < as_state_size(c, first); i++)
        as_state_put(c, as_state_name(c, first, i), as_state_tensor(c, first, i));
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "first", .version = "1.0.0", .doc = "the first state",
          .signature = "states state[]|items -> state", .merge = merge);
