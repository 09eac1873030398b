/* An instance's state as named tensors, and back; a sampler's is its own and that of its hooks. */
#include "plugin/instance.h"

#include <assay/tensor.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define STREAM_PREFIX "random."
#define HOOK_PREFIX "hooks.%d."
#define NAME 320

static bool is_stream(const char *name)
{
    return strncmp(name, STREAM_PREFIX, sizeof STREAM_PREFIX - 1) == 0;
}

/* The name in a state of what an instance calls `name`; hook 0 is the instance itself, 1 its first hook. */
static const char *outer_name(char buffer[NAME], int hook, const char *name)
{
    int used = hook > 0 ? snprintf(buffer, NAME, HOOK_PREFIX, hook) : 0;
    snprintf(buffer + used, (size_t)(NAME - used), "%s", name);
    return buffer;
}

/* Whose entry of a state this is (0 or a hook's number), and what that one calls it. */
static const char *inner_name(const instance *i, const char *name, int *hook)
{
    int length = 0;
    *hook = 0;
    if (i->hook_count == 0 || sscanf(name, HOOK_PREFIX "%n", hook, &length) != 1 || length == 0)
        return name;
    return name + length;
}

static instance *hook_at(instance *i, int hook)
{
    return hook == 0 ? i : hook <= i->hook_count ? i->hooks[hook - 1] : NULL;
}

static bool put(instance *i, as_state *s, const char *name, as_t x)
{
    as_error e = {{0}};
    if (!context_ok(i->ctx))
        return false;
    if (state_put(s, name, x, &e))
        return true;
    context_fail(i->ctx, "%s: %s", i->plugin->name, e.text);
    return false;
}

/* What a sampling registered by item is its own, not the instance's. */
static bool put_own(instance *i, int hook, as_state *s)
{
    as_ctx *c = i->ctx;
    char name[NAME], stream_name[NAME];
    for (int k = 0; k < i->state_count; k++) {
        const registered *r = &i->state[k];
        if (r->sampling)
            continue;
        int64_t value = r->counter ? *r->counter : 0;
        as_t x = r->tensor ? r->tensor : tensor_from(c, AS_I64, AS_SCALAR, &value);
        if (!put(i, s, outer_name(name, hook, r->name), x))
            return false;
    }
    for (int k = 0; k < i->stream_count; k++) {
        const random_stream *stream = &i->streams[k].stream;
        int64_t position[2] = {(int64_t)stream->key, (int64_t)stream->counter};
        snprintf(stream_name, sizeof stream_name, STREAM_PREFIX "%s", i->streams[k].name);
        if (!put(i, s, outer_name(name, hook, stream_name), tensor_from(c, AS_I64, AS_DIMS(2), position)))
            return false;
    }
    return true;
}

static bool put_all(instance *i, as_state *s)
{
    bool good = true;
    for (int hook = 0; good && hook <= i->hook_count; hook++)
        good = put_own(hook_at(i, hook), hook, s);
    return good;
}

as_state *instance_state(instance *i)
{
    as_ctx *c = i->ctx;
    if (!context_ok(c))
        return NULL;
    as_state *s = state_new();
    if (!s) {
        context_fail(c, "%s: out of memory: its state", i->plugin->name);
        return NULL;
    }
    as_scope scope = scope_open(c);
    bool good = put_all(i, s);
    scope_close(c, scope, NULL);
    if (good)
        return s;
    state_free(s);
    return NULL;
}

/* ---- loading ---- */

__attribute__((format(printf, 2, 3))) static void complain(as_error *e, const char *format, ...)
{
    size_t used = strlen(e->text);
    if (used)
        used += (size_t)snprintf(e->text + used, sizeof e->text - used, "; ");
    if (used >= sizeof e->text)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text + used, sizeof e->text - used, format, args);
    va_end(args);
}

static bool same_shape(const struct as_tensor *a, const struct as_tensor *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->size, b->size, a->rank * sizeof *a->size) == 0;
}

