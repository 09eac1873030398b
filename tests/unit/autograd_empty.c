/* Every operation case with an axis of size 0: all axes of one size at once, each size that occurs in turn.
 * The operation either refuses by name, or gives the shape that its sizes lead to, numbers that are the same
 * in both floats, and right gradients: zeros from an empty result. */
#include "op_harness.h"

#include <string.h>

static op_case resized(const op_case *k, int64_t from, int64_t to)
{
    op_case out = *k;
    for (int i = 0; i < k->n; i++)
        for (int axis = 0; axis < k->dims[i].rank; axis++)
            if (k->dims[i].size[axis] == from)
                out.dims[i].size[axis] = to;
    return out;
}

/* The result, or NULL and the text of the refusal. */
static as_t run(as_ctx *c, const op_case *k, const as_t *in, as_error *e)
{
    as_t y = apply(c, k, in, DENSE);
    return context_take_error(c, e) ? NULL : y;
}

static as_t run_at_random(as_ctx *c, const op_case *k, as_error *e)
{
    as_t in[INPUTS_MAX];
    make_inputs(c, k, AS_F64, in);
    return run(c, k, in, e);
}

/* Sizes of the result grow evenly with those of the inputs: extrapolated from two others, where both work. */
static void check_shape(as_ctx *c, const op_case *k, int64_t size, as_t y)
{
    as_error e;
    op_case small = resized(k, size, 1), large = resized(k, size, 2);
    as_t one = run_at_random(c, &small, &e), two = one ? run_at_random(c, &large, &e) : NULL;
    if (!two || k->code == AS_OP_SLICE) /* whose ends move into what there is */
        return;
    if (y->rank != one->rank)
        fail_msg("%s, %d as 0: %d axes, expected %d", k->name, (int)size, y->rank, one->rank);
    for (int i = 0; i < y->rank; i++) {
        int64_t expected = 2 * one->size[i] - two->size[i];
        if (y->size[i] != (expected > 0 ? expected : 0))
            fail_msg("%s, %d as 0: axis %d has %d places, expected %d", k->name, (int)size, i,
                     (int)y->size[i], (int)expected);
    }
}

