/* Optimal assignment against every permutation and against its own dual; LAPACK against what it solves. */
#include "engine.h"

#include "tensor/kernels.h"

static as_t random_of(as_ctx *c, as_dtype dtype, as_dims dims)
{
    as_t x = tensor_new(c, dtype, dims);
    engine_fill(x, -2, 2);
    return x;
}

static double best_of(const struct as_tensor *cost, int64_t row, unsigned used)
{
    double best = INFINITY;
    if (row == cost->size[0])
        return 0;
    for (int64_t j = 0; j < cost->size[1]; j++)
        if (!(used >> j & 1)) {
            double rest = best_of(cost, row + 1, used | 1u << j);
            best = fmin(best, engine_at(cost, row * cost->size[1] + j) + rest);
        }
    return best;
}

static double sum_of(const struct as_tensor *cost, const struct as_tensor *column_of)
{
    double sum = 0;
    unsigned long long used[32] = {0};
    for (int64_t i = 0; i < cost->size[0]; i++) {
        int64_t j = (int64_t)engine_at(column_of, i);
        assert_true(j >= 0 && j < cost->size[1] && !(used[j / 64] >> j % 64 & 1));
        used[j / 64] |= 1ull << j % 64;
        sum += engine_at(cost, i * cost->size[1] + j);
    }
    return sum;
}

static as_t assign(as_ctx *c, as_t cost, bool largest)
{
    as_attr attr = {{largest}, {0}};
    return as_op(c, AS_OP_ASSIGNMENT, &cost, 1, &attr);
}

static void small_assignments(void **state)
{
    as_ctx *c = *state;
    for (int trial = 0; trial < 400; trial++) {
        as_scope s = as_open(c);
        int64_t n = 1 + trial % 6, m = n + trial / 6 % 2;
        as_t cost = random_of(c, trial % 2 ? AS_F32 : AS_F64, AS_DIMS(n, m));
        if (trial % 5 == 0) /* many equals */
            cost = as_cast(c, as_cast(c, cost, AS_I64), AS_F64);
        as_t least = assign(c, cost, false), most = assign(c, cost, true);
        ENGINE_OK(c);
        double expected = best_of(cost, 0, 0), negative = best_of(as_neg(c, cost), 0, 0);
        assert_float_equal(sum_of(cost, least), expected, 1e-6);
        assert_float_equal(sum_of(cost, most), -negative, 1e-6);
        as_t tall = assign(c, as_transpose(c, cost), false); /* -1: a row without a column */
        double sum = 0;
        int64_t without = 0;
        for (int64_t j = 0; j < m; j++) {
            int64_t i = (int64_t)engine_at(tall, j);
            without += i < 0;
            sum += i < 0 ? 0 : engine_at(cost, i * m + j);
        }
        assert_int_equal(without, m - n);
        assert_float_equal(sum, expected, 1e-6);
        as_close(c, s, NULL);
    }
}

/* With the diagonal far the cheapest, and with a cost that is a sum of a row's and a column's (all equal). */
static void large_assignments(void **state)
{
    as_ctx *c = *state;
    enum { N = 300 };
    as_scope s = as_open(c);
    as_t cost = random_of(c, AS_F32, AS_DIMS(N, N));
    float *at = cost->data;
    for (int i = 0; i < N; i++)
        at[i * N + (i * 7 + 3) % N] -= 10;
    as_t column_of = assign(c, cost, false);
    for (int i = 0; i < N; i++)
        assert_int_equal(engine_at(column_of, i), (i * 7 + 3) % N);
    as_t row = random_of(c, AS_F64, AS_DIMS(N, 1)), column = random_of(c, AS_F64, AS_DIMS(1, N));
    as_t sum = as_add(c, row, column);
    double all = as_item(c, as_add(c, as_sum(c, row, AS_ALL), as_sum(c, column, AS_ALL)));
    assert_float_equal(sum_of(sum, assign(c, sum, false)), all, 1e-9);
    as_t wide = random_of(c, AS_F32, AS_DIMS(40, N));
    ENGINE_OK(c);
    double least = sum_of(wide, assign(c, wide, false)), each = 0;
    for (int i = 0; i < 40; i++) { /* no assignment beats every row's own least */
        double low = INFINITY;
        for (int j = 0; j < N; j++)
            low = fmin(low, engine_at(wide, i * N + j));
        each += low;
    }
    assert_true(least >= each - 1e-6 && least < each + 1);
    ((float *)wide->data)[3] = NAN;
    assign(c, wide, false);
    ENGINE_FAILS(c, "assignment: a cost of f32[40,300] is not finite");
    as_close(c, s, NULL);
}

static void near(as_t a, as_t b, double tolerance)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++)
        if (!(fabs(engine_at(a, i) - engine_at(b, i)) <= tolerance))
            fail_msg("item %lld: %.9g, expected %.9g", (long long)i, engine_at(a, i), engine_at(b, i));
}

