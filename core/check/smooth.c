/* Models for the checks: smooth, so that differences converge; random, so that no symmetry hides a mistake.
 */
#include "check/internal.h"

#include "autograd/tape.h"
#include "tensor/random.h"

#include <assay/operations.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    as_model model;
    const signature *takes; /* NULL: the output has the first input's shape */
    const void *values;
    int place;
    as_t parameter[2]; /* kept: weight, bias */
    as_mode mode;
} smooth;

const char *const smooth_names[2] = {"weight", "bias"};

/* The letters that inputs of these sizes bind. */
static bool bind(as_ctx *c, const smooth *s, const as_t *in, int n, signature_bound *bound)
{
    argument given[SIGNATURE_PLACES] = {{0}};
    for (int k = 0; k < n && k < SIGNATURE_PLACES; k++)
        given[k].tensor = in[k];
    return !s->takes || signature_check_in(s->takes, c, s->values, given, n, bound);
}

/* An item's sizes: letters that the inputs bound, else those every check uses. */
static as_dims dims_of(const smooth *s, const signature_item *item, const signature_bound *bound)
{
    as_dims dims = {0};
    for (int a = 0; a <= item->rank; a++) {
        for (int r = 0; a == item->rest && r < bound->rest_rank; r++)
            dims.size[dims.rank++] = bound->rest[r];
        if (a == item->rank)
            break;
        const signature_size *z = &item->axis[a];
        int64_t size = z->number;
        for (int l = 0; l < z->letter_count; l++) {
            int64_t known = bound->size[z->letter[l]];
            size *= known >= 0 ? known : inputs_letter(s->takes->letter[z->letter[l]]);
        }
        if (z->param >= 0)
            size *= *(const int *)((const char *)s->values + z->param);
        dims.size[dims.rank++] = size;
    }
    return dims;
}

/* [rows, n] -> [rows, columns] by a fixed random matrix */
static as_t project(as_ctx *c, const smooth *s, as_t x, int64_t rows, int64_t columns, int input)
{
    char purpose[32];
    if (!tensor_is_float(x))
        x = as_scale(c, as_cast(c, x, context_of(c)->working), 0.1);
    int64_t n = x->count / rows;
    as_t w = tensor_new(c, (as_dtype)x->dtype, (as_dims){2, {n, columns}});
    snprintf(purpose, sizeof purpose, "input %d", input);
    random_stream stream = random_named(CHECK_SEED, "check/smooth", (uint64_t)s->place, purpose);
    if (!context_ok(c))
        return w;
    if (w->dtype == AS_F32)
        random_normal_f32(&stream, w->data, w->count);
    else
        random_normal_f64(&stream, w->data, w->count);
    as_t flat = as_reshape(c, as_contiguous(c, x), (as_dims){2, {rows, n}});
    return as_scale(c, as_matmul(c, flat, w), 0.5 / sqrt((double)(n > 0 ? n : 1)));
}

/* tanh of what the inputs project to, before weight and bias: flat, of `dims` once reshaped. */
static as_t hidden(as_ctx *c, const smooth *s, as_dims dims, const as_t *in, int n)
{
    int64_t rows = dims.rank > 0 && in[0]->rank > 0 && in[0]->size[0] == dims.size[0] ? dims.size[0] : 1;
    int64_t count = 1;
    for (int a = 0; a < dims.rank; a++)
        count *= dims.size[a];
    as_t sum = NULL;
    for (int k = 0; k < n; k++) {
        bool by_row = in[k]->rank > 0 && in[k]->size[0] == rows;
        as_t part = project(c, s, in[k], by_row ? rows : 1, count / (rows > 0 ? rows : 1), k);
        sum = sum ? as_add(c, sum, part) : part;
    }
    return as_tanh(c, sum);
}

/* As a layer of one input and one output, so that gradients of single items are known. */
static as_t scaled(as_ctx *c, as_t h, const as_t parameter[2], as_dims dims)
{
    int64_t rows = h->rank > 0 ? h->size[0] : 1;
    as_t y =
        as_linear(c, as_reshape(c, as_contiguous(c, h), AS_DIMS(rows, -1, 1)), parameter[0], parameter[1]);
    return as_reshape(c, y, dims);
}

/* Where a path stands in a request's list, or -1. */
static int asked(const char *const *paths, int n, const char *path)
{
    for (int k = 0; k < n; k++)
        if (strcmp(paths[k], path) == 0)
            return k;
    return -1;
}

