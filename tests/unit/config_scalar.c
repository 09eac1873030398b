/* Plain scalars by YAML 1.2's core schema: each text, its kind and its value. */
#include "config/config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The value of `x: TEXT`; the caller frees the map. */
static config_node *parse(const char *text)
{
    char yaml[200];
    snprintf(yaml, sizeof yaml, "x: %s\n", text);
    as_error e = {0};
    config_node *map = config_parse(yaml, strlen(yaml), "t.yaml", &e);
    if (!map)
        fail_msg("%s: %s", text, e.text);
    return map;
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        config_kind kind;
        double number; /* of integers and reals, and 1 or 0 of a bool */
    } cases[] = {
        {"", CONFIG_NULL, 0},
        {"~", CONFIG_NULL, 0},
        {"null", CONFIG_NULL, 0},
        {"true", CONFIG_BOOL, 1},
        {"False", CONFIG_BOOL, 0},
        {"yes", CONFIG_STRING, 0},
        {"no", CONFIG_STRING, 0},
        {"on", CONFIG_STRING, 0},
        {"NO", CONFIG_STRING, 0},
        {"0", CONFIG_INTEGER, 0},
        {"-12", CONFIG_INTEGER, -12},
        {"+7", CONFIG_INTEGER, 7},
        {"010", CONFIG_INTEGER, 10}, /* octal only as 0o */
        {"0o17", CONFIG_INTEGER, 15},
        {"0x1F", CONFIG_INTEGER, 31},
        {"0x", CONFIG_STRING, 0},
        {"0xg", CONFIG_STRING, 0},
        {"0o8", CONFIG_STRING, 0},
        {"-0x1", CONFIG_STRING, 0},
        {"1_000", CONFIG_STRING, 0},
        {"12:30", CONFIG_STRING, 0}, /* no sexagesimals */
        {"1.5", CONFIG_REAL, 1.5},
        {"1e-3", CONFIG_REAL, 0.001},
        {"-.5E+1", CONFIG_REAL, -5},
        {"2.", CONFIG_REAL, 2},
        {"1e400x", CONFIG_STRING, 0},
        {"1e", CONFIG_STRING, 0},
        {".", CONFIG_STRING, 0},
        {"+", CONFIG_STRING, 0},
        {"e5", CONFIG_STRING, 0},
        {"0x1p3", CONFIG_STRING, 0},
        {"inf", CONFIG_STRING, 0},
        {"nan", CONFIG_STRING, 0},
        {".inf", CONFIG_REAL, INFINITY},
        {"-.INF", CONFIG_REAL, -INFINITY},
        {"\"5\"", CONFIG_STRING, 0},
        {"'true'", CONFIG_STRING, 0},
        {"cross_entropy", CONFIG_STRING, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_node *map = parse(cases[i].text);
        const config_node *x = config_get(map, "x");
        if (x->kind != cases[i].kind)
            fail_msg("%s is %s", cases[i].text, config_kind_name(x->kind));
        double found = x->kind == CONFIG_BOOL ? x->boolean : x->real;
        if (found != cases[i].number)
            fail_msg("%s is %g, not %g", cases[i].text, found, cases[i].number);
        if (x->kind == CONFIG_INTEGER)
            assert_int_equal(x->integer, (int64_t)cases[i].number);
        config_free(map);
    }
}

static void nan_has_no_value(void **state)
{
    (void)state;
    config_node *map = parse(".nan");
    assert_int_equal(config_get(map, "x")->kind, CONFIG_REAL);
    assert_true(isnan(config_get(map, "x")->real));
    config_free(map);
}

static void integers_keep_all_bits(void **state)
{
    (void)state;
    config_node *map = parse("9223372036854775807");
    assert_true(config_get(map, "x")->integer == INT64_MAX);
    config_free(map);
    map = parse("-9223372036854775808");
    assert_true(config_get(map, "x")->integer == INT64_MIN);
    config_free(map);
}

static void too_large(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"x: 9223372036854775808\n", "t.yaml:1: 9223372036854775808 does not fit 64 bits"},
        {"a: 1\nx: 0x10000000000000000\n", "t.yaml:2: 0x10000000000000000 does not fit 64 bits"},
        {"x: -1e999\n", "t.yaml:1: -1e999 is too large for a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        as_error e = {0};
        assert_null(config_parse(cases[i][0], strlen(cases[i][0]), "t.yaml", &e));
        assert_string_equal(e.text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(nan_has_no_value),
        cmocka_unit_test(integers_keep_all_bits),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
