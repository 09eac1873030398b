#include "tensor/cpu.h"
#include "tensor/pool.h"
#include "tensor/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1 << 20 };

static float f32[MANY];
static double f64[MANY];
static int64_t i64[MANY];

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g within %g", got, want, tolerance);
}

/* The known answers that Random123 publishes for philox4x32-10. */
static void test_philox(void **state)
{
    (void)state;
    static const uint32_t known[][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
         0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
         0x5001e420, 0x24126ea1},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        random_philox(known[i], known[i] + 4, out);
        assert_memory_equal(out, known[i] + 6, sizeof out);
    }
}

/* These keys stand in every recorded result: a change here makes old runs unrepeatable. */
static void test_names_never_change(void **state)
{
    (void)state;
    assert_int_equal(random_named(0, "", 0, "").key, 0x2d26605b6acc13d3U);
    assert_int_equal(random_named(1, "losses/sogclr", 0, "init").key, 0xe9c36b9c83620133U);
    random_stream s = {.key = 5, .counter = 7};
    assert_int_equal(random_item(s, 3).key, 0x87ca1d60c0c9d76fU);
    assert_int_equal(random_item(s, 3).counter, 0);
}

static void test_names_differ(void **state)
{
    (void)state;
    const uint64_t keys[] = {
        random_named(1, "a", 0, "b").key, random_named(2, "a", 0, "b").key, random_named(1, "b", 0, "a").key,
        random_named(1, "a", 1, "b").key, random_named(1, "ab", 0, "").key, random_named(1, "", 0, "ab").key,
        random_named(0, "a", 1, "b").key, random_named(1, "a", 0, "").key,  random_named(1, "a", 0, "bb").key,
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(keys[i], keys[j]);
}

/* Word w of block b in the documented place, and the number it makes. */
static void test_layout(void **state)
{
    (void)state;
    random_stream s = {.key = 0x1122334455667788,
                       .counter = 0xfffffff8}; /* crosses into the second counter word */
    random_stream t = s, u = s;
    random_uniform_f32(&s, f32, 128);
    random_uniform_f64(&t, f64, 64);
    random_sign_f32(&u, f32 + 128, 64);
    for (uint64_t b = 0; b < 32; b++) {
        uint64_t counter = 0xfffffff8 + b;
        uint32_t out[4];
        random_philox((uint32_t[]){(uint32_t)counter, (uint32_t)(counter >> 32), 0, 0},
                      (uint32_t[]){0x55667788, 0x11223344}, out);
        for (uint64_t w = 0; w < 4; w++)
            assert_near((double)f32[b / 16 * 64 + w * 16 + b % 16], (double)(out[w] >> 8) / 16777216, 0);
        for (uint64_t h = 0; h < 2; h++) {
            uint64_t x = (uint64_t)out[2 * h + 1] >> 5 << 26 | out[2 * h] >> 6;
            assert_true(f64[b / 16 * 32 + h * 16 + b % 16] == (double)x / 9007199254740992.0);
        }
        for (uint64_t w = 0; b < 16 && w < 4; w++)
            assert_true(f32[128 + w * 16 + b] == (out[w] & 1 ? 1.0F : -1.0F));
    }
    assert_int_equal(s.counter, 0x100000018);
    assert_int_equal(t.counter, 0x100000018);
    assert_int_equal(u.counter, 0x100000008);
}

/* Normals against the textbook formula with the C library's functions. f32: the angle and the logarithm each
 * have a relative error of about 2^-23, times at most 5.8. */
static void test_normals_follow_the_formula(void **state)
{
    (void)state;
    random_stream a = random_named(3, "test", 0, "normal"), b = a;
    static double u[32];
    for (int again = 0; again < 2000; again++) {
        uint64_t counter = a.counter;
        random_uniform_f64(&b, u, 32);
        random_normal_f64(&a, f64, 32);
        for (int i = 0; i < 16; i++) {
            double radius = sqrt(-2 * log(u[i] + 0x1p-53)), angle = 6.283185307179586 * u[16 + i];
            assert_near(f64[i], radius * cos(angle), 1e-14);
            assert_near(f64[16 + i], radius * sin(angle), 1e-14);
        }
        random_stream c = {a.key, counter}, d = c;
        random_normal_f32(&c, f32, 64);
        random_uniform_f32(&d, f32 + 64, 64);
        for (int i = 0; i < 64; i++) {
            const float *w = f32 + 64 + i / 32 * 32 + i % 16;
            double radius = sqrt(-2 * log((double)w[0] + 0x1p-24)), angle = 6.283185307179586 * (double)w[16];
            assert_near((double)f32[i], radius * (i / 16 % 2 ? sin(angle) : cos(angle)), 3e-6);
        }
    }
}

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3U;
    return h;
}

