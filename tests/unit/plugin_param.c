/* Parameters from JSON into a plugin's struct and back, and every way to get them wrong. */
#include "plugin_fixture.h"

#include "plugin/param.h"

typedef struct {
    double epsilon, lam;
    int steps, reduction;
    bool flip;
    const char *path;
} cfg;

static const as_param table[] = {
    AS_REAL(cfg, epsilon, 1.0, -1.0, 10.0, "added weight"),
    AS_REAL_IN(cfg, lam, 0.5, "(0, inf)", "temperature", .log = 1),
    AS_INT(cfg, steps, 18, 1, 1000, "grid points"),
    AS_BOOL(cfg, flip, true, "mirror"),
    AS_CHOICE(cfg, reduction, "mean", "mean|sum|none", "over items"),
    AS_STRING(cfg, path, "a", "where"),
    AS_END,
};
static const as_plugin poly1 = {
    .kind = "losses", .name = "poly1", .params = table, .params_size = sizeof(cfg)};

static bool fill(const char *json, cfg *out, as_error *e)
{
    cJSON *given = cJSON_Parse(json);
    assert_non_null(given);
    memset(out, 0, sizeof *out);
    bool good = param_fill(&poly1, given, out, e);
    cJSON_Delete(given);
    return good;
}

static void refused(const char *json, const char *text)
{
    cfg values;
    as_error e = {{0}};
    assert_false(fill(json, &values, &e));
    assert_string_equal(e.text, text);
    param_release(&poly1, &values);
}

static void fills_and_gives_back(void **state)
{
    (void)state;
    cfg v;
    as_error e = {{0}};
    assert_true(
        fill("{\"lam\":2,\"steps\":3,\"flip\":false,\"reduction\":\"none\",\"path\":\"b/c\"}", &v, &e));
    assert_true(v.epsilon == 1.0 && v.lam == 2.0 && v.steps == 3 && !v.flip && v.reduction == 2);
    assert_string_equal(v.path, "b/c");
    cJSON *json = param_json(&poly1, &v);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(text,
                        "{\"epsilon\":1,\"lam\":2,\"steps\":3,\"flip\":false,\"reduction\":\"none\",\"path\":"
                        "\"b/c\"}");
    free(text);
    cJSON_Delete(json);
    param_release(&poly1, &v);
    json = param_resolve(&poly1, NULL, &e);
    text = cJSON_PrintUnformatted(json);
    assert_string_equal(text, "{\"epsilon\":1,\"lam\":0.5,\"steps\":18,\"flip\":true,\"reduction\":\"mean\","
                              "\"path\":\"a\"}");
    free(text);
    cJSON_Delete(json);
}

static void refuses_names_and_types(void **state)
{
    (void)state;
    refused("{\"epsilom\":1}", "losses/poly1: no parameter \"epsilom\"; did you mean \"epsilon\"?");
    refused("{\"weight\":1}",
            "losses/poly1: no parameter \"weight\"; it has epsilon, lam, steps, flip, reduction, path");
    refused("{\"epsilon\":\"x\"}", "losses/poly1: epsilon = \"x\" is not a number");
    refused("{\"epsilon\":null}", "losses/poly1: epsilon = null is not a number");
    refused("{\"steps\":2.5}", "losses/poly1: steps = 2.5 is not an integer");
    refused("{\"flip\":1}", "losses/poly1: flip = 1 is neither true nor false");
    refused("{\"path\":3}", "losses/poly1: path = 3 is not a string");
    refused("{\"reduction\":\"meen\"}",
            "losses/poly1: reduction = \"meen\" is none of mean, sum, none; did you mean \"mean\"?");
    refused("{\"reduction\":0}", "losses/poly1: reduction = 0 is none of mean, sum, none");
    refused("[1]", "losses/poly1: parameters must be named");
}

static void refuses_ranges(void **state)
{
    (void)state;
    refused("{\"epsilon\":-3}", "losses/poly1: epsilon = -3 is outside -1 to 10");
    refused("{\"lam\":0}", "losses/poly1: lam = 0 is outside 0 to inf (0 excluded)");
    refused("{\"lam\":1e999}", "losses/poly1: lam = inf is not finite");
    refused("{\"steps\":1001}", "losses/poly1: steps = 1001 is outside 1 to 1000");
    refused("{\"epsilon\":10.000000001}", "losses/poly1: epsilon = 10.000000001 is outside -1 to 10");
    cfg v = {0};
    as_error e = {{0}};
    cJSON *given = cJSON_CreateObject();
    cJSON_AddNumberToObject(given, "epsilon", NAN);
    assert_false(param_fill(&poly1, given, &v, &e));
    TEXT_IS(e, "losses/poly1: epsilon = nan is not a number");
    cJSON_Delete(given);
    assert_true(fill("{\"epsilon\":-1,\"lam\":1e-300,\"steps\":1000}", &v, &e)); /* the ends themselves */
    param_release(&poly1, &v);
}

