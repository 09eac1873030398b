/* Walking the graph backwards from one tensor: in an order where a node comes after all that were computed
 * from it, each node's gradient rule is run once, on the sum of what has arrived. */
#include "autograd/node.h"
#include "autograd/trace.h"

#include <assay/operations.h>

#include <string.h>

static uint64_t walks; /* nodes are marked with the walk that met them */

static void enter(node *n, node *above)
{
    n->mark = walks;
    n->wanted = n->target = false;
    n->place = 0;
    n->next = above;
}

/* Depth first without recursion, links in the nodes. Returns the root; ->before leads through all nodes so
 * that each comes after everything computed from it. */
static node *order(node *root)
{
    node *visited = NULL;
    walks++;
    enter(root, NULL);
    for (node *n = root; n;) {
        node *child = NULL;
        while (!child && n->place < n->n) {
            node *from = n->in[n->place++].from;
            child = from && from->mark != walks ? from : NULL;
        }
        if (child) {
            enter(child, n);
            n = child;
            continue;
        }
        n->before = visited;
        visited = n;
        n = n->next;
    }
    return visited;
}

/* Marks the nodes beyond which something wanted lies; the wanted ones are marked already. */
static void spread_wanted(node *first)
{
    /* ->before runs from root to inputs: reverse it, since inputs decide */
    node *reversed = NULL;
    for (node *n = first; n; n = n->before) {
        n->next = reversed;
        reversed = n;
    }
    for (node *n = reversed; n; n = n->next)
        for (int i = 0; i < n->n && !n->wanted; i++)
            n->wanted = n->in[i].from && n->in[i].from->wanted;
}

as_t node_out(as_ctx *c, const node *n)
{
    if (!context_of(c)->recording)
        return n->out;
    as_t out = tensor_alias(c, n->out);
    if (!context_ok(c))
        return out;
    out->node = (node *)(uintptr_t)n;
    out->node->refs++;
    out->requires_grad = true;
    return out;
}

static bool same_dims(const struct as_tensor *x, const as_dims *d)
{
    return x->rank == d->rank && !memcmp(x->size, d->size, (size_t)d->rank * sizeof *x->size);
}

/* Adds g to what has arrived at input i's node, summed down to the input's shape. */
static void arrive(as_ctx *c, const node_input *in, as_t g)
{
    node *to = in->from;
    if (!same_dims(g, &in->dims))
        g = as_op_dims(c, AS_OP_SUM_TO, g, in->dims);
    if (g->dtype != in->dtype)
        g = as_cast(c, g, in->dtype);
    if (!context_ok(c))
        return;
    if (!to->grad) {
        to->grad = tensor_ref(g);
        return;
    }
    as_t sum = to->grad;
    bool ours = sum->refs == 1 && sum->store->refs == 1 && sum->dense && !sum->requires_grad;
    if (ours && g->dense && !context_of(c)->recording) {
        forward_accumulate(sum, g);
        return;
    }
    to->grad = tensor_ref(as_add(c, sum, g));
    tensor_unref(sum);
}

static bool unchanged(as_ctx *c, const node *n)
{
    bool same = !n->out || n->out->store->version == n->out_version;
    for (int i = 0; i < n->n && same; i++)
        same = !n->in[i].saved || n->in[i].saved->store->version == n->in[i].version;
    if (!same)
        context_fail(c, "%s: a tensor its gradient needs was changed in place since", n->op->name);
    return same;
}

#define INPUTS_MAX 256

static void run_rule(as_ctx *c, node *n)
{
    as_t gx[INPUTS_MAX];
    if (n->spent) {
        context_fail(c, "%s: an earlier backward() has freed this graph; compute it again, or use grad()",
                     n->op->name);
        return;
    }
    if (n->n > INPUTS_MAX) {
        context_fail(c, "%s: the gradient of %d inputs, at most %d", n->op->name, n->n, INPUTS_MAX);
        return;
    }
    if (!unchanged(c, n))
        return;
    for (int i = 0; i < n->n; i++)
        gx[i] = NULL;
    as_scope s = scope_open(c);
    context_of(c)->in_rule = true;
    if (n->op->fused && !context_of(c)->recording)
        n->op->fused(c, n, n->grad, gx);
    else
        n->op->gradient(c, n, n->grad, gx);
    context_of(c)->in_rule = false;
    if (trace_nan_on() && context_ok(c))
        trace_nan_rule(c, n, n->grad, gx);
    for (int i = 0; i < n->n && context_ok(c); i++)
        if (gx[i] && node_needs(n, i))
            arrive(c, &n->in[i], gx[i]);
    scope_close(c, s, NULL);
}

