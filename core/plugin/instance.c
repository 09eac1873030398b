#include "plugin/instance.h"

#include "plugin/frame.h"
#include "plugin/instance_tensors.h"
#include "plugin/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run_validate(instance *i)
{
    frame f;
    if (!i->plugin->d.validate)
        return true;
    if (!frame_open_unchecked(&f, i->ctx, i, "validate", NULL, NULL))
        return false;
    i->plugin->d.validate(i->ctx, i->params);
    return frame_close(&f, NULL, 0);
}

static bool run_setup(instance *i)
{
    frame f;
    if (!i->plugin->d.setup)
        return true;
    i->setting_up = true;
    bool good = frame_open_unchecked(&f, i->ctx, i, "setup", NULL, NULL);
    if (good) {
        i->plugin->d.setup(i->ctx, i->params, i->self);
        good = frame_close(&f, NULL, 0);
    }
    i->setting_up = false;
    return good;
}

static bool allocate(instance *i, const cJSON *params)
{
    const as_plugin *d = &i->plugin->d;
    as_error e = {{0}};
    i->params = calloc(1, d->params_size ? d->params_size : 1);
    if (d->state_size)
        i->self = calloc(1, d->state_size);
    if (!i->params || (d->state_size && !i->self)) {
        context_fail(i->ctx, "%s: out of memory: its parameters and state", i->plugin->name);
        return false;
    }
    if (!param_fill(d, params, i->params, &e)) {
        context_fail(i->ctx, "%s", e.text);
        return false;
    }
    i->given = params ? cJSON_Duplicate(params, true) : NULL;
    return instance_fill_tensors(i);
}

bool instance_would_take(as_ctx *c, plugin *p, const cJSON *params)
{
    if (!context_ok(c))
        return false;
    instance *i = calloc(1, sizeof *i);
    if (!i) {
        context_fail(c, "%s: out of memory", p->name);
        return false;
    }
    i->ctx = c;
    i->plugin = p;
    bool good = allocate(i, params) && run_validate(i);
    if (i->self) { /* never set up: nothing to destroy */
        free(i->self);
        i->self = NULL;
    }
    instance_free(i);
    return good;
}

static instance_made *made; /* who is told of new instances */
static void *made_self;

void instance_on_new(instance_made *hook, void *self)
{
    made = hook;
    made_self = self;
}

instance *instance_new(as_ctx *c, plugin *p, const cJSON *params, const argument *bound, int n,
                       int64_t number)
{
    if (!context_ok(c))
        return NULL;
    instance *i = calloc(1, sizeof *i);
    if (!i) {
        context_fail(c, "%s: out of memory", p->name);
        return NULL;
    }
    i->ctx = c;
    i->plugin = p;
    i->training = true;
    if (bound && n > 0)
        memcpy(i->bound, bound, (size_t)(n < SIGNATURE_PLACES ? n : SIGNATURE_PLACES) * sizeof *bound);
    i->number = number < 0 ? p->instances++ : (uint64_t)number;
    if (allocate(i, params) && run_validate(i) && run_setup(i)) {
        if (made)
            made(made_self, p);
        return i;
    }
    instance_free(i);
    return NULL;
}

static void release(registered *list, int n)
{
    for (int k = 0; k < n; k++) {
        free(list[k].name);
        tensor_unref(list[k].tensor);
    }
    free(list);
}

void instance_forget_streams(instance *i)
{
    for (int k = 0; k < i->stream_count; k++)
        free(i->streams[k].name);
    free(i->streams);
    i->streams = NULL;
    i->stream_count = 0;
}

void instance_free(instance *i)
{
    if (!i)
        return;
    if (i->self && i->plugin->d.destroy)
        i->plugin->d.destroy(i->self);
    if (i->script)
        i->plugin->module->scripts->release(i);
    release(i->state, i->state_count);
    instance_forget_streams(i);
    for (int k = 0; k < i->split_count; k++)
        free(i->splits[k]);
    free(i->splits);
    free(i->reports);
    if (i->params) {
        instance_drop_tensors(i);
        param_release(&i->plugin->d, i->params);
    }
    cJSON_Delete(i->given);
    free(i->params);
    free(i->self);
    free(i);
}

