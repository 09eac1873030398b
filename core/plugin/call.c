#include "plugin/call.h"

#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

/* ---- states in the order of the first ---- */

typedef struct {
    const as_state *list[16]; /* room for as many as there mostly are */
    const as_state **states;  /* what the call gets */
    as_state **copies;        /* those that had another order */
    int count;
} aligned_states;

static bool same_order(const as_state *a, const as_state *b)
{
    for (int i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->entries[i].name, b->entries[i].name) != 0)
            return false;
    return a->count == b->count;
}

static bool same_sizes(const struct as_tensor *a, const struct as_tensor *b)
{
    return a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->size, b->size, a->rank * sizeof *a->size) == 0;
}

/* Whether state number k (from 1) has the names and shapes of the first. */
static bool check_like_first(const as_state *first, const as_state *s, int k, as_error *e)
{
    char found[TENSOR_TEXT], wanted[TENSOR_TEXT];
    bool ordered = same_order(first, s);
    for (int i = 0; i < first->count; i++) {
        const char *name = first->entries[i].name;
        as_t mine = first->entries[i].tensor, x = ordered ? s->entries[i].tensor : state_find(s, name);
        if (!x)
            return error_set(e, "state %d has no \"%s\", the first has", k, name);
        if (!same_sizes(x, mine))
            return error_set(e, "\"%s\" of state %d is %s, the first has %s", name, k,
                             tensor_shape_text(x, found), tensor_shape_text(mine, wanted));
    }
    for (int i = 0; !ordered && i < s->count; i++)
        if (!state_find(first, s->entries[i].name))
            return error_set(e, "state %d has \"%s\", the first has not", k, s->entries[i].name);
    return true;
}

static as_state *reordered(const as_state *first, const as_state *s, as_error *e)
{
    as_state *copy = state_new();
    bool good = copy || error_set(e, "out of memory: a state of %d tensors", s->count);
    for (int i = 0; good && i < first->count; i++)
        good = state_put(copy, first->entries[i].name, state_find(s, first->entries[i].name), e);
    if (good)
        return copy;
    state_free(copy);
    return NULL;
}

static void drop_aligned(aligned_states *a)
{
    for (int k = 0; a->copies && k < a->count; k++)
        state_free(a->copies[k]);
    free(a->copies);
    if (a->states != a->list)
        free(a->states);
}

/* Puts the states of one input in the order of the first; drop_aligned also after a failure. */
static bool align(argument *in, aligned_states *a, as_error *e)
{
    enum { SHORT = sizeof a->list / sizeof *a->list };
    a->count = in->state_count;
    a->states = a->count <= SHORT ? a->list : malloc((size_t)a->count * sizeof *a->states);
    a->copies = calloc((size_t)a->count, sizeof *a->copies);
    if (!a->states || !a->copies)
        return error_set(e, "out of memory: %d states", a->count);
    const as_state *first = in->states[0];
    for (int k = 0; k < a->count; k++) {
        const as_state *s = in->states[k];
        if (!check_like_first(first, s, k + 1, e))
            return false;
        if (!same_order(first, s) && !(a->copies[k] = reordered(first, s, e)))
            return false;
        a->states[k] = a->copies[k] ? a->copies[k] : s;
    }
    in->states = a->states;
    return true;
}

/* ---- one call, one result ---- */

/* A method that trains or samples inside: it records whatever the script does, its results carry no history.
 */
enum { INWARD = 1 };

typedef struct {
    const char *name;
    as_call *body;
    int flags;
    as_state *state; /* what the call fills instead of its first output; NULL for an output */
} call;

static bool run_once(instance *i, const call *k, const argument *in, int n, as_t *out)
{
    frame f;
    as_ctx *c = i->ctx;
    if (!frame_open(&f, c, i, k->name, in, n))
        return false;
    f.state = k->state;
    if (k->flags & INWARD)
        tape_recording(c, true);
    f.output[0] = k->body(c, i->params, f.tensor);
    if (k->state && context_ok(c) && k->state->count == 0)
        context_fail(c, "gave no tensor (as_state_put)");
    int outputs = i->plugin->signature->out_count;
    frame_check_outputs(&f);
    for (int o = 0; o < outputs; o++)
        out[o] = k->flags & INWARD && f.output[o] ? tape_detach(c, f.output[o]) : f.output[o];
    return frame_close(&f, out, outputs);
}

/* The input of several states, or -1. */
static int states_place(const signature *s, const argument *in, int n)
{
    for (int k = 0; k < s->in_count && k < n; k++)
        if (s->in[k].type == SIGNATURE_STATES && in[k].state_count > 1)
            return k;
    return -1;
}

static bool run_aligned(instance *i, const call *k, const argument *in, int n, int place, as_t *out)
{
    argument given[SIGNATURE_PLACES] = {{0}};
    aligned_states aligned = {0};
    as_error e = {{0}};
    if (n > SIGNATURE_PLACES)
        n = SIGNATURE_PLACES;
    memcpy(given, in, (size_t)n * sizeof *in);
    bool good = align(&given[place], &aligned, &e);
    if (!good)
        context_fail(i->ctx, "%s: %s: %s", i->plugin->name, i->plugin->signature->in[place].name, e.text);
    good = good && run_once(i, k, given, n, out);
    drop_aligned(&aligned);
    return good;
}

