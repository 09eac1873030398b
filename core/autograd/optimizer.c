#include "autograd/optimizer.h"

#include "autograd/clip.h"
#include "autograd/trace.h"
#include "tensor/kernels.h"
#include "tensor/pool.h"

#include <assay/tensor.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16384 /* items a thread takes at once */
#define NAME 24     /* "m.1234567" */

/* One parameter with its moments: kept references; m and v are NULL where the rule has none. */
typedef struct {
    as_t p, m, v;
    as_t g; /* this update's gradient, borrowed; NULL: the parameter stays */
    int64_t first_piece;
} slot;

struct as_group {
    optimizer_options options;
    slot *slots;
    int n, moments; /* moments a parameter: 0, 1 or 2 */
    int64_t steps;
    char (*names)[NAME]; /* of the state's entries: m.0 v.0 m.1 ... steps */
};

static as_t kept_zeros(as_ctx *c, as_t like)
{
    as_scope s = scope_open(c);
    as_t x = tensor_full(c, (as_dtype)like->dtype, tensor_dims(like), 0);
    if (context_ok(c))
        tensor_ref(x);
    scope_close(c, s, NULL);
    return context_ok(c) ? x : NULL;
}

static bool check_parameters(as_ctx *c, const as_t *parameters, int n)
{
    char text[TENSOR_TEXT];
    for (int i = 0; i < n; i++) {
        as_t p = parameters[i];
        tensor_shape_text(p, text);
        if (!tensor_is_float(p) || !p->dense)
            context_fail(c, "optimizer: parameter %d is %s%s, expected a dense float", i + 1,
                         p->dense ? "" : "a strided ", text);
        else if (p->node && p->node->op)
            context_fail(c, "optimizer: parameter %d, %s, was computed; expected a leaf", i + 1, text);
        for (int k = 0; k < i; k++)
            if (parameters[k] == p)
                context_fail(c, "optimizer: parameter %d, %s, is given twice", i + 1, text);
    }
    return context_ok(c);
}

optimizer *optimizer_new(as_ctx *c, const optimizer_options *options, const as_t *parameters, int n)
{
    if (!check_parameters(c, parameters, n))
        return NULL;
    optimizer *o = calloc(1, sizeof *o);
    slot *slots = calloc((size_t)(n + 1), sizeof *slots);
    char(*names)[NAME] = calloc((size_t)(2 * n + 1), sizeof *names);
    if (!o || !slots || !names) {
        free(o);
        free(slots);
        free(names);
        context_fail(c, "out of memory: an optimizer of %d parameters", n);
        return NULL;
    }
    o->options = *options;
    o->slots = slots;
    o->names = names;
    o->n = n;
    o->moments = options->kind != OPTIMIZER_SGD ? 2 : options->momentum > 0 ? 1 : 0;
    for (int i = 0; i < n; i++) {
        slots[i].p = tensor_ref(parameters[i]);
        slots[i].m = o->moments > 0 ? kept_zeros(c, parameters[i]) : NULL;
        slots[i].v = o->moments > 1 ? kept_zeros(c, parameters[i]) : NULL;
        for (int k = 0; k < o->moments; k++)
            snprintf(names[i * o->moments + k], NAME, "%c.%d", k ? 'v' : 'm', i);
    }
    strcpy(names[n * o->moments], "steps");
    if (context_ok(c))
        return o;
    optimizer_free(o);
    return NULL;
}

void optimizer_free(optimizer *o)
{
    if (!o)
        return;
    for (int i = 0; i < o->n; i++) {
        tensor_unref(o->slots[i].p);
        tensor_unref(o->slots[i].m);
        tensor_unref(o->slots[i].v);
    }
    free(o->slots);
    free(o->names);
    free(o);
}

/* ---- passes over the gradients at hand, cut into pieces ---- */

typedef struct {
    optimizer *o;
    double c1, c2, eps, rate; /* adam: 1 - beta^steps, and what radam makes of the options */
} pass;

