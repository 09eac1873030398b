/* --set, laying settings over one another, and their form in JSON. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static config_node *set(const char *assignment)
{
    as_error e = {0};
    config_node *map = config_set(assignment, &e);
    if (!map)
        fail_msg("%s", e.text);
    return map;
}

static void expect_json(const config_node *node, const char *expected)
{
    as_error e = {0};
    cJSON *json = config_to_json(node, &e);
    assert_non_null(json);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"arms.ce.loss.lam0=2", "{\"arms\":{\"ce\":{\"loss\":{\"lam0\":2}}}}"},
        {"lr=1e-3", "{\"lr\":0.001}"},
        {"nesterov=true", "{\"nesterov\":true}"},
        {"country=no", "{\"country\":\"no\"}"},
        {"tag=#5", "{\"tag\":\"#5\"}"}, /* a comment in YAML, not here */
        {"path=a=b: c", "{\"path\":\"a=b: c\"}"},
        {"sizes=[1, 2.5, x]", "{\"sizes\":[1,2.5,\"x\"]}"},
        {"opt={name: adam, betas: [0.9, 0.999]}", "{\"opt\":{\"name\":\"adam\",\"betas\":[0.9,0.999]}}"},
        {"name=\"5\"", "{\"name\":\"5\"}"},
        {"name=", "{\"name\":null}"},
        {"seed=9007199254740993", "{\"seed\":9007199254740993}"}, /* 2^53 + 1: no double */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_node *map = set(cases[i][0]);
        expect_json(map, cases[i][1]);
        config_free(map);
    }
    config_node *map = set("a.b=1");
    assert_string_equal(config_find(map, "a.b")->source, "--set");
    config_free(map);
}

static void refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"lr", "--set lr: expected NAME=VALUE, as in --set params.lr=0.01"},
        {"", "--set : expected NAME=VALUE, as in --set params.lr=0.01"},
        {"=3", "--set =3: expected NAME=VALUE, as in --set params.lr=0.01"},
        {".a=3", "--set .a: a name between the dots is missing"},
        {"a.=3", "--set a.: a name between the dots is missing"},
        {"a..b=3", "--set a..b: a name between the dots is missing"},
        {"a=[1, 2", "--set: did not find expected ',' or ']' (in --set a=[1, 2)"},
        {"a=1e999", "--set: 1e999 is too large for a number (in --set a=1e999)"},
        {"a={b: 1, b: 2}",
         "--set: \"b\" a second time; it stands at --set already (in --set a={b: 1, b: 2})"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        as_error e = {0};
        assert_null(config_set(cases[i][0], &e));
        assert_string_equal(e.text, cases[i][1]);
    }
}

static void later_wins(void **state)
{
    (void)state;
    static const char yaml[] = "params: {lr: 1, epochs: 30}\narms:\n  ce: {loss: [a, b]}\nname: {first: x}\n";
    as_error e = {0};
    config_node *map = config_parse(yaml, strlen(yaml), "t.yaml", &e);
    assert_non_null(map);
    config_merge(map, set("params.lr=2"));
    config_merge(map, set("params.lr=3"));
    config_merge(map, set("params.noise=0.5"));
    config_merge(map, set("arms.ce.loss=[c]"));    /* a list is replaced, not appended to */
    config_merge(map, set("name=plain"));          /* a map by a scalar */
    config_merge(map, set("params.epochs.max=4")); /* a scalar by a map */
    config_merge(map, set("arms.ldr={}"));
    config_merge(map, set("arms.ldr.temperature=1"));
    expect_json(map, "{\"params\":{\"lr\":3,\"epochs\":{\"max\":4},\"noise\":0.5},"
                     "\"arms\":{\"ce\":{\"loss\":[\"c\"]},\"ldr\":{\"temperature\":1}},\"name\":\"plain\"}");
    assert_string_equal(config_find(map, "params.lr")->source, "--set");
    assert_string_equal(config_find(map, "params")->source, "t.yaml:1");
    assert_int_equal(config_find(map, "params")->count, 3);
    config_free(map);
}

static void json_has_no_nan(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a=.nan", "--set: .nan: JSON has no such number"},
        {"a.b=[1, -.inf]", "--set: .inf: JSON has no such number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config_node *map = set(cases[i][0]);
        as_error e = {0};
        assert_null(config_to_json(map, &e));
        assert_string_equal(e.text, cases[i][1]);
        config_free(map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(later_wins),
        cmocka_unit_test(json_has_no_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
