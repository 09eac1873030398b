/* Running and recording operations; leaves; the services that need no plugin. */
#include "autograd/node.h"
#include "autograd/trace.h"
#include "autograd/replay.h"

#include <stdio.h>
#include <string.h>

bool tape_recording(as_ctx *c, bool on)
{
    bool before = context_of(c)->recording;
    context_of(c)->recording = on;
    return before;
}

#define SHOWN 4 /* inputs in a message */

/* "; given f32[2,3], i64[4]" unless the text names them all. */
static void add_given(const char *text, const op_call *call, char *given, size_t size)
{
    char shape[TENSOR_TEXT];
    int named = 0;
    for (int i = 0; i < call->n; i++)
        named += strstr(text, tensor_shape_text(call->in[i], shape)) != NULL;
    given[0] = 0;
    for (int i = 0; named < call->n && i < call->n && i < SHOWN; i++) {
        size_t at = strlen(given);
        snprintf(given + at, size - at, "%s%s", i ? ", " : "; given ", tensor_shape_text(call->in[i], shape));
    }
    if (given[0] && call->n > SHOWN)
        snprintf(given + strlen(given), size - strlen(given), ", ...");
}

/* The operation's name before a text that its forward left, and what it was given after it. */
static as_t named_failure(as_ctx *c, const char *name, const op_call *call)
{
    as_error e;
    char given[SHOWN * TENSOR_TEXT + 32];
    if (context_take_error(c, &e)) {
        add_given(e.text, call, given, sizeof given);
        context_fail(c, "%s: %.600s%s", name, e.text, given);
    }
    return context_of(c)->inert;
}

as_t tape_op(as_ctx *c, as_op_code code, const as_t *in, int n, const as_attr *attr)
{
    context *x = context_of(c);
    if (x->failed)
        return x->inert;
    const op *o = op_at(code);
    if (!o)
        return context_fail(c, "operation %d is unknown to this build", (int)code);
    if (o->arity >= 0 ? n != o->arity : n < 1)
        return context_fail(c, "%s: %d tensors, expected %d", o->name, n, o->arity >= 0 ? o->arity : 1);
    op_call call = {.code = code, .in = in, .n = n};
    if (attr)
        call.attr = *attr;
    bool record = false;
    for (int i = 0; i < n; i++) {
        if (!in[i])
            return context_fail(c, "%s: input %d of %d is missing", o->name, i + 1, n);
        record |= in[i]->requires_grad;
    }
    call.records = record && x->recording && o->gradient;
    as_t out = o->forward(c, &call);
    if (x->failed || (trace_nan_on() && !x->in_rule && !trace_nan(c, &call, out)))
        return named_failure(c, o->name, &call);
    if (call.records && out != in[0] && tensor_is_float(out) && !node_record(c, o, &call, out))
        return x->inert;
    if (record && x->replay && !out->requires_grad)
        return replay_tensor(c, out);
    return out;
}

as_t tape_detach(as_ctx *c, as_t x)
{
    if (!context_ok(c) || !x->requires_grad)
        return context_ok(c) ? x : context_of(c)->inert;
    as_t plain = tensor_alias(c, x);
    return context_of(c)->replay ? replay_tensor(c, plain) : plain;
}

bool tape_require(as_ctx *c, as_t x, bool on)
{
    char text[TENSOR_TEXT];
    if (x->node && x->node->op)
        return context_fail(c, "%s was computed: only a leaf can be set to collect a gradient",
                            tensor_shape_text(x, text)),
               false;
    if (on && !tensor_is_float(x))
        return context_fail(c, "%s cannot collect a gradient: expected a float", tensor_shape_text(x, text)),
               false;
    x->requires_grad = on;
    return true;
}

/* ---- services ---- */

static int service_rank(const as_ctx *c, as_t x)
{
    (void)c;
    return x->rank;
}

static int64_t service_dim(const as_ctx *c, as_t x, int axis)
{
    if (tensor_is_inert(c, x))
        return 1;
    int at = tensor_axis((as_ctx *)(uintptr_t)c, "dim", x, axis);
    return at < 0 ? 1 : x->size[at];
}

static as_dtype service_dtype(const as_ctx *c, as_t x)
{
    (void)c;
    return (as_dtype)x->dtype;
}

static int64_t service_count(const as_ctx *c, as_t x)
{
    (void)c;
    return x->count;
}

static as_t service_inert(as_ctx *c)
{
    return context_of(c)->inert;
}

static as_dtype service_working(const as_ctx *c)
{
    return ((const context *)c)->working;
}

static as_t service_full(as_ctx *c, as_dtype dtype, as_dims dims, double value)
{
    return context_ok(c) ? tensor_full(c, dtype, dims, value) : context_of(c)->inert;
}

static as_t service_arange(as_ctx *c, int64_t n)
{
    return context_ok(c) ? tensor_arange(c, n) : context_of(c)->inert;
}

static as_t service_from(as_ctx *c, as_dtype dtype, as_dims dims, const void *values)
{
    return context_ok(c) ? tensor_from(c, dtype, dims, values) : context_of(c)->inert;
}

static double service_item(as_ctx *c, as_t x)
{
    if (!context_ok(c))
        return __builtin_nan("");
    double value = tensor_item(c, x);
    return context_of(c)->replay && x->requires_grad ? replay_number(c, value) : value;
}

static bool service_equal(as_ctx *c, as_t a, as_t b)
{
    bool same = tensor_equal(c, a, b);
    if (context_of(c)->replay && (a->requires_grad || b->requires_grad))
        return replay_number(c, same) != 0;
    return same;
}

static bool service_no_grad(as_ctx *c, bool on)
{
    return !tape_recording(c, !on);
}

static bool service_gradients(as_ctx *c, as_t y, as_t grad_y, const as_t *x, int n, bool create_graph,
                              as_t *grad_x)
{
    if (!context_ok(c) || !tape_gradients(c, y, grad_y, x, n, create_graph, grad_x))
        return false;
    for (int k = 0; k < n && !create_graph && context_of(c)->replay; k++)
        grad_x[k] = replay_tensor(c, grad_x[k]);
    return context_ok(c);
}

void tape_services(as_services *s)
{
    s->size = sizeof *s;
    s->op = tape_op;
    s->fail = context_fail_list;
    s->ok = context_ok;
    s->inert = service_inert;
    s->rank = service_rank;
    s->dim = service_dim;
    s->dtype = service_dtype;
    s->count = service_count;
    s->full = service_full;
    s->arange = service_arange;
    s->from = service_from;
    s->working = service_working;
    s->data = tensor_data;
    s->item = service_item;
    s->open = scope_open;
    s->close = scope_close;
    s->detach = tape_detach;
    s->no_grad = service_no_grad;
    s->gradients = service_gradients;
    s->equal = service_equal;
}
