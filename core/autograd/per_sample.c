#include "autograd/per_sample.h"

#include "autograd/node.h"

#include <assay/operations.h>

#include <stdlib.h>
#include <string.h>

#define USES_MAX 512

/* A parameter as input `at` of a node, perhaps through a reshape or a permute. */
typedef struct {
    node *by;
    int at, parameter;
    as_t g; /* what arrives at the node's result */
} use;

typedef struct {
    as_ctx *c;
    const as_t *x;
    int n, uses;
    int64_t items;
    use use[USES_MAX];
    as_t stub[USES_MAX], g[USES_MAX];
} search;

static int parameter_of(const search *s, const node *from)
{
    for (int k = 0; k < s->n; k++)
        if (s->x[k]->node && s->x[k]->node == from)
            return k;
    bool moved = from->op && (from->code == AS_OP_RESHAPE || from->code == AS_OP_PERMUTE);
    return moved && from->in[0].from ? parameter_of(s, from->in[0].from) : -1;
}

static bool along_batch(const node *n)
{
    switch (n->code) {
    case AS_OP_SUM:
    case AS_OP_MEAN:
    case AS_OP_MAX:
    case AS_OP_MIN:
    case AS_OP_LOGSUMEXP:
    case AS_OP_NORM:
        return n->attr.i[0] & 1;
    case AS_OP_SOFTMAX:
    case AS_OP_LOG_SOFTMAX:
    case AS_OP_CUMSUM:
    case AS_OP_CONCAT:
    case AS_OP_SLICE:
    case AS_OP_INDEX_SELECT:
    case AS_OP_INDEX_ADD:
        return n->attr.i[0] == 0;
    case AS_OP_PERMUTE:
        return n->attr.i[1] != 0;
    case AS_OP_BATCH_NORM:
        return !n->attr.i[0];
    default:
        return false;
    }
}

/* Notes which parameters this node takes; fails where items of the batch meet. */
static bool look_at(search *s, node *n)
{
    if (parameter_of(s, n) >= 0)
        return true;
    for (int i = 0; i < n->n; i++) {
        if (!n->in[i].from)
            continue;
        int k = parameter_of(s, n->in[i].from);
        if (k < 0) {
            bool whole = n->in[i].dims.rank > 0 && n->in[i].dims.size[0] == s->items && !along_batch(n);
            if (n->in[i].from->op && !whole)
                return context_fail(s->c, "%s merges the batch of %lld items: no gradient of one item",
                                    n->op->name, (long long)s->items),
                       false;
            continue;
        }
        if (s->uses == USES_MAX)
            return context_fail(s->c, "parameters are used more than %d times", USES_MAX), false;
        s->use[s->uses++] = (use){.by = n, .at = i, .parameter = k};
    }
    return true;
}

/* Every node once, through links that only walks use. Marks count down from the top, walks' count up. */
static bool search_graph(search *s, node *root)
{
    static uint64_t mark = UINT64_MAX;
    mark--;
    root->mark = mark;
    root->next = NULL;
    for (node *n = root; n;) {
        node *rest = n->next;
        if (n->op && !look_at(s, n))
            return false;
        for (int i = 0; i < n->n; i++) {
            node *from = n->in[i].from;
            if (!from || from->mark == mark)
                continue;
            from->mark = mark;
            from->next = rest;
            rest = from;
        }
        n = rest;
    }
    return true;
}

/* [B, ...] -> [B, count], summed over what the parameter is broadcast along */
static as_t down_to(as_ctx *c, as_t g, const as_dims *d, int64_t items)
{
    as_dims full = {as_rank(c, g), {items}};
    for (int i = 1; i < full.rank; i++) {
        int at = i - (full.rank - d->rank);
        full.size[i] = at < 0 ? 1 : d->size[at];
    }
    return as_reshape(c, as_op_dims(c, AS_OP_SUM_TO, g, full), AS_DIMS(items, -1));
}

static as_t middle_summed(as_ctx *c, as_t x, int64_t items, int64_t last)
{
    as_t y = as_reshape(c, x, AS_DIMS(items, -1, last));
    return as_squeeze(c, as_sum(c, y, 1), 1);
}

/* x before weight and bias, as the normalising node made it */
static as_t standardised(as_ctx *c, const node *n)
{
    const as_t in[2] = {n->in[0].saved, n->in[1].saved};
    return as_op(c, n->code, in, n->code == AS_OP_BATCH_NORM ? 2 : 1, &n->attr);
}

static as_t conv_weights(as_ctx *c, const node *n, as_t g, int64_t items)
{
    as_attr attr = n->attr;
    attr.i[7] = n->in[1].dims.size[2];
    attr.i[8] = n->in[1].dims.size[3];
    as_dims dims = {5, {items}};
    int64_t count = 1;
    for (int i = 0; i < 4; i++)
        count *= dims.size[i + 1] = n->in[1].dims.size[i];
    as_t y = tensor_new(c, n->in[1].dtype, dims);
    size_t bytes = (size_t)count * tensor_item_bytes(n->in[1].dtype);
    for (int64_t b = 0; b < items && context_ok(c); b++) {
        as_scope s = scope_open(c);
        const as_t in[2] = {as_slice(c, n->in[0].saved, 0, b, b + 1, 1), as_slice(c, g, 0, b, b + 1, 1)};
        as_t w = tensor_dense(c, as_op(c, AS_OP_CONV2D_WEIGHT, in, 2, &attr));
        if (context_ok(c))
            memcpy((char *)y->data + (size_t)b * bytes, w->data, bytes);
        scope_close(c, s, NULL);
    }
    return as_reshape(c, y, AS_DIMS(items, -1));
}

