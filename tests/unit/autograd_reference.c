/* Forward results of the fused and of the moving operations against plain loops; bad inputs; graphs of 20
 * random operations. */
#include "engine.h"

#include <string.h>

static as_t random_of(as_ctx *c, as_dtype dtype, as_dims dims)
{
    as_t x = tensor_new(c, dtype, dims);
    engine_fill(x, -2, 2);
    return x;
}

static void near_at(const char *what, as_t x, int64_t i, double expected, double tolerance)
{
    if (!(fabs(engine_at(x, i) - expected) <= tolerance * (1 + fabs(expected))))
        fail_msg("%s: item %lld is %.9g, expected %.9g", what, (long long)i, engine_at(x, i), expected);
}

/* (x - mean) / sqrt(variance + eps) * w + b of the items that belong to one group */
static void check_norm(const char *what, as_t x, as_t y, as_t w, as_t b, int64_t groups,
                       int64_t (*group)(int64_t), int64_t (*weight)(int64_t))
{
    for (int64_t g = 0; g < groups; g++) {
        double n = 0, mean = 0, variance = 0;
        for (int64_t i = 0; i < x->count; i++)
            if (group(i) == g)
                n++, mean += engine_at(x, i);
        mean /= n;
        for (int64_t i = 0; i < x->count; i++)
            variance += group(i) == g ? pow(engine_at(x, i) - mean, 2) / n : 0;
        for (int64_t i = 0; i < x->count; i++)
            if (group(i) == g)
                near_at(what, y, i,
                        (engine_at(x, i) - mean) / sqrt(variance + 1e-3) * engine_at(w, weight(i)) +
                            engine_at(b, weight(i)),
                        5e-6);
    }
}

/* x [3, 4, 5]: rows of 20, of 5; groups of 2 channels; channels */
static int64_t by_item(int64_t i)
{
    return i / 20;
}
static int64_t by_place(int64_t i)
{
    return i % 20;
}
static int64_t by_two_channels(int64_t i)
{
    return i / 10;
}
static int64_t by_channel(int64_t i)
{
    return i / 5 % 4;
}

static void norms(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = random_of(c, AS_F32, AS_DIMS(3, 4, 5));
    as_t w = random_of(c, AS_F32, AS_DIMS(4, 5)), b = random_of(c, AS_F32, AS_DIMS(4, 5));
    check_norm("layer_norm", x, as_layer_norm(c, x, w, b, 2, 1e-3), w, b, 3, by_item, by_place);
    w = random_of(c, AS_F32, AS_DIMS(4)), b = random_of(c, AS_F32, AS_DIMS(4));
    check_norm("group_norm", x, as_group_norm(c, x, w, b, 2, 1e-3), w, b, 6, by_two_channels, by_channel);
    as_attr attr = {{0}, {1e-3, 0}};
    as_t moments = as_op(c, AS_OP_BATCH_MOMENTS, &x, 1, &attr);
    const as_t in[4] = {x, moments, w, b};
    check_norm("batch_norm", x, as_op(c, AS_OP_BATCH_NORM, in, 4, &attr), w, b, 4, by_channel, by_channel);
    ENGINE_OK(c);
    as_layer_norm(c, x, w, b, 2, 1e-3);
    ENGINE_FAILS(c, "layer_norm: weight f32[4] for f32[3,4,5]: expected 20 items of its dtype");
    as_group_norm(c, x, w, b, 3, 1e-3);
    ENGINE_FAILS(c, "group_norm: 3 groups of f32[3,4,5]: expected [B, C, ...], C a multiple; given "
                    "f32[3,4,5], f32[4], f32[4]");
    as_t none = tensor_new(c, AS_F32, AS_DIMS(0, 4)); /* no rows: nothing to do */
    assert_int_equal(as_layer_norm(c, none, w, b, 1, 1e-3)->count, 0);
    ENGINE_OK(c);
    as_close(c, s, NULL);
}

