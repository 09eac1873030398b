/* Every operation from one line: forward against a plain loop where there is one, first and second gradients
 * against central differences in f64, each with dense, transposed and strided inputs, and the same bits in
 * f32 on a repeat. */
#include "op_cases.h"

#include "tensor/pool.h"

#define EPS                                                                                                  \
    1e-5 /* central differences in f64: error about EPS^2 |f'''| + 1e-16 / EPS, both below 1e-9 here */

enum { DENSE, TRANSPOSED, STRIDED, LAYOUTS };

/* The same items under another layout: through the transposed copy, or every second item of a wider one. */
static as_t laid_out(as_ctx *c, as_t x, int layout)
{
    if (x->rank < 2 || layout == DENSE)
        return x;
    if (layout == TRANSPOSED)
        return as_transpose(c, as_contiguous(c, as_transpose(c, x)));
    as_attr wide = {{x->rank - 1, 0, 2 * x->size[x->rank - 1], 2, 2 * x->size[x->rank - 1]}, {0}};
    as_t wider = tensor_is_float(x) ? as_op(c, AS_OP_UNSLICE, &x, 1, &wide) : x;
    return tensor_is_float(x) ? as_slice(c, wider, -1, 0, wider->size[x->rank - 1], 2) : x;
}

static as_t apply(as_ctx *c, const op_case *k, const as_t *in, int layout)
{
    as_t x[INPUTS_MAX];
    for (int i = 0; i < k->n; i++)
        x[i] = laid_out(c, in[i], layout);
    if (k->code == AS_OP_BATCH_NORM && !k->attr.i[0])
        x[1] = as_op(c, AS_OP_BATCH_MOMENTS, x, 1, &k->attr); /* its statistics are x's own */
    return k->call ? k->call(c, x) : as_op(c, k->code, x, k->n, &k->attr);
}

static void make_inputs(as_ctx *c, const op_case *k, as_dtype dtype, as_t *in)
{
    for (int i = 0; i < k->n; i++) {
        in[i] = tensor_new(c, k->below[i] ? AS_I64 : dtype, k->dims[i]);
        engine_fill(in[i], k->below[i] ? 0 : k->low, k->below[i] ? (double)k->below[i] : k->high);
    }
}

/* A smooth number of the result: sum of y weights + y^2 weights / 3, so that no gradient is constant. */
static as_t number_of(as_ctx *c, as_t y, as_t weights)
{
    as_t linear = as_mul(c, y, weights);
    return as_sum(c, as_add(c, linear, as_scale(c, as_mul(c, linear, y), 1.0 / 3)), AS_ALL);
}

