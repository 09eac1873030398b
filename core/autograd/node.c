#include "autograd/node.h"

#include "autograd/per_sample.h"
#include "autograd/trace.h"
#include "tensor/alloc.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_INPUTS 3

static node *node_new(int n)
{
    node *x = alloc_get(sizeof *x);
    if (!x)
        return NULL;
    memset(x, 0, offsetof(node, small));
    x->refs = 1;
    x->n = n;
    x->in = x->small;
    if (n > SMALL_INPUTS) {
        x->in = alloc_get((size_t)n * sizeof(node_input));
        if (!x->in) {
            alloc_put(x, sizeof *x);
            return NULL;
        }
    }
    for (int i = 0; i < n; i++)
        x->in[i].from = NULL, x->in[i].saved = NULL;
    return x;
}

void node_spend(node *n)
{
    for (int i = 0; i < n->n; i++) {
        as_t saved = n->in[i].saved;
        n->in[i].saved = NULL;
        tensor_unref(saved);
    }
    tensor_unref(n->out);
    tensor_unref(n->found);
    n->out = n->found = NULL;
    n->spent = true;
}

/* A chain of nodes may be long: freeing one frees the next, so they queue here instead of on the stack. */
static node *condemned;

void node_unref(node *n)
{
    static bool draining;
    if (--n->refs > 0)
        return;
    n->next = condemned;
    condemned = n;
    if (draining)
        return;
    draining = true;
    while (condemned) {
        node *x = condemned;
        condemned = x->next;
        node_spend(x);
        for (int i = 0; i < x->n; i++)
            if (x->in[i].from)
                node_unref(x->in[i].from);
        tensor_unref(x->grad);
        if (x->in != x->small)
            alloc_put(x->in, (size_t)x->n * sizeof(node_input));
        alloc_put(x, sizeof *x);
    }
    draining = false;
}

static void drop(node *n, as_t of)
{
    if (n->leaf == of)
        n->leaf = NULL;
    node_unref(n);
}

node *node_of(as_ctx *c, as_t x)
{
    if (x->node)
        return x->node;
    tensor_drop_node = drop;
    x->node = node_new(0);
    if (x->node)
        x->node->leaf = x;
    else
        context_fail(c, "out of memory: a node of the graph");
    return x->node;
}

bool node_record(as_ctx *c, const op *o, const op_call *call, as_t out)
{
    node *n = node_new(call->n);
    as_t alias = n && (o->saves & OP_SAVES_OUTPUT) ? tensor_alias(c, out) : NULL;
    if (!n || !context_ok(c)) {
        if (n)
            node_unref(n);
        context_fail(c, "out of memory: a node of the graph");
        return false;
    }
    tensor_drop_node = drop;
    n->op = o;
    n->code = call->code;
    n->attr = call->attr;
    if (trace_nan_on() || per_sample_may_merge(call, out))
        n->line = context_line(c);
    if (alias) {
        n->out = tensor_ref(alias);
        n->out_version = alias->store->version;
    }
    if (call->found) {
        n->found = tensor_ref(call->found);
        n->found_version = call->found->store->version;
    }
    for (int i = 0; i < call->n; i++) {
        as_t x = call->in[i];
        node_input *in = &n->in[i];
        in->dims = tensor_dims(x);
        in->dtype = (as_dtype)x->dtype;
        if (x->requires_grad) {
            in->from = node_of(c, x);
            if (in->from)
                in->from->refs++;
        }
        bool last = i == call->n - 1 && o->saves & OP_SAVES_LAST;
        if (last || (i < 8 && o->saves >> i & 1)) {
            in->saved = tensor_ref(x);
            in->version = x->store->version;
        }
    }
    out->node = n;
    out->requires_grad = true;
    return context_ok(c);
}