static void give_inert(instance *i, as_t *out)
{
    for (int k = 0; out && k < i->plugin->signature->out_count; k++)
        out[k] = context_of(i->ctx)->inert;
}

/* A failure leaves inert outputs, whichever step it came from. */
static bool run(instance *i, const call *k, const argument *in, int n, as_t *out)
{
    if (context_ok(i->ctx) && !k->body)
        context_fail(i->ctx, "%s: has no call %s: it is one of the %s", i->plugin->name, k->name,
                     i->plugin->d.kind);
    if (context_ok(i->ctx)) {
        int place = states_place(i->plugin->signature, in, n);
        if (place < 0 ? run_once(i, k, in, n, out) : run_aligned(i, k, in, n, place, out))
            return true;
    }
    give_inert(i, out);
    return false;
}

bool call_forward(instance *i, const argument *in, int n, as_t *out)
{
    return run(i, &(call){"forward", i->plugin->d.forward, 0, NULL}, in, n, out);
}

bool call_score(instance *i, const argument *in, int n, as_t *out)
{
    return run(i, &(call){"score", i->plugin->d.score, 0, NULL}, in, n, out);
}

bool call_step(instance *i, const argument *in, int n, as_t *out)
{
    return run(i, &(call){"step", i->plugin->d.step, INWARD, NULL}, in, n, out);
}

bool call_draw(instance *i, const argument *in, int n, as_t *out)
{
    return run(i, &(call){"draw", i->plugin->d.draw, 0, NULL}, in, n, out);
}

bool call_adapt(instance *i, const argument *in, int n, as_t *out)
{
    return run(i, &(call){"adapt", i->plugin->d.adapt, INWARD, NULL}, in, n, out);
}

as_state *call_merge(instance *i, const argument *in, int n, as_t *out)
{
    as_state *merged = state_new();
    if (!merged)
        context_fail(i->ctx, "%s: merge: out of memory", i->plugin->name);
    else if (run(i, &(call){"merge", i->plugin->d.merge, INWARD, merged}, in, n, out))
        return merged;
    state_free(merged);
    return NULL;
}

/* ---- data sets ---- */

bool call_open(instance *i)
{
    frame f;
    if (i->opened)
        return context_ok(i->ctx);
    if (!i->plugin->d.open) {
        context_fail(i->ctx, "%s: has no call open: it is one of the %s", i->plugin->name, i->plugin->d.kind);
        return false;
    }
    if (!frame_open_unchecked(&f, i->ctx, i, "open", NULL, NULL))
        return false;
    i->plugin->d.open(i->ctx, i->params);
    if (context_ok(i->ctx) && i->split_count == 0)
        context_fail(i->ctx, "declared no split");
    return i->opened = frame_close(&f, NULL, 0);
}

static bool check_split(const instance *i, const char *split)
{
    for (int k = 0; k < i->split_count; k++)
        if (strcmp(i->splits[k], split) == 0)
            return true;
    const char *meant = suggest(split, (const char *const *)i->splits, (size_t)i->split_count);
    if (meant)
        context_fail(i->ctx, "%s: no split \"%s\"; did you mean \"%s\"?", i->plugin->name, split, meant);
    else
        context_fail(i->ctx, "%s: no split \"%s\"", i->plugin->name, split);
    return false;
}

/* The fields against the outputs of the signature, by name. */
static void check_fields(frame *f)
{
    as_ctx *c = f->ctx;
    const signature *s = f->owner->plugin->signature;
    if (context_ok(c) && f->state->count == 0)
        context_fail(c, "split \"%s\" has no field", f->split);
    for (int k = 0; k < s->out_count && context_ok(c); k++) {
        f->output[k] = state_find(f->state, s->out[k].name);
        if (!f->output[k] && !s->out[k].optional)
            context_fail(c, "split \"%s\" has no field \"%s\"", f->split, s->out[k].name);
    }
    if (context_ok(c))
        frame_check_outputs(f);
}

as_state *call_read(instance *i, const char *split)
{
    frame f;
    if (!call_open(i) || !check_split(i, split))
        return NULL;
    as_state *fields = state_new();
    if (!fields) {
        context_fail(i->ctx, "%s: read: out of memory", i->plugin->name);
        return NULL;
    }
    bool good = false;
    if (frame_open_unchecked(&f, i->ctx, i, "read", NULL, NULL)) {
        f.state = fields;
        f.split = split;
        instance_forget_streams(i); /* the split's draws are the same whenever it is read */
        i->reading = split;
        i->plugin->d.read(i->ctx, i->params, split);
        i->reading = NULL;
        check_fields(&f);
        good = frame_close(&f, NULL, 0);
    }
    if (good)
        return fields;
    state_free(fields);
    return NULL;
}
