/* The search for where a loss takes its parameters, and the gradients of each item from what arrives there.
 */
#include "autograd/per_sample.h"

#include "autograd/node.h"
#include "autograd/per_sample_parts.h"

#include <assay/operations.h>

#include <stdlib.h>
#include <string.h>

#define HELD_BYTES ((int64_t)32 << 20) /* what the gradients of some items may take at once */

typedef struct {
    node *n;
    as_dims dims; /* of its result */
    int axis;     /* of the batch in it */
} place;

/* An input that all items share and that is computed: no parameter may lie below it. */
typedef struct {
    const node *by, *from;
    int at;
} shared;

typedef struct {
    as_ctx *c;
    const as_t *x;
    int n;
    int64_t items;
    place *places; /* met and not yet looked at */
    shared *shared;
    use *use;
    int place_count, shared_count, uses;
    int place_room, shared_room, use_room;
} search;

/* The list with room for one more of `count` items of `size` bytes; NULL and a failure without memory. */
static void *with_room(search *s, void *list, int count, int *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room ? 2 * *room : 64;
    void *grown = realloc(list, (size_t)*room * size);
    if (!grown)
        context_fail(s->c, "out of memory: a graph of %d places", *room);
    return grown ? grown : list;
}

static bool add_place(search *s, place p)
{
    s->places = with_room(s, s->places, s->place_count, &s->place_room, sizeof p);
    if (context_ok(s->c))
        s->places[s->place_count++] = p;
    return context_ok(s->c);
}

static int parameter_of(const search *s, const node *from)
{
    for (;;) {
        for (int k = 0; k < s->n; k++)
            if (s->x[k]->node == from)
                return k;
        if (!is_view(from) || !from->in[0].from)
            return -1;
        from = from->in[0].from;
    }
}

static bool merges(search *s, const node *by)
{
    char line[CONTEXT_LINE];
    context_fail(s->c, "%s%s merges the batch of %lld items: no gradient of one item", by->op->name,
                 context_line_text(s->c, by->line, line), (long long)s->items);
    return false;
}

/* Marks count down from the top; those of the tape's walks count up. */
static uint64_t last_mark = UINT64_MAX;

static bool meet(search *s, const node *by, int i, int axis, uint64_t mark)
{
    node *from = by->in[i].from;
    if (from->mark == mark)
        return from->place == axis || merges(s, by);
    from->mark = mark;
    from->place = axis;
    return add_place(s, (place){from, by->in[i].dims, axis});
}

static bool take_use(search *s, const place *p, int i, int parameter)
{
    const node *n = p->n;
    bool fresh = !n->in[i].saved || n->in[i].saved->store->version == n->in[i].version;
    if (n->spent || !fresh)
        return context_fail(s->c,
                            n->spent ? "%s: an earlier backward() has freed this graph; compute it again"
                                     : "%s: a tensor its gradient needs was changed in place since",
                            n->op->name),
               false;
    s->use = with_room(s, s->use, s->uses, &s->use_room, sizeof *s->use);
    if (!context_ok(s->c))
        return false;
    s->use[s->uses++] = (use){.by = p->n, .at = i, .parameter = parameter, .axis = p->axis, .out = p->dims};
    return true;
}

static bool look_at(search *s, const place *p, uint64_t mark)
{
    node *n = p->n;
    for (int i = 0; i < n->n; i++) {
        const node *from = n->in[i].from;
        if (!from)
            continue;
        int axis = batch_axis_of_input(n, &p->dims, p->axis, s->items, i), k = parameter_of(s, from);
        if (axis >= 0 && n->in[i].dims.size[axis] % s->items)
            axis = -1;
        if (k >= 0 && axis >= 0 && s->items > 1)
            return context_fail(s->c, "parameter %d lies along the batch of %lld items in %s", k + 1,
                                (long long)s->items, n->op->name),
                   false;
        if (k >= 0) {
            if (!take_use(s, p, i, k))
                return false;
        } else if (axis >= 0) {
            if (!meet(s, n, i, axis, mark))
                return false;
        } else {
            s->shared = with_room(s, s->shared, s->shared_count, &s->shared_room, sizeof *s->shared);
            if (!context_ok(s->c))
                return false;
            s->shared[s->shared_count++] = (shared){n, from, i};
        }
    }
    return true;
}

