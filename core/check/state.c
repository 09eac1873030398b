/* What a plugin keeps from call to call: repeats, saved and loaded state, reset, training. */
#include "check/internal.h"

#include "tensor/alloc.h"

#include <malloc.h>

/* ---- repeat ---- */

/* Leaves bytes where the next call's stack will be. */
static __attribute__((noinline)) void litter_stack(int byte)
{
    volatile unsigned char below[1 << 16];
    for (size_t k = 0; k < sizeof below; k++)
        below[k] = (unsigned char)byte;
}

/* Two calls, over memory that holds `byte` wherever nobody has written. */
static bool call_twice(subject *s, outputs o[2], int byte)
{
    fresh f;
    mallopt(M_PERTURB, byte);
    alloc_litter(byte);
    bool good = fresh_open(s, &f);
    for (int k = 0; good && k < 2; k++) {
        litter_stack(byte);
        good = subject_call(s, f.i, &f.in, &o[k]);
    }
    fresh_close(&f);
    mallopt(M_PERTURB, 0);
    alloc_litter(0);
    return good;
}

/* Two new instances of one number do the same: nothing comes from clocks, globals, other random numbers or
 * memory that was never written. */
void check_repeat(subject *s)
{
    outputs a[2] = {{0}}, b[2] = {{0}};
    if (!call_twice(s, a, 0x55) || !call_twice(s, b, 0xAA))
        subject_refused(s, "a call with the inputs it took before");
    for (int k = 0; k < 2 && s->result == CHECK_PASSED; k++)
        if (!outputs_equal(s->c, &a[k], &b[k]))
            subject_fail(
                s,
                "call %d of two new instances gave other bits: a draw that is not as_rand's, something"
                " kept outside the instance, or memory read that was never written",
                k + 1);
    for (int k = 0; k < 2; k++) {
        outputs_drop(&a[k]);
        outputs_drop(&b[k]);
    }
}

/* ---- state ---- */

/* The same call from the same point, twice in one instance or in two: the same outputs, the same next state.
 */
static void compare_from(subject *s, const point *at, const fresh *f, const fresh *g, const char *where)
{
    outputs first = {0}, second = {0};
    point after = {0}, again = {0};
    bool good = point_restore(s, f->i, &f->in, at) && subject_call(s, f->i, &f->in, &first) &&
                point_take(s, f->i, &f->in, &after) && point_restore(s, g->i, &g->in, at) &&
                subject_call(s, g->i, &g->in, &second) && point_take(s, g->i, &g->in, &again);
    if (!good)
        subject_refused(s, "a call after loading");
    else if (!outputs_equal(s->c, &first, &second))
        subject_fail(s, "%s gave other bits: something the next call needs is not registered", where);
    else if (!point_same_state(s->c, &after, &again))
        subject_fail(s, "the same call in %s left another state", where);
    outputs_drop(&first);
    outputs_drop(&second);
    point_drop(&after);
    point_drop(&again);
}

static bool keeps(const instance *i)
{
    return i->self || i->state_count > 0 || i->stream_count > 0;
}

void check_state(subject *s)
{
    fresh f, g = {0};
    point at = {0};
    bool good = fresh_open(s, &f) && subject_call_times(s, &f, 2) && point_take(s, f.i, &f.in, &at);
    if (!good)
        subject_refused(s, "calls before saving");
    else if (!keeps(f.i))
        subject_leave(s, "it keeps nothing");
    else if (!fresh_open(s, &g))
        subject_refused(s, "a second instance");
    else {
        compare_from(s, &at, &f, &f, "the instance that went back to a saved state");
        compare_from(s, &at, &f, &g, "a new instance that loaded the state");
    }
    point_drop(&at);
    fresh_close(&f);
    fresh_close(&g);
}

/* ---- reset ---- */

void check_reset(subject *s)
{
    fresh f;
    outputs first = {0}, again = {0};
    point start = {0};
    bool good = fresh_open(s, &f) && point_take(s, f.i, &f.in, &start) &&
                subject_call(s, f.i, &f.in, &first) && subject_call_times(s, &f, 1);
    if (good && !keeps(f.i))
        subject_leave(s, "it keeps nothing");
    else if (good &&
             (good = instance_reset(f.i) && point_restore_models(s, &f.in, &start) &&
                     subject_call(s, f.i, &f.in, &again)) &&
             !outputs_equal(s->c, &first, &again))
        subject_fail(s, "after a reset the first call gave other bits than in a new instance: setup must make"
                        " all of the instance's struct anew");
    if (!good)
        subject_refused(s, "calls before and after a reset");
    outputs_drop(&first);
    outputs_drop(&again);
    point_drop(&start);
    fresh_close(&f);
}

/* ---- training ---- */

/* Whether an input of the signature is a group that holds the parameters of the model at place k. */
static bool is_trained(const subject *s, const inputs *in, int k)
{
    for (int g = 0; g < in->n; g++)
        if (in->group[g] && inputs_group_model(s->p->signature, in, g) == k)
            return true;
    return false;
}

/* Over a few steps, for some models move once in several. */
void check_training(subject *s)
{
    enum { STEPS = 12 };
    fresh f;
    point before = {0}, after = {0};
    int groups = 0;
    bool good = fresh_open(s, &f) && point_take(s, f.i, &f.in, &before) && subject_call_times(s, &f, STEPS) &&
                point_take(s, f.i, &f.in, &after);
    for (int k = 0; good && k < f.in.n; k++) {
        bool trained = is_trained(s, &f.in, k), moves;
        if (!f.in.model[k])
            continue;
        moves = point_moved(s->c, &before, &after, k);
        groups += trained;
        if (moves && !trained)
            subject_fail(s, "%s moved, and no group holds it", s->p->signature->in[k].name);
        if (trained && !moves)
            subject_fail(
                s,
                "%s did not move in %d steps: as_update of its group is missing, or its loss does not"
                " depend on it",
                s->p->signature->in[k].name, STEPS);
    }
    if (!good)
        subject_refused(s, "a row of steps");
    else if (groups == 0)
        subject_leave(s, "it takes no group");
    point_drop(&before);
    point_drop(&after);
    fresh_close(&f);
}
