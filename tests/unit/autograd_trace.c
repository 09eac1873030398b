/* The first operation, gradient or step that makes a NaN is named, with the ranges of what it got. */
#include "engine.h"

#include "autograd/optimizer.h"

static as_t values(as_ctx *c, double a, double b)
{
    return tensor_from(c, AS_F64, AS_DIMS(2), (double[]){a, b});
}

static void forward(void **state)
{
    as_ctx *c = *state;
    as_t y = as_scale(c, as_sqrt(c, values(c, -1, 4)), 2);
    (void)y;
    ENGINE_FAILS(c, "sqrt: the first NaN: result f64[2] 1 NaN; input 1 f64[2] mean 1.5 min -1 max 4");
    as_sub(c, values(c, INFINITY, 1), values(c, INFINITY, 1));
    ENGINE_FAILS(c, "sub: the first NaN: result f64[2] 1 NaN; input 1 f64[2] mean inf min 1 max inf; input 2 "
                    "f64[2] mean inf min 1 max inf");
}

/* In data: may be moved about and masked, but not computed with. */
static void given(void **state)
{
    as_ctx *c = *state;
    as_t x = values(c, NAN, 3), mask = as_op2(c, AS_OP_EQ, x, x);
    as_t moved = as_reshape(c, as_slice(c, x, 0, 0, 2, 1), AS_DIMS(2, 1));
    const as_t in[3] = {as_reshape(c, mask, AS_DIMS(2, 1)), moved, tensor_full(c, AS_F64, AS_DIMS(2, 1), 0)};
    as_t filled = as_op(c, AS_OP_WHERE, in, 3, NULL);
    ENGINE_OK(c);
    assert_true(engine_at(filled, 0) == 0 && engine_at(filled, 1) == 3);
    as_mul(c, values(c, 1, 2), x);
    ENGINE_FAILS(c, "mul: the first NaN was given, no operation made it: input 2 f64[2] 1 NaN");
}

/* sqrt's gradient at 0 is infinite, times an arriving 0: the fused rule and the one of operations. */
static void backward(void **state)
{
    as_ctx *c = *state;
    for (int graph = 0; graph < 2; graph++) {
        as_t x = values(c, 0, 4);
        tape_require(c, x, true);
        as_t y = as_sum(c, as_mul(c, as_sqrt(c, x), values(c, 0, 1)), AS_ALL);
        as_grad(c, y, x, graph != 0);
        ENGINE_FAILS(
            c, "the gradient of sqrt: the first NaN: for input 1 f64[2] 1 NaN; arriving gradient f64[2] "
               "mean 0.5 min 0 max 1; its result f64[2] mean 1 min 0 max 2");
        as_t again = as_grad(c, as_sum(c, as_square(c, x), AS_ALL), x, false); /* the tape works on */
        ENGINE_OK(c);
        assert_true(engine_at(again, 1) == 8);
    }
}

/* A rule may make a NaN that does not leave it: norm's at 0 is masked. */
static void masked(void **state)
{
    as_ctx *c = *state;
    as_t x = values(c, 0, 0);
    tape_require(c, x, true);
    as_t g = as_grad(c, as_norm(c, x, AS_ALL), x, true);
    ENGINE_OK(c);
    assert_true(engine_at(g, 0) == 0);
}

static void step(void **state)
{
    as_ctx *c = *state;
    as_t p = values(c, 1, 2);
    tape_require(c, p, true);
    optimizer_options options = {.kind = OPTIMIZER_SGD, .rate = INFINITY};
    optimizer *o = optimizer_new(c, &options, &p, 1);
    assert_false(optimizer_update(c, o, as_sum(c, as_mul(c, p, values(c, 0, 1)), AS_ALL), 0));
    ENGINE_FAILS(c,
                 "sgd: the first NaN: a step left it in parameter 1 of 1, f64[2] 1 NaN; its gradient f64[2] "
                 "mean 0.5 min 0 max 1");
    optimizer_free(o);
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
    setenv("ASSAY_TRACE_NAN", "1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forward, setup, teardown),
        cmocka_unit_test_setup_teardown(given, setup, teardown),
        cmocka_unit_test_setup_teardown(backward, setup, teardown),
        cmocka_unit_test_setup_teardown(masked, setup, teardown),
        cmocka_unit_test_setup_teardown(step, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