/* Numbers the pieces; returns how many. */
static int64_t number_pieces(optimizer *o)
{
    int64_t pieces = 0;
    for (int i = 0; i < o->n; i++) {
        o->slots[i].first_piece = pieces;
        if (o->slots[i].g)
            pieces += (o->slots[i].p->count + PIECE - 1) / PIECE;
    }
    o->slots[o->n].first_piece = pieces;
    return pieces;
}

/* The parameter of a piece, where in it the piece starts (items), and its length. */
static slot *slot_of(const optimizer *o, int64_t piece, int64_t *at, int64_t *length)
{
    int low = 0, high = o->n;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (o->slots[middle].first_piece <= piece)
            low = middle;
        else
            high = middle;
    }
    slot *s = &o->slots[low];
    *at = (piece - s->first_piece) * PIECE;
    *length = s->p->count - *at < PIECE ? s->p->count - *at : PIECE;
    return s;
}

static void *items(as_t x, int64_t at)
{
    return x ? (char *)x->data + (size_t)at * tensor_item_bytes((as_dtype)x->dtype) : NULL;
}

static void move_piece(void *arg, int64_t piece)
{
    const pass *w = arg;
    const optimizer_options *q = &w->o->options;
    int64_t at, n;
    slot *s = slot_of(w->o, piece, &at, &n);
    const kernels *k = kernels_for((as_dtype)s->p->dtype);
    if (q->kind == OPTIMIZER_SGD)
        k->sgd(items(s->p, at), items(s->g, at), items(s->m, at), n, q->rate, q->momentum, q->decay,
               q->nesterov);
    else
        k->adam(items(s->p, at), items(s->g, at), items(s->m, at), items(s->v, at), n, w->rate, q->beta1,
                q->beta2, w->eps, w->c1, w->c2, q->decay, q->kind == OPTIMIZER_ADAMW);
}

/* RAdam (Liu et al. 2020, algorithm 2): Adam whose rate is rectified by the variance of 1 / sqrt(v), and
 * momentum alone while that variance has no finite estimate. As Adam's kernel: a denominator of 0 sqrt(v) + 1
 * is momentum alone; eps / sqrt(c2) puts eps beside the uncorrected root, as PyTorch does. */
static void rectify(pass *w, double beta2, double steps)
{
    double power = 1 - w->c2, longest = 2 / (1 - beta2) - 1;
    double length = longest - 2 * steps * power / w->c2;
    if (length > 5) {
        w->rate *= sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
        w->eps /= sqrt(w->c2);
    } else {
        w->c2 = INFINITY;
        w->eps = 1;
    }
}

static void run_step(optimizer *o)
{
    pass w = {.o = o, .rate = o->options.rate, .eps = o->options.eps};
    o->steps++;
    w.c1 = 1 - pow(o->options.beta1, (double)o->steps);
    w.c2 = 1 - pow(o->options.beta2, (double)o->steps);
    if (o->options.kind == OPTIMIZER_RADAM)
        rectify(&w, o->options.beta2, (double)o->steps);
    pool_run(number_pieces(o), move_piece, &w);
    for (int i = 0; i < o->n; i++)
        if (o->slots[i].g)
            tensor_touch(o->slots[i].p);
}

/* Under --trace-nan; the gradients are still in the slots. */
static void trace_step(as_ctx *c, const optimizer *o)
{
    static const char *const names[] = {"sgd", "adam", "adamw", "radam"};
    for (int i = 0; i < o->n && context_ok(c); i++)
        trace_nan_step(c, names[o->options.kind], o->slots[i].p, o->slots[i].g, i + 1, o->n);
}

static void move_all(as_ctx *c, optimizer *o)
{
    run_step(o);
    if (trace_nan_on())
        trace_step(c, o);
}

/* The gradients in the slots as a list; free it. */
static as_t *gradients_of(as_ctx *c, const optimizer *o)
{
    as_t *g = calloc((size_t)o->n + 1, sizeof *g);
    if (!g)
        context_fail(c, "out of memory: clip of %d tensors", o->n);
    for (int i = 0; g && i < o->n; i++)
        g[i] = o->slots[i].g;
    return g;
}

