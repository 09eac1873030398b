#include "plugin/services.h"

#include "autograd/per_sample.h"
#include "autograd/replay.h"
#include "plugin/files.h"
#include "plugin/frame.h"
#include "tensor/draw.h"

#include <stdlib.h>
#include <string.h>

static as_t inert(as_ctx *c)
{
    return context_of(c)->inert;
}

/* ---- the instance ---- */

static void *service_self(as_ctx *c)
{
    frame *f = context_of(c)->frame;
    return f ? f->owner->self : NULL;
}

static as_t service_parameter(as_ctx *c, const char *name, as_t x)
{
    frame *f = frame_here(c);
    return f ? instance_register(f->owner, REGISTERED_PARAMETER, name, x, false) : inert(c);
}

static as_t service_buffer(as_ctx *c, const char *name, as_t x, int per_item)
{
    frame *f = frame_here(c);
    return f ? instance_register(f->owner, REGISTERED_BUFFER, name, x, per_item != 0) : inert(c);
}

static void service_counter(as_ctx *c, const char *name, int *value)
{
    frame *f = frame_here(c);
    if (f)
        instance_count(f->owner, name, value);
}

static void service_assign(as_ctx *c, as_t buffer, as_t x)
{
    frame *f = frame_here(c);
    for (int k = 0; f && k < f->owner->state_count; k++)
        if (f->owner->state[k].tensor == buffer && buffer) {
            if (x != buffer)
                tensor_assign(c, buffer, tape_detach(c, x));
            return;
        }
    if (f)
        context_fail(c, "assign: the target is no registered buffer of this instance");
}

static bool service_training(const as_ctx *c)
{
    const frame *f = ((const context *)c)->frame;
    return !f || f->owner->training;
}

/* ---- random numbers ---- */

/* From the instance's stream of this name. */
static as_t draw_from(as_ctx *c, const char *stream, draw_request r)
{
    frame *f = frame_here(c);
    random_stream *s = f ? instance_stream(f->owner, stream) : NULL;
    r.dtype = context_of(c)->working;
    return s ? draw_tensor(c, s, &r) : inert(c);
}

static as_t service_draw(as_ctx *c, const char *stream, int kind, as_dims dims)
{
    if (kind < DRAW_UNIFORM || kind > DRAW_SIGN)
        return context_fail(c, "draw: kind %d is unknown to this build", kind);
    return draw_from(c, stream, (draw_request){.kind = (draw_kind)kind, .dims = dims});
}

static as_t service_draw_int(as_ctx *c, const char *stream, int64_t below, as_dims dims)
{
    return draw_from(c, stream, (draw_request){.kind = DRAW_BELOW, .below = below, .dims = dims});
}

static as_t service_permutation(as_ctx *c, const char *stream, int64_t n)
{
    return draw_from(c, stream, (draw_request){.kind = DRAW_PERMUTATION, .below = n});
}

static as_t service_gamma(as_ctx *c, const char *stream, double shape, as_dims dims)
{
    return draw_from(c, stream, (draw_request){.kind = DRAW_GAMMA, .a = shape, .dims = dims});
}

static as_t service_beta(as_ctx *c, const char *stream, double a, double b, as_dims dims)
{
    return draw_from(c, stream, (draw_request){.kind = DRAW_BETA, .a = a, .b = b, .dims = dims});
}

static as_t service_categorical(as_ctx *c, const char *stream, as_t weights, int64_t n)
{
    if (n < 0)
        return context_fail(c, "categorical: %lld draws of each row", (long long)n);
    return draw_from(c, stream, (draw_request){.kind = DRAW_CATEGORICAL, .weights = weights, .draws = n});
}

/* ---- states that a call gives ---- */

static void put(as_ctx *c, const char *name, as_t x)
{
    as_error e = {{0}};
    frame *f = context_of(c)->frame;
    if (!x)
        context_fail(c, "\"%s\": no tensor", name);
    else if (context_ok(c) && !state_put(f->state, name, tape_detach(c, x), &e))
        context_fail(c, "%s", e.text);
}

static void service_state_put(as_ctx *c, const char *name, as_t x)
{
    frame *f = frame_here(c);
    if (f && f->state && !f->split)
        put(c, name, x);
    else if (f)
        context_fail(c, "state_put \"%s\": this call returns no state", name);
}

/* ---- data sets ---- */

static void service_split(as_ctx *c, const char *name)
{
    frame *f = frame_here(c);
    if (!f)
        return;
    instance *i = f->owner;
    if (strcmp(f->call, "open") != 0) {
        context_fail(c, "split \"%s\": may only be declared in open", name);
        return;
    }
    for (int k = 0; k < i->split_count; k++)
        if (strcmp(i->splits[k], name) == 0) {
            context_fail(c, "split \"%s\": declared twice", name);
            return;
        }
    char **more = realloc(i->splits, (size_t)(i->split_count + 1) * sizeof *more);
    if (more)
        i->splits = more;
    if (!more || !(i->splits[i->split_count] = strdup(name)))
        context_fail(c, "split \"%s\": out of memory", name);
    else
        i->split_count++;
}

