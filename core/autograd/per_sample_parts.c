/* What one use of a parameter adds to the gradients of each item. */
#include "autograd/per_sample_parts.h"

#include <assay/operations.h>

#include <string.h>

as_t part_squares_of(as_ctx *c, as_t x)
{
    return as_squeeze(c, as_sum(c, as_square(c, as_reshape(c, x, AS_DIMS(as_dim(c, x, 0), -1))), -1), -1);
}

/* The batch along the first axis and alone there: [..., items f, ...] -> [items, ..., f, ...]. */
static as_t items_first(as_ctx *c, as_t x, int axis, int64_t items)
{
    as_dims d = tensor_dims(x);
    if (axis == 0 && d.size[0] == items)
        return x;
    if (d.rank == AS_MAX_RANK)
        return context_fail(c, "%d axes leave none for the items of a folded batch", AS_MAX_RANK);
    for (int i = d.rank++; i > axis; i--)
        d.size[i] = d.size[i - 1];
    d.size[axis + 1] /= items;
    d.size[axis] = items;
    as_attr attr = {{d.rank, axis}, {0}};
    for (int i = 1; i < d.rank; i++)
        attr.i[1 + i] = i <= axis ? i - 1 : i;
    as_t y = as_reshape(c, x, d);
    return axis == 0 ? y : as_op(c, AS_OP_PERMUTE, &y, 1, &attr);
}

/* ---- summed over what the parameter is broadcast along ---- */

/* h of the result's sizes -> [items, count]; `sizes` are the parameter's, lined up from the right. */
static bool sum_down(as_ctx *c, const use *u, as_t h, const as_dims *sizes, part *p)
{
    as_dims full = {u->out.rank, {0}};
    for (int i = 0; i < full.rank; i++) {
        int at = i - (full.rank - sizes->rank);
        full.size[i] = at < 0 ? 1 : sizes->size[at];
    }
    as_t first = items_first(c, h, u->axis, p->items);
    if (!context_ok(c))
        return false;
    bool split = as_rank(c, first) > full.rank; /* (items, f) stand where items f did */
    as_dims d = {full.rank + split, {p->items}};
    for (int i = 0, at = 1; i < full.rank; i++)
        if (i != u->axis || split)
            d.size[at++] = full.size[i];
    p->form = PART_SUMMED;
    p->g = as_reshape(c, as_op_dims(c, AS_OP_SUM_TO, first, d), AS_DIMS(p->items, -1));
    return context_ok(c);
}

/* x before weight and bias, as the normalising node made it */
static as_t standardised(as_ctx *c, const node *n)
{
    const as_t in[2] = {n->in[0].saved, n->in[1].saved};
    return as_op(c, n->code, in, n->code == AS_OP_BATCH_NORM ? 2 : 1, &n->attr);
}

static bool of_norm(as_ctx *c, const use *u, part *p)
{
    const node *n = u->by;
    bool scales = u->at == (n->code == AS_OP_BATCH_NORM ? 2 : 1);
    as_dims sizes = n->in[u->at].dims;
    if (n->code != AS_OP_LAYER_NORM) { /* [C] beside [B, C, ...] */
        sizes = (as_dims){u->out.rank - 1, {n->in[0].dims.size[1]}};
        for (int i = 1; i < sizes.rank; i++)
            sizes.size[i] = 1;
    }
    return sum_down(c, u, scales ? as_mul(c, u->g, standardised(c, n)) : u->g, &sizes, p);
}

/* The other input of an elementwise operation times what arrives. NULL: not known. */
static as_t of_binary(as_ctx *c, const use *u)
{
    const node *n = u->by;
    as_t other = n->in[1 - u->at].saved;
    switch (n->code) {
    case AS_OP_ADD:
        return u->g;
    case AS_OP_SUB:
        return u->at == 0 ? u->g : as_neg(c, u->g);
    case AS_OP_MUL:
        return as_mul(c, u->g, other);
    case AS_OP_DIV:
        if (u->at == 0)
            return as_div(c, u->g, other);
        return as_neg(c, as_mul(c, u->g, as_div(c, other, as_square(c, n->in[1].saved))));
    default:
        return NULL;
    }
}

