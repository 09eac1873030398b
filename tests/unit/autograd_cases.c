/* Every operation from one line: forward against a plain loop where there is one, first and second gradients
 * against central differences in f64, each with dense, transposed and strided inputs, and the same bits in
 * f32 on a repeat. */
#include "op_harness.h"

#include "tensor/pool.h"

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
        OP("cumsum, rows", CUMSUM, 1, -1, 1, .dims = {D(300, 501)}, .attr = {{1}, {0}}),
        OP("cumsum, columns, from the end", CUMSUM, 1, -1, 1, .dims = {D(2, 300, 501)},
           .attr = {{1, 1}, {0}}),
        OP("sort, rows", SUM, 1, -1, 1, .dims = {D(300, 501)}, .call = case_sort),
        OP("sort, columns", SUM, 1, -1, 1, .dims = {D(300, 501)}, .call = case_sort_first),
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
