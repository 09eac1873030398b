/* Items, or states, in another order: what the signature says is independent must not notice. */
#include "check/internal.h"

#include "autograd/tape.h"

#include <assay/operations.h>

#include <math.h>

static as_t reversed(subject *s, as_t x)
{
    as_scope scope = scope_open(s->c);
    int64_t n = x->size[0], order[64];
    for (int64_t i = 0; i < n && i < 64; i++)
        order[i] = n - 1 - i;
    as_t index = tensor_from(s->c, AS_I64, (as_dims){1, {n < 64 ? n : 64}}, order);
    as_t y = as_index_select(s->c, x, index, 0);
    if (context_ok(s->c))
        tensor_ref(y);
    scope_close(s->c, scope, NULL);
    return context_ok(s->c) ? y : NULL;
}

static double worst_difference(const struct as_tensor *a, const struct as_tensor *b, bool by_item)
{
    double worst = 0;
    int64_t rows = by_item ? a->size[0] : 1, width = rows > 0 ? a->count / rows : 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < width; j++) {
            double u = tensor_at(a, r * width + j);
            double v = tensor_at(b, (by_item ? rows - 1 - r : r) * width + j);
            worst = fmax(worst, fabs(u - v) / fmax(1, fabs(u)));
        }
    return worst;
}

/* The inputs with everything that says |items reversed. Owned: drop_turned. */
typedef struct {
    inputs in;
    const as_state *list[SIGNATURE_PLACES][CHECK_STATES];
} turned;

static bool turn(subject *s, turned *t)
{
    const signature *sig = s->p->signature;
    t->in = s->in;
    for (int k = 0; k < t->in.n; k++) {
        argument *a = &t->in.in[k];
        if (!sig->in[k].items)
            continue;
        if (a->tensor)
            a->tensor = reversed(s, s->in.in[k].tensor);
        for (int j = 0; a->states && j < a->state_count; j++)
            t->list[k][j] = s->in.in[k].states[a->state_count - 1 - j];
        if (a->states)
            a->states = t->list[k];
    }
    return context_ok(s->c);
}

static void drop_turned(subject *s, turned *t)
{
    for (int k = 0; k < t->in.n; k++)
        if (t->in.in[k].tensor != s->in.in[k].tensor)
            tensor_unref(t->in.in[k].tensor);
}

static void compare(subject *s, const outputs *a, const outputs *b)
{
    const signature *sig = s->p->signature;
    for (int o = 0; o < a->declared; o++) {
        bool by_item = !s->p->d.merge && sig->out[o % (sig->out_count ? sig->out_count : 1)].items;
        double off = worst_difference(a->item[o], b->item[o], by_item);
        if (off > 1e-5)
            subject_fail(s,
                         "output %d changed by %.2g with the order of the items, which |items says are"
                         " independent",
                         o, off);
    }
}

/* Items in reverse order: what belongs to an item goes with it, the rest stays. */
void check_items(subject *s)
{
    outputs a = {0}, b = {0};
    turned t;
    if (!s->p->signature->items) {
        subject_leave(s, "the signature says |items nowhere");
        return;
    }
    instance *i = subject_instance(s), *j = subject_instance(s);
    bool good = turn(s, &t) && i && j;
    for (int k = 0; good && k < 2; k++) { /* twice: state by item must go along, too */
        outputs_drop(&a);
        outputs_drop(&b);
        good = subject_call(s, i, &s->in, &a) && subject_call(s, j, &t.in, &b);
    }
    if (!good)
        subject_refused(s, "the items in another order");
    else
        compare(s, &a, &b);
    outputs_drop(&a);
    outputs_drop(&b);
    instance_free(i);
    instance_free(j);
    drop_turned(s, &t);
}
