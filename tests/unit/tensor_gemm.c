#include "tensor/cpu.h"
#include "tensor/gemm.h"
#include "tensor/pool.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 1 << 21 };

static float a32[MOST], b32[MOST], c32[MOST], d32[MOST];
static double a64[MOST], b64[MOST], c64[MOST], d64[MOST];
static uint64_t seed = 1;

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g within %g", got, want, tolerance);
}

static double next(void)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (double)(int64_t)(seed >> 32) / 0x1p31 - 1;
}

static void fill_all(void)
{
    for (int i = 0; i < MOST; i++) {
        a64[i] = a32[i] = (float)next();
        b64[i] = b32[i] = (float)next();
        c64[i] = c32[i] = (float)next();
    }
}

typedef struct {
    bool ta, tb;
    int64_t m, n, k, lda, ldb, ldc;
} shape;

static shape tight(bool ta, bool tb, int64_t m, int64_t n, int64_t k)
{
    return (shape){ta, tb, m, n, k, ta ? m : k, tb ? k : n, n};
}

/* One element of alpha * op(A) op(B) + beta * C by the definition. */
static double element(const shape *s, int64_t row, int64_t col, double alpha, double beta, double old)
{
    double sum = 0;
    for (int64_t i = 0; i < s->k; i++)
        sum += a64[s->ta ? i * s->lda + row : row * s->lda + i] *
               b64[s->tb ? col * s->ldb + i : i * s->ldb + col];
    return alpha * sum + (beta == 0 ? 0 : beta * old);
}

/* Both precisions against the definition, and the elements between the rows of C must stay as they were.
 * Partial sums grow to about sqrt(k) and each addition errs by 2^-24 of one: sqrt(k) * sqrt(k) * 2^-24 in the
 * root mean square. */
static void check(shape s, double alpha, double beta)
{
    memcpy(d32, c32, sizeof c32);
    memcpy(d64, c64, sizeof c64);
    gemm_f32(s.ta, s.tb, s.m, s.n, s.k, (float)alpha, a32, s.lda, b32, s.ldb, (float)beta, d32, s.ldc);
    gemm_f64(s.ta, s.tb, s.m, s.n, s.k, alpha, a64, s.lda, b64, s.ldb, beta, d64, s.ldc);
    double most = 0x1p-24 * (20 + 3 * (double)s.k);
    for (int64_t i = 0; i < s.m * s.ldc; i++) {
        int64_t row = i / s.ldc, col = i % s.ldc;
        double want = col < s.n ? element(&s, row, col, alpha, beta, c64[i]) : c64[i];
        if (fabs((double)d32[i] - want) > most || fabs(d64[i] - want) > most * 1e-7)
            fail_msg("%d%d %dx%dx%d [%d,%d]: %g and %g, expected %g", s.ta, s.tb, (int)s.m, (int)s.n,
                     (int)s.k, (int)row, (int)col, (double)d32[i], d64[i], want);
    }
}

static void test_against_the_definition(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {
        {1, 1, 1},    {2, 3, 4},       {17, 5, 1},     {1, 130, 40},   {130, 1, 300},   {64, 64, 64},
        {65, 63, 33}, {128, 10, 512},  {31, 129, 784}, {256, 128, 3},  {100, 130, 300}, {16, 16, 1500},
        {97, 97, 97}, {128, 128, 128}, {3, 700, 200},  {70, 90, 1000}, {260, 30, 200},  {66, 1030, 40}};
    pool_start(2);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < 4; t++) {
            shape s = tight(t & 1, t & 2, shapes[i][0], shapes[i][1], shapes[i][2]);
            check(s, 1, 0);
            check(s, -0.5, 2);
            s.lda += 3, s.ldb += 5, s.ldc += 7;
            check(s, 2, 1);
        }
}