bool instance_reset(instance *i)
{
    if (!context_ok(i->ctx))
        return false;
    if (i->self && i->plugin->d.destroy)
        i->plugin->d.destroy(i->self);
    if (i->self)
        memset(i->self, 0, i->plugin->d.state_size);
    instance_forget_streams(i);
    i->previous = i->state;
    i->previous_count = i->state_count;
    i->state = NULL;
    i->state_count = 0;
    bool good = run_setup(i);
    for (int k = 0; good && k < i->hook_count; k++)
        good = instance_reset(i->hooks[k]);
    release(i->previous, i->previous_count);
    i->previous = NULL;
    i->previous_count = 0;
    i->failed = !good;
    return good;
}

void instance_forget_sampling(instance *i)
{
    int kept = 0;
    for (int k = 0; k < i->state_count; k++) {
        registered *r = &i->state[k];
        if (!r->sampling) {
            i->state[kept++] = *r;
            continue;
        }
        free(r->name);
        tensor_unref(r->tensor);
    }
    i->state_count = kept;
}

void instance_train(instance *i, bool on)
{
    i->training = on;
}

int instance_parameter_count(const instance *i)
{
    int n = 0;
    for (int k = 0; k < i->state_count; k++)
        n += i->state[k].kind == REGISTERED_PARAMETER;
    return n;
}

void instance_parameters(const instance *i, as_t *list)
{
    for (int k = 0; k < i->state_count; k++)
        if (i->state[k].kind == REGISTERED_PARAMETER)
            *list++ = i->state[k].tensor;
}

cJSON *instance_params_json(const instance *i)
{
    cJSON *object = param_json(&i->plugin->d, i->params);
    param_json_tensors(&i->plugin->d, i->given, object);
    cJSON *hooks = i->hook_count && object ? cJSON_AddArrayToObject(object, "hooks") : NULL;
    for (int k = 0; hooks && k < i->hook_count; k++) {
        cJSON *hook = cJSON_CreateObject();
        cJSON_AddStringToObject(hook, "plugin", i->hooks[k]->plugin->name);
        cJSON_AddItemToObject(hook, "params", instance_params_json(i->hooks[k]));
        cJSON_AddItemToArray(hooks, hook);
    }
    return object;
}

/* ---- registering ---- */

static const char *kind_word(registered_kind kind)
{
    return kind == REGISTERED_PARAMETER ? "parameter" : kind == REGISTERED_BUFFER ? "buffer" : "counter";
}

/* A new entry of this name, or NULL and a failure. */
static registered *new_entry(instance *i, registered_kind kind, const char *name)
{
    as_ctx *c = i->ctx;
    const char *word = kind_word(kind);
    if (!context_ok(c))
        return NULL;
    if (!name || !*name || strncmp(name, "random.", 7) == 0 || strncmp(name, "hooks.", 6) == 0) {
        context_fail(c, "%s \"%s\": not a name of its own (\"random.\" and \"hooks.\" are the host's)", word,
                     name ? name : "");
        return NULL;
    }
    if (!i->setting_up && !i->starting) {
        context_fail(c, "%s \"%s\": may only be registered in setup", word, name);
        return NULL;
    }
    for (int k = 0; k < i->state_count; k++)
        if (strcmp(i->state[k].name, name) == 0) {
            context_fail(c, "%s \"%s\": registered before as a %s", word, name, kind_word(i->state[k].kind));
            return NULL;
        }
    registered *more = realloc(i->state, (size_t)(i->state_count + 1) * sizeof *more);
    if (more)
        i->state = more;
    char *copy = more ? strdup(name) : NULL;
    if (!copy) {
        context_fail(c, "%s \"%s\": out of memory", word, name);
        return NULL;
    }
    i->state[i->state_count] = (registered){.kind = kind, .name = copy, .sampling = i->starting};
    return &i->state[i->state_count++];
}

