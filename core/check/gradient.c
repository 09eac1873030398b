/* First and second gradients against central differences. Values that leave the graph at the base point are
 * given again at the points around it, and state is restored before each evaluation, so that a method which
 * stops gradients is measured by the function its gradient belongs to. Raw data are not: a term computed past
 * the tape, without as_detach, shows as a difference. */
#include "check/internal.h"

#include "autograd/replay.h"
#include "autograd/tape.h"
#include "tensor/random.h"

#include <assay/operations.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEAVES = 64, PROBES = 12 };

typedef struct {
    subject *s;
    instance *i;
    inputs in;
    as_state *before; /* the instance's state before each evaluation */
    replay replay;
    int n;
    as_t leaf[LEAVES]; /* borrowed */
    const char *name[LEAVES];
    as_t gradient[LEAVES]; /* kept: what the tape says */
    bool second;
    int measured;
    double worst;
} probe;

/* Fixed random weights of x's shape. */
static as_t weights(as_ctx *c, as_t x, int64_t number)
{
    random_stream r = random_named(CHECK_SEED, "check/gradient", (uint64_t)number, "weights");
    as_t w = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
    for (int64_t i = 0; context_ok(c) && i < w->count; i++) {
        double v;
        random_normal_f64(&r, &v, 1);
        tensor_put(w, i, v);
    }
    return w;
}

/* sum_k <w_k, x_k> over those that carry history; NULL when none does. */
static as_t weighted(as_ctx *c, as_t *x, int n, int64_t first)
{
    as_t sum = NULL;
    for (int k = 0; k < n && context_ok(c); k++) {
        if (!x[k] || !x[k]->requires_grad || !tensor_is_float(x[k]))
            continue;
        as_t part = as_sum(c, as_mul(c, x[k], weights(c, x[k], first + k)), AS_ALL);
        sum = sum ? as_add(c, sum, part) : part;
    }
    return sum;
}

static bool call_once(probe *p, as_t *out)
{
    const as_plugin *d = &p->s->p->d;
    return d->score ? call_score(p->i, p->in.in, p->in.n, out) : call_forward(p->i, p->in.in, p->in.n, out);
}

/* The function measured, in the current scope: L = sum_k <w_k, out_k>, or <v, dL/dleaf> for the second order.
 * NULL after a failure and when nothing depends on the leaves. */
static as_t function(probe *p, bool play)
{
    as_ctx *c = p->s->c;
    as_t out[SIGNATURE_PLACES] = {0}, g[LEAVES];
    replay_rewind(&p->replay, play);
    context_of(c)->replay = &p->replay;
    bool good = call_once(p, out);
    context_of(c)->replay = NULL;
    as_t sum = good ? weighted(c, out, p->s->p->signature->out_count, 0) : NULL;
    if (!p->second || !sum)
        return sum;
    context_of(c)->replay = &p->replay;
    good = tape_gradients(c, sum, NULL, p->leaf, p->n, true, g);
    context_of(c)->replay = NULL;
    return good ? weighted(c, g, p->n, SIGNATURE_PLACES) : NULL;
}

/* The function's value with leaf k's item j moved by h. NaN after a failure. */
static double value_at(probe *p, int k, int64_t j, double h)
{
    as_ctx *c = p->s->c;
    as_t x = p->leaf[k];
    if (!instance_load(p->i, p->before))
        return NAN;
    double was = tensor_at(x, j), value = NAN;
    tensor_put(x, j, was + h);
    tensor_touch(x);
    as_scope scope = scope_open(c);
    as_t y = function(p, true);
    if (y && context_ok(c))
        value = tensor_item(c, y);
    scope_close(c, scope, NULL);
    tensor_put(x, j, was);
    tensor_touch(x);
    return value;
}

static bool single(const probe *p)
{
    return context_of(p->s->c)->working == AS_F32;
}

/* Compares one derivative; the best of three steps, for one may cross a kink. */
static bool compare(probe *p, int k, int64_t j, double scale)
{
    static const double steps64[] = {1e-5, 1e-4, 1e-6}, steps32[] = {1e-2, 3e-2, 3e-3};
    double tolerance = single(p) ? 2e-2 : 2e-6, best = INFINITY, closest = NAN;
    double tape = tensor_at(p->gradient[k], j), at = fabs(tensor_at(p->leaf[k], j));
    for (int t = 0; t < 3 && !(best <= tolerance); t++) {
        double h = (single(p) ? steps32 : steps64)[t] * fmax(1, at);
        double difference = (value_at(p, k, j, h) - value_at(p, k, j, -h)) / (2 * h);
        if (!context_ok(p->s->c))
            return subject_refused(p->s, "refused at a point 1e-5 beside one it took");
        double off = fabs(difference - tape) / fmax(1e-3, fmax(scale, fabs(difference)));
        if (!(off >= best)) {
            best = off;
            closest = difference;
        }
    }
    p->measured++;
    p->worst = fmax(p->worst, best);
    if (best <= tolerance)
        return true;
    return subject_fail(
        p->s,
        "by %s[%lld]: %.9g by the tape, %.9g by differences%s (a number computed from raw data"
        " loses its gradient: as_detach says what is meant to be constant)",
        p->name[k], (long long)j, tape, closest,
        p->replay.diverged ? "; the points around took another branch" : "");
}

