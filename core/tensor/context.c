#include "tensor/context.h"

#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NaN whether it is read as one double or as two floats. */
static const uint64_t nan_bits = 0x7ff800007ff80000u;

as_ctx *context_new(const as_services *services, uint64_t seed)
{
    context *x = calloc(1, sizeof *x);
    as_t inert = calloc(1, sizeof *inert);
    if (!x || !inert) {
        free(x);
        free(inert);
        return NULL;
    }
    static storage nan_store = {.refs = 1, .bytes = sizeof nan_bits};
    inert->refs = 1;
    inert->dtype = AS_F32;
    inert->dense = true;
    inert->count = 1;
    inert->data = (void *)(uintptr_t)&nan_bits;
    inert->store = &nan_store;
    x->api.services = services;
    x->recording = true;
    x->working = AS_F32;
    x->inert = inert;
    x->seed = seed;
    return &x->api;
}

void context_free(as_ctx *c)
{
    if (!c)
        return;
    context *x = context_of(c);
    scope_close(c, 0, NULL);
    free(x->scope);
    free(x->inert);
    free(x);
}

as_t context_fail_list(as_ctx *c, const char *format, va_list args)
{
    context *x = context_of(c);
    if (!x->failed) {
        vsnprintf(x->error.text, sizeof x->error.text, format, args);
        x->failed = true;
    }
    return x->inert;
}

as_t context_fail(as_ctx *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    as_t inert = context_fail_list(c, format, args);
    va_end(args);
    return inert;
}

bool context_take_error(as_ctx *c, as_error *e)
{
    context *x = context_of(c);
    if (!x->failed)
        return false;
    *e = x->error;
    x->error.text[0] = 0;
    x->failed = false;
    return true;
}

uint32_t context_line(as_ctx *c)
{
    context *x = context_of(c);
    return x->lines ? x->lines->here(x->script) : 0;
}

const char *context_line_text(as_ctx *c, uint32_t line, char buffer[CONTEXT_LINE])
{
    context *x = context_of(c);
    buffer[0] = 0;
    if (line && x->lines)
        snprintf(buffer, CONTEXT_LINE, " (%s)", x->lines->text(x->script, line));
    return buffer;
}

as_scope scope_open(as_ctx *c)
{
    return context_of(c)->scope_size;
}

as_t scope_close(as_ctx *c, as_scope s, as_t keep)
{
    context *x = context_of(c);
    bool kept = false;
    int end = x->scope_size;
    x->scope_size = s;
    for (int i = s; i < end; i++) {
        if (x->scope[i] == keep && !kept) {
            kept = true;
            continue;
        }
        tensor_unref(x->scope[i]);
    }
    if (kept)
        x->scope[x->scope_size++] = keep;
    return keep;
}

as_t scope_hold(as_ctx *c, as_t t)
{
    context *x = context_of(c);
    if (x->scope_size == x->scope_capacity) {
        int capacity = x->scope_capacity ? 2 * x->scope_capacity : 256;
        as_t *grown = realloc(x->scope, (size_t)capacity * sizeof(as_t));
        if (!grown) {
            tensor_unref(t);
            return context_fail(c, "out of memory: a scope of %d tensors", capacity);
        }
        x->scope = grown;
        x->scope_capacity = capacity;
    }
    x->scope[x->scope_size++] = t;
    return t;
}