/* The bits of all draws on every machine and compiler: like the names, never to change. Taken from this code,
 * whose parts the other tests compare with published answers and formulas. */
#define HASH_ALL 0xf8a6804d17df2967U

/* A hash of every kind of draw, at lengths around the ends of groups and pieces. */
static uint64_t hash_of_all(void)
{
    static const int64_t lengths[] = {1, 15, 64, 65, 2047, 2049, 16384, 16385, 100001};
    uint64_t h = 0;
    random_stream s = random_named(11, "test", 2, "all");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t n = lengths[i];
        size_t m = (size_t)n;
        random_uniform_f32(&s, f32, n);
        h = hash(h, f32, m * sizeof *f32);
        random_normal_f32(&s, f32, n);
        h = hash(h, f32, m * sizeof *f32);
        random_sign_f32(&s, f32, n);
        h = hash(h, f32, m * sizeof *f32);
        random_uniform_f64(&s, f64, n);
        h = hash(h, f64, m * sizeof *f64);
        random_normal_f64(&s, f64, n);
        h = hash(h, f64, m * sizeof *f64);
        random_sign_f64(&s, f64, n);
        h = hash(h, f64, m * sizeof *f64);
        random_below(&s, (uint64_t)3 << 62, i64, n);
        h = hash(h, i64, m * sizeof *i64);
        random_permutation(&s, i64, n);
        h = hash(h, i64, m * sizeof *i64);
        h = hash(h, &s, sizeof s);
    }
    return h;
}

static void test_same_bits_at_any_thread_count(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        pool_start(threads);
        assert_int_equal(hash_of_all(), HASH_ALL);
    }
    pool_start(2);
}

static void test_same_bits_on_every_instruction_set(void **state)
{
    (void)state;
    for (int isa = CPU_BASE; isa <= (int)cpu_isa(); isa++) {
        setenv(CPU_ISA_ENV, cpu_isa_name((cpu_isa_level)isa), 1);
        FILE *child = popen("/proc/$PPID/exe hash", "r");
        assert_non_null(child);
        unsigned long long theirs = 0;
        assert_int_equal(fscanf(child, "%llx", &theirs), 1);
        pclose(child);
        assert_int_equal(theirs, HASH_ALL);
    }
    unsetenv(CPU_ISA_ENV);
}

static void test_items_do_not_depend_on_the_length(void **state)
{
    (void)state;
    random_stream s = random_named(1, "test", 0, "prefix"), t = s;
    random_normal_f32(&s, f32, 1000);
    random_normal_f32(&t, f32 + 1000, 77);
    assert_memory_equal(f32, f32 + 1000, 77 * sizeof *f32);
    random_below(&s, 10, i64, 0);
    random_permutation(&s, i64, 0);
    assert_int_equal(s.counter, 16 * 16); /* ceil(1000 / 64) groups of 16 */
    assert_int_equal(t.counter, 2 * 16);
}

/* Mean, variance, skewness and kurtosis of MANY values within 4.5 standard errors. */
static void check_moments(double mean, double variance, double kurtosis, double m6_of_z)
{
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    for (int i = 0; i < MANY; i++) {
        double z = (f64[i] - mean) / sqrt(variance);
        m1 += z / MANY, m2 += z * z / MANY, m3 += z * z * z / MANY, m4 += z * z * z * z / MANY;
    }
    double error = 4.5 / sqrt(MANY);
    assert_near(m1, 0, error);
    assert_near(m2, 1, error * sqrt(kurtosis - 1) + 1e-6);
    assert_near(m3, 0, error * sqrt(m6_of_z));
    assert_near(m4, kurtosis, error * 10);
}

static void widen(void)
{
    for (int i = 0; i < MANY; i++)
        f64[i] = (double)f32[i];
}

static void test_moments(void **state)
{
    (void)state;
    random_stream s = random_named(4, "test", 0, "moments");
    random_normal_f64(&s, f64, MANY);
    check_moments(0, 1, 3, 15);
    random_normal_f32(&s, f32, MANY);
    widen();
    check_moments(0, 1, 3, 15);
    random_uniform_f64(&s, f64, MANY);
    check_moments(0.5, 1.0 / 12, 1.8, 27.0 / 7);
    random_uniform_f32(&s, f32, MANY);
    widen();
    check_moments(0.5, 1.0 / 12, 1.8, 27.0 / 7);
    random_sign_f64(&s, f64, MANY);
    check_moments(0, 1, 1, 1);
    random_sign_f32(&s, f32, MANY);
    widen();
    check_moments(0, 1, 1, 1);
}