static void test_same_bits_at_any_thread_count(void **state)
{
    (void)state;
    static const int64_t some[] = {1, 2, 15, 16, 33, 64, 100, 128, 256, 511, 784, 1024};
    enum { COUNT = sizeof some / sizeof *some };
    int cases = 0;
    for (int i = 0; i < 400; i++) {
        seed = (uint64_t)i * 7919 + 5;
        next();
        shape s = tight(seed >> 33 & 1, seed >> 34 & 1, some[(seed >> 35) % COUNT],
                        some[(seed >> 42) % COUNT], some[(seed >> 50) % COUNT]);
        if (s.m * s.n * s.k > 1 << 26)
            continue;
        cases++;
        static float first32[MOST];
        static double first64[MOST];
        for (int threads = 1; threads <= 3; threads++) {
            float *to32 = threads == 1 ? first32 : d32;
            double *to64 = threads == 1 ? first64 : d64;
            pool_start(threads);
            gemm_f32(s.ta, s.tb, s.m, s.n, s.k, 1, a32, s.lda, b32, s.ldb, 0, to32, s.ldc);
            if (s.m * s.n * s.k <= 1 << 23)
                gemm_f64(s.ta, s.tb, s.m, s.n, s.k, 1, a64, s.lda, b64, s.ldb, 0, to64, s.ldc);
            assert_memory_equal(to32, first32, (size_t)(s.m * s.n) * sizeof *to32);
            if (s.m * s.n * s.k <= 1 << 23)
                assert_memory_equal(to64, first64, (size_t)(s.m * s.n) * sizeof *to64);
        }
    }
    assert_true(cases > 200);
    pool_start(2);
}

static void test_old_c_is_not_read_when_beta_is_zero(void **state)
{
    (void)state;
    static const int64_t sides[] = {5, 64, 130};
    for (int i = 0; i < 3; i++)
        for (int t = 0; t < 4; t++) {
            int64_t n = sides[i];
            for (int64_t j = 0; j < n * n; j++)
                d64[j] = d32[j] = NAN;
            gemm_f32(t & 1, t & 2, n, n, n, 1, a32, n, b32, n, 0, d32, n);
            gemm_f64(t & 1, t & 2, n, n, n, 1, a64, n, b64, n, 0, d64, n);
            for (int64_t j = 0; j < n * n; j++)
                assert_false(isnan(d32[j]) || isnan(d64[j]));
        }
}

/* A times its own transpose, stored either way: the definition's values, and the same bits on both sides of
 * the diagonal, none of them from the old C or from beyond a row's end. */
static void test_gram(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{5, 3}, {64, 64}, {200, 100}, {257, 1000}, {600, 40}};
    for (int i = 0; i < 10; i++) {
        int64_t n = shapes[i / 2][0], k = shapes[i / 2][1];
        bool ta = i % 2;
        int64_t lda = (ta ? n : k) + 2, ldc = n + 3;
        for (int threads = 1; threads <= 2; threads++) {
            float *c = threads == 1 ? d32 : c32;
            for (int64_t j = 0; j < n * ldc; j++)
                c[j] = NAN;
            pool_start(threads);
            gemm_f32(ta, !ta, n, n, k, 1, a32, lda, a32, lda, 0, c, ldc);
        }
        assert_memory_equal(c32, d32, (size_t)(n * ldc) * sizeof *c32);
        for (int64_t row = 0; row < n; row++)
            for (int64_t col = 0; col < ldc; col++) {
                double want = 0;
                for (int64_t t = 0; t < k && col < n; t++)
                    want += a64[ta ? t * lda + row : row * lda + t] * a64[ta ? t * lda + col : col * lda + t];
                if (col >= n)
                    assert_true(isnan(d32[row * ldc + col]));
                else
                    assert_near((double)d32[row * ldc + col], want, 0x1p-24 * (20 + 3 * (double)k));
                if (n >= 200 && col < n && cpu_blas_isa() == CPU_AVX512) /* elsewhere nothing is copied */
                    assert_true(d32[row * ldc + col] == d32[col * ldc + row]);
            }
    }
    fill_all();
}

static void check_bias(shape s)
{
    for (int64_t j = 0; j < s.m * s.ldc; j++)
        d64[j] = d32[j] = NAN;
    gemm_bias_f32(s.tb, s.m, s.n, s.k, a32, s.lda, b32, s.ldb, c32, d32, s.ldc);
    gemm_bias_f64(s.tb, s.m, s.n, s.k, a64, s.lda, b64, s.ldb, c64, d64, s.ldc);
    for (int64_t i = 0; i < s.m * s.ldc; i++) {
        int64_t row = i / s.ldc, col = i % s.ldc;
        double want = col < s.n ? element(&s, row, col, 1, 1, c64[col]) : NAN;
        if (col >= s.n)
            assert_true(isnan(d32[i]) && isnan(d64[i]));
        else
            assert_near((double)d32[i], want, 0x1p-24 * (20 + 3 * (double)s.k));
        if (col < s.n)
            assert_near(d64[i], want, 1e-11);
    }
}

static void test_bias(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 3, 2},       {33, 17, 1},   {256, 128, 128}, {70, 10, 500},
                                        {300, 70, 1100}, {4, 100, 100}, {5, 7, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int tb = 0; tb < 2; tb++) {
            shape s = tight(false, tb, shapes[i][0], shapes[i][1], shapes[i][2]);
            s.lda += 1, s.ldb += 2, s.ldc += 3;
            check_bias(s);
        }
}