static as_t squares(as_ctx *c, as_t x, int64_t items)
{
    return as_squeeze(c, as_sum(c, as_square(c, as_reshape(c, x, AS_DIMS(items, -1))), -1), -1);
}

/* A use's part of the gradients, [B, count] in the parameter's order; or, where `square` is wanted and a
 * product of norms gives it, only [B] squared norms there, and NULL. */
static as_t part_of(search *s, const use *u, as_t *square)
{
    as_ctx *c = s->c;
    const node *n = u->by;
    as_t x = n->in[0].saved;
    int64_t items = s->items;
    bool weight = u->at == 1, flat = n->in[0].dims.rank == 2;
    switch (n->code) {
    case AS_OP_MATMUL: /* by the transposed weight, as a linear layer without a bias */
        if (!weight || n->in[1].from->code != AS_OP_PERMUTE || n->in[1].dims.rank != 2)
            break;
        /* fall through */
    case AS_OP_LINEAR:
        if (u->at == 2)
            return middle_summed(c, u->g, items, n->in[2].dims.size[0]);
        if (weight && flat && square) {
            *square = as_mul(c, squares(c, x, items), squares(c, u->g, items));
            return NULL;
        }
        if (weight) {
            as_t rows = as_reshape(c, x, AS_DIMS(items, -1, as_dim(c, x, -1)));
            as_t g = as_reshape(c, u->g, AS_DIMS(items, -1, as_dim(c, u->g, -1)));
            return as_reshape(c, as_matmul(c, as_transpose(c, g), rows), AS_DIMS(items, -1));
        }
        break;
    case AS_OP_CONV2D:
        if (weight)
            return conv_weights(c, n, u->g, items);
        break;
    case AS_OP_ADD:
        if (n->in[u->at].dims.rank < as_rank(c, u->g))
            return down_to(c, u->g, &n->in[u->at].dims, items);
        break;
    case AS_OP_LAYER_NORM:
    case AS_OP_GROUP_NORM:
    case AS_OP_BATCH_NORM: {
        bool scales = u->at == (n->code == AS_OP_BATCH_NORM ? 2 : 1);
        as_t g = scales ? as_mul(c, u->g, standardised(c, n)) : u->g;
        if (n->code == AS_OP_LAYER_NORM)
            return down_to(c, g, &n->in[u->at].dims, items);
        g = as_reshape(c, g, AS_DIMS(items, n->in[0].dims.size[1], -1));
        return as_squeeze(c, as_sum(c, g, -1), -1);
    }
    default:
        break;
    }
    return context_fail(c, "a parameter goes into %s, whose gradient of one item is not known", n->op->name);
}

static bool gradients_at_uses(search *s, as_t loss)
{
    for (int i = 0; i < s->uses && context_ok(s->c); i++) {
        as_t stub = tensor_new(s->c, (as_dtype)loss->dtype, AS_SCALAR);
        if (!context_ok(s->c))
            return false;
        stub->node = s->use[i].by; /* stands for the node's result, which may be gone */
        stub->node->refs++;
        stub->requires_grad = true;
        s->stub[i] = stub;
    }
    as_t total = as_sum(s->c, loss, AS_ALL);
    if (!context_ok(s->c) || !tape_gradients(s->c, total, NULL, s->stub, s->uses, false, s->g))
        return false;
    for (int i = 0; i < s->uses; i++)
        s->use[i].g = s->g[i];
    return true;
}

/* Parameter k: its gradients [B, count], or their squared norms alone where that is enough. */
static as_t of_parameter(search *s, int k, as_t *square)
{
    as_t all = NULL;
    int uses = 0;
    for (int i = 0; i < s->uses; i++)
        uses += s->use[i].parameter == k;
    for (int i = 0; i < s->uses && context_ok(s->c); i++) {
        if (s->use[i].parameter != k)
            continue;
        as_t part = part_of(s, &s->use[i], uses == 1 ? square : NULL);
        all = part && all ? as_add(s->c, all, part) : part ? part : all;
    }
    return all;
}

static void results(search *s, as_t *norm, as_t *each)
{
    as_ctx *c = s->c;
    as_t total = NULL;
    for (int k = 0; k < s->n && context_ok(c); k++) {
        as_t square = NULL, all = of_parameter(s, k, each ? NULL : &square);
        as_dims d = {s->x[k]->rank + 1, {s->items}};
        for (int i = 0; i < s->x[k]->rank; i++)
            d.size[i + 1] = s->x[k]->size[i];
        if (context_ok(c) && each)
            each[k] = all ? as_reshape(c, all, d) : tensor_full(c, (as_dtype)s->x[k]->dtype, d, 0);
        if (norm && !square && all)
            square = squares(c, all, s->items);
        if (square)
            total = total ? as_add(c, total, square) : square;
    }
    if (norm && context_ok(c))
        *norm = total ? as_sqrt(c, total) : tensor_full(c, AS_F32, AS_DIMS(s->items), 0);
}

bool tape_per_sample(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each)
{
    char text[TENSOR_TEXT];
    if (loss->rank != 1 || !loss->requires_grad || !loss->node)
        return context_fail(c, "the losses are %s, expected [B], computed from the parameters",
                            tensor_shape_text(loss, text)),
               false;
    search *s = calloc(1, sizeof *s);
    if (!s)
        return context_fail(c, "out of memory: %zu bytes", sizeof *s), false;
    s->c = c;
    s->x = x;
    s->n = n;
    s->items = loss->size[0];
    if (search_graph(s, loss->node) && gradients_at_uses(s, loss)) {
        bool recording = tape_recording(c, false);
        results(s, norm, each);
        tape_recording(c, recording);
    }
    free(s);
    return context_ok(c);
}