/* Whether a parameter lies below a node, through links that only walks use. */
static bool leads_to_parameter(const search *s, node *root)
{
    uint64_t mark = last_mark--;
    root->mark = mark;
    root->next = NULL;
    for (node *n = root; n;) {
        node *rest = n->next;
        if (parameter_of(s, n) >= 0)
            return true;
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
    return false;
}

static bool search_graph(search *s, as_t loss)
{
    uint64_t mark = last_mark--;
    if (!loss->node->op)
        return context_fail(s->c, "the losses are no result of an operation"), false;
    loss->node->mark = mark;
    loss->node->place = 0;
    if (!add_place(s, (place){loss->node, tensor_dims(loss), 0}))
        return false;
    while (s->place_count > 0) {
        place p = s->places[--s->place_count];
        if (!look_at(s, &p, mark))
            return false;
    }
    for (int i = 0; i < s->shared_count; i++)
        if (leads_to_parameter(s, (node *)(uintptr_t)s->shared[i].from))
            return merges(s, s->shared[i].by);
    return true;
}

/* What arrives at the results that take parameters: of a stand-in for each, since the result may be gone. */
static bool gradients_at_uses(search *s, as_t loss)
{
    as_t *stub = calloc((size_t)(2 * s->uses + 1), sizeof *stub);
    if (!stub)
        return context_fail(s->c, "out of memory: %d uses of parameters", s->uses), false;
    for (int i = 0; i < s->uses && context_ok(s->c); i++) {
        stub[i] = tensor_new(s->c, (as_dtype)loss->dtype, AS_SCALAR);
        if (!context_ok(s->c))
            break;
        stub[i]->node = s->use[i].by;
        stub[i]->node->refs++;
        stub[i]->requires_grad = true;
    }
    as_t total = as_sum(s->c, loss, AS_ALL);
    bool ok = context_ok(s->c) && tape_gradients(s->c, total, NULL, stub, s->uses, false, stub + s->uses);
    for (int i = 0; ok && i < s->uses; i++)
        s->use[i].g = stub[s->uses + i];
    free(stub);
    return ok;
}

/* The parts of parameter k; -1 after a failure. */
static int parts_of(search *s, int k, part *list)
{
    int n = 0;
    for (int i = 0; i < s->uses; i++)
        if (s->use[i].parameter == k && !part_make(s->c, &s->use[i], s->items, &list[n++]))
            return -1;
    return n;
}

/* Items begin .. end-1 of a parameter's gradients, in its own order. */
static as_t gradients_of(search *s, const part *list, int n, int64_t begin, int64_t end)
{
    as_ctx *c = s->c;
    as_t all = NULL;
    for (int i = 0; i < n && context_ok(c); i++) {
        const use *u = list[i].u;
        as_t g = part_gradient(c, &list[i], begin, end);
        const node *target = s->x[u->parameter]->node;
        for (const node *from = u->by->in [u->at].from; from != target; from = from->in[0].from)
            g = unviewed(c, from, g);
        all = all ? as_add(c, all, g) : g;
    }
    return all;
}

/* Fills `square` [items] and `each`, some items at a time; either may be NULL. */
static void fill(search *s, const part *list, int n, as_t square, as_t each)
{
    as_ctx *c = s->c;
    bool trick = !each && n == 1 && part_has_trick(list);
    int64_t bytes = 0, row = each ? each->count / s->items : 0;
    for (int i = 0; i < n; i++)
        bytes += part_bytes(&list[i], trick);
    int64_t step = bytes > 0 ? HELD_BYTES / bytes : s->items;
    step = step < 1 ? 1 : step > s->items ? s->items : step;
    for (int64_t at = 0; at < s->items && context_ok(c); at += step) {
        int64_t end = at + step < s->items ? at + step : s->items;
        as_scope scope = scope_open(c);
        as_t all = trick ? NULL : tensor_dense(c, gradients_of(s, list, n, at, end));
        as_t squares =
            square ? tensor_dense(c, trick ? part_square(c, list, at, end) : part_squares_of(c, all)) : NULL;
        size_t item = tensor_item_bytes(list->dtype);
        if (context_ok(c) && each)
            memcpy((char *)each->data + (size_t)(at * row) * item, all->data, (size_t)all->count * item);
        if (context_ok(c) && square)
            memcpy((char *)square->data + (size_t)at * item, squares->data, (size_t)squares->count * item);
        scope_close(c, scope, NULL);
    }
}

static void results(search *s, as_dtype dtype, part *list, as_t *norm, as_t *each)
{
    as_ctx *c = s->c;
    as_t total = norm ? tensor_full(c, dtype, AS_DIMS(s->items), 0) : NULL;
    for (int k = 0; k < s->n && context_ok(c); k++) {
        as_dims d = {s->x[k]->rank + 1, {s->items}};
        for (int i = 0; i < s->x[k]->rank; i++)
            d.size[i + 1] = s->x[k]->size[i];
        if (each)
            each[k] = tensor_full(c, (as_dtype)s->x[k]->dtype, d, 0);
        as_scope scope = scope_open(c);
        int n = parts_of(s, k, list);
        if (n > 0 && context_ok(c)) {
            as_t square = norm ? tensor_new(c, dtype, AS_DIMS(s->items)) : NULL;
            if (context_ok(c))
                fill(s, list, n, square, each ? each[k] : NULL);
            if (norm && context_ok(c))
                forward_accumulate(total, square);
        }
        scope_close(c, scope, NULL);
    }
    if (norm && context_ok(c))
        *norm = as_sqrt(c, total);
}

bool tape_per_sample(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each)
{
    char text[TENSOR_TEXT];
    if (loss->rank != 1 || !loss->requires_grad || !loss->node)
        return context_fail(c, "the losses are %s, expected [B], computed from the parameters",
                            tensor_shape_text(loss, text)),
               false;
    search s = {.c = c, .x = x, .n = n, .items = loss->size[0]};
    if (s.items == 0)
        return context_fail(c, "the losses are %s: there is no item", tensor_shape_text(loss, text)), false;
    if (search_graph(&s, loss) && gradients_at_uses(&s, loss)) {
        bool recording = tape_recording(c, false);
        part *list = calloc((size_t)s.uses + 1, sizeof *list);
        if (list)
            results(&s, (as_dtype)loss->dtype, list, norm, each);
        else
            context_fail(c, "out of memory: %d uses of parameters", s.uses);
        free(list);
        tape_recording(c, recording);
    }
    free(s.places);
    free(s.shared);
    free(s.use);
    return context_ok(c);
}