static void entropy(void **state)
{
    as_ctx *c = *state;
    static const int64_t classes[] = {1, 3, 40, 300, 1000};
    for (int k = 0; k < 5; k++) {
        as_scope s = as_open(c);
        int64_t rows = 70, n = classes[k];
        as_t x = as_scale(c, random_of(c, AS_F32, AS_DIMS(rows, n)), 4);
        as_t label = tensor_new(c, AS_I64, AS_DIMS(rows));
        engine_fill(label, 0, (double)n);
        as_t y = as_cross_entropy(c, x, label, 0.1);
        ENGINE_OK(c);
        for (int64_t r = 0; r < rows; r++) {
            double sum = 0, mean = 0;
            for (int64_t i = 0; i < n; i++) {
                sum += exp(engine_at(x, r * n + i));
                mean += engine_at(x, r * n + i) / (double)n;
            }
            double at = engine_at(x, r * n + (int64_t)engine_at(label, r));
            near_at("cross_entropy", y, r, log(sum) - 0.9 * at - 0.1 * mean, 2e-6);
        }
        ((int64_t *)label->data)[2] = n;
        as_cross_entropy(c, x, label, 0);
        char text[100];
        snprintf(text, sizeof text,
                 "cross_entropy: label %d at place 2, expected 0 <= label < %d; given f32[70,%d], i64[70]",
                 (int)n, (int)n, (int)n);
        ENGINE_FAILS(c, text);
        as_close(c, s, NULL);
    }
}

/* The gradient of the mean, which the forward pass leaves, and of other sums; again after the one given out
 * was changed. */
static void entropy_gradients(void **state)
{
    as_ctx *c = *state;
    for (int64_t n = 2; n <= 602; n += 300) {
        as_scope s = as_open(c);
        const int64_t rows = 70;
        as_t x = random_of(c, AS_F32, AS_DIMS(rows, n)), label = tensor_new(c, AS_I64, AS_DIMS(rows));
        engine_fill(label, 0, (double)n);
        tape_require(c, x, true);
        as_t loss = as_cross_entropy(c, x, label, 0.1), mean = as_mean(c, loss, 0);
        for (int time = 0; time < 4; time++) {
            as_t y = time == 1 ? as_scale(c, mean, 2) : time == 3 ? as_sum(c, loss, 0) : mean, g;
            double factor = time == 1 ? 2 : time == 3 ? (double)rows : 1;
            assert_true(tape_gradients(c, y, NULL, &x, 1, false, &g));
            ENGINE_OK(c);
            for (int64_t r = 0; r < rows; r++) {
                double sum = 0;
                for (int64_t k = 0; k < n; k++)
                    sum += exp(engine_at(x, r * n + k));
                for (int64_t k = 0; k < n; k++) {
                    double p = exp(engine_at(x, r * n + k)) / sum, hot = k == (int64_t)engine_at(label, r);
                    double want = factor / (double)rows * (p - 0.9 * hot - 0.1 / (double)n);
                    near_at("cross_entropy's gradient", g, r * n + k, want, 1e-6 * factor / (double)rows);
                }
            }
            memset(g->data, 0, (size_t)g->count * sizeof(float));
            tensor_touch(g);
        }
        as_close(c, s, NULL);
    }
}

static void moved(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = tensor_from(c, AS_F64, AS_DIMS(5), (double[]){3, 1, NAN, 1, -2});
    static const int64_t up[] = {4, 1, 3, 0, 2}, down[] = {0, 1, 3, 4, 2};
    as_t places = as_argsort(c, x, 0, false), falling = as_argsort(c, x, 0, true);
    for (int64_t i = 0; i < 5; i++) {
        assert_int_equal(engine_at(places, i), up[i]);
        assert_int_equal(engine_at(falling, i), down[i]);
    }
    as_t many = random_of(c, AS_F32, AS_DIMS(1000)), sorted = as_sort(c, many, 0, false);
    for (int64_t i = 1; i < 1000; i++)
        assert_true(engine_at(sorted, i - 1) <= engine_at(sorted, i));
    as_t row = tensor_from(c, AS_F64, AS_DIMS(4), (double[]){1, 2, 3, 4});
    static const double sums[] = {1, 3, 6, 10}, rolled[] = {4, 1, 2, 3}, padded[] = {7, 1, 2, 3, 4, 7, 7};
    static const double tiled[] = {1, 2, 3, 4, 1, 2, 3, 4};
    for (int64_t i = 0; i < 4; i++) {
        near_at("cumsum", as_cumsum(c, row, 0), i, sums[i], 0);
        near_at("roll", as_roll(c, row, 1, 0), i, rolled[i], 0);
        near_at("flip", as_flip(c, row, 0), i, 4 - (double)i, 0);
    }
    for (int64_t i = 0; i < 7; i++)
        near_at("pad", as_pad(c, row, 0, 1, 2, 7), i, padded[i], 0);
    for (int64_t i = 0; i < 8; i++)
        near_at("tile", as_tile(c, row, 2, 0), i, tiled[i], 0);
    near_at("var", as_var(c, row, 0, 1), 0, 5.0 / 3, 1e-15);
    near_at("norm", as_norm(c, row, 0), 0, sqrt(30), 1e-15);
    ENGINE_OK(c);
    as_close(c, s, NULL);
}

