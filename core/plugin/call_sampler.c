/* Samplers: start, steps, finish, with x kept between the calls. */
#include "plugin/call.h"

#include <string.h>

enum { KEPT = 3 };

/* x, x_mean and logw of a position, as a list. */
static void list_of(const as_sample *at, as_t list[KEPT])
{
    list[0] = at->x;
    list[1] = at->x_mean;
    list[2] = at->logw;
}

static void drop(const as_sample *at)
{
    as_t list[KEPT];
    list_of(at, list);
    for (int k = 0; k < KEPT; k++)
        tensor_unref(list[k]);
}

static void check_position(as_ctx *c, const as_sample *before, const as_sample *at)
{
    char was[TENSOR_TEXT], is[TENSOR_TEXT];
    if (!context_ok(c))
        return;
    if (!at->x)
        context_fail(c, "left no x");
    else if (before->x && (at->x->dtype != before->x->dtype || at->x->rank != before->x->rank ||
                           memcmp(at->x->size, before->x->size, at->x->rank * sizeof *at->x->size) != 0))
        context_fail(c, "x was %s and became %s", tensor_shape_text(before->x, was),
                     tensor_shape_text(at->x, is));
}

/* Ends a call that moved `at` on from s->at: keeps the new tensors without history, drops the old. */
static bool move_on(frame *f, sampling *s, as_sample *at)
{
    as_ctx *c = f->ctx;
    as_t list[KEPT];
    check_position(c, &s->at, at);
    list_of(at, list);
    for (int k = 0; k < KEPT && context_ok(c); k++)
        if (list[k])
            list[k] = tape_detach(c, list[k]);
    if (!frame_close(f, list, KEPT))
        return false;
    for (int k = 0; k < KEPT; k++)
        if (list[k])
            tensor_ref(list[k]);
    drop(&s->at);
    s->at = (as_sample){list[0], list[1], list[2], at->steps};
    return true;
}

static bool is_sampler(instance *i)
{
    if (!context_ok(i->ctx))
        return false;
    if (i->plugin->d.start && i->plugin->d.advance)
        return true;
    context_fail(i->ctx, "%s: has no call start: it is one of the %s", i->plugin->name, i->plugin->d.kind);
    return false;
}

bool call_start(instance *i, const argument *in, int n, sampling *s)
{
    frame f;
    *s = (sampling){0};
    if (!is_sampler(i) || !frame_open(&f, i->ctx, i, "start", in, n))
        return false;
    tape_recording(i->ctx, true);
    as_sample at = {0};
    i->plugin->d.start(i->ctx, i->params, f.tensor, &at);
    if (context_ok(i->ctx) && at.steps < 1)
        context_fail(i->ctx, "set %d steps", at.steps);
    int count = i->plugin->signature->in_count;
    memcpy(s->in, f.in, (size_t)count * sizeof *s->in);
    s->bound = f.bound;
    for (int k = 0; k < count; k++) /* they may lie in a scope that ends before the sampling does */
        if (s->in[k].tensor)
            tensor_ref(s->in[k].tensor);
    s->owner = i;
    if (move_on(&f, s, &at))
        return true;
    call_sampling_release(s);
    return false;
}

bool call_advance(sampling *s, int index)
{
    frame f;
    instance *i = s->owner;
    as_sample at = s->at;
    if (index < 0 || index >= at.steps) {
        context_fail(i->ctx, "%s: step %d of %d", i->plugin->name, index, at.steps);
        return false;
    }
    if (!frame_open_unchecked(&f, i->ctx, i, "advance", s->in, &s->bound))
        return false;
    tape_recording(i->ctx, true);
    i->plugin->d.advance(i->ctx, i->params, f.tensor, &at, index);
    return move_on(&f, s, &at);
}

bool call_finish(sampling *s, as_t *out)
{
    frame f;
    instance *i = s->owner;
    as_sample at = s->at;
    int outputs = i->plugin->signature->out_count;
    if (!frame_open_unchecked(&f, i->ctx, i, "finish", s->in, &s->bound))
        return false;
    tape_recording(i->ctx, true);
    if (i->plugin->d.finish)
        i->plugin->d.finish(i->ctx, i->params, f.tensor, &at);
    f.output[0] = at.x;
    frame_check_outputs(&f);
    for (int k = 0; k < outputs; k++) {
        out[k] = f.output[k];
        if (out[k])
            out[k] = tape_detach(i->ctx, out[k]);
    }
    return frame_close(&f, out, outputs);
}

void call_sampling_release(sampling *s)
{
    if (!s->owner)
        return;
    drop(&s->at);
    for (int k = 0; k < s->owner->plugin->signature->in_count; k++)
        tensor_unref(s->in[k].tensor);
    *s = (sampling){0};
}
