/* An instance's state as named tensors, and back. */
#include "plugin/instance.h"

#include <assay/tensor.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define STREAM_PREFIX "random."
#define STREAM_NAME 160

static bool is_stream(const char *name)
{
    return strncmp(name, STREAM_PREFIX, sizeof STREAM_PREFIX - 1) == 0;
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

static bool put_all(instance *i, as_state *s)
{
    as_ctx *c = i->ctx;
    for (int k = 0; k < i->state_count; k++) {
        const registered *r = &i->state[k];
        int64_t value = r->counter ? *r->counter : 0;
        as_t x = r->tensor ? r->tensor : tensor_from(c, AS_I64, AS_SCALAR, &value);
        if (!put(i, s, r->name, x))
            return false;
    }
    for (int k = 0; k < i->stream_count; k++) {
        const random_stream *stream = &i->streams[k].stream;
        int64_t position[2] = {(int64_t)stream->key, (int64_t)stream->counter};
        char name[STREAM_NAME];
        snprintf(name, sizeof name, STREAM_PREFIX "%s", i->streams[k].name);
        if (!put(i, s, name, tensor_from(c, AS_I64, AS_DIMS(2), position)))
            return false;
    }
    return true;
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

static void check_entry(const registered *r, const as_state *s, as_error *e)
{
    char found[TENSOR_TEXT], wanted[TENSOR_TEXT];
    as_t x = state_find(s, r->name);
    if (!x)
        complain(e, "\"%s\" is missing", r->name);
    else if (r->tensor && !same_shape(x, r->tensor))
        complain(e, "\"%s\" is %s, expected %s", r->name, tensor_shape_text(x, found),
                 tensor_shape_text(r->tensor, wanted));
    else if (r->counter && (x->dtype != AS_I64 || x->rank != 0))
        complain(e, "\"%s\" is %s, expected i64[]", r->name, tensor_shape_text(x, found));
    else if (r->counter && (*(int64_t *)x->data < INT_MIN || *(int64_t *)x->data > INT_MAX))
        complain(e, "\"%s\" = %lld is no int", r->name, (long long)*(int64_t *)x->data);
}

static bool is_registered(const instance *i, const char *name)
{
    for (int k = 0; k < i->state_count; k++)
        if (strcmp(i->state[k].name, name) == 0)
            return true;
    return false;
}

static bool check_state(instance *i, const as_state *s)
{
    as_error e = {{0}};
    char found[TENSOR_TEXT];
    for (int k = 0; k < i->state_count; k++)
        check_entry(&i->state[k], s, &e);
    for (int k = 0; k < s->count; k++) {
        const state_entry *entry = &s->entries[k];
        if (!is_stream(entry->name)) {
            if (!is_registered(i, entry->name))
                complain(&e, "\"%s\" is extra", entry->name);
        } else if (entry->tensor->dtype != AS_I64 || entry->tensor->rank != 1 || entry->tensor->count != 2) {
            complain(&e, "\"%s\" is %s, expected i64[2]", entry->name,
                     tensor_shape_text(entry->tensor, found));
        }
    }
    if (!e.text[0])
        return true;
    context_fail(i->ctx, "%s: this state does not fit: %.900s", i->plugin->name, e.text);
    return false;
}

static bool load_streams(instance *i, const as_state *s)
{
    for (int k = 0; k < i->stream_count; k++) /* unused when the state was saved */
        i->streams[k].stream =
            random_named(context_of(i->ctx)->seed, i->plugin->name, i->number, i->streams[k].name);
    for (int k = 0; k < s->count; k++) {
        const state_entry *entry = &s->entries[k];
        if (!is_stream(entry->name))
            continue;
        random_stream *stream = instance_stream(i, entry->name + sizeof STREAM_PREFIX - 1);
        if (!stream)
            return false;
        const int64_t *position = entry->tensor->data;
        stream->key = (uint64_t)position[0];
        stream->counter = (uint64_t)position[entry->tensor->stride[0]];
    }
    return true;
}

bool instance_load(instance *i, const as_state *s)
{
    if (!context_ok(i->ctx) || !check_state(i, s))
        return false;
    for (int k = 0; k < i->state_count; k++) {
        registered *r = &i->state[k];
        as_t x = state_find(s, r->name);
        if (r->counter)
            *r->counter = (int)*(int64_t *)x->data;
        else if (x->data != r->tensor->data && !tensor_assign(i->ctx, r->tensor, x))
            return false;
    }
    if (!load_streams(i, s))
        return false;
    i->failed = false;
    return true;
}
