/* The tape's rules: what backward frees, where gradients arrive, what it refuses, and that it survives
 * refusals. */
#include "engine.h"

#include "tensor/alloc.h"

#include <string.h>

static as_t leaf(as_ctx *c, double value)
{
    as_t x = tensor_full(c, AS_F64, AS_DIMS(2), value);
    tape_require(c, x, true);
    return x;
}

static as_t total(as_ctx *c, as_t x)
{
    return as_sum(c, x, AS_ALL);
}

/* x^3: 3 x^2, 6 x, 6 */
static void three_orders(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 2), y = as_mul(c, as_square(c, x), x);
    as_t g1 = as_grad(c, total(c, y), x, true), g2 = as_grad(c, total(c, g1), x, true);
    as_t g3 = as_grad(c, total(c, g2), x, false);
    ENGINE_OK(c);
    assert_true(engine_at(g1, 0) == 12 && engine_at(g2, 1) == 12 && engine_at(g3, 0) == 6);
    assert_false(g3->requires_grad);
}

static void leaves_accumulate(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 3), b = leaf(c, 1);
    assert_true(tape_backward(c, total(c, as_add(c, x, b)))); /* both gradients come from one tensor */
    assert_true(tape_backward(c, total(c, as_scale(c, x, 5))));
    assert_true(engine_at(x->grad, 0) == 6 && engine_at(b->grad, 0) == 1);
    assert_ptr_not_equal(x->grad->store, b->grad->store);
}

/* y used three times, once through a view. */
static void fan_out(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 2), y = as_square(c, x);
    as_t z = as_add(c, as_mul(c, y, y), as_reshape(c, as_reshape(c, y, AS_DIMS(1, 2)), AS_DIMS(2)));
    assert_true(tape_backward(c, total(c, z))); /* x^4 + x^2: 4 x^3 + 2 x = 36 */
    assert_true(engine_at(x->grad, 0) == 36 && engine_at(x->grad, 1) == 36);
}

static void backward_frees(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 2), y = total(c, as_exp(c, x));
    assert_true(tape_backward(c, y));
    assert_false(tape_backward(c, y));
    ENGINE_FAILS(c, "sum: an earlier backward() has freed this graph; compute it again, or use grad()");
    assert_true(tape_backward(c, total(c, as_exp(c, x)))); /* the tape is usable after the refusal */
    ENGINE_OK(c);
}

static void grad_keeps(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 2), y = total(c, as_square(c, x));
    as_t first = as_grad(c, y, x, false), again = as_grad(c, y, x, false);
    ENGINE_OK(c);
    assert_true(as_equal(c, first, again) && engine_at(first, 0) == 4);
    assert_null(x->grad);
}

/* Of a computed tensor, of one that plays no part, and with weights. */
static void any_tensor(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 2), other = leaf(c, 1), h = as_square(c, x), y = as_mul(c, h, h);
    as_t w = tensor_from(c, AS_F64, AS_DIMS(2), (double[]){1, 10}), g[2];
    assert_true(tape_gradients(c, y, w, (as_t[]){h, other}, 2, false, g));
    assert_true(engine_at(g[0], 0) == 8 && engine_at(g[0], 1) == 80); /* 2 h w */
    assert_true(engine_at(g[1], 0) == 0);
}

static void detach_and_no_grad(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 3);
    as_t y = as_mul(c, x, as_detach(c, as_square(c, x)));
    assert_true(engine_at(as_grad(c, total(c, y), x, false), 0) == 9);
    bool before = as_no_grad(c);
    assert_false(as_square(c, x)->requires_grad);
    as_no_grad_end(c, before);
    assert_true(as_square(c, x)->requires_grad);
}

static void changed_in_place(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 3), b = tensor_full(c, AS_F64, AS_DIMS(2), 2), y = total(c, as_mul(c, x, b));
    assert_true(tensor_assign(c, b, tensor_full(c, AS_F64, AS_DIMS(2), 5)));
    assert_false(tape_backward(c, y));
    ENGINE_FAILS(c, "mul: a tensor its gradient needs was changed in place since");
}