/* The tensor that was registered so before a reset, for optimizers and handles hold it; else a new one. */
static as_t storage_for(instance *i, const registered *entry, as_t x)
{
    for (int k = 0; k < i->previous_count; k++) {
        const registered *old = &i->previous[k];
        if (old->kind == entry->kind && old->tensor && strcmp(old->name, entry->name) == 0 &&
            old->tensor->dtype == x->dtype && old->tensor->rank == x->rank &&
            memcmp(old->tensor->size, x->size, x->rank * sizeof *x->size) == 0)
            return old->tensor;
    }
    return tensor_new(i->ctx, (as_dtype)x->dtype, tensor_dims(x));
}

as_t instance_register(instance *i, registered_kind kind, const char *name, as_t x, bool per_item)
{
    as_ctx *c = i->ctx;
    as_t inert = context_of(c)->inert;
    char text[TENSOR_TEXT];
    if (context_ok(c) && !x)
        return context_fail(c, "%s \"%s\": no tensor", kind_word(kind), name);
    if (context_ok(c) && kind == REGISTERED_PARAMETER && !tensor_is_float(x))
        return context_fail(c, "parameter \"%s\": %s cannot be trained, expected a float", name,
                            tensor_shape_text(x, text));
    if (context_ok(c) && i->starting && !per_item)
        return context_fail(c, "%s \"%s\": start registers only what is kept by item", kind_word(kind), name);
    if (context_ok(c) && per_item && x->rank == 0)
        return context_fail(c, "buffer \"%s\": a scalar has no axis of items", name);
    registered *entry = new_entry(i, kind, name);
    if (!entry)
        return inert;
    as_t copy = storage_for(i, entry, x);
    if (!context_ok(c) || (copy != x && !tensor_assign(c, copy, x)))
        return inert;
    entry->tensor = tensor_ref(copy);
    entry->per_item = per_item;
    if (kind == REGISTERED_PARAMETER && !tape_require(c, copy, true))
        return inert;
    return copy;
}

void instance_count(instance *i, const char *name, int *value)
{
    if (context_ok(i->ctx) && i->starting) {
        context_fail(i->ctx, "counter \"%s\": may only be registered in setup", name);
        return;
    }
    const char *self = i->self, *at = (const char *)value;
    size_t size = i->plugin->d.state_size;
    if (context_ok(i->ctx) && (!self || at < self || at + sizeof *value > self + size)) {
        context_fail(i->ctx, "counter \"%s\": does not point into the instance's own struct", name);
        return;
    }
    registered *entry = new_entry(i, REGISTERED_COUNTER, name);
    if (entry)
        entry->counter = value;
}

random_stream *instance_stream(instance *i, const char *name)
{
    char of_split[256];
    if (!context_ok(i->ctx))
        return NULL;
    if (i->reading) {
        snprintf(of_split, sizeof of_split, "%s/%s", i->reading, name);
        name = of_split;
    }
    for (int k = 0; k < i->stream_count; k++)
        if (strcmp(i->streams[k].name, name) == 0)
            return &i->streams[k].stream;
    named_stream *more = realloc(i->streams, (size_t)(i->stream_count + 1) * sizeof *more);
    if (more)
        i->streams = more;
    char *copy = more ? strdup(name) : NULL;
    if (!copy) {
        context_fail(i->ctx, "random stream \"%s\": out of memory", name);
        return NULL;
    }
    named_stream *s = &i->streams[i->stream_count++];
    *s = (named_stream){copy, random_named(context_of(i->ctx)->seed, i->plugin->name, i->number, name)};
    return &s->stream;
}

void instance_report(instance *i, const char *name, double value)
{
    if (i->report_count == i->report_capacity) {
        int capacity = i->report_capacity ? 2 * i->report_capacity : 8;
        report *more = realloc(i->reports, (size_t)capacity * sizeof *more);
        if (!more) {
            context_fail(i->ctx, "report \"%s\": out of memory", name);
            return;
        }
        i->reports = more;
        i->report_capacity = capacity;
    }
    report *r = &i->reports[i->report_count++];
    snprintf(r->name, sizeof r->name, "%s", name);
    r->value = value;
}