static as_t weights_for(as_ctx *c, as_t y)
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
static void compare(as_ctx *c, const op_case *k, const char *which, as_t *in, int at, as_t gradient,
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

static double first_number(as_ctx *c, const op_case *k, as_t *in, int layout)
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
static as_t directional(as_ctx *c, const op_case *k, as_t *in, int layout, bool create_graph)
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

static double second_number(as_ctx *c, const op_case *k, as_t *in, int layout)
{
    as_scope s = as_open(c);
    double value = as_item(c, directional(c, k, in, layout, false));
    as_close(c, s, NULL);
    return value;
}

static void check_gradients(as_ctx *c, const op_case *k, int layout)
{
    as_scope s = as_open(c);
    as_t in[INPUTS_MAX], g[INPUTS_MAX];
    context_of(c)->working = AS_F64;
    make_inputs(c, k, AS_F64, in);
    for (int i = 0; i < k->n; i++)
        if (tensor_is_float(in[i]) && !(k->code == AS_OP_WHERE && i == 0) &&
            !(k->code == AS_OP_MAX_POOL2D_PICK && i == 0) && !(k->code == AS_OP_BATCH_NORM && i == 1))
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

/* f64 against the formula; f32 against f64 within the kernels' few units in the last place; and the same bits
 * twice. */
static void check_forward(as_ctx *c, const op_case *k, int layout)
{
    as_scope s = as_open(c);
    as_t in[INPUTS_MAX], wide[INPUTS_MAX];
    make_inputs(c, k, AS_F32, in);
    for (int i = 0; i < k->n; i++)
        wide[i] = k->below[i] ? in[i] : as_cast(c, in[i], AS_F64);
    as_t y = apply(c, k, in, layout), again = apply(c, k, in, layout), dense = apply(c, k, in, DENSE);
    context_of(c)->working = AS_F64;
    as_t exact = apply(c, k, wide, layout);
    context_of(c)->working = AS_F32;
    ENGINE_OK(c);
    assert_true(as_equal(c, y, again));
    for (int64_t i = 0; i < y->count; i++) {
        double got = engine_at(y, i), value = engine_at(exact, i);
        if (!isnan(op_formula(k, 1, 1, 1))) {
            as_t x[INPUTS_MAX];
            double a[INPUTS_MAX] = {0};
            for (int j = 0; j < k->n; j++) {
                x[j] = as_expand(c, wide[j], tensor_dims(y));
                a[j] = engine_at(x[j], i);
            }
            double formula = op_formula(k, a[0], a[1], a[2]);
            if (!(fabs(value - formula) <= 1e-13 * (1 + fabs(formula))))
                fail_msg("%s, layout %d: f64 item %lld is %.17g, expected %.17g", k->name, layout,
                         (long long)i, value, formula);
        }
        if (!(fabs(got - value) <= 2e-6 * (1 + fabs(value))))
            fail_msg("%s, layout %d: f32 item %lld is %.9g, expected %.9g", k->name, layout, (long long)i,
                     got, value);
        if (!(fabs(got - engine_at(dense, i)) <= 1e-6 * (1 + fabs(value))))
            fail_msg("%s: layout %d differs from the dense one at %lld", k->name, layout, (long long)i);
    }
    as_close(c, s, NULL);
}

static void forward(void **state)
{
    as_ctx *c = *state;
    for (size_t i = 0; i < OP_CASES; i++)
        for (int layout = 0; layout < LAYOUTS; layout++)
            check_forward(c, &op_cases[i], layout);
}

static void gradients(void **state)
{
    as_ctx *c = *state;
    for (size_t i = 0; i < OP_CASES; i++)
        for (int layout = 0; layout < LAYOUTS && op_cases[i].order != NO_GRADIENT; layout++)
            check_gradients(c, &op_cases[i], layout);
}

/* Large enough to be cut into pieces: the same bits at one thread and at two, forward and backward. */
static void threads(void **state)
{
    static const op_case large[] = {
        OP("tanh", TANH, 1, -3, 3, .dims = {D(300, 501)}),
        OP("add a row", ADD, 2, -3, 3, .dims = {D(300, 501), D(501)}),
        OP("sum, first", SUM, 1, -3, 3, .dims = {D(300, 501)}, .attr = {{1, 0}, {0}}),
        OP("log_softmax", LOG_SOFTMAX, 1, -3, 3, .dims = {D(300, 501)}, .attr = {{1}, {0}}),
        OP("cross_entropy", CROSS_ENTROPY, 2, -3, 3, .dims = {D(300, 501), D(300)}, .below = {0, 501}),
        OP("layer_norm", LAYER_NORM, 3, -3, 3, .dims = {D(900, 201), D(201), D(201)},
           .attr = {{1}, {1e-5, 0}}),
        OP("group_norm", GROUP_NORM, 3, -3, 3, .dims = {D(30, 16, 15, 15), D(16), D(16)},
           .attr = {{4}, {1e-5, 0}}),
        OP("batch_norm", BATCH_NORM, 4, -3, 3, .dims = {D(30, 16, 15, 15), D(3, 16), D(16), D(16)},
           .attr = {{0}, {1e-5, 0}}),
        OP("matmul", MATMUL, 2, -1, 1, .dims = {D(301, 257), D(257, 303)}),
        OP("matmul, batch", MATMUL, 2, -1, 1, .dims = {D(9, 65, 64), D(9, 64, 66)}),
        OP("conv2d", CONV2D, 2, -1, 1, .dims = {D(13, 8, 14, 14), D(16, 8, 3, 3)},
           .attr = {{1, 1, 1, 1, 1, 1, 1}, {0}}),
        OP("max_pool2d", MAX_POOL2D, 1, -1, 1, .dims = {D(13, 8, 14, 14)}, .attr = {{2, 2, 2, 2, 0, 0}, {0}}),
    };
    as_ctx *c = *state;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        as_scope s = as_open(c);
        as_t in[INPUTS_MAX], y[2], g[2][INPUTS_MAX];
        make_inputs(c, &large[i], AS_F32, in);
        int n = large[i].code == AS_OP_CROSS_ENTROPY ? 1 : large[i].n; /* that require a gradient */
        for (int k = 0; k < n; k++)
            tape_require(c, in[k], true);
        for (int two = 0; two < 2; two++) {
            pool_start(two ? 2 : 1);
            y[two] = apply(c, &large[i], in, DENSE);
            as_gradients(c, as_sum(c, as_square(c, y[two]), AS_ALL), in, n, false, g[two]);
        }
        pool_start(1);
        ENGINE_OK(c);
        if (!as_equal(c, y[0], y[1]))
            fail_msg("%s differs between one thread and two", large[i].name);
        for (int k = 0; k < n; k++)
            if (!as_equal(c, g[0][k], g[1][k]))
                fail_msg("%s: gradient %d differs between one thread and two", large[i].name, k);
        as_close(c, s, NULL);
    }
}

/* Every row of the table that computes has a case. */
static void complete(void **state)
{
    (void)state;
    for (int code = 0; code < AS_OP_END; code++) {
        bool found = code == AS_OP_MAX_POOL2D_INPUT ||
                     code == AS_OP_WEIGHTED_SUM || /* max_pool2d's; tests of its own */
                     code == AS_OP_ASSIGNMENT ||
                     (code >= AS_OP_CHOLESKY && code <= AS_OP_SVD); /* autograd_matrix.c */
        for (size_t i = 0; i < OP_CASES && !found; i++)
            found = op_cases[i].code == (as_op_code)code;
        if (op_at((as_op_code)code) && !found)
            fail_msg("operation %s has no case", op_at((as_op_code)code)->name);
    }
}

static int setup(void **state)
{
    *state = engine_context();
    return 0;
}

static int teardown(void **state)
{
    context_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(complete, setup, teardown),
        cmocka_unit_test_setup_teardown(forward, setup, teardown),
        cmocka_unit_test_setup_teardown(gradients, setup, teardown),
        cmocka_unit_test_setup_teardown(threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