static void check_entry(const registered *r, const char *name, const as_state *s, as_error *e)
{
    char found[TENSOR_TEXT], wanted[TENSOR_TEXT];
    as_t x = state_find(s, name);
    if (!x)
        complain(e, "\"%s\" is missing", name);
    else if (r->tensor && !same_shape(x, r->tensor))
        complain(e, "\"%s\" is %s, expected %s", name, tensor_shape_text(x, found),
                 tensor_shape_text(r->tensor, wanted));
    else if (r->counter && (x->dtype != AS_I64 || x->rank != 0))
        complain(e, "\"%s\" is %s, expected i64[]", name, tensor_shape_text(x, found));
    else if (r->counter && (*(int64_t *)x->data < INT_MIN || *(int64_t *)x->data > INT_MAX))
        complain(e, "\"%s\" = %lld is no int", name, (long long)*(int64_t *)x->data);
}

static bool is_registered(const instance *i, const char *name)
{
    for (int k = 0; i && k < i->state_count; k++)
        if (!i->state[k].sampling && strcmp(i->state[k].name, name) == 0)
            return true;
    return false;
}

static void check_extra(instance *i, const state_entry *entry, as_error *e)
{
    char found[TENSOR_TEXT];
    int hook;
    const char *name = inner_name(i, entry->name, &hook);
    if (!hook_at(i, hook) || (!is_stream(name) && !is_registered(hook_at(i, hook), name)))
        complain(e, "\"%s\" is extra", entry->name);
    else if (is_stream(name) &&
             (entry->tensor->dtype != AS_I64 || entry->tensor->rank != 1 || entry->tensor->count != 2))
        complain(e, "\"%s\" is %s, expected i64[2]", entry->name, tensor_shape_text(entry->tensor, found));
}

static bool check_state(instance *i, const as_state *s)
{
    as_error e = {{0}};
    char name[NAME];
    for (int hook = 0; hook <= i->hook_count; hook++) {
        const instance *one = hook_at(i, hook);
        for (int k = 0; k < one->state_count; k++)
            if (!one->state[k].sampling)
                check_entry(&one->state[k], outer_name(name, hook, one->state[k].name), s, &e);
    }
    for (int k = 0; k < s->count; k++)
        check_extra(i, &s->entries[k], &e);
    if (!e.text[0])
        return true;
    context_fail(i->ctx, "%s: this state does not fit: %.900s", i->plugin->name, e.text);
    return false;
}

/* Streams the state does not name were unused when it was saved. */
static bool load_streams(instance *i, const as_state *s)
{
    for (int hook = 0; hook <= i->hook_count; hook++)
        instance_forget_streams(hook_at(i, hook));
    for (int k = 0; k < s->count; k++) {
        const state_entry *entry = &s->entries[k];
        int hook;
        const char *name = inner_name(i, entry->name, &hook);
        if (!is_stream(name))
            continue;
        random_stream *stream = instance_stream(hook_at(i, hook), name + sizeof STREAM_PREFIX - 1);
        if (!stream)
            return false;
        const int64_t *position = entry->tensor->data;
        stream->key = (uint64_t)position[0];
        stream->counter = (uint64_t)position[entry->tensor->stride[0]];
    }
    return true;
}

static bool load_own(instance *i, int hook, const as_state *s)
{
    char name[NAME];
    for (int k = 0; k < i->state_count; k++) {
        registered *r = &i->state[k];
        as_t x = r->sampling ? NULL : state_find(s, outer_name(name, hook, r->name));
        if (!x)
            continue;
        if (r->counter)
            *r->counter = (int)*(int64_t *)x->data;
        else if (x->data != r->tensor->data && !tensor_assign(i->ctx, r->tensor, x))
            return false;
    }
    i->failed = false;
    return true;
}

bool instance_load(instance *i, const as_state *s)
{
    bool good = context_ok(i->ctx) && check_state(i, s);
    for (int hook = 0; good && hook <= i->hook_count; hook++)
        good = load_own(hook_at(i, hook), hook, s);
    return good && load_streams(i, s);
}
