/* One operation case made into tensors and called; its gradients against central differences. */
#ifndef ASSAY_TESTS_OP_HARNESS_H
#define ASSAY_TESTS_OP_HARNESS_H

#include "op_cases.h"

#define EPS                                                                                                  \
    1e-5 /* central differences in f64: error about EPS^2 |f'''| + 1e-16 / EPS, both below 1e-9 here */

enum { DENSE, TRANSPOSED, STRIDED, LAYOUTS };

/* The same items under another layout: through the transposed copy, or every second item of a wider one. */
static inline as_t laid_out(as_ctx *c, as_t x, int layout)
{
    if (x->rank < 2 || layout == DENSE)
        return x;
    if (layout == TRANSPOSED)
        return as_transpose(c, as_contiguous(c, as_transpose(c, x)));
    as_attr wide = {{x->rank - 1, 0, 2 * x->size[x->rank - 1], 2, 2 * x->size[x->rank - 1]}, {0}};
    as_t wider = tensor_is_float(x) ? as_op(c, AS_OP_UNSLICE, &x, 1, &wide) : x;
    return tensor_is_float(x) ? as_slice(c, wider, -1, 0, wider->size[x->rank - 1], 2) : x;
}

static inline as_t apply(as_ctx *c, const op_case *k, const as_t *in, int layout)
{
    as_t x[INPUTS_MAX];
    for (int i = 0; i < k->n; i++)
        x[i] = laid_out(c, in[i], layout);
    if (k->code == AS_OP_BATCH_NORM && !k->attr.i[0])
        x[1] = as_op(c, AS_OP_BATCH_MOMENTS, x, 1, &k->attr); /* its statistics are x's own */
    return k->call ? k->call(c, x) : as_op(c, k->code, x, k->n, &k->attr);
}

static inline void make_inputs(as_ctx *c, const op_case *k, as_dtype dtype, as_t *in)
{
    for (int i = 0; i < k->n; i++) {
        in[i] = tensor_new(c, k->below[i] ? AS_I64 : dtype, k->dims[i]);
        engine_fill(in[i], k->below[i] ? 0 : k->low, k->below[i] ? (double)k->below[i] : k->high);
    }
}

/* A smooth number of the result: sum of y weights + y^2 weights / 3, so that no gradient is constant. */
static inline as_t number_of(as_ctx *c, as_t y, as_t weights)
{
    as_t linear = as_mul(c, y, weights);
    return as_sum(c, as_add(c, linear, as_scale(c, as_mul(c, linear, y), 1.0 / 3)), AS_ALL);
}

static inline as_t weights_for(as_ctx *c, as_t y)
{
    as_t w = tensor_new(c, (as_dtype)y->dtype, tensor_dims(y));
    uint64_t state = 7;
    for (int64_t i = 0; i < w->count; i++) {
        state = state * 2862933555777941757u + 3037000493u;
        ((double *)w->data)[i] = (double)(state >> 40) / 16777216.0 - 0.4;
    }
    return w;
}

/* First derivative along each item by central differences of `number`, against `gradient`. */
static inline void compare(as_ctx *c, const op_case *k, const char *which, as_t *in, int at, as_t gradient,
                           double (*number)(as_ctx *, const op_case *, as_t *, int), int layout)
{
    double *items = in[at]->data;
    for (int64_t i = 0; i < in[at]->count; i++) {
        double was = items[i];
        items[i] = was + EPS;
        double up = number(c, k, in, layout);
        items[i] = was - EPS;
        double down = number(c, k, in, layout);
        items[i] = was;
        double expected = (up - down) / (2 * EPS), got = engine_at(gradient, i);
        if (!(fabs(got - expected) <= 1e-6 * (1 + fabs(expected))))
            fail_msg("%s, layout %d: %s gradient of input %d at %lld: %.10g, central difference %.10g",
                     k->name, layout, which, at, (long long)i, got, expected);
    }
}

static inline double first_number(as_ctx *c, const op_case *k, as_t *in, int layout)
{
    as_scope s = as_open(c);
    bool before = as_no_grad(c);
    as_t y = apply(c, k, in, layout);
    double value = as_item(c, number_of(c, y, weights_for(c, y)));
    as_no_grad_end(c, before);
    as_close(c, s, NULL);
    return value;
}

/* Sum over inputs of <gradient, fixed direction>. */
static inline as_t directional(as_ctx *c, const op_case *k, as_t *in, int layout, bool create_graph)
{
    as_t y = apply(c, k, in, layout), x[INPUTS_MAX], g[INPUTS_MAX], sum = NULL;
    int n = 0;
    for (int i = 0; i < k->n; i++)
        if (in[i]->requires_grad)
            x[n++] = in[i];
    as_gradients(c, number_of(c, y, weights_for(c, y)), x, n, create_graph, g);
    for (int i = 0; i < n; i++) {
        as_t part = as_sum(c, as_mul(c, g[i], weights_for(c, g[i])), AS_ALL);
        sum = sum ? as_add(c, sum, part) : part;
    }
    return sum;
}

static inline double second_number(as_ctx *c, const op_case *k, as_t *in, int layout)
{
    as_scope s = as_open(c);
    double value = as_item(c, directional(c, k, in, layout, false));
    as_close(c, s, NULL);
    return value;
}

/* Whether input i is one whose gradient the operation gives. */
static inline bool differentiable(const op_case *k, int i)
{
    return !k->below[i] && !(k->code == AS_OP_WHERE && i == 0) &&
           !(k->code == AS_OP_MAX_POOL2D_PICK && i == 0) && !(k->code == AS_OP_BATCH_NORM && i == 1);
}

static inline void check_gradients(as_ctx *c, const op_case *k, int layout)
{
    as_scope s = as_open(c);
    as_t in[INPUTS_MAX], g[INPUTS_MAX];
    context_of(c)->working = AS_F64;
    make_inputs(c, k, AS_F64, in);
    for (int i = 0; i < k->n; i++)
        if (differentiable(k, i))
            tape_require(c, in[i], true);
    for (int order = 1; order <= (k->order == FIRST_ORDER ? 1 : 2); order++) {
        as_t number;
        if (order == 1) {
            as_t y = apply(c, k, in, layout);
            number = number_of(c, y, weights_for(c, y));
        } else {
            number = directional(c, k, in, layout, true);
        }
        for (int i = 0; i < k->n; i++)
            if (in[i]->requires_grad) {
                g[i] = as_grad(c, number, in[i], false);
                ENGINE_OK(c);
                compare(c, k, order == 1 ? "first" : "second", in, i, g[i],
                        order == 1 ? first_number : second_number, layout);
            }
    }
    context_of(c)->working = AS_F32;
    as_close(c, s, NULL);
}

#endif
