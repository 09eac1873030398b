/* Winograd's convolution in f32 against the plain sum in f64: forward and both gradients, odd sizes, every
 * padding, and the same bits at one thread and two. Tolerance: 1.5e-5 of the largest value, where 1.4e-6 to
 * 6.0e-6 were measured. */
#include "engine.h"

#include "tensor/pool.h"
#include "tensor/winograd.h"

static const struct {
    int64_t batch, in, out, height, width, pad;
} shapes[] = {
    {5, 16, 17, 7, 9, 1}, {3, 32, 16, 28, 28, 1}, {9, 16, 16, 8, 8, 0},   {4, 16, 32, 5, 6, 2},
    {1, 16, 16, 4, 4, 1}, {20, 24, 40, 7, 7, 1},  {2, 64, 64, 14, 14, 1},
};

static void close_to(as_t got, as_t want, const char *what, size_t shape)
{
    double most = 0, error = 0;
    for (int64_t i = 0; i < got->count; i++) {
        most = fmax(most, fabs(engine_at(want, i)));
        error = fmax(error, fabs(engine_at(got, i) - engine_at(want, i)));
    }
    if (!(error <= 1.5e-5 * most))
        fail_msg("shape %zu: %s differs by %g, values reach %g", shape, what, error, most);
}

/* y, and the gradients of sum(y g) in x, w and b */
static void results(as_ctx *c, const as_t in[3], as_t g, int64_t pad, as_t out[4])
{
    for (int i = 0; i < 3; i++)
        tape_require(c, in[i], true);
    as_attr attr = {{1, 1, pad, pad, 1, 1, 1}, {0}};
    out[0] = as_op(c, AS_OP_CONV2D, in, 3, &attr);
    as_gradients(c, as_sum(c, as_mul(c, out[0], g), AS_ALL), in, 3, false, out + 1);
}

static void against_doubles(void **state)
{
    as_ctx *c = *state;
    static const char *const names[4] = {"the output", "the input's gradient", "the weight's gradient",
                                         "the bias's gradient"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        as_scope s = as_open(c);
        as_t x =
            tensor_new(c, AS_F32, AS_DIMS(shapes[i].batch, shapes[i].in, shapes[i].height, shapes[i].width));
        as_t w = tensor_new(c, AS_F32, AS_DIMS(shapes[i].out, shapes[i].in, 3, 3));
        as_t b = tensor_new(c, AS_F32, AS_DIMS(shapes[i].out));
        int64_t grow = 2 * shapes[i].pad - 2;
        as_t g = tensor_new(
            c, AS_F32,
            AS_DIMS(shapes[i].batch, shapes[i].out, shapes[i].height + grow, shapes[i].width + grow));
        engine_fill(x, -1, 1);
        engine_fill(w, -1, 1);
        engine_fill(b, -10, 10);
        engine_fill(g, -1, 1);
        as_t one[4], two[4], exact[4];
        const as_t in[3] = {x, w, b};
        results(c, in, g, shapes[i].pad, one);
        pool_start(2);
        results(c, in, g, shapes[i].pad, two);
        pool_start(1);
        as_t doubles[3];
        for (int k = 0; k < 3; k++)
            doubles[k] = as_detach(c, as_cast(c, in[k], AS_F64));
        results(c, doubles, as_cast(c, g, AS_F64), shapes[i].pad, exact);
        ENGINE_OK(c);
        for (int k = 0; k < 4; k++) {
            close_to(one[k], exact[k], names[k], i);
            assert_true(as_equal(c, one[k], two[k]));
        }
        as_close(c, s, NULL);
    }
}

static void serves(void **state)
{
    (void)state;
    kernel_window w = {.channels = 16,
                       .height = 8,
                       .width = 8,
                       .out_height = 8,
                       .out_width = 8,
                       .kernel_h = 3,
                       .kernel_w = 3,
                       .stride_h = 1,
                       .stride_w = 1,
                       .pad_h = 1,
                       .pad_w = 1,
                       .dilation_h = 1,
                       .dilation_w = 1};
    assert_true(winograd_serves(AS_F32, &w, 1, 16));
    assert_false(winograd_serves(AS_F64, &w, 1, 16));
    assert_false(winograd_serves(AS_F32, &w, 1, 15));
    assert_false(winograd_serves(AS_F32, &w, 2, 16));
    w.stride_h = 2;
    assert_false(winograd_serves(AS_F32, &w, 1, 16));
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
        cmocka_unit_test_setup_teardown(against_doubles, setup, teardown),
        cmocka_unit_test(serves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