/* Large enough to be cut into pieces, in both floats, along each of three axes. */
static void large_orders(void **state)
{
    as_ctx *c = *state;
    for (int axis = 0; axis < 3; axis++)
        for (int dtype = AS_F32; dtype <= AS_F64; dtype++) {
            as_scope s = as_open(c);
            as_t x = random_of(c, (as_dtype)dtype, AS_DIMS(9, 70, 130));
            as_t sums = as_cumsum(c, x, axis), place = as_argsort(c, x, axis, false);
            ENGINE_OK(c);
            int64_t step = axis == 0 ? 70 * 130 : axis == 1 ? 130 : 1, n = x->size[axis];
            for (int64_t i = 0; i < x->count; i++) {
                int64_t k = i / step % n, first = i - k * step;
                double before = k ? engine_at(sums, i - step) : 0;
                near_at("cumsum", sums, i, before + engine_at(x, i),
                        1e-5); /* a few units of sums below 100 */
                double here = engine_at(x, first + (int64_t)engine_at(place, i) * step);
                if (k)
                    assert_true(engine_at(x, first + (int64_t)engine_at(place, i - step) * step) <= here);
            }
            as_close(c, s, NULL);
        }
}

static void images(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = tensor_from(c, AS_F32, AS_DIMS(1, 1, 2, 2), (float[]){0, 4, 8, 12});
    as_attr nearest = {{4, 4, 0}, {0}}, linear = {{4, 4, 1}, {0}}, pool = {{2, 2, 1, 1, 1, 1}, {0}};
    /* places -0.25, 0.25, 0.75, 1.25 of the row 0 4, the first and last held at the border */
    static const double row[] = {0, 1, 3, 4}, means[] = {0, 1, 1, 2, 6, 4, 2, 5, 3};
    as_t near = as_op(c, AS_OP_RESIZE2D, &x, 1, &nearest), wide = as_op(c, AS_OP_RESIZE2D, &x, 1, &linear);
    as_t mean = as_op(c, AS_OP_AVG_POOL2D, &x, 1, &pool);
    ENGINE_OK(c);
    for (int64_t i = 0; i < 16; i++) {
        near_at("nearest", near, i, (double)(i / 8 * 8 + i % 4 / 2 * 4), 0);
        near_at("bilinear", wide, i, row[i % 4] + 2 * row[i / 4], 1e-6);
    }
    for (int64_t i = 0; i < 9; i++)
        near_at("avg_pool2d", mean, i, means[i], 1e-6);
    as_close(c, s, NULL);
}

/* ---- graphs of 20 operations ---- */

#define NODES 20
#define LEAVES 3

static uint64_t choice;

static int choose(int n)
{
    choice = choice * 6364136223846793005u + 1442695040888963407u;
    return (int)(choice >> 33) % n;
}

