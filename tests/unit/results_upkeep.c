/* Claims and verdicts as rows, groups of runs, declarations read back, runs to go on with, deletion. */
#include "results_fixture.h"

#include "results/claims.h"
#include "results/upkeep.h"

#include <math.h>

static store_claim_info some_claim(store *s)
{
    return (store_claim_info){.experiment = make_experiment(s),
                              .name = "better",
                              .statement = "b is better",
                              .kind = "superiority",
                              .side = "above",
                              .center = "mean",
                              .method = "t",
                              .least_mean = 0.02,
                              .least_share = NAN,
                              .least_seeds = 4,
                              .of_seeds = 5,
                              .source = "return 1"};
}

static void a_changed_claim_is_a_new_row(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    store_claim_info c = some_claim(s);
    int64_t first, same, other;
    char *change;
    MUST(store_claim(s, &c, &first, &change, &no_error));
    assert_null(change);
    MUST(store_claim(s, &c, &same, &change, &no_error));
    assert_null(change);
    assert_int_equal(first, same);
    c.least_mean = NAN;
    c.source = "return 2";
    MUST(store_claim(s, &c, &other, &change, &no_error));
    assert_string_equal(change, "least_mean: none, was 0.02; another source text");
    free(change);
    assert_string_equal(ask(s, "SELECT change || previous_id FROM claim WHERE id = 2"),
                        "least_mean: none, was 0.02; another source text1");
    MUST(store_claim(s, &c, &same, &change, &no_error));
    assert_int_equal(same, other);
    c.kind = "wish";
    MUST_FAIL(store_claim(s, &c, &same, &change, &no_error), "cannot record the claim: CHECK constraint");
    assert_null(change);
    assert_string_equal(ask(s, "SELECT count(*) FROM claim"), "2");
    store_close(s);
}

static void a_verdict_keeps_its_values(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    store_claim_info c = some_claim(s);
    int64_t claim;
    char *change;
    MUST(store_claim(s, &c, &claim, &change, &no_error));
    int64_t run = make_run(s, "a", 1), verdict;
    store_claim_value values[] = {{.has_seed = true, .seed = 1, .value = 0.5, .runs = &run, .n_runs = 1},
                                  {.has_seed = true, .seed = 2, .value = NAN}};
    store_verdict_info v = {.claim = claim,
                            .mean = 0.5,
                            .low = NAN,
                            .high = NAN,
                            .right_share = NAN,
                            .sign_p = NAN,
                            .wilcoxon_p = NAN,
                            .n_right = 1,
                            .rule = "met",
                            .outcome = "unclear",
                            .values = values,
                            .n_values = 2};
    MUST(store_verdict(s, &v, &verdict, &no_error));
    assert_string_equal(
        ask(s, "SELECT claim || outcome || rule || n || mean || ifnull(low, '-') FROM verdicts"),
        "betterunclearmet20.5-");
    assert_string_equal(ask(s, "SELECT count(*) || count(value) FROM claim_value"), "21");
    assert_string_equal(ask(s, "SELECT run_id FROM claim_value_run"), "1");
    /* once more is no other verdict; another number, text, value or run is, and so is going back to the first
     */
    int64_t again, first = verdict, other = make_run(s, "a", 2);
    MUST(store_verdict(s, &v, &again, &no_error));
    assert_int_equal(again, first);
    assert_string_equal(ask(s, "SELECT count(*) || (SELECT count(*) FROM claim_value) FROM verdict"), "12");
    v.low = 0.4;
    MUST(store_verdict(s, &v, &again, &no_error));
    assert_int_equal(again, 2);
    v.sentence = "too few seeds";
    MUST(store_verdict(s, &v, &again, &no_error));
    values[1].value = 0.25;
    MUST(store_verdict(s, &v, &again, &no_error));
    values[0].runs = &other;
    MUST(store_verdict(s, &v, &again, &no_error));
    values[1].runs = &run, values[1].n_runs = 1;
    MUST(store_verdict(s, &v, &again, &no_error));
    values[1].n_runs = 0;
    MUST(store_verdict(s, &v, &again, &no_error));
    assert_int_equal(again, 7);
    MUST(store_verdict(s, &v, &again, &no_error));
    assert_int_equal(again, 7);
    v.outcome = "maybe";
    MUST_FAIL(store_verdict(s, &v, &verdict, &no_error), "cannot record the verdict");
    assert_string_equal(ask(s, "SELECT count(*) FROM verdict"), "7");
    store_close(s);
}