/* ---- products of inputs and arriving gradients ---- */

static void of_linear(as_ctx *c, const use *u, part *p)
{
    as_t x = items_first(c, u->by->in[0].saved, u->axis, p->items);
    as_t g = items_first(c, u->g, u->axis, p->items);
    p->form = PART_OUTER;
    p->inputs = as_dim(c, x, -1);
    p->outputs = as_dim(c, g, -1);
    p->x = as_reshape(c, x, AS_DIMS(p->items, -1, p->inputs));
    p->g = as_reshape(c, g, AS_DIMS(p->items, -1, p->outputs));
    p->places = as_dim(c, p->g, 1);
}

static void of_conv(as_ctx *c, const use *u, part *p)
{
    const as_dims *w = &u->by->in[1].dims;
    int64_t folded = u->out.size[0] / p->items;
    p->form = PART_OUTER;
    p->unfold = true;
    p->groups = u->by->attr.i[6] * folded;
    p->inputs = w->size[1] * w->size[2] * w->size[3];
    p->outputs = w->size[0] / u->by->attr.i[6];
    p->places = u->out.size[2] * u->out.size[3];
    p->x = u->by->in[0].saved;
    p->g = as_reshape(c, u->g, AS_DIMS(p->items * p->groups, p->outputs, p->places));
}

static void of_table(as_ctx *c, const use *u, part *p)
{
    const as_dims *table = &u->by->in[0].dims;
    p->form = PART_ROWS;
    p->inputs = table->size[0];
    p->g = as_reshape(c, u->g, AS_DIMS(p->items, u->out.size[0] / p->items, -1));
    p->x = as_reshape(c, u->by->in[1].saved, AS_DIMS(p->items, -1));
    p->places = as_dim(c, p->g, 1);
    p->outputs = as_dim(c, p->g, 2);
}

bool part_make(as_ctx *c, const use *u, int64_t items, part *p)
{
    const node *n = u->by;
    *p = (part){.u = u, .items = items, .groups = 1, .dtype = (as_dtype)u->g->dtype};
    switch (n->code) {
    case AS_OP_LINEAR:
        if (u->at == 2)
            return sum_down(c, u, u->g, &n->in[2].dims, p);
        if (u->at == 1)
            return of_linear(c, u, p), context_ok(c);
        break;
    case AS_OP_MATMUL: /* by the weight itself, so its gradient lies the other way */
        if (u->at == 1 && n->in[1].dims.rank == 2)
            return of_linear(c, u, p), p->swapped = true, context_ok(c);
        break;
    case AS_OP_CONV2D: /* a folded batch would have several convolutions an item */
        if (u->at == 1 && u->out.size[0] == items)
            return of_conv(c, u, p), context_ok(c);
        if (u->at == 2)
            return sum_down(c, u, u->g, &AS_DIMS(n->in[2].dims.size[0], 1, 1), p);
        break;
    case AS_OP_INDEX_SELECT:
        if (u->at == 0 && n->attr.i[0] == 0 && u->axis == 0)
            return of_table(c, u, p), context_ok(c);
        break;
    case AS_OP_LAYER_NORM:
    case AS_OP_GROUP_NORM:
    case AS_OP_BATCH_NORM:
        return of_norm(c, u, p);
    default: {
        as_t h = n->n == 2 ? of_binary(c, u) : NULL;
        if (h)
            return sum_down(c, u, h, &n->in[u->at].dims, p);
    }
    }
    char line[CONTEXT_LINE];
    context_fail(c, "a parameter goes into %s%s, whose gradient of one item is not known", n->op->name,
                 context_line_text(c, n->line, line));
    return false;
}

static as_t cut(as_ctx *c, as_t x, int64_t begin, int64_t end)
{
    return as_slice(c, x, 0, begin, end, 1);
}

