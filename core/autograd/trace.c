#include "autograd/trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool trace_nan_on(void)
{
    static int on = -1;
    if (on < 0) {
        const char *value = getenv("ASSAY_TRACE_NAN");
        on = value && *value && strcmp(value, "0") != 0;
    }
    return on != 0;
}

static bool has_nan(as_ctx *c, as_t x)
{
    if (!tensor_is_float(x))
        return false;
    as_scope s = scope_open(c);
    as_t dense = tensor_dense(c, x);
    bool found = false;
    for (int64_t i = 0; context_ok(c) && i < dense->count && !found; i++)
        found = isnan(dense->dtype == AS_F32 ? ((const float *)dense->data)[i]
                                             : ((const double *)dense->data)[i]);
    scope_close(c, s, NULL);
    return found;
}

bool trace_nan(as_ctx *c, const op_call *call, as_t out)
{
    if (!has_nan(c, out))
        return context_ok(c);
    for (int i = 0; i < call->n; i++)
        if (has_nan(c, call->in[i]))
            return context_ok(c);
    char text[TENSOR_TEXT], inputs[4 * TENSOR_TEXT] = "";
    for (int i = 0; i < call->n && i < 3; i++) {
        size_t at = strlen(inputs);
        snprintf(inputs + at, sizeof inputs - at, "; input %d %s", i + 1, tensor_summary(call->in[i], text));
    }
    context_fail(c, "the first NaN: result %s%s", tensor_summary(out, text), inputs);
    return false;
}