/* A leaf keeps a gradient of its own, so that it may be changed in place. */
static void deposit(as_ctx *c, node *n)
{
    as_t leaf = n->leaf, g = n->grad;
    if (!leaf || !leaf->requires_grad)
        return;
    if (leaf->grad) {
        as_scope s = scope_open(c);
        as_t dense = tensor_dense(c, g);
        if (context_ok(c))
            forward_accumulate(leaf->grad, dense);
        scope_close(c, s, NULL);
        return;
    }
    if (g->refs == 1 && g->store->refs == 1 && g->dense) {
        leaf->grad = g;
        n->grad = NULL;
        return;
    }
    as_scope s = scope_open(c);
    as_t copy = tensor_new(c, (as_dtype)g->dtype, tensor_dims(g));
    if (context_ok(c) && tensor_assign(c, copy, g))
        leaf->grad = tensor_ref(copy);
    scope_close(c, s, NULL);
}

/* Visits nodes from `first` on. backward: leaves deposit, and what a rule has used is freed as the walk goes.
 */
static void visit(as_ctx *c, node *first, bool backward)
{
    for (node *n = first; n; n = n->before) {
        if (!n->grad || !n->wanted || !context_ok(c))
            continue;
        if (n->op) {
            run_rule(c, n);
            if (backward && context_ok(c))
                node_spend(n);
            if (!n->target) {
                tensor_unref(n->grad);
                n->grad = NULL;
            }
        } else if (backward) {
            deposit(c, n);
        }
    }
}

static void clear(node *first)
{
    for (node *n = first; n; n = n->before) {
        tensor_unref(n->grad);
        n->grad = NULL;
    }
}

bool tape_backward(as_ctx *c, as_t y)
{
    char text[TENSOR_TEXT];
    if (!context_ok(c))
        return false;
    if (y->count != 1)
        return context_fail(c, "backward: %s, expected a scalar", tensor_shape_text(y, text)), false;
    if (!y->requires_grad)
        return context_fail(c, "backward: nothing it was computed from requires a gradient"), false;
    node *root = node_of(c, y);
    if (!root)
        return false;
    bool recording = tape_recording(c, false);
    as_scope s = scope_open(c);
    as_t one = tensor_full(c, (as_dtype)y->dtype, tensor_dims(y), 1);
    root->refs++;
    node *first = order(root);
    for (node *n = first; n; n = n->before)
        n->wanted = true;
    if (context_ok(c)) {
        root->grad = tensor_ref(one);
        scope_close(c, s, NULL);
        visit(c, first, true);
    } else {
        scope_close(c, s, NULL);
    }
    clear(first);
    node_unref(root);
    tape_recording(c, recording);
    return context_ok(c);
}

static void gradients_of(as_ctx *c, as_t y, as_t grad_y, const as_t *x, int n, as_t *grad_x)
{
    node *root = node_of(c, y);
    if (!root)
        return;
    root->refs++;
    node *first = order(root);
    for (int k = 0; k < n; k++)
        if (x[k]->requires_grad && x[k]->node && x[k]->node->mark == walks)
            x[k]->node->wanted = x[k]->node->target = true;
    spread_wanted(first);
    root->grad = tensor_ref(grad_y);
    visit(c, first, false);
    for (int k = 0; k < n && context_ok(c); k++)
        if (x[k]->requires_grad && x[k]->node && x[k]->node->mark == walks && x[k]->node->grad)
            grad_x[k] = scope_hold(c, tensor_ref(x[k]->node->grad));
    clear(first);
    node_unref(root);
}

bool tape_gradients(as_ctx *c, as_t y, as_t grad_y, const as_t *x, int n, bool create_graph, as_t *grad_x)
{
    if (!context_ok(c))
        return false;
    for (int k = 0; k < n; k++)
        grad_x[k] = NULL;
    as_dims dims = tensor_dims(y);
    char text[TENSOR_TEXT], other[TENSOR_TEXT];
    if (grad_y && (!same_dims(grad_y, &dims) || grad_y->dtype != y->dtype))
        return context_fail(c, "grad: weights %s of a result %s", tensor_shape_text(grad_y, other),
                            tensor_shape_text(y, text)),
               false;
    for (int k = 0; k < n; k++)
        if (!x[k]->requires_grad)
            return context_fail(c, "grad: input %d, %s, does not require a gradient", k + 1,
                                tensor_shape_text(x[k], text)),
                   false;
    if (!y->requires_grad && !context_of(c)->recording) /* zeros would hide what was forgotten */
        return context_fail(c,
                            "grad: the result, %s, has no history and nothing is recorded: as_record first",
                            tensor_shape_text(y, text)),
               false;
    bool recording = tape_recording(c, create_graph);
    if (!grad_y)
        grad_y = tensor_full(c, (as_dtype)y->dtype, dims, 1);
    if (context_ok(c) && y->requires_grad)
        gradients_of(c, y, grad_y, x, n, grad_x);
    for (int k = 0; k < n && context_ok(c); k++)
        if (!grad_x[k])
            grad_x[k] = tensor_full(c, (as_dtype)x[k]->dtype, tensor_dims(x[k]), 0);
    for (int k = 0; k < n && !context_ok(c); k++)
        grad_x[k] = context_of(c)->inert;
    tape_recording(c, recording);
    return context_ok(c);
}
