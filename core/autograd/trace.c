#include "autograd/trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 3 /* inputs in a message */

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

/* "; input 2 f32[3] mean ..." at the end of `text`. */
static void add_input(char *text, size_t size, int place, as_t x)
{
    char summary[TENSOR_TEXT];
    size_t at = strlen(text);
    snprintf(text + at, size - at, "; input %d %s", place, tensor_summary(x, summary));
}

static bool moves(as_op_code code)
{
    switch (code) {
    case AS_OP_GATHER:
    case AS_OP_INDEX_SELECT:
    case AS_OP_RESHAPE:
    case AS_OP_PERMUTE:
    case AS_OP_EXPAND:
    case AS_OP_SLICE:
    case AS_OP_UNSLICE:
    case AS_OP_CONCAT:
    case AS_OP_CAST:
    case AS_OP_CONTIGUOUS:
        return true;
    default:
        return false;
    }
}

bool trace_nan(as_ctx *c, const op_call *call, as_t out)
{
    if (moves(call->code) || !has_nan(c, out))
        return context_ok(c);
    char text[TENSOR_TEXT], inputs[(SHOWN + 1) * TENSOR_TEXT] = "";
    for (int i = 0; i < call->n; i++)
        if (has_nan(c, call->in[i])) {
            context_fail(c, "the first NaN was given, no operation made it: input %d %s", i + 1,
                         tensor_summary(call->in[i], text));
            return false;
        }
    for (int i = 0; i < call->n && i < SHOWN; i++)
        add_input(inputs, sizeof inputs, i + 1, call->in[i]);
    context_fail(c, "the first NaN: result %s%s", tensor_summary(out, text), inputs);
    return false;
}

bool trace_nan_rule(as_ctx *c, const node *n, as_t gy, as_t *gx)
{
    int bad = 0;
    while (bad < n->n && !(gx[bad] && node_needs(n, bad) && has_nan(c, gx[bad])))
        bad++;
    bool given = bad == n->n || has_nan(c, gy) || (n->out && has_nan(c, n->out));
    for (int i = 0; i < n->n && !given; i++)
        given = n->in[i].saved && has_nan(c, n->in[i].saved);
    if (given)
        return context_ok(c);
    char line[CONTEXT_LINE], got[TENSOR_TEXT], gave[TENSOR_TEXT], inputs[(SHOWN + 2) * TENSOR_TEXT] = "";
    for (int i = 0; i < n->n && i < SHOWN; i++)
        if (n->in[i].saved)
            add_input(inputs, sizeof inputs, i + 1, n->in[i].saved);
    size_t at = strlen(inputs);
    if (n->out)
        snprintf(inputs + at, sizeof inputs - at, "; its result %s", tensor_summary(n->out, got));
    context_fail(c, "the gradient of %s%s: the first NaN: for input %d %s; arriving gradient %s%s",
                 n->op->name, context_line_text(c, n->line, line), bad + 1, tensor_summary(gx[bad], gave),
                 tensor_summary(gy, got), inputs);
    return false;
}

bool trace_nan_step(as_ctx *c, const char *name, as_t p, as_t g, int place, int n)
{
    char text[TENSOR_TEXT], gradient[TENSOR_TEXT];
    if (!g || !has_nan(c, p))
        return context_ok(c);
    context_fail(c, "%s: the first NaN: a step left it in parameter %d of %d, %s; its gradient %s", name,
                 place, n, tensor_summary(p, text), tensor_summary(g, gradient));
    return false;
}