static void words_stand_for_runs(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t *runs;
    size_t n;
    for (int64_t seed = 3; seed >= 1; seed--) /* runs 1 to 3, then 4 and 5 */
        finish(s, make_run(s, "a", seed), "done");
    finish(s, make_run(s, "a", 1), "done"); /* newer than run 3 */
    finish(s, make_run(s, "a", 2), "failed");
    MUST(store_group(s, "a", &runs, &n, &no_error));
    assert_int_equal(n, 3);
    assert_int_equal(runs[0] * 100 + runs[1] * 10 + runs[2], 421); /* seeds 1, 2, 3 */
    free(runs);
    MUST(store_group(s, "quick/a", &runs, &n, &no_error));
    assert_int_equal(n, 3);
    free(runs);
    MUST(store_group(s, "5", &runs, &n, &no_error));
    assert_int_equal(runs[0], 5);
    free(runs);
    MUST_FAIL(store_group(s, "quick/b", &runs, &n, &no_error), "did you mean \"quick/a\"?");
    MUST_FAIL(store_group(s, "77", &runs, &n, &no_error), "no run 77");
    store_close(s);
}

static void a_declaration_comes_back(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t id;
    char uuid[STORE_UUID];
    const char *params = "{\"lr\":0.001,\"net\":{\"width\":[1,2],\"act\":\"relu\",\"more\":{}},\"on\":true}";
    const char *config = "{\"loss\":{\"plugin\":\"losses/poly1\",\"params\":{\"epsilon\":2}}}";
    store_run_info r = {.experiment = make_experiment(s),
                        .stage = "run",
                        .arm = "a",
                        .has_seed = true,
                        .seed = 7,
                        .identity = "i1",
                        .params = cJSON_Parse(params),
                        .config = cJSON_Parse(config)};
    MUST(store_create_run(s, &r, &id, uuid, &no_error));
    store_declaration d;
    MUST(store_declared(s, id, &d, &no_error));
    assert_true(cJSON_Compare(d.params, r.params, true));
    assert_true(cJSON_Compare(d.config, r.config, true));
    assert_string_equal(d.identity, "i1");
    assert_string_equal(d.headline, "test/accuracy");
    assert_int_equal(d.seed, 7);
    store_free_declaration(&d);
    MUST_FAIL(store_declared(s, 99, &d, &no_error), "no run 99");
    store_free_declaration(&d);
    cJSON_Delete((cJSON *)(uintptr_t)r.params);
    cJSON_Delete((cJSON *)(uintptr_t)r.config);
    store_close(s);
}

/* ARTIFACTS/uuid of run 1 + "/NAME"; makes the folder. */
static const char *file_of_run(store *s, const char *name)
{
    static char path[512];
    mkdir(store_artifacts(s), 0777);
    snprintf(path, sizeof path, "%.200s/%.36s", store_artifacts(s),
             ask(s, "SELECT uuid FROM run WHERE id = 1"));
    mkdir(path, 0777);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", name);
    return path;
}

static void only_a_run_with_a_checkpoint_goes_on(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1), found;
    char uuid[STORE_UUID], path[64], *intact;
    finish(s, run, "crashed");
    MUST(store_find_resumable(s, "i1", &found, uuid, &no_error));
    assert_int_equal(found, 0);
    const char *file = file_of_run(s, "c");
    FILE *f = fopen(file, "w");
    fputs("state", f);
    fclose(f);
    snprintf(path, sizeof path, "%.36s/c", ask(s, "SELECT uuid FROM run"));
    MUST(store_artifact(s, run, 1, "checkpoint", "model", path, &no_error));
    MUST(store_find_resumable(s, "i1", &found, uuid, &no_error));
    assert_int_equal(found, run);
    assert_string_equal(uuid, ask(s, "SELECT uuid FROM run"));
    MUST(store_intact_artifact(s, run, "checkpoint", &intact, &no_error));
    assert_non_null(intact);
    free(intact);
    f = fopen(file, "w"); /* cut short by a power cut */
    fputs("sta", f);
    fclose(f);
    MUST(store_intact_artifact(s, run, "checkpoint", &intact, &no_error));
    assert_null(intact);
    unlink(file);
    MUST(store_find_resumable(s, "i1", &found, uuid, &no_error));
    assert_int_equal(found, 0);
    store_close(s);
}

static void a_running_run_is_not_deleted(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t runs[] = {make_run(s, "a", 1), make_run(s, "a", 2)};
    finish(s, runs[0], "done");
    const char *file = file_of_run(s, "x");
    fclose(fopen(file, "w"));
    MUST_FAIL(store_remove(s, runs, 2, &no_error), "run 2 is running; stop it first");
    assert_string_equal(ask(s, "SELECT count(*) FROM run"), "2");
    assert_int_equal(access(file, F_OK), 0);
    MUST(store_remove(s, runs, 1, &no_error));
    assert_string_equal(ask(s, "SELECT group_concat(id) FROM run"), "2");
    assert_int_equal(access(file, F_OK), -1);
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_claim_is_a_new_row),
        TEST(a_verdict_keeps_its_values),
        TEST(words_stand_for_runs),
        TEST(a_declaration_comes_back),
        TEST(only_a_run_with_a_checkpoint_goes_on),
        TEST(a_running_run_is_not_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