/* Taps whose types are said lie between inputs and outputs, side by side; any other tap is the last layer. */
static as_t last_layer(as_ctx *c, const smooth *s, const signature_bound *bound, as_dims dims,
                       const as_request *r)
{
    enum { TAPS = 8 };
    as_t value[TAPS];
    int taps = s->takes && s->takes->tap_count < TAPS ? s->takes->tap_count : 0;
    for (int t = 0; t < taps; t++) {
        const signature_tap *tap = &s->takes->tap[t];
        const char *path = signature_tap_path(tap, s->values);
        int with = asked(r->replace, r->replace_count, path);
        as_dims inner = dims_of(s, &tap->type, bound);
        value[t] = with >= 0 ? r->with[with] : as_reshape(c, hidden(c, s, inner, r->in, r->in_count), inner);
        for (int k = 0; k < r->read_count; k++)
            if (strcmp(r->read[k], path) == 0)
                r->value[k] = value[t];
    }
    as_t h = taps                   ? hidden(c, s, dims, value, taps)
             : r->replace_count > 0 ? r->with[0]
                                    : hidden(c, s, dims, r->in, r->in_count);
    for (int k = 0; k < r->read_count; k++)
        if (!r->value[k])
            r->value[k] = h;
    return h;
}

static as_t answer(as_ctx *c, const smooth *s, const as_t parameter[2], const as_request *r)
{
    signature_bound bound;
    for (int k = 0; k < r->read_count; k++)
        r->value[k] = NULL;
    if (!bind(c, s, r->in, r->in_count, &bound))
        return context_of(c)->inert;
    as_dims dims = s->takes ? dims_of(s, &s->takes->out[0], &bound) : tensor_dims(r->in[0]);
    return scaled(c, last_layer(c, s, &bound, dims, r), parameter, dims);
}

static as_t apply(as_ctx *c, const smooth *s, const as_t parameter[2], const as_t *in, int n)
{
    return answer(c, s, parameter, &(as_request){.size = sizeof(as_request), .in = in, .in_count = n});
}

static as_t call(as_ctx *c, as_model *m, const as_t *in, int n)
{
    const smooth *s = m->self;
    return apply(c, s, s->parameter, in, n);
}

static as_t call_with(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n)
{
    const smooth *s = m->self;
    as_t parameter[2];
    for (int k = 0; k < 2; k++)
        if (!(parameter[k] = state_find(theta, smooth_names[k])))
            return context_fail(c, "the state has no \"%s\"", smooth_names[k]);
    return apply(c, s, parameter, in, n);
}

/* All outputs are the one it has. */
static bool request(as_ctx *c, as_model *m, const as_request *r)
{
    const smooth *s = m->self;
    as_t y = answer(c, s, s->parameter, r);
    for (int k = 0; k < r->out_count; k++)
        r->out[k] = y;
    return context_ok(c);
}

static bool state(as_ctx *c, as_model *m, as_state *out)
{
    const smooth *s = m->self;
    as_error e = {{0}};
    for (int k = 0; k < 2; k++)
        if (!state_put(out, smooth_names[k], s->parameter[k], &e)) {
            context_fail(c, "%s", e.text);
            return false;
        }
    return true;
}

static as_mode mode(as_ctx *c, as_model *m, as_mode now)
{
    smooth *s = m->self;
    as_mode before = s->mode;
    (void)c;
    s->mode = now;
    return before;
}

/* Best at tensors of size 0: a smooth number of any state. */
static double evaluate(as_ctx *c, as_model *m, const as_state *theta)
{
    double sum = 0;
    (void)c, (void)m;
    for (int k = 0; k < theta->count; k++) {
        const struct as_tensor *x = theta->entries[k].tensor;
        for (int64_t i = 0; tensor_is_float(x) && i < x->count; i++)
            sum -= tensor_at(x, i) * tensor_at(x, i);
    }
    return sum;
}

as_model *smooth_new(as_ctx *c, const signature_item *item, const void *values, int place)
{
    smooth *s = calloc(1, sizeof *s);
    if (!s) {
        context_fail(c, "out of memory");
        return NULL;
    }
    s->model = (as_model){.name = item->name,
                          .self = s,
                          .offers = MODEL_PARAMS | MODEL_BUFFERS | MODEL_TAPS | MODEL_MODES,
                          .call = call,
                          .call_with = call_with,
                          .request = request,
                          .state = state,
                          .mode = mode,
                          .evaluate = evaluate};
    s->takes = item->call;
    s->values = values;
    s->place = place;
    as_scope scope = scope_open(c);
    for (int k = 0; k < 2; k++) {
        as_dims dims = k == 0 ? AS_DIMS(1, 1) : AS_DIMS(1);
        as_t x = tensor_full(c, context_of(c)->working, dims, k == 0 ? 1.0 : 0.1);
        if (context_ok(c) && tape_require(c, x, true))
            s->parameter[k] = tensor_ref(x);
    }
    scope_close(c, scope, NULL);
    if (context_ok(c))
        return &s->model;
    smooth_free(&s->model);
    return NULL;
}

void smooth_free(as_model *m)
{
    if (!m)
        return;
    smooth *s = m->self;
    tensor_unref(s->parameter[0]);
    tensor_unref(s->parameter[1]);
    free(s);
}

void smooth_parameters(const as_model *m, as_t out[2])
{
    const smooth *s = m->self;
    out[0] = s->parameter[0];
    out[1] = s->parameter[1];
}