static const unsigned char *service_read(as_ctx *c, const char *name, size_t *size)
{
    frame *f = frame_here(c);
    as_error e = {{0}};
    *size = 0;
    if (!f)
        return NULL;
    if (strcmp(f->owner->plugin->d.kind, "datasets") != 0) {
        context_fail(c, "read \"%s\": only data sets read files", name);
        return NULL;
    }
    void **more = realloc(f->memory, (size_t)(f->memory_count + 1) * sizeof *more);
    if (!more) {
        context_fail(c, "read \"%s\": out of memory", name);
        return NULL;
    }
    f->memory = more;
    unsigned char *bytes = files_read(f->owner->plugin->d.name, name, size, &e);
    if (bytes)
        f->memory[f->memory_count++] = bytes;
    else
        context_fail(c, "%s", e.text);
    return bytes;
}

static void service_field(as_ctx *c, const char *name, as_t x)
{
    frame *f = frame_here(c);
    char text[TENSOR_TEXT];
    if (!f)
        return;
    if (!f->split)
        context_fail(c, "field \"%s\": may only be given in read", name);
    else if (x && x->rank == 0)
        context_fail(c, "field \"%s\": %s has no axis of items", name, tensor_shape_text(x, text));
    else if (x && f->state->count && f->state->entries[0].tensor->size[0] != x->size[0])
        context_fail(c, "field \"%s\": %lld items, \"%s\" has %lld", name, (long long)x->size[0],
                     f->state->entries[0].name, (long long)f->state->entries[0].tensor->size[0]);
    else
        put(c, name, x);
}

/* ---- further results ---- */

static void service_output(as_ctx *c, int index, as_t x)
{
    frame *f = frame_here(c);
    if (!f)
        return;
    int count = f->owner->plugin->signature->out_count;
    if (index < 1 || index >= count)
        context_fail(c, "output %d: the signature has %d, and 0 is what the call returns", index, count);
    else
        f->output[index] = x;
}

static void service_verdict(as_ctx *c, const char *word)
{
    frame *f = frame_here(c);
    if (!f)
        return;
    bool accept = strcmp(word, "accept") == 0;
    if (accept || strcmp(word, "reject") == 0)
        f->owner->verdict = accept ? "accept" : "reject";
    else
        context_fail(c, "verdict \"%s\", expected \"accept\" or \"reject\"", word);
}

static bool service_finite(as_ctx *c, as_t x)
{
    if (!context_ok(c) || !tensor_is_float(x))
        return context_ok(c);
    as_scope s = scope_open(c);
    const as_attr all = {.i = {(1 << x->rank) - 1}}, none = {.r = {0, 0}};
    bool before = tape_recording(c, false);
    as_t zero = tape_op(c, AS_OP_AFFINE, &x, 1, &none); /* 0 * NaN and 0 * inf are NaN */
    double sum = tensor_item(c, tape_op(c, AS_OP_SUM, &zero, 1, &all));
    tape_recording(c, before);
    scope_close(c, s, NULL);
    return context_ok(c) && sum == 0;
}

static as_t service_leaf(as_ctx *c, as_t x)
{
    char text[TENSOR_TEXT];
    if (!context_ok(c))
        return inert(c);
    if (!tensor_is_float(x))
        return context_fail(c, "leaf: %s, expected a float", tensor_shape_text(x, text));
    as_t y = tensor_alias(c, x);
    return context_ok(c) && tape_require(c, y, true) ? y : inert(c);
}

static bool service_per_sample(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each)
{
    if (!context_ok(c) || !tape_per_sample(c, loss, x, n, norm, each))
        return false;
    bool kept = context_of(c)->replay != NULL; /* they carry no history */
    if (kept && norm)
        *norm = replay_tensor(c, *norm);
    for (int k = 0; k < n && kept && each; k++)
        each[k] = replay_tensor(c, each[k]);
    return context_ok(c);
}

static void service_report_real(as_ctx *c, const char *name, double value)
{
    frame *f = frame_here(c);
    if (f)
        instance_report(f->owner, name, value);
}

static void service_report(as_ctx *c, const char *name, as_t value)
{
    if (!frame_here(c))
        return;
    double number = tensor_item(c, value);
    if (context_ok(c))
        service_report_real(c, name, number);
}

const as_services *services_table(void)
{
    static as_services table;
    if (table.size)
        return &table;
    tape_services(&table);
    services_inputs(&table);
    services_sampling(&table);
    table.self = service_self;
    table.parameter = service_parameter;
    table.buffer = service_buffer;
    table.counter = service_counter;
    table.assign = service_assign;
    table.training = service_training;
    table.draw = service_draw;
    table.draw_int = service_draw_int;
    table.permutation = service_permutation;
    table.gamma = service_gamma;
    table.beta = service_beta;
    table.categorical = service_categorical;
    table.state_put = service_state_put;
    table.split = service_split;
    table.read = service_read;
    table.field = service_field;
    table.output = service_output;
    table.report = service_report;
    table.report_real = service_report_real;
    table.verdict = service_verdict;
    table.finite = service_finite;
    table.leaf = service_leaf;
    table.per_sample = service_per_sample;
    return &table;
}