static void factors(void **state)
{
    as_ctx *c = *state;
    for (int dtype = 0; dtype < 2; dtype++) {
        as_scope s = as_open(c);
        double tolerance = dtype == AS_F32 ? 2e-4 : 1e-11;
        as_t a = random_of(c, (as_dtype)dtype, AS_DIMS(9, 7)), at = as_transpose(c, a);
        as_t square = as_matmul(c, at, a),
             l = as_op1(c, AS_OP_CHOLESKY, square); /* [7,7], positive definite */
        near(as_matmul(c, l, as_transpose(c, l)), square, tolerance);
        assert_float_equal(engine_at(l, 1), 0, 0);
        as_t b = random_of(c, (as_dtype)dtype, AS_DIMS(7, 3)),
             m = random_of(c, (as_dtype)dtype, AS_DIMS(7, 7));
        near(as_matmul(c, m, as_op2(c, AS_OP_SOLVE, m, b)), b, 20 * tolerance);
        as_t values, vectors, part[3];
        as_eigh(c, square, &values, &vectors);
        near(as_matmul(c, as_mul(c, vectors, values), as_transpose(c, vectors)), square, 4 * tolerance);
        assert_true(engine_at(values, 0) <= engine_at(values, 6));
        for (int wide = 0; wide < 2; wide++) {
            as_t x = wide ? at : a;
            as_svd(c, x, part);
            ENGINE_OK(c);
            near(as_matmul(c, as_mul(c, part[0], part[1]), part[2]), x, tolerance);
            assert_true(engine_at(part[1], 0) >= engine_at(part[1], 6) && engine_at(part[1], 6) >= 0);
        }
        as_close(c, s, NULL);
    }
}

static void refusals(void **state)
{
    as_ctx *c = *state;
    as_scope s = as_open(c);
    as_t x = tensor_full(c, AS_F64, AS_DIMS(2, 3), 1), ones = tensor_full(c, AS_F64, AS_DIMS(2, 2), 1);
    as_op1(c, AS_OP_CHOLESKY, x);
    ENGINE_FAILS(c, "cholesky: f64[2,3], expected a float [N, N]");
    as_op1(c, AS_OP_CHOLESKY, as_neg(c, ones));
    ENGINE_FAILS(c, "cholesky: the matrix is not positive definite (its first 1 rows are not); given "
                    "f64[2,2]");
    as_op2(c, AS_OP_SOLVE, ones, x);
    ENGINE_FAILS(c, "solve: the matrix is singular: pivot 2 is 0; given f64[2,2], f64[2,3]");
    as_op2(c, AS_OP_SOLVE, x, x);
    ENGINE_FAILS(c, "solve: f64[2,3] and f64[2,3], expected [N, N] and [N, K]");
    as_close(c, s, NULL);
}

/* x x^T, whose gradients are one product, against a b with the same values in two leaves. */
static void product_of(as_ctx *c, int64_t rows)
{
    as_scope s = as_open(c);
    as_t x = random_of(c, AS_F64, AS_DIMS(rows, 3)), g = random_of(c, AS_F64, AS_DIMS(rows, rows));
    as_t a = as_scale(c, x, 1), b = as_contiguous(c, as_transpose(c, a));
    tape_require(c, x, true);
    tape_require(c, a, true);
    tape_require(c, b, true);
    as_t t = as_transpose(c, x), apart[2], both[2], alone;
    const as_t leaves[2] = {a, b}, x_and_t[2] = {x, t};
    assert_true(tape_gradients(c, as_matmul(c, a, b), g, leaves, 2, false, apart));
    as_t expected = as_add(c, apart[0], as_transpose(c, apart[1]));
    as_t y = as_matmul(c, x, t);
    assert_true(tape_gradients(c, y, g, x_and_t, 1, false, &alone)); /* one product */
    assert_true(tape_gradients(c, y, g, x_and_t, 2, false, both));   /* t's own is asked for: two */
    as_t more;                                                       /* t has another use beside */
    as_t sum = as_add(c, as_sum(c, as_mul(c, y, g), AS_ALL), as_sum(c, as_square(c, t), AS_ALL));
    assert_true(tape_gradients(c, sum, NULL, x_and_t, 1, false, &more));
    for (int64_t i = 0; i < x->count; i++) {
        const double one = engine_at(expected, i), beside = 2 * engine_at(x, i);
        assert_true(fabs(engine_at(alone, i) - one) < 1e-12);
        assert_true(fabs(engine_at(both[0], i) - one) < 1e-12);
        assert_true(fabs(engine_at(both[1], i) - engine_at(apart[1], i)) < 1e-12);
        assert_true(fabs(engine_at(more, i) - one - beside) < 1e-12);
    }
    as_close(c, s, NULL);
}

static void product_with_itself(void **state)
{
    product_of(*state, 5);
    product_of(*state, 150); /* several tiles of g + g^T */
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
        cmocka_unit_test_setup_teardown(small_assignments, setup, teardown),
        cmocka_unit_test_setup_teardown(large_assignments, setup, teardown),
        cmocka_unit_test_setup_teardown(factors, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(product_with_itself, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