static void test_ranges(void **state)
{
    (void)state;
    random_stream s = random_named(5, "test", 0, "ranges");
    random_uniform_f32(&s, f32, MANY);
    random_uniform_f64(&s, f64, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_true(f32[i] >= 0 && f32[i] < 1);
        assert_true(f64[i] >= 0 && f64[i] < 1);
    }
    random_normal_f32(&s, f32, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(fabsf(f32[i]) < 5.78F);
}

/* Successive items and the two of a Box-Muller pair are uncorrelated. */
static void test_no_correlation(void **state)
{
    (void)state;
    random_stream s = random_named(6, "test", 0, "correlation");
    random_normal_f64(&s, f64, MANY);
    for (int lag = 1; lag <= 64; lag++) {
        double sum = 0;
        for (int i = 0; i + lag < MANY; i++)
            sum += f64[i] * f64[i + lag];
        assert_near(sum / MANY, 0, 4.5 / sqrt(MANY));
    }
}

static void test_below_is_fair(void **state)
{
    (void)state;
    random_stream s = random_named(7, "test", 0, "below");
    static int seen[7];
    random_below(&s, 7, i64, 700000);
    for (int i = 0; i < 700000; i++) {
        assert_in_range(i64[i], 0, 6);
        seen[i64[i]]++;
    }
    for (int v = 0; v < 7; v++) /* 100000 expected, standard deviation 293 */
        assert_true(abs(seen[v] - 100000) < 1300);
    random_below(&s, 1, i64, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(i64[i], 0);
    /* 3/4 of 2^64: without rejection every third value would come twice as often, and (value % 3 == 0) be
     * half of all */
    int multiples = 0;
    random_below(&s, (uint64_t)3 << 62, i64, 300000);
    for (int i = 0; i < 300000; i++) {
        assert_true((uint64_t)i64[i] < (uint64_t)3 << 62);
        multiples += (uint64_t)i64[i] % 3 == 0;
    }
    assert_true(abs(multiples - 100000) < 1200);
}

static void test_permutation(void **state)
{
    (void)state;
    random_stream s = random_named(8, "test", 0, "permutation");
    static char seen[100000];
    random_permutation(&s, i64, 100000);
    assert_int_equal(s.counter, 3125 * 16);
    int fixed = 0;
    for (int i = 0; i < 100000; i++) {
        assert_in_range(i64[i], 0, 99999);
        assert_int_equal(seen[i64[i]]++, 0);
        fixed += i64[i] == i;
    }
    assert_true(fixed < 10); /* one on average */
    int orders[27] = {0};
    for (int i = 0; i < 60000; i++) {
        random_permutation(&s, i64, 3);
        orders[9 * i64[0] + 3 * i64[1] + i64[2]]++;
    }
    static const int all[6] = {5, 7, 11, 15, 19, 21}; /* 012 021 102 120 201 210 to base 3 */
    for (int i = 0; i < 6; i++)
        assert_true(abs(orders[all[i]] - 10000) < 450);
}

static void test_items_have_streams_of_their_own(void **state)
{
    (void)state;
    random_stream s = random_named(9, "test", 0, "items");
    for (int i = 0; i < 4096;
         i++) { /* the first value of each item's stream: as random as one stream's values */
        random_stream item = random_item(s, (uint64_t)i);
        random_normal_f64(&item, f64 + i, 1);
    }
    double sum = 0, square = 0, product = 0;
    for (int i = 0; i < 4096; i++) {
        sum += f64[i];
        square += f64[i] * f64[i];
        product += i ? f64[i] * f64[i - 1] : 0;
    }
    assert_near(sum / 4096, 0, 4.5 / 64);
    assert_near(square / 4096, 1, 4.5 * sqrt(2) / 64);
    assert_near(product / 4096, 0, 4.5 / 64);
    random_stream later = {s.key, s.counter + 1};
    assert_int_not_equal(random_item(s, 0).key, random_item(later, 0).key);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "hash")) {
        printf("%llx\n", (unsigned long long)hash_of_all());
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox),
        cmocka_unit_test(test_names_never_change),
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_normals_follow_the_formula),
        cmocka_unit_test(test_same_bits_at_any_thread_count),
        cmocka_unit_test(test_same_bits_on_every_instruction_set),
        cmocka_unit_test(test_items_do_not_depend_on_the_length),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_no_correlation),
        cmocka_unit_test(test_below_is_fair),
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_items_have_streams_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
