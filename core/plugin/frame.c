#include "plugin/frame.h"

#include "base/breadcrumb.h"

#include <stdlib.h>
#include <string.h>

/* "losses/poly1: " before the text at hand, and the call where one is to be named. */
static void name_failure(as_ctx *c, const char *plugin_name, const char *call)
{
    as_error e;
    if (!context_take_error(c, &e))
        return;
    if (call)
        context_fail(c, "%s: %s: %.900s", plugin_name, call, e.text);
    else
        context_fail(c, "%s: %.900s", plugin_name, e.text);
}

static bool may_start(as_ctx *c, const instance *i, const char *call)
{
    if (!context_ok(c))
        return false;
    if (i->failed && !i->setting_up) {
        context_fail(c, "%s: %s: an earlier call failed; load a state or reset it first", i->plugin->name,
                     call);
        return false;
    }
    return true;
}

static void enter(frame *f, as_ctx *c, instance *i, const char *call)
{
    const signature *s = i->plugin->signature;
    f->outer = context_of(c)->frame;
    f->ctx = c;
    f->owner = i;
    f->call = call;
    for (int k = 0; k < s->in_count; k++)
        f->tensor[k] = f->in[k].tensor;
    memset(f->output, 0, sizeof f->output);
    f->state = NULL;
    f->split = NULL;
    f->sample = NULL;
    f->leaves_modes = strcmp(i->plugin->d.kind, "adapters") == 0;
    f->states = NULL;
    f->state_count = 0;
    f->mode_count = 0;
    f->memory = NULL;
    f->memory_count = 0;
    f->recording = context_of(c)->recording;
    f->scope = scope_open(c);
    context_of(c)->frame = f;
    breadcrumb_push(breadcrumb_here(), i->plugin->name, call);
}

static bool is_empty(const argument *a)
{
    return !a->tensor && !a->model && !a->group && !a->states && !a->dataset;
}

bool frame_open(frame *f, as_ctx *c, instance *i, const char *call, const argument *in, int n)
{
    const signature *s = i->plugin->signature;
    if (!may_start(c, i, call))
        return false;
    for (int k = 0; k < s->in_count; k++)
        f->in[k] = k < n && !is_empty(&in[k]) ? in[k] : i->bound[k];
    if (!signature_check_in(s, c, i->params, f->in, n > s->in_count ? n : s->in_count, &f->bound)) {
        name_failure(c, i->plugin->name, NULL);
        return false;
    }
    i->report_count = 0;
    i->verdict = NULL;
    enter(f, c, i, call);
    return true;
}

bool frame_open_unchecked(frame *f, as_ctx *c, instance *i, const char *call, const argument *in,
                          const signature_bound *bound)
{
    const signature *s = i->plugin->signature;
    if (!may_start(c, i, call))
        return false;
    if (bound)
        f->bound = *bound;
    else
        signature_unbind(s, c, i->params, &f->bound);
    memcpy(f->in, in ? in : i->bound, (size_t)s->in_count * sizeof *in);
    i->report_count = i->keeps_reports ? i->report_count : 0;
    enter(f, c, i, call);
    return true;
}

frame *frame_here(as_ctx *c)
{
    if (!context_ok(c))
        return NULL;
    if (!context_of(c)->frame)
        context_fail(c, "no plugin is being called: instances, random streams and inputs belong to a call");
    return context_of(c)->frame;
}

bool frame_check_outputs(frame *f)
{
    const signature *s = f->owner->plugin->signature;
    for (int k = 0; k < s->out_count; k++)
        if (!context_ok(f->ctx) ||
            !signature_check_out(s, f->ctx, f->owner->params, k, f->output[k], &f->bound))
            return false;
    return context_ok(f->ctx);
}

as_state *frame_own_state(frame *f, as_state *s)
{
    as_state **more = s ? realloc(f->states, (size_t)(f->state_count + 1) * sizeof *more) : NULL;
    if (!more) {
        state_free(s);
        context_fail(f->ctx, "out of memory: a state");
        return NULL;
    }
    f->states = more;
    return f->states[f->state_count++] = s;
}

/* What the plugin made and set for the time of the call. */
static void give_back(frame *f)
{
    for (int k = f->mode_count; k-- > 0 && !f->leaves_modes;)
        f->mode[k].model->mode(f->ctx, f->mode[k].model, f->mode[k].before);
    for (int k = 0; k < f->state_count; k++)
        state_free(f->states[k]);
    free(f->states);
    for (int k = 0; k < f->memory_count; k++)
        free(f->memory[k]);
    free(f->memory);
}

static bool is_registered(const instance *i, const struct as_tensor *x)
{
    for (int k = 0; k < i->state_count; k++)
        if (i->state[k].tensor == x)
            return true;
    return false;
}

/* Whether x is of this call alone: made in it or given to it. */
static bool belongs_to_call(const frame *f, const struct as_tensor *x)
{
    const context *c = context_of(f->ctx);
    for (int k = 0; k < f->owner->plugin->signature->in_count; k++)
        if (f->tensor[k] == x)
            return true;
    if (f->sample && (f->sample->x == x || f->sample->x_mean == x || f->sample->logw == x))
        return true;
    for (int k = f->scope; k < c->scope_size; k++)
        if (c->scope[k] == x)
            return true;
    return false;
}

/* The plugin's own struct may point to what is registered; any other tensor of the call is gone after it. */
static void refuse_kept(const frame *f)
{
    const instance *i = f->owner;
    size_t words = i->self ? i->plugin->d.state_size / sizeof(as_t) : 0;
    for (size_t k = 0; k < words && context_ok(f->ctx); k++) {
        as_t x;
        memcpy(&x, (const char *)i->self + k * sizeof x, sizeof x);
        if (x && !is_registered(i, x) && belongs_to_call(f, x))
            context_fail(f->ctx,
                         "a tensor is kept past its call, at byte %zu of the plugin's own struct: register it"
                         " in setup (as_buffer, as_parameter) or start (as_per_item) and move it with"
                         " as_assign, or set the field to NULL before the call ends",
                         k * sizeof x);
    }
}

bool frame_close(frame *f, as_t *keep, int n)
{
    as_ctx *c = f->ctx;
    refuse_kept(f);
    bool good = context_ok(c);
    for (int k = 0; good && k < n; k++)
        if (keep[k])
            tensor_ref(keep[k]);
    scope_close(c, f->scope, NULL);
    for (int k = 0; good && k < n; k++)
        if (keep[k])
            keep[k] = scope_hold(c, keep[k]);
    for (int k = 0; !good && k < n; k++)
        keep[k] = context_of(c)->inert;
    give_back(f);
    context_of(c)->recording = f->recording;
    context_of(c)->frame = f->outer;
    breadcrumb_pop(breadcrumb_here());
    if (!good) {
        /* a refused parameter is the script's mistake, not a step of the plugin's work */
        name_failure(c, f->owner->plugin->name, strcmp(f->call, "validate") == 0 ? NULL : f->call);
        /* what keeps nothing between calls cannot be left half changed */
        f->owner->failed = f->owner->state_count > 0 || f->owner->self;
    }
    return good && context_ok(c);
}
