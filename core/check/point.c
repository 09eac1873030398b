/* Saved state and the models' parameters, put back together: what trains is compared like what does not. */
#include "check/internal.h"

static as_t copied(as_ctx *c, as_t x)
{
    as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    return context_ok(c) && tensor_assign(c, y, x) ? y : NULL;
}

/* The instance's state, not shared with it. */
static as_state *copied_state(as_ctx *c, instance *i)
{
    as_state *shared = instance_state(i), *copy = shared ? state_new() : NULL;
    as_error e = {{0}};
    for (int k = 0; copy && context_ok(c) && k < shared->count; k++) {
        as_t y = copied(c, shared->entries[k].tensor);
        if (y && !state_put(copy, shared->entries[k].name, y, &e))
            context_fail(c, "%s", e.text);
    }
    state_free(shared);
    if (context_ok(c) && copy)
        return copy;
    state_free(copy);
    return NULL;
}

bool point_take(subject *s, instance *i, const inputs *in, point *at)
{
    as_scope scope = scope_open(s->c);
    *at = (point){.state = copied_state(s->c, i)};
    for (int k = 0; k < in->n && at->state; k++) {
        as_t parameter[2];
        if (!in->model[k])
            continue;
        smooth_parameters(in->model[k], parameter);
        for (int j = 0; j < 2; j++) {
            as_t copy = copied(s->c, parameter[j]);
            at->parameter[k][j] = copy ? tensor_ref(copy) : NULL;
        }
    }
    scope_close(s->c, scope, NULL);
    return at->state && context_ok(s->c);
}

bool point_restore_models(subject *s, const inputs *in, const point *at)
{
    for (int k = 0; k < in->n; k++) {
        as_t parameter[2];
        if (!in->model[k])
            continue;
        smooth_parameters(in->model[k], parameter);
        for (int j = 0; j < 2; j++)
            if (!tensor_assign(s->c, parameter[j], at->parameter[k][j]))
                return false;
    }
    return context_ok(s->c);
}

bool point_restore(subject *s, instance *i, const inputs *in, const point *at)
{
    return point_restore_models(s, in, at) && instance_load(i, at->state);
}

void point_drop(point *at)
{
    for (int k = 0; k < SIGNATURE_PLACES; k++)
        for (int j = 0; j < 2; j++)
            tensor_unref(at->parameter[k][j]);
    state_free(at->state);
    *at = (point){0};
}

bool point_same_state(as_ctx *c, const point *a, const point *b)
{
    bool same = a->state->count == b->state->count;
    for (int k = 0; same && k < a->state->count; k++) {
        as_t other = state_find(b->state, a->state->entries[k].name);
        same = other && tensor_equal(c, a->state->entries[k].tensor, other);
    }
    return same;
}

bool point_moved(as_ctx *c, const point *a, const point *b, int k)
{
    return !tensor_equal(c, a->parameter[k][0], b->parameter[k][0]) ||
           !tensor_equal(c, a->parameter[k][1], b->parameter[k][1]);
}