/* "NAME: what is wrong", the name an operation's unless several make the case. */
static bool refuses(const op_case *k, const char *text)
{
    char name[40];
    as_op_code code;
    const char *colon = strstr(text, ": ");
    if (!colon || colon - text >= (int)sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    return k->call || op_find(name, &code);
}

static void check_empty(as_ctx *c, const op_case *k, int64_t size)
{
    as_scope s = as_open(c);
    op_case empty = resized(k, size, 0);
    as_t in[INPUTS_MAX], narrow[INPUTS_MAX];
    as_error e = {0};
    make_inputs(c, &empty, AS_F32, narrow);
    for (int i = 0; i < k->n; i++)
        in[i] = k->below[i] ? narrow[i] : as_cast(c, narrow[i], AS_F64);
    as_t single = run(c, &empty, narrow, &e), y;
    context_of(c)->working = AS_F64;
    y = run(c, &empty, in, &e);
    if (!y && (single || !refuses(k, e.text)))
        fail_msg("%s, %d as 0: refused with \"%s\"", k->name, (int)size, e.text);
    for (int64_t i = 0; y && i < y->count; i++)
        if (!(fabs(engine_at(y, i) - engine_at(single, i)) <= 2e-6 * (1 + fabs(engine_at(y, i)))))
            fail_msg("%s, %d as 0: item %d is %.9g in f64, %.9g in f32", k->name, (int)size, (int)i,
                     engine_at(y, i), engine_at(single, i));
    if (y)
        check_shape(c, k, size, y);
    context_of(c)->working = AS_F32;
    if (y && k->order != NO_GRADIENT)
        check_gradients(c, &empty, DENSE);
    as_close(c, s, NULL);
}

static void all_cases(void **state)
{
    as_ctx *c = *state;
    for (size_t i = 0; i < OP_CASES; i++) {
        int64_t done[INPUTS_MAX * AS_MAX_RANK];
        int n = 0;
        for (int k = 0; k < op_cases[i].n; k++)
            for (int axis = 0; axis < op_cases[i].dims[k].rank; axis++) {
                int64_t size = op_cases[i].dims[k].size[axis];
                bool met = false;
                for (int j = 0; j < n; j++)
                    met |= done[j] == size;
                if (met)
                    continue;
                done[n++] = size;
                check_empty(c, &op_cases[i], size);
            }
    }
}

/* ---- numbers out of nothing, worked out by hand ---- */

static void all_are(const char *what, as_t y, int64_t count, double value)
{
    if (y->count != count)
        fail_msg("%s: %d items, expected %d", what, (int)y->count, (int)count);
    for (int64_t i = 0; i < count; i++)
        if (engine_at(y, i) != value)
            fail_msg("%s: item %d is %g, expected %g", what, (int)i, engine_at(y, i), value);
}

static void results(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = tensor_new(c, AS_F64, AS_DIMS(2, 0)), none = tensor_new(c, AS_I64, AS_DIMS(0));
    as_t b = tensor_full(c, AS_F64, AS_DIMS(4), 7), w = tensor_new(c, AS_F64, AS_DIMS(4, 0));
    all_are("sum", as_sum(c, x, 1), 2, 0);
    all_are("norm", as_norm(c, x, AS_ALL), 1, 0);
    all_are("matmul", as_matmul(c, x, tensor_new(c, AS_F64, AS_DIMS(0, 3))), 6, 0);
    all_are("linear", as_linear(c, x, w, b), 8, 7); /* the bias alone */
    all_are("pad", as_pad(c, x, 1, 1, 2, 5), 6, 5);
    all_are("concat", as_concat(c, (as_t[]){x, tensor_full(c, AS_F64, AS_DIMS(2, 3), 2)}, 2, 1), 6, 2);
    all_are("squared_distances", as_squared_distances(c, x, tensor_new(c, AS_F64, AS_DIMS(3, 0))), 6, 0);
    const as_t rows[2] = {tensor_new(c, AS_F64, AS_DIMS(0, 3)), none};
    as_attr table = {{0, 5}, {0}};
    all_are("index_add", as_op(c, AS_OP_INDEX_ADD, rows, 2, &table), 15, 0);
    const as_t images[2] = {tensor_new(c, AS_F64, AS_DIMS(2, 0, 4, 4)),
                            tensor_new(c, AS_F64, AS_DIMS(3, 0, 2, 2))};
    as_attr window = {{1, 1, 0, 0, 1, 1, 1}, {0}};
    all_are("conv2d", as_op(c, AS_OP_CONV2D, images, 2, &window), 2 * 3 * 3 * 3, 0);
    as_t column = as_op1(c, AS_OP_ASSIGNMENT, tensor_new(c, AS_F64, AS_DIMS(3, 0)));
    all_are("assignment", column, 3, -1); /* three rows, no column for any */
    const as_t sums[3] = {x, x, tensor_full(c, AS_F64, AS_DIMS(2), 1)};
    all_are("weighted_sum", as_op(c, AS_OP_WEIGHTED_SUM, sums, 3, NULL), 0, 0);
    as_t square = tensor_new(c, AS_F64, AS_DIMS(0, 0)), part[3], values, vectors;
    all_are("cholesky", as_op1(c, AS_OP_CHOLESKY, square), 0, 0);
    all_are("solve", as_op2(c, AS_OP_SOLVE, square, tensor_new(c, AS_F64, AS_DIMS(0, 2))), 0, 0);
    as_eigh(c, square, &values, &vectors);
    as_svd(c, tensor_new(c, AS_F64, AS_DIMS(0, 3)), part);
    ENGINE_OK(c);
    assert_true(values->count == 0 && vectors->rank == 2);
    assert_true(part[0]->count == 0 && part[1]->count == 0 && part[2]->rank == 2 && part[2]->size[1] == 3);
    as_close(c, s, NULL);
}

static void refused(as_ctx *c, as_t y, const char *text)
{
    (void)y;
    ENGINE_FAILS(c, text);
}

static void no_number(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = tensor_new(c, AS_F32, AS_DIMS(2, 0));
    refused(c, as_mean(c, x, 1), "mean: mean along an axis of size 0: f32[2,0]");
    refused(c, as_max(c, x, 1), "max: no value along an axis of size 0: f32[2,0]");
    refused(c, as_argmin(c, x, AS_ALL), "argmin: no value along an axis of size 0: f32[2,0]");
    refused(c, as_logsumexp(c, x, 1), "logsumexp: no value along an axis of size 0: f32[2,0]");
    refused(c, as_softmax(c, x, 1), "softmax: no value along an axis of size 0: f32[2,0]");
    refused(c, as_reshape(c, x, AS_DIMS(-1, 0)), "reshape: f32[2,0] has 0 items, [-1,0] does not");
    as_attr moments = {{0}, {1e-5}};
    as_t none = tensor_new(c, AS_F32, AS_DIMS(0, 3));
    refused(c, as_op(c, AS_OP_BATCH_MOMENTS, &none, 1, &moments),
            "batch_moments: no item to take a mean of: f32[0,3]");
    as_close(c, s, NULL);
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
        cmocka_unit_test_setup_teardown(all_cases, setup, teardown),
        cmocka_unit_test_setup_teardown(results, setup, teardown),
        cmocka_unit_test_setup_teardown(no_number, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