static void test_nan_in_an_operand_reaches_its_row_only(void **state)
{
    (void)state;
    float kept = a32[3 * 130 + 7];
    a32[3 * 130 + 7] = NAN;
    gemm_f32(false, false, 130, 130, 130, 1, a32, 130, b32, 130, 0, d32, 130);
    for (int64_t i = 0; i < 130 * 130; i++)
        assert_int_equal(isnan(d32[i]) != 0, i / 130 == 3);
    a32[3 * 130 + 7] = kept;
}

static void test_empty(void **state)
{
    (void)state;
    float c[6] = {1, 2, 3, 4, 5, 6};
    const float same[6] = {1, 2, 3, 4, 5, 6};
    gemm_f32(false, false, 0, 3, 2, 1, NULL, 2, NULL, 3, 0, c, 3);
    gemm_f32(false, false, 2, 0, 2, 1, NULL, 2, NULL, 1, 0, c, 3);
    gemm_batch_f32(0, false, false, 2, 3, 2, 1, NULL, 2, 4, NULL, 3, 6, 0, c, 3, 6);
    assert_memory_equal(c, same, sizeof c);
    gemm_f32(false, false, 2, 2, 0, 1, NULL, 1, NULL, 3, 2, c,
             3); /* k = 0: C = 2 C, its last column left alone */
    const float twice[6] = {2, 4, 3, 8, 10, 6};
    assert_memory_equal(c, twice, sizeof c);
    double d[2] = {NAN, 3};
    gemm_f64(true, true, 1, 1, 0, 1, NULL, 1, NULL, 1, 0, d, 1);
    assert_true(d[0] == 0 && d[1] == 3);
    d[0] = 4;
    gemm_f64(false, false, 1, 2, 5, 0, NULL, 5, NULL, 2, 0.5, d, 2); /* alpha = 0 */
    assert_true(d[0] == 2 && d[1] == 1.5);
}

/* A batch gives the bits of its products one by one where these are not cut, and always the definition's
 * values. */
static void check_batch(int64_t count, shape s, int64_t stride_a, int64_t stride_b)
{
    int64_t stride_c = s.m * s.n + 1;
    memcpy(d32, c32, sizeof c32);
    memcpy(d64, c64, sizeof c64);
    gemm_batch_f32(count, s.ta, s.tb, s.m, s.n, s.k, 1, a32, s.lda, stride_a, b32, s.ldb, stride_b, 0.5F, d32,
                   s.n, stride_c);
    gemm_batch_f64(count, s.ta, s.tb, s.m, s.n, s.k, 1, a64, s.lda, stride_a, b64, s.ldb, stride_b, 0.5, d64,
                   s.n, stride_c);
    for (int64_t i = 0; i < count; i++) {
        static float one[MOST];
        memcpy(one, c32 + i * stride_c, (size_t)(s.m * s.n) * sizeof *one);
        gemm_f32(s.ta, s.tb, s.m, s.n, s.k, 1, a32 + i * stride_a, s.lda, b32 + i * stride_b, s.ldb, 0.5F,
                 one, s.n);
        assert_memory_equal(one, d32 + i * stride_c, (size_t)(s.m * s.n) * sizeof *one);
        for (int64_t j = 0; j < s.m * s.n; j++)
            assert_near(d64[i * stride_c + j], (double)one[j], 1e-4);
        assert_true(d32[i * stride_c + s.m * s.n] == c32[i * stride_c + s.m * s.n]);
    }
}

static void test_batches(void **state)
{
    (void)state;
    pool_start(2);
    check_batch(1000, tight(false, false, 3, 4, 5), 15, 20);
    check_batch(7, tight(false, true, 40, 50, 60), 40 * 60, 50 * 60);
    check_batch(5, tight(true, false, 128, 100, 64), 128 * 64, 0);
    check_batch(3, tight(false, false, 130, 140, 150), 0, 140 * 150);
    check_batch(33, tight(false, true, 64, 64, 32), 64 * 32, 64 * 32);
}

int main(void)
{
    fill_all();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_same_bits_at_any_thread_count),
        cmocka_unit_test(test_old_c_is_not_read_when_beta_is_zero),
        cmocka_unit_test(test_gram),
        cmocka_unit_test(test_bias),
        cmocka_unit_test(test_nan_in_an_operand_reaches_its_row_only),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
