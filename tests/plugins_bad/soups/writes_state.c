/* soups/writes_state: moves a given state by raw data, in place of a tensor of its own. */
#include <assay/plugin.h>

static as_t merge(as_ctx *c, const void *params, const as_t *in)
{
    const as_state *base = as_state_in(c, 1, 0);
    (void)params, (void)in;
    for (int i = 0; as_ok(c) && i < as_state_size(c, base); i++) {
        as_t x = as_state_tensor(c, base, i);
        float *v = as_dtype_of(c, x) == AS_F32 ? as_data_f32(c, x) : NULL;
        if (v)
            v[0] = 1;
        as_state_put(c, as_state_name(c, base, i), x);
    }
    return NULL;
}

AS_PLUGIN(.kind = "soups", .name = "writes_state", .version = "1.0.0", .doc = "changes what it was given",
          .signature = "states state[]|items, base state -> state", .merge = merge);