/* JSON has no infinity; a range that holds it must survive the way through the plan. */
static void infinity_survives(void **state)
{
    (void)state;
    typedef struct {
        double cap;
    } one;
    static const as_param params[] = {AS_REAL_IN(one, cap, INFINITY, "(0, inf]", "limit"), AS_END};
    const as_plugin p = {.kind = "losses", .name = "x", .params = params, .params_size = sizeof(one)};
    as_error e = {{0}};
    one v = {0};
    cJSON *json = param_resolve(&p, NULL, &e);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(text, "{\"cap\":\"inf\"}");
    assert_true(param_fill(&p, json, &v, &e));
    assert_true(isinf(v.cap));
    free(text);
    cJSON_Delete(json);
}

static void reads_ranges(void **state)
{
    (void)state;
    param_range r;
    char text[160];
    assert_true(param_range_parse("[-1, 10]", &r) && r.low == -1 && r.high == 10 && !r.low_open &&
                !r.high_open);
    assert_true(param_range_parse("(0,inf)", &r) && r.low_open && r.high_open && isinf(r.high));
    assert_true(param_range_parse("(0, 1]", &r));
    assert_true(param_range_holds(&r, 1) && !param_range_holds(&r, 0) && !param_range_holds(&r, NAN));
    assert_string_equal(param_range_text(&r, text), "0 to 1 (0 excluded)");
    assert_true(param_range_parse("(0, 1)", &r));
    assert_string_equal(param_range_text(&r, text), "0 to 1 (0 and 1 excluded)");
    assert_true(param_range_parse(NULL, &r) && param_range_holds(&r, -1e308));
    const char *const wrong[] = {"",       "0, 1",   "[0 1]",    "[0, 1",   "[2, 1]",
                                 "(1, 1]", "[a, b]", "[0, 1] x", "[nan, 1]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(param_range_parse(wrong[i], &r));
}

static void table_refused(const as_param *params, size_t size, const char *text)
{
    as_error e = {{0}};
    const as_plugin p = {.kind = "losses", .name = "x", .params = params, .params_size = size};
    assert_false(param_check_table(&p, &e));
    assert_string_equal(e.text, text);
}

static void checks_the_table(void **state)
{
    (void)state;
    as_error e = {{0}};
    assert_true(param_check_table(&poly1, &e));
    table_refused(table, 8,
                  "parameter lam: at 8 with 8 bytes lies outside params_size = 8 (forgot .params_size = "
                  "sizeof(...)?)");
    table_refused((const as_param[]){AS_REAL(cfg, epsilon, 11, -1, 10, "x"), AS_END}, sizeof(cfg),
                  "default of parameter epsilon = 11 is outside -1 to 10");
    table_refused((const as_param[]){AS_REAL(cfg, epsilon, 1, -1, 10, ""), AS_END}, sizeof(cfg),
                  "parameter epsilon: needs one line of text that says what it does");
    table_refused((const as_param[]){AS_REAL_IN(cfg, epsilon, 1, "0 to 1", "x"), AS_END}, sizeof(cfg),
                  "parameter epsilon: range \"0 to 1\" does not read like \"[-1, 10]\" or \"(0, inf)\"");
    table_refused((const as_param[]){AS_CHOICE(cfg, reduction, "max", "mean|sum", "x"), AS_END}, sizeof(cfg),
                  "default of parameter reduction = \"max\" is none of mean, sum");
    table_refused((const as_param[]){AS_CHOICE(cfg, reduction, "mean", "mean||sum", "x"), AS_END},
                  sizeof(cfg), "parameter reduction: an empty word in \"mean||sum\"");
    table_refused((const as_param[]){AS_BOOL(cfg, flip, 1, "x"), AS_BOOL(cfg, flip, 1, "x"), AS_END},
                  sizeof(cfg), "parameter flip stands twice");
    table_refused((const as_param[]){{.type = (as_param_type)77, .name = "y", .doc = "x"}, AS_END},
                  sizeof(cfg), "parameter y: type 77 is unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_and_gives_back), cmocka_unit_test(refuses_names_and_types),
        cmocka_unit_test(refuses_ranges),       cmocka_unit_test(infinity_survives),
        cmocka_unit_test(reads_ranges),         cmocka_unit_test(checks_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
