/* Samplers: start, steps, finish, with x kept between the calls, and the hooks' own start and finish. */
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
    else if (before->x && !tensor_same_shape(at->x, before->x))
        context_fail(c, "x was %s and became %s", tensor_shape_text(before->x, was),
                     tensor_shape_text(at->x, is));
    else if (at->x_mean && !tensor_same_shape(at->x_mean, at->x))
        context_fail(c, "x_mean is %s, x is %s", tensor_shape_text(at->x_mean, was),
                     tensor_shape_text(at->x, is));
    else if (at->logw && (at->logw->rank != 1 || at->x->rank < 1 || at->logw->size[0] != at->x->size[0]))
        context_fail(c, "logw is %s, expected one number for each item of x %s",
                     tensor_shape_text(at->logw, was), tensor_shape_text(at->x, is));
}

bool frame_close_sample(frame *f, const as_sample *before, as_sample *at)
{
    as_ctx *c = f->ctx;
    as_t list[KEPT];
    check_position(c, before, at);
    list_of(at, list);
    for (int k = 0; k < KEPT && context_ok(c); k++)
        if (list[k])
            list[k] = tape_detach(c, list[k]);
    if (!frame_close(f, list, KEPT))
        return false;
    at->x = list[0];
    at->x_mean = list[1];
    at->logw = list[2];
    return true;
}

/* Ends a call that moved `at` on from s->at: keeps the new tensors, drops the old. */
static bool move_on(frame *f, sampling *s, as_sample *at)
{
    as_t list[KEPT];
    if (!frame_close_sample(f, &s->at, at))
        return false;
    list_of(at, list);
    for (int k = 0; k < KEPT; k++)
        if (list[k])
            tensor_ref(list[k]);
    drop(&s->at);
    s->at = *at;
    return true;
}

static bool is_sampler(instance *i)
{
    if (!context_ok(i->ctx))
        return false;
    if (i->plugin->d.start && i->plugin->d.advance)
        return true;
    if (i->plugin->d.draw)
        context_fail(i->ctx, "%s: draws places of items (:draw), it has no start", i->plugin->name);
    else
        context_fail(i->ctx, "%s: has no call start: it is one of the %s", i->plugin->name,
                     i->plugin->d.kind);
    return false;
}

/* A hook's start or finish, in a frame of its own; its inputs are checked at the start. */
static void call_hook(as_ctx *c, instance *hook, const char *name, as_sample_call *body, as_sample *at)
{
    frame f;
    bool start = strcmp(name, "start") == 0;
    if (start) {
        instance_forget_sampling(hook);
        if (!frame_open(&f, c, hook, name, NULL, 0))
            return;
        hook->bound_letters = f.bound;
    } else if (!frame_open_unchecked(&f, c, hook, name, NULL, &hook->bound_letters)) {
        return;
    }
    f.sample = at;
    tape_recording(c, false);
    as_sample before = *at;
    hook->starting = start;
    hook->keeps_reports = true;
    if (body)
        body(c, hook->params, f.tensor, at);
    hook->starting = false;
    frame_close_sample(&f, &before, at);
}

static void start_hooks(instance *i, as_sample *at)
{
    check_position(i->ctx, at, at);
    for (int k = 0; k < i->hook_count && context_ok(i->ctx); k++)
        call_hook(i->ctx, i->hooks[k], "start", i->hooks[k]->plugin->d.start, at);
}

/* The inputs stay with the sampling: they may lie in a scope that ends before it does. */
static void keep_inputs(frame *f, sampling *s)
{
    int count = f->owner->plugin->signature->in_count;
    memcpy(s->in, f->in, (size_t)count * sizeof *s->in);
    s->bound = f->bound;
    for (int k = 0; k < count; k++)
        if (s->in[k].tensor)
            tensor_ref(s->in[k].tensor);
    s->owner = f->owner;
}

bool call_start(instance *i, const argument *in, int n, sampling *s)
{
    frame f;
    *s = (sampling){0};
    if (!is_sampler(i) || !frame_open(&f, i->ctx, i, "start", in, n))
        return false;
    tape_recording(i->ctx, false);
    as_sample at = {0};
    f.sample = &at;
    instance_forget_sampling(i);
    i->keeps_reports = i->starting = true;
    i->plugin->d.start(i->ctx, i->params, f.tensor, &at);
    i->starting = false;
    if (context_ok(i->ctx) && at.steps < 1)
        context_fail(i->ctx, "set %d steps", at.steps);
    start_hooks(i, &at);
    keep_inputs(&f, s);
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
    tape_recording(i->ctx, false);
    f.sample = &at;
    i->plugin->d.advance(i->ctx, i->params, f.tensor, &at, index);
    at.steps = s->at.steps;
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
    tape_recording(i->ctx, false);
    f.sample = &at;
    if (i->plugin->d.finish)
        i->plugin->d.finish(i->ctx, i->params, f.tensor, &at);
    for (int k = 0; k < i->hook_count && context_ok(i->ctx); k++)
        if (i->hooks[k]->plugin->d.finish)
            call_hook(i->ctx, i->hooks[k], "finish", i->hooks[k]->plugin->d.finish, &at);
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