static bool compare_all(probe *p)
{
    for (int k = 0; k < p->n; k++) {
        as_t g = p->gradient[k];
        double scale = 0;
        for (int64_t j = 0; j < g->count; j++)
            scale = fmax(scale, fabs(tensor_at(g, j)));
        int64_t step = g->count > PROBES ? g->count / PROBES : 1;
        for (int64_t j = 0; j < g->count; j += step)
            if (!compare(p, k, j, scale))
                return false;
    }
    return true;
}

/* ---- the point ---- */

static bool add_leaf(probe *p, as_t x, const char *name)
{
    if (p->n == LEAVES || !tensor_is_float(x) || x->count == 0)
        return true;
    p->leaf[p->n] = x;
    p->name[p->n++] = name;
    return tape_require(p->s->c, x, true);
}

static bool open_point(probe *p)
{
    subject *s = p->s;
    const signature *sig = s->p->signature;
    if (!inputs_make(s->c, s->p, s->values, s->sort, &p->in))
        return false;
    p->i = instance_new(s->c, s->p, s->params, p->in.in, p->in.n, 0);
    if (!p->i)
        return false;
    /* a first call, so that state is not at its start: many methods treat that apart */
    outputs o = {0};
    bool good = subject_call(s, p->i, &p->in, &o) && (p->before = subject_snapshot(s, p->i));
    outputs_drop(&o);
    for (int k = 0; good && k < sig->in_count; k++)
        if (p->in.in[k].tensor)
            good = add_leaf(p, p->in.in[k].tensor, sig->in[k].name);
    for (int k = 0; good && k < p->i->state_count; k++)
        if (p->i->state[k].kind == REGISTERED_PARAMETER)
            good = add_leaf(p, p->i->state[k].tensor, p->i->state[k].name);
    return good;
}

static void close_point(probe *p)
{
    for (int k = 0; k < p->n; k++)
        tensor_unref(p->gradient[k]);
    replay_free(&p->replay);
    state_free(p->before);
    instance_free(p->i);
    inputs_free(&p->in);
}

/* The tape's derivatives at the base point. 1: there are some, 0: none, -1: a failure. */
static int differentiate(probe *p)
{
    as_ctx *c = p->s->c;
    as_t g[LEAVES];
    as_scope scope = scope_open(c);
    as_t y = function(p, false);
    int found = y ? 1 : 0;
    if (y && tape_gradients(c, y, NULL, p->leaf, p->n, false, g))
        for (int k = 0; k < p->n; k++)
            p->gradient[k] = tensor_ref(g[k]);
    scope_close(c, scope, NULL);
    return context_ok(c) ? found : -1;
}

static bool measure(probe *p)
{
    subject *s = p->s;
    if (!open_point(p))
        return false;
    int found = p->n > 0 ? differentiate(p) : 0;
    if (found < 0)
        return p->second && subject_forget(s, &s->error) ? subject_leave(s, "refused: %.400s", s->error.text)
                                                         : false;
    if (found == 0)
        return p->second ? subject_leave(s, "the first gradient is constant")
                         : subject_leave(s, "no output depends on a floating input by the tape");
    if (!compare_all(p))
        return false;
    snprintf(s->error.text, sizeof s->error.text, "%d derivatives%s, off by %.1g at most", p->measured,
             single(p) ? " in f32 (it reads raw f32)" : "", p->worst);
    return true;
}

static void check_order(subject *s, bool second)
{
    context *x = context_of(s->c);
    as_error e = {{0}};
    if (!s->p->d.forward && !s->p->d.score) {
        subject_leave(s, "of losses, heads and scores only");
        return;
    }
    for (int single_float = 0; single_float < 2; single_float++) {
        probe p = {.s = s, .second = second};
        x->working = single_float ? AS_F32 : AS_F64;
        measure(&p);
        bool refused = subject_forget(s, &e);
        close_point(&p);
        x->working = AS_F32;
        if (!refused)
            return;
        if (single_float || !strstr(e.text, "expected a dense f32")) {
            subject_fail(s, "%.900s", e.text);
            return;
        }
    }
}

void check_gradient(subject *s)
{
    check_order(s, false);
}

void check_second_gradient(subject *s)
{
    check_order(s, true);
}