/* Smooth operations whose results stay within a few units; every tensor is [4, 4]. */
static as_t step_of(as_ctx *c, as_t a, as_t b)
{
    as_t ones = tensor_full(c, (as_dtype)a->dtype, AS_DIMS(4), 1);
    switch (choose(16)) {
    case 0:
        return as_tanh(c, as_add(c, a, b));
    case 1:
        return as_mul(c, as_sigmoid(c, a), b);
    case 2:
        return as_scale(c, as_matmul(c, a, b), 0.25);
    case 3:
        return as_silu(c, a);
    case 4:
        return as_softmax(c, a, choose(2));
    case 5:
        return as_transpose(c, as_sub(c, a, b));
    case 6:
        return as_sub(c, a, as_mean(c, b, choose(2)));
    case 7:
        return as_layer_norm(c, a, ones, as_scale(c, ones, 0.5), 1, 1e-1);
    case 8:
        return as_log1p(c, as_square(c, as_sub(c, a, b)));
    case 9:
        return as_sin(c, as_flip(c, a, 1));
    case 10:
        return as_tanh(c, as_cumsum(c, a, choose(2)));
    case 11:
        return as_div(c, a, as_shift(c, as_square(c, b), 1));
    case 12:
        return as_roll(c, as_gelu(c, a), 1, choose(2));
    case 13:
        return as_log_softmax(c, as_scale(c, a, 0.5), -1);
    case 14:
        return as_tanh(c, as_slice(c, as_concat(c, (as_t[]){a, b}, 2, 0), 0, 2, 6, 1));
    default:
        return as_attention(c, a, b, a, NULL);
    }
}

static as_t graph(as_ctx *c, uint64_t seed, const as_t *leaf)
{
    as_t x[LEAVES + NODES];
    choice = seed;
    for (int i = 0; i < LEAVES; i++)
        x[i] = leaf[i];
    for (int i = 0; i < NODES; i++) {
        as_t a = x[choose(LEAVES + i)], b = x[LEAVES + i - 1];
        x[LEAVES + i] = step_of(c, a, b);
    }
    return as_mean(c, as_square(c, x[LEAVES + NODES - 1]), AS_ALL);
}

static double value_of(as_ctx *c, uint64_t seed, const as_t *leaf)
{
    as_scope s = as_open(c);
    bool before = as_no_grad(c);
    double value = as_item(c, graph(c, seed, leaf));
    as_no_grad_end(c, before);
    as_close(c, s, NULL);
    return value;
}

static void graphs(void **state)
{
    as_ctx *c = *state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        as_scope s = as_open(c);
        as_t leaf[LEAVES], narrow[LEAVES], g[LEAVES];
        for (int i = 0; i < LEAVES; i++) {
            narrow[i] = random_of(c, AS_F32, AS_DIMS(4, 4));
            leaf[i] = as_cast(c, narrow[i], AS_F64);
        }
        double wide = value_of(c, seed, leaf), single = value_of(c, seed, narrow);
        for (int i = 0; i < LEAVES; i++)
            tape_require(c, leaf[i], true);
        as_gradients(c, graph(c, seed, leaf), leaf, LEAVES, false, g);
        ENGINE_OK(c);
        if (!(fabs(wide - single) <= 2e-4 * (1 + fabs(wide)))) /* 20 roundings, amplified by the graph */
            fail_msg("graph %d: f32 %.9g, f64 %.9g", (int)seed, single, wide);
        for (int i = 0; i < LEAVES; i++)
            for (int64_t k = 0; k < 16; k++) {
                double *item = (double *)leaf[i]->data + k, was = *item;
                *item = was + 1e-5;
                double up = value_of(c, seed, leaf);
                *item = was - 1e-5;
                double slope = (up - value_of(c, seed, leaf)) / 2e-5;
                *item = was;
                if (!(fabs(slope - engine_at(g[i], k)) <= 1e-6 * (1 + fabs(slope))))
                    fail_msg("graph %d, leaf %d, item %d: gradient %.9g, central difference %.9g", (int)seed,
                             i, (int)k, engine_at(g[i], k), slope);
            }
        as_close(c, s, NULL);
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
        cmocka_unit_test_setup_teardown(norms, setup, teardown),
        cmocka_unit_test_setup_teardown(entropy, setup, teardown),
        cmocka_unit_test_setup_teardown(entropy_gradients, setup, teardown),
        cmocka_unit_test_setup_teardown(moved, setup, teardown),
        cmocka_unit_test_setup_teardown(large_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(images, setup, teardown),
        cmocka_unit_test_setup_teardown(graphs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