static double clip_slots(as_ctx *c, const optimizer *o, double limit)
{
    as_t *g = gradients_of(c, o);
    double norm = g ? clip_norm(c, g, o->n, limit) : NAN;
    free(g);
    return norm;
}

static void take_leaf_gradients(optimizer *o)
{
    for (int i = 0; i < o->n; i++)
        o->slots[i].g = o->slots[i].p->grad;
}

static void forget_gradients(optimizer *o)
{
    for (int i = 0; i < o->n; i++)
        o->slots[i].g = NULL;
}

bool optimizer_step(as_ctx *c, optimizer *o)
{
    if (!context_ok(c))
        return false;
    take_leaf_gradients(o);
    move_all(c, o);
    for (int i = 0; i < o->n; i++) {
        tensor_unref(o->slots[i].p->grad);
        o->slots[i].p->grad = NULL;
    }
    forget_gradients(o);
    return context_ok(c);
}

double optimizer_clip(as_ctx *c, optimizer *o, double limit)
{
    if (!context_ok(c))
        return NAN;
    take_leaf_gradients(o);
    double norm = clip_slots(c, o, limit);
    forget_gradients(o);
    return norm;
}

bool optimizer_clip_each(as_ctx *c, optimizer *o, double limit)
{
    if (!context_ok(c))
        return false;
    take_leaf_gradients(o);
    as_t *g = gradients_of(c, o);
    bool ok = g && clip_each(c, g, o->n, limit);
    free(g);
    forget_gradients(o);
    return ok;
}

bool optimizer_update(as_ctx *c, optimizer *o, as_t loss, double clip)
{
    if (!context_ok(c))
        return false;
    as_t *list = calloc((size_t)(2 * o->n + 1), sizeof *list);
    if (!list) {
        context_fail(c, "out of memory: an update of %d parameters", o->n);
        return false;
    }
    as_scope s = scope_open(c);
    for (int i = 0; i < o->n; i++)
        list[i] = o->slots[i].p;
    if (tape_gradients(c, loss, NULL, list, o->n, false, list + o->n)) {
        for (int i = 0; i < o->n && context_ok(c); i++) {
            as_t g = list[o->n + i];
            /* a copy where others see it too: clipping writes into it */
            bool shared = g->store->refs > 1 || g->refs > 1;
            g = !g->dense            ? tensor_dense(c, g)
                : shared && clip > 0 ? tensor_from(c, (as_dtype)g->dtype, tensor_dims(g), g->data)
                                     : g;
            o->slots[i].g = g;
        }
        if (context_ok(c) && clip > 0)
            clip_slots(c, o, clip);
        if (context_ok(c))
            move_all(c, o);
    }
    forget_gradients(o);
    scope_close(c, s, NULL);
    free(list);
    return context_ok(c);
}

optimizer_options *optimizer_options_of(optimizer *o)
{
    return &o->options;
}

int64_t optimizer_steps(const optimizer *o)
{
    return o->steps;
}

/* ---- state ---- */

int optimizer_state_size(const optimizer *o)
{
    return o->n * o->moments + 1;
}

const char *optimizer_state_name(const optimizer *o, int i)
{
    return o->names[i];
}

static as_t moment_at(const optimizer *o, int i)
{
    const slot *s = &o->slots[i / o->moments];
    return i % o->moments ? s->v : s->m;
}

as_t optimizer_state_tensor(as_ctx *c, optimizer *o, int i)
{
    if (i == o->n * o->moments)
        return tensor_from(c, AS_I64, AS_SCALAR, &o->steps);
    return moment_at(o, i);
}

bool optimizer_load(as_ctx *c, optimizer *o, const char *name, as_t value)
{
    if (!context_ok(c))
        return false;
    int size = optimizer_state_size(o);
    for (int i = 0; i < size; i++) {
        if (strcmp(o->names[i], name) != 0)
            continue;
        if (i < size - 1)
            return tensor_assign(c, moment_at(o, i), value);
        o->steps = (int64_t)tensor_item(c, value);
        return context_ok(c);
    }
    context_fail(c, "optimizer: the state names \"%s\", which an optimizer of %d parameters does not have",
                 name, o->n);
    return false;
}
