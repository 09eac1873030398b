/* The services of samplers: their hooks, called in the script's order, and resampling. */
#include "plugin/frame.h"
#include "plugin/services.h"

#include <string.h>

static as_t inert(as_ctx *c)
{
    return context_of(c)->inert;
}

/* The sampler's frame at or around the call under way; NULL and a failure outside of samplers. */
static frame *sampler_here(as_ctx *c, const char *what)
{
    frame *f = frame_here(c);
    while (f && strcmp(f->owner->plugin->d.kind, "samplers") != 0)
        f = f->outer;
    if (!f && context_ok(c))
        context_fail(c, "%s: only while a sampler runs", what);
    return f;
}

/* The frame of the sampler that calls its hooks. */
static frame *caller(as_ctx *c)
{
    frame *f = frame_here(c);
    if (!f || (strcmp(f->owner->plugin->d.kind, "samplers") == 0 && f->sample))
        return f;
    context_fail(c, "hooks are called by samplers, in start, advance and finish");
    return NULL;
}

static bool service_guided(as_ctx *c)
{
    const frame *f = caller(c);
    for (int k = 0; f && k < f->owner->hook_count; k++)
        if (f->owner->hooks[k]->plugin->d.guide)
            return true;
    return false;
}

static as_t guide_once(as_ctx *c, instance *hook, const as_point *at, as_t x, as_t score)
{
    frame f;
    char found[TENSOR_TEXT], wanted[TENSOR_TEXT];
    if (!frame_open_unchecked(&f, c, hook, "guide", NULL, &hook->bound_letters))
        return inert(c);
    tape_recording(c, false);
    as_t guided = hook->plugin->d.guide(c, hook->params, f.tensor, at, x, score);
    if (context_ok(c) && !guided)
        context_fail(c, "returned no score");
    else if (context_ok(c) && !tensor_same_shape(guided, score))
        context_fail(c, "returned %s for a score %s", tensor_shape_text(guided, found),
                     tensor_shape_text(score, wanted));
    if (context_ok(c))
        guided = tape_detach(c, guided);
    frame_close(&f, &guided, 1);
    return guided;
}

static as_t service_guide(as_ctx *c, const as_point *at, as_t x, as_t score)
{
    const frame *f = caller(c);
    if (!f)
        return inert(c);
    for (int k = 0; k < f->owner->hook_count && context_ok(c); k++)
        if (f->owner->hooks[k]->plugin->d.guide)
            score = guide_once(c, f->owner->hooks[k], at, x, score);
    return context_ok(c) ? score : inert(c);
}

static void service_hooks(as_ctx *c, int point, const as_point *at, as_sample *s)
{
    static const char *const names[] = {"pre_step", "update", "post_step"};
    const frame *f = caller(c);
    if (!f)
        return;
    if (point < 0 || point > 2) {
        context_fail(c, "hooks: point %d is unknown to this build", point);
        return;
    }
    for (int k = 0; k < f->owner->hook_count && context_ok(c); k++) {
        instance *hook = f->owner->hooks[k];
        const as_plugin *d = &hook->plugin->d;
        as_hook_call *body = point == 0 ? d->pre_step : point == 1 ? d->update : d->post_step;
        frame inner;
        if (!body || !frame_open_unchecked(&inner, c, hook, names[point], NULL, &hook->bound_letters))
            continue;
        inner.sample = s;
        tape_recording(c, false);
        as_sample before = *s;
        body(c, hook->params, inner.tensor, at, s);
        frame_close_sample(&inner, &before, s);
    }
}

/* What an instance keeps by item, in the ancestors' order. */
static bool resample_state(as_ctx *c, instance *i, as_t ancestors)
{
    static const as_attr axis;
    for (int k = 0; k < i->state_count; k++) {
        const registered *r = &i->state[k];
        if (!r->per_item)
            continue;
        if (r->tensor->size[0] != ancestors->count) {
            context_fail(c, "resample: %s keeps \"%s\" of %lld items, the sample has %lld", i->plugin->name,
                         r->name, (long long)r->tensor->size[0], (long long)ancestors->count);
            return false;
        }
        const as_t in[2] = {r->tensor, ancestors};
        as_t moved = tape_op(c, AS_OP_INDEX_SELECT, in, 2, &axis);
        if (!context_ok(c) || !tensor_assign(c, r->tensor, moved))
            return false;
    }
    return true;
}

static void service_resample(as_ctx *c, as_sample *s, as_t ancestors)
{
    static const as_attr axis;
    frame *f = sampler_here(c, "resample");
    char text[TENSOR_TEXT];
    if (!f)
        return;
    if (ancestors->dtype != AS_I64 || ancestors->rank != 1 || !s->x || ancestors->size[0] != s->x->size[0]) {
        context_fail(c, "resample: ancestors %s, expected i64[B], one for each of %lld items",
                     tensor_shape_text(ancestors, text), s->x ? (long long)s->x->size[0] : 0);
        return;
    }
    as_t *const moved[] = {&s->x, &s->x_mean, &s->logw};
    bool before = tape_recording(c, false);
    for (int k = 0; k < 3; k++) {
        const as_t in[2] = {*moved[k], ancestors};
        if (in[0])
            *moved[k] = tape_op(c, AS_OP_INDEX_SELECT, in, 2, &axis);
    }
    bool good = context_ok(c) && resample_state(c, f->owner, ancestors);
    for (int k = 0; good && k < f->owner->hook_count; k++)
        good = resample_state(c, f->owner->hooks[k], ancestors);
    tape_recording(c, before);
}

void services_sampling(as_services *table)
{
    table->guided = service_guided;
    table->guide = service_guide;
    table->hooks = service_hooks;
    table->resample = service_resample;
}
