/* First and second gradients against central differences. Values that leave the graph at the base point are
 * given again at the points around it, and state is restored before each evaluation, so that a method which
 * stops gradients is measured by the function its gradient belongs to. Raw data are not: a term computed past
 * the tape, without as_detach, shows as a difference. Differences with nothing given again then tell whether
 * the method stops gradients at all, which must be what its signature says (|stop). */
#include "check/internal.h"

#include "autograd/replay.h"
#include "autograd/tape.h"
#include "tensor/random.h"

#include <assay/operations.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEAVES = 64, PROBES = 12 };

/* What becomes of values that leave the graph. */
typedef enum { RECORD, PLAY, MOVE } leaving;

typedef struct {
    subject *s;
    instance *i;
    inputs in;
    point before; /* where each evaluation starts */
    replay replay;
    int n;
    as_t leaf[LEAVES]; /* borrowed */
    const char *name[LEAVES];
    as_t gradient[LEAVES]; /* kept: what the tape says */
    bool second;
    bool stopped; /* a derivative is not that of the value */
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
static as_t function(probe *p, leaving values)
{
    as_ctx *c = p->s->c;
    as_t out[SIGNATURE_PLACES] = {0}, g[LEAVES];
    replay *kept = values == MOVE ? NULL : &p->replay;
    if (kept)
        replay_rewind(kept, values == PLAY);
    context_of(c)->replay = kept;
    bool good = call_once(p, out);
    context_of(c)->replay = NULL;
    as_t sum = good ? weighted(c, out, p->s->p->signature->out_count, 0) : NULL;
    if (!p->second || !sum)
        return sum;
    context_of(c)->replay = kept;
    good = tape_gradients(c, sum, NULL, p->leaf, p->n, true, g);
    context_of(c)->replay = NULL;
    return good ? weighted(c, g, p->n, SIGNATURE_PLACES) : NULL;
}

/* The function's value with leaf k's item j moved by h. NaN after a failure. */
static double value_at(probe *p, int k, int64_t j, double h, leaving values)
{
    as_ctx *c = p->s->c;
    as_t x = p->leaf[k];
    if (!point_restore(p->s, p->i, &p->in, &p->before))
        return NAN;
    double was = tensor_at(x, j), value = NAN;
    tensor_put(x, j, was + h);
    tensor_touch(x);
    as_scope scope = scope_open(c);
    as_t y = function(p, values);
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

/* The largest derivative of a leaf: errors are measured by it. */
static double scale_of(const struct as_tensor *g)
{
    double scale = 1e-3;
    for (int64_t j = 0; j < g->count; j++)
        scale = fmax(scale, fabs(tensor_at(g, j)));
    return scale;
}

/* How far rounding of the two values may carry a difference over 2h: it is what a derivative of 0 shows
 * beside a value of some size. */
static double rounding(const probe *p, double up, double down, double h)
{
    enum { ULPS = 8 }; /* of each value; a sum's last places depend on its order */
    return ULPS * (single(p) ? FLT_EPSILON : DBL_EPSILON) * (fabs(up) + fabs(down)) / (2 * h);
}

/* How far one derivative is from the nearest of three differences beyond their rounding, for a step may cross
 * a kink; *closest is that difference. NaN after a failure. */
static double off_by(probe *p, int k, int64_t j, double scale, leaving values, double enough, double *closest)
{
    static const double steps64[] = {1e-5, 1e-4, 1e-6}, steps32[] = {1e-2, 3e-2, 3e-3};
    double tape = tensor_at(p->gradient[k], j), at = fabs(tensor_at(p->leaf[k], j)), best = INFINITY;
    *closest = NAN;
    for (int t = 0; t < 3 && !(best <= enough); t++) {
        double h = (single(p) ? steps32 : steps64)[t] * fmax(1, at);
        double up = value_at(p, k, j, h, values), down = value_at(p, k, j, -h, values);
        double difference = (up - down) / (2 * h),
               off = (fabs(difference - tape) - rounding(p, up, down, h)) / fmax(scale, fabs(difference));
        if (!context_ok(p->s->c))
            return NAN;
        if (!(off >= best)) {
            best = off;
            *closest = difference;
        }
    }
    return best;
}

static double tolerance(const probe *p)
{
    return single(p) ? 2e-2 : 2e-6;
}

static bool compare(probe *p, int k, int64_t j, double scale)
{
    double difference, off = off_by(p, k, j, scale, PLAY, tolerance(p), &difference);
    if (!context_ok(p->s->c))
        return subject_refused(p->s, "refused at a point 1e-5 beside one it took");
    p->measured++;
    p->worst = fmax(p->worst, off);
    if (off <= tolerance(p))
        return true;
    return subject_fail(
        p->s,
        "by %s[%lld]: %.5g by the tape, %.5g by differences%s (a number computed from raw data"
        " loses its gradient: as_detach says what is meant to be constant)",
        p->name[k], (long long)j, tensor_at(p->gradient[k], j), difference,
        p->replay.diverged ? "; the points around took another branch" : "");
}

/* Goes over some items of every leaf until one says stop. */
static bool each_derivative(probe *p, bool (*visit)(probe *p, int k, int64_t j, double scale))
{
    for (int k = 0; k < p->n; k++) {
        as_t g = p->gradient[k];
        double scale = scale_of(g);
        int64_t step = g->count > PROBES ? g->count / PROBES : 1;
        for (int64_t j = 0; j < g->count; j += step)
            if (!visit(p, k, j, scale))
                return false;
    }
    return true;
}

/* ---- stopped gradients ---- */

static bool says_stop(const signature *s)
{
    for (int k = 0; k < s->out_count; k++)
        if (s->out[k].stops)
            return true;
    return false;
}

/* Ends the walk at a derivative that is not that of the value. */
static bool follows_value(probe *p, int k, int64_t j, double scale)
{
    double difference, off = off_by(p, k, j, scale, MOVE, 5 * tolerance(p), &difference);
    subject_forget(p->s, NULL); /* where it refuses to go nothing is known */
    p->stopped = off > 5 * tolerance(p);
    if (p->stopped && !says_stop(p->s->p->signature))
        return subject_fail(
            p->s,
            "by %s[%lld]: the value changes by %.5g, the gradient is %.5g: something is detached, or"
            " read as a number. If that is the method, say |stop behind the output",
            p->name[k], (long long)j, difference, tensor_at(p->gradient[k], j));
    return !p->stopped;
}

static bool compare_stops(probe *p)
{
    each_derivative(p, follows_value);
    if (!p->stopped && says_stop(p->s->p->signature))
        subject_fail(p->s,
                     "the signature says |stop, and the gradient is that of the whole value: an as_detach is"
                     " missing");
    return p->s->result == CHECK_PASSED;
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
    if (!inputs_make(s->c, s->p, s->values, s->manner, &p->in))
        return false;
    p->i = instance_new(s->c, s->p, s->params, p->in.in, p->in.n, 0);
    if (!p->i)
        return false;
    /* a first call, so that state is not at its start: many methods treat that apart */
    outputs o = {0};
    bool good = subject_call(s, p->i, &p->in, &o) && point_take(s, p->i, &p->in, &p->before);
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
    point_drop(&p->before);
    instance_free(p->i);
    inputs_free(&p->in);
}

/* The tape's derivatives at the base point. 1: there are some, 0: none, -1: a failure. */
static int differentiate(probe *p)
{
    as_ctx *c = p->s->c;
    as_t g[LEAVES];
    as_scope scope = scope_open(c);
    as_t y = function(p, RECORD);
    int found = y ? 1 : 0;
    if (y && tape_gradients(c, y, NULL, p->leaf, p->n, false, g))
        for (int k = 0; k < p->n; k++)
            p->gradient[k] = tensor_ref(g[k]);
    scope_close(c, scope, NULL);
    return context_ok(c) ? found : -1;
}

/* Losses and heads exist to be differentiated. */
static bool is_trained_on(const plugin *p)
{
    return strcmp(p->d.kind, "losses") == 0 || strcmp(p->d.kind, "heads") == 0;
}

static bool measure(probe *p)
{
    subject *s = p->s;
    if (!open_point(p))
        return false;
    int found = p->n > 0 ? differentiate(p) : 0;
    as_error refusal = {{0}};
    if (found < 0)
        return p->second && subject_forget(s, &refusal) ? subject_leave(s, "refused: %.400s", refusal.text)
                                                        : false;
    if (found == 0 && p->second)
        return subject_leave(s, "the first gradient is constant");
    if (found == 0 && p->n > 0 && is_trained_on(s->p))
        return subject_fail(
            s, "the result depends on no floating input by the tape: all of it is computed from raw"
               " data, or detached");
    if (found == 0)
        return subject_leave(s, "no output depends on a floating input by the tape");
    if (!each_derivative(p, compare) || (!p->second && !compare_stops(p)))
        return false;
    snprintf(s->error.text, sizeof s->error.text, "%d derivatives%s, off by %.1g at most%s", p->measured,
             single(p) ? " in f32 to 2 % (it reads raw f32)" : "", p->worst,
             p->stopped ? "; part of it is constant, as |stop says" : "");
    return true;
}

static void check_order(subject *s, bool second)
{
    context *x = context_of(s->c);
    as_error e = {{0}};
    if (!s->p->d.forward && !s->p->d.score) {
        subject_leave(s, "it is not called without adapting");
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