static void refusals(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 3), plain = tensor_full(c, AS_F64, AS_DIMS(2), 1);
    assert_false(tape_backward(c, x));
    ENGINE_FAILS(c, "backward: f64[2], expected a scalar");
    assert_false(tape_backward(c, total(c, plain)));
    ENGINE_FAILS(c, "backward: nothing it was computed from requires a gradient");
    as_grad(c, total(c, x), plain, false);
    ENGINE_FAILS(c, "grad: input 1, f64[2], does not require a gradient");
    assert_false(tape_require(c, as_square(c, x), true));
    ENGINE_FAILS(c, "f64[2] was computed: only a leaf can be set to collect a gradient");
    as_add(c, x, tensor_full(c, AS_F64, AS_DIMS(3), 1));
    ENGINE_FAILS(c, "add: f64[2] and f64[3] do not broadcast");
    as_matmul(c, tensor_full(c, AS_F32, AS_DIMS(3, 4), 1), tensor_full(c, AS_F32, AS_DIMS(5, 6), 1));
    ENGINE_FAILS(c, "matmul: f32[3,4] by f32[5,6]: inner sizes 4 and 5 differ");
    as_sum(c, x, 3);
    ENGINE_FAILS(c, "sum: axis 3 of a tensor of rank 1");
    as_gather(c, tensor_full(c, AS_F32, AS_DIMS(2, 3), 1), tensor_full(c, AS_I64, AS_DIMS(2), 3), -1);
    ENGINE_FAILS(c, "gather: index 3 at place 0, expected 0 <= index < 3; given f32[2,3], "
                    "i64[2]");
    as_reshape(c, tensor_full(c, AS_F32, AS_DIMS(2, 3), 1), AS_DIMS(4, -1));
    ENGINE_FAILS(c, "reshape: f32[2,3] has 6 items, [4,-1] does not");
    as_add(c, x, tensor_full(c, AS_F32, AS_DIMS(2), 1));
    ENGINE_FAILS(c, "add: f64 beside f32: convert one of them; given f64[2], f32[2]");
}

/* After a failure everything returns the inert tensor, quickly and without a crash. */
static void sticky(void **state)
{
    as_ctx *c = *state;
    as_t bad = as_log(c, tensor_full(c, AS_I64, AS_DIMS(2), 1));
    assert_ptr_equal(as_add(c, bad, bad), as_inert(c));
    assert_true(as_dim(c, bad, 5) == 1 && isnan(as_item(c, bad)) && as_data_f32(c, bad) == NULL);
    ENGINE_FAILS(c, "log: i64[2], expected a float");
}

/* A chain of 200,000 operations is walked and freed without recursion. */
static void deep(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 1);
    as_scope s = as_open(c);
    as_t y = x;
    for (int i = 0; i < 200000; i++) {
        as_scope inner = as_open(c);
        y = as_close(c, inner, as_shift(c, y, 1e-6));
    }
    assert_true(tape_backward(c, total(c, y)));
    as_close(c, s, NULL);
    assert_true(engine_at(x->grad, 0) == 1);
}

static void no_growth(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 0.5);
    size_t before = 0;
    for (int i = 0; i < 200; i++) {
        as_scope s = as_open(c);
        as_t y = as_tanh(c, as_mul(c, x, as_exp(c, x)));
        as_t g = as_grad(c, total(c, y), x, true);
        assert_true(tape_backward(c, total(c, as_mul(c, g, g))));
        tensor_unref(x->grad);
        x->grad = NULL;
        as_close(c, s, NULL);
        if (i == 1)
            before = alloc_in_use();
    }
    assert_int_equal(alloc_in_use(), before);
}

/* Every allocation of a forward and backward pass fails once: an error each time, nothing lost, and it works
 * after. */
static void failing_allocations(void **state)
{
    as_ctx *c = *state;
    as_t x = leaf(c, 0.5);
    assert_true(
        tape_backward(c, total(c, as_exp(c, x)))); /* makes what stays: the leaf's node and gradient */
    bool failed = true;
    for (int n = 1; failed; n++) {
        as_scope s = as_open(c);
        size_t before = alloc_in_use();
        alloc_fail_at(n);
        tape_backward(c, total(c, as_tanh(c, as_mul(c, x, as_exp(c, x)))));
        alloc_fail_at(0);
        as_error e;
        failed = context_take_error(c, &e);
        if (failed)
            assert_non_null(strstr(e.text, "out of memory"));
        as_close(c, s, NULL);
        assert_int_equal(alloc_in_use(), before);
        assert_true(n < 200);
    }
}

static void weighted_sum(void **state)
{
    as_ctx *c = *state;
    as_t a = leaf(c, 1), b = leaf(c, 5), w = tensor_from(c, AS_F64, AS_DIMS(2), (double[]){0.75, 0.25});
    as_t y = as_weighted_sum(c, (as_t[]){a, b, w}, 2);
    assert_true(engine_at(y, 0) == 2); /* weights 3 and 1 on 1 and 5 */
    assert_true(tape_backward(c, total(c, y)));
    assert_true(engine_at(a->grad, 0) == 0.75 && engine_at(b->grad, 1) == 0.25);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(three_orders), TEST(leaves_accumulate),   TEST(fan_out), TEST(backward_frees),
        TEST(grad_keeps),   TEST(any_tensor),          TEST(sticky),  TEST(detach_and_no_grad),
        TEST(refusals),     TEST(changed_in_place),    TEST(deep),    TEST(no_growth),
        TEST(weighted_sum), TEST(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
