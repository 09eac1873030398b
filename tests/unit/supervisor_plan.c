/* The planner's answer and the identity of a run. */
#include "supervisor/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(params, source, plugins)                                                                        \
    "{\"name\":\"x\",\"script\":\"/dev/null\",\"source\":\"" source "\",\"params\":" params                  \
    ",\"arms\":[{\"name\":\"a\",\"config\":{\"k\":1}},{\"name\":\"b\",\"config\":{\"k\":1}}],"               \
    "\"seeds\":[1,2],\"plugins\":" plugins "}"

#define PLUGIN(path, hash)                                                                                   \
    "[{\"kind\":\"losses\",\"name\":\"p\",\"path\":\"" path "\",\"source_hash\":\"" hash "\"}]"

static void identity_of(const char *text, int arm, int seed, char out[HASH_TEXT])
{
    plan p;
    as_error e = {0};
    assert_true(plan_read(text, &p, &e));
    plan_part part = {.params = p.params,
                      .arm = cJSON_GetArrayItem(p.arms, arm),
                      .seed = cJSON_GetArrayItem(p.seeds, seed)};
    assert_true(plan_identity(&p, &part, out));
    plan_free(&p);
}

static const char base[] = TEXT("{\"lr\":0.5,\"n\":[1,2]}", "s", PLUGIN("/a.so", "00"));

static void equal_declarations_have_equal_identities(void **state)
{
    (void)state;
    char x[HASH_TEXT], y[HASH_TEXT];
    identity_of(base, 0, 0, x);
    assert_int_equal(strlen(x), 64);
    identity_of(TEXT("{ \"n\": [1, 2.0], \"lr\": 5e-1 }", "s", PLUGIN("/a.so", "00")), 0, 0, y);
    assert_string_equal(x, y); /* order of keys, spaces and spelling of numbers say nothing */
    identity_of(TEXT("{\"lr\":0.5,\"n\":[1,2]}", "s", PLUGIN("/elsewhere/a.so", "00")), 0, 0, y);
    assert_string_equal(x, y); /* a plugin is its source, wherever it is found */
}

static void every_declared_part_counts(void **state)
{
    (void)state;
    char x[HASH_TEXT], y[HASH_TEXT];
    identity_of(base, 0, 0, x);
    identity_of(base, 1, 0, y); /* the same configuration under another arm's name */
    assert_string_not_equal(x, y);
    identity_of(base, 0, 1, y);
    assert_string_not_equal(x, y);
    static const char *const others[] = {
        TEXT("{\"lr\":0.25,\"n\":[1,2]}", "s", PLUGIN("/a.so", "00")),
        TEXT("{\"lr\":0.5,\"n\":[2,1]}", "s", PLUGIN("/a.so", "00")),
        TEXT("{\"lr\":0.5,\"n\":[1,2]}", "s2", PLUGIN("/a.so", "00")),
        TEXT("{\"lr\":0.5,\"n\":[1,2]}", "s", PLUGIN("/a.so", "01")),
        TEXT("{\"lr\":0.5,\"n\":[1,2]}", "s", "[]"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        identity_of(others[i], 0, 0, y);
        assert_string_not_equal(x, y);
    }
}

static void a_pool_is_its_members(void **state)
{
    (void)state;
    plan p;
    as_error e = {0};
    char x[HASH_TEXT], y[HASH_TEXT];
    assert_true(plan_read(base, &p, &e));
    const cJSON *arm = cJSON_GetArrayItem(p.arms, 0);
    cJSON *one = cJSON_Parse("[\"ab\"]"), *two = cJSON_Parse("[\"ab\",\"cd\"]");
    assert_true(plan_identity(&p, &(plan_part){.params = p.params, .arm = arm, .members = one}, x));
    assert_true(plan_identity(&p, &(plan_part){.params = p.params, .arm = arm, .members = two}, y));
    assert_string_not_equal(x, y);
    cJSON_Delete(one);
    cJSON_Delete(two);
    plan_free(&p);
}

static void refuses(const char *text, const char *wanted)
{
    plan p;
    as_error e = {0};
    assert_false(plan_read(text, &p, &e));
    assert_string_equal(e.text, wanted);
}

static void says_what_is_missing(void **state)
{
    (void)state;
    refuses("", "the planner's answer is no JSON object: \"\"");
    refuses("[1]", "the planner's answer is no JSON object: \"[1]\"");
    refuses("{\"name\":\"x\",\"script\":\"/dev/null\",\"source\":\"\",\"params\":{}}",
            "the planner's answer has no list \"arms\"; are assay and assay-worker of one build?");
    refuses("{\"name\":\"x\",\"script\":\"/"
            "nonexistent\",\"source\":\"\",\"params\":{},\"plugins\":[],"
            "\"arms\":[{\"name\":\"a\",\"config\":{}}],\"seeds\":[1]}",
            "cannot find /nonexistent: No such file or directory");
    refuses("{\"name\":\"x\",\"script\":\"/dev/"
            "null\",\"source\":\"\",\"params\":{},\"plugins\":[],"
            "\"arms\":[{\"name\":\"a\",\"config\":{}}],\"seeds\":[1.5]}",
            "the planner's answer has a seed that is no whole number");
    refuses("{\"name\":\"x\",\"script\":\"/dev/"
            "null\",\"source\":\"\",\"params\":{},\"plugins\":[],"
            "\"arms\":[{\"name\":\"a\"}],\"seeds\":[1]}",
            "the planner's answer has no object \"config\"; are assay and assay-worker of one build?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_declarations_have_equal_identities),
        cmocka_unit_test(every_declared_part_counts),
        cmocka_unit_test(a_pool_is_its_members),
        cmocka_unit_test(says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