/* x and g of items begin .. end-1 as [(end - begin) groups, places, inputs] and [..., places, outputs] */
static void outer_factors(as_ctx *c, const part *p, int64_t begin, int64_t end, as_t *x, as_t *g)
{
    *x = cut(c, p->x, begin, end);
    *g = cut(c, p->g, begin * p->groups, end * p->groups);
    if (!p->unfold)
        return;
    const as_attr *attr = &p->u->by->attr;
    const as_dims *w = &p->u->by->in[1].dims, *out = &p->u->out;
    if (context_ok(c))
        *x = as_transpose(c, forward_unfold(c, *x, attr, w->size[2], w->size[3], out->size[2], out->size[3]));
    *g = as_transpose(c, *g);
}

/* The places' rows moved into a table of each item's own, one after the other. */
static as_t table_gradient(as_ctx *c, const part *p, int64_t begin, int64_t end)
{
    as_t g = as_reshape(c, cut(c, p->g, begin, end), AS_DIMS(-1, p->outputs));
    as_t place = tensor_dense(c, cut(c, p->x, begin, end));
    as_t own = tensor_new(c, AS_I64, AS_DIMS(place->count));
    if (!context_ok(c))
        return own;
    for (int64_t i = 0; i < place->count; i++)
        ((int64_t *)own->data)[i] = ((const int64_t *)place->data)[i] + i / p->places * p->inputs;
    const as_t in[2] = {g, own};
    as_attr attr = {{0, (end - begin) * p->inputs}, {0}};
    return as_op(c, AS_OP_INDEX_ADD, in, 2, &attr);
}

as_t part_gradient(as_ctx *c, const part *p, int64_t begin, int64_t end)
{
    const as_dims *sizes = &p->u->by->in[p->u->at].dims;
    as_dims d = {sizes->rank + 1, {end - begin}};
    memcpy(d.size + 1, sizes->size, (size_t)sizes->rank * sizeof *d.size);
    as_t all, x, g;
    if (p->form == PART_SUMMED) {
        all = cut(c, p->g, begin, end);
    } else if (p->form == PART_ROWS) {
        all = table_gradient(c, p, begin, end);
    } else {
        outer_factors(c, p, begin, end, &x, &g);
        all = p->swapped ? as_matmul(c, as_transpose(c, x), g) : as_matmul(c, as_transpose(c, g), x);
    }
    return as_reshape(c, all, d);
}

/* 1 where two places of an item took the same row: [n, places, places] */
static as_t same_rows(as_ctx *c, as_t place, as_dtype dtype)
{
    as_t same = as_op2(c, AS_OP_EQ, as_unsqueeze(c, place, 1), as_unsqueeze(c, place, 2));
    return as_cast(c, same, dtype);
}

as_t part_square(as_ctx *c, const part *p, int64_t begin, int64_t end)
{
    if (p->form == PART_SUMMED)
        return part_squares_of(c, cut(c, p->g, begin, end));
    as_t x, g;
    if (p->form == PART_ROWS) {
        g = cut(c, p->g, begin, end);
        x = same_rows(c, cut(c, p->x, begin, end), p->dtype);
    } else {
        outer_factors(c, p, begin, end, &x, &g);
        if (p->places * p->groups == 1)
            return as_mul(c, part_squares_of(c, x), part_squares_of(c, g));
        x = as_matmul(c, x, as_transpose(c, x));
    }
    as_t both = as_mul(c, x, as_matmul(c, g, as_transpose(c, g)));
    return as_squeeze(c, as_sum(c, as_reshape(c, both, AS_DIMS(end - begin, -1)), -1), -1);
}

bool part_has_trick(const part *p)
{
    int64_t whole = p->inputs * p->outputs;
    if (p->form == PART_ROWS)
        return p->places * p->places * p->outputs <= whole + p->places * p->outputs;
    return p->form == PART_SUMMED || p->places * (p->inputs + p->outputs) <= whole;
}

int64_t part_bytes(const part *p, bool trick)
{
    if (p->form == PART_SUMMED)
        return 0;
    int64_t count = trick ? 2 * p->places * p->places : 2 * p->inputs * p->outputs;
    if (p->unfold)
        count += p->inputs * p->places;
    return count * p->groups * (int64_t)tensor_item_bytes(p->dtype);
}
