/* Sweeps and tunings: rows, the choice by mean over seeds, and what is said about a run that used it. */
#include "results_fixture.h"
#include "results/sweeps.h"

static int64_t make_sweep(store *s, const char *purpose, const char *definition)
{
    int64_t id;
    MUST(store_sweep(
        s,
        &(store_sweep_info){
            .experiment = make_experiment(s), .purpose = purpose, .method = "grid", .definition = definition},
        &id, &no_error));
    return id;
}

static int64_t point(store *s, int64_t sweep, const char *arm, int number, const char *params)
{
    int64_t id;
    MUST(store_sweep_point(s, sweep, arm, params, &number, &id, &no_error));
    return id;
}

static void a_point_keeps_its_number(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    static const char lr[] = "[{\"column\":\"lr\",\"values\":[%s]}]";
    /* the grid grows in front, in the middle and behind; then it is asked for as it was first */
    static const char *const grids[] = {"2,4", "1,2,3,4,5", "2,3", "2,4"};
    static const char *const expected[] = {"2=1 4=2", "1=3 2=1 3=4 4=2 5=5", "2=1 3=4", "2=1 4=2"};
    for (size_t g = 0; g < 4; g++) {
        char definition[96], *list = strdup(grids[g]), *rest = list, *value, sql[256];
        snprintf(definition, sizeof definition, lr, grids[g]);
        int64_t sweep = make_sweep(s, "sweep", definition), other = make_sweep(s, "tune", definition);
        for (int place = 1; (value = strsep(&rest, ",")); place++) {
            char params[32];
            snprintf(params, sizeof params, "{\"lr\":%s}", value);
            int64_t id = point(s, sweep, "a", place, params);
            assert_int_equal(point(s, sweep, "a", place, params), id);
            point(s, sweep, "b", place, params);
        }
        free(list);
        point(s, other, "a", 1, "{\"lr\":9}"); /* a tuning's numbers are its own */
        for (int arm = 'a'; arm <= 'b'; arm++) {
            snprintf(
                sql, sizeof sql,
                "SELECT group_concat(lr || '=' || number, ' ') FROM (SELECT params ->> 'lr' AS lr, number"
                " FROM sweep_point WHERE sweep_id = %lld AND arm = '%c' ORDER BY 1)",
                (long long)sweep, arm);
            assert_string_equal(ask(s, sql), expected[g]);
        }
    }
    /* other parameters: counted from 1 again */
    int64_t wide = make_sweep(s, "sweep", "[{\"column\":\"lr\"},{\"column\":\"width\"}]");
    point(s, wide, "a", 1, "{\"lr\":2,\"width\":8}");
    assert_string_equal(ask(s, "SELECT number FROM sweep_point WHERE params LIKE '%width%'"), "1");
    store_close(s);
}

static void one_definition_is_one_sweep(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t first = make_sweep(s, "sweep", "[1]");
    assert_int_equal(make_sweep(s, "sweep", "[1]"), first);
    assert_int_not_equal(make_sweep(s, "tune", "[1]"), first);
    assert_int_not_equal(make_sweep(s, "sweep", "[2]"), first);
    int64_t random[3];
    for (int i = 0; i < 3; i++)
        MUST(store_sweep(s,
                         &(store_sweep_info){.experiment = make_experiment(s),
                                             .purpose = "sweep",
                                             .method = "random",
                                             .draw_seed = i / 2,
                                             .definition = "[1]"},
                         &random[i], &no_error));
    assert_int_equal(random[0], random[1]);
    assert_int_not_equal(random[1], random[2]);
    assert_int_equal(point(s, first, "a", 1, "{}"), point(s, first, "a", 1, "{}"));
    store_close(s);
}

/* A run of arm a at a point: done with a value, or (NaN) without one. */
static int64_t at(store *s, int64_t where, int64_t seed, double value)
{
    int64_t run = make_run(s, "a", seed);
    log_one(s, run, 1, "val/accuracy", 0.999); /* the last value counts */
    if (value == value)
        log_one(s, run, 2, "val/accuracy", value);
    finish(s, run, "done");
    MUST(store_sweep_run(s, where, run, &no_error));
    MUST(store_sweep_run(s, where, run, &no_error));
    return run;
}

static store_tuning_info tuning(int64_t sweep)
{
    return (store_tuning_info){.sweep = sweep,
                               .arm = "a",
                               .metric = "val/accuracy",
                               .split = "val",
                               .highest = true,
                               .seeds = "[100,101]"};
}

static void chooses_by_the_mean_over_the_seeds(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t sweep = make_sweep(s, "tune", "[1]"), p[5];
    for (int i = 1; i < 5; i++) {
        char params[32];
        snprintf(params, sizeof params, "{\"lr\":%d}", i);
        p[i] = point(s, sweep, "a", i, params);
    }
    store_tuning_info t = tuning(sweep);
    store_choice c;
    MUST(store_tune(s, &t, &c, &no_error)); /* no run yet */
    assert_int_equal(c.points, 4);
    assert_int_equal(c.complete, 0);
    assert_int_equal(c.tuning, 0);
    at(s, p[1], 100, 0.5);
    at(s, p[1], 101, 0.7); /* mean 0.6 */
    at(s, p[2], 100, 0.9); /* best seed, lower mean: 0.55 */
    at(s, p[2], 101, 0.2);
    at(s, p[3], 100, 0.99); /* one seed is missing */
    at(s, p[3], 1, 0.99);   /* not a seed of the tuning */
    at(s, p[4], 100, 0.1);  /* made again below: the newest counts */
    at(s, p[4], 100, 0.5);
    at(s, p[4], 101, 0.7); /* as good as point 1, which comes first */
    MUST(store_tune(s, &t, &c, &no_error));
    assert_int_equal(c.point, 1);
    assert_float_equal(c.mean, 0.6, 1e-12);
    assert_string_equal(c.params, "{\"lr\":1}");
    assert_int_equal(c.points, 4);
    assert_int_equal(c.runs, 7);
    assert_int_equal(c.complete, 3);
    free(c.params);
    int64_t first = c.tuning;
    MUST(store_tune(s, &t, &c, &no_error));
    assert_int_equal(c.tuning, first); /* nothing new */
    free(c.params);
    t.highest = false;
    MUST(store_tune(s, &t, &c, &no_error));
    assert_int_equal(c.point, 2);
    assert_float_equal(c.mean, 0.55, 1e-12);
    assert_int_not_equal(c.tuning, first);
    free(c.params);
    store_close(s);
}

/* A judging run of arm a with the parameters, after a tuning that chose lr 1 and loss.lam 2. */
static store_selection judge(store *s, int64_t seed, const char *params, const char *config)
{
    cJSON *p = cJSON_Parse(params), *c = cJSON_Parse(config);
    char uuid[STORE_UUID];
    int64_t run;
    MUST(store_create_run(s,
                          &(store_run_info){.experiment = make_experiment(s),
                                            .stage = "run",
                                            .arm = "a",
                                            .has_seed = true,
                                            .seed = seed,
                                            .identity = "i2",
                                            .params = p,
                                            .config = c},
                          &run, uuid, &no_error));
    cJSON_Delete(p);
    cJSON_Delete(c);
    store_selection out;
    MUST(store_selected(s, run, &out, &no_error));
    return out;
}

static void free_selection(store_selection *x)
{
    free(x->arm);
    free(x->how);
    free(x->marked);
}

static void says_how_a_run_was_selected(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t sweep = make_sweep(s, "tune", "[1]");
    int64_t p = point(s, sweep, "a", 1, "{\"lr\":1,\"arm.loss.params.lam\":2.0}");
    static const char loss[] = "{\"loss\":{\"plugin\":\"losses/x\",\"params\":{\"lam\":2}}}";
    store_selection x = judge(s, 1, "{\"lr\":1}", loss);
    assert_int_equal(x.tuning, 0);
    free_selection(&x);
    at(s, p, 100, 0.5);
    at(s, p, 101, 0.6);
    store_tuning_info t = tuning(sweep);
    store_choice c;
    MUST(store_tune(s, &t, &c, &no_error));
    free(c.params);
    x = judge(s, 1, "{\"lr\":1}", loss);
    assert_int_equal(x.tuning, c.tuning);
    assert_true(x.used);
    assert_string_equal(x.how, "selected by val/accuracy on seeds 100, 101, the best of 1 point");
    assert_null(x.marked);
    free_selection(&x);
    x = judge(s, 1, "{\"lr\":3}", "{\"lr\":1,\"loss\":{\"params\":{\"lam\":2}}}"); /* the arm's own lr */
    assert_true(x.used);
    free_selection(&x);
    x = judge(s, 1, "{\"lr\":1}", "{\"lr\":3,\"loss\":{\"params\":{\"lam\":2}}}");
    assert_false(x.used);
    free_selection(&x);
    x = judge(s, 1, "{}", loss); /* a chosen parameter it does not have */
    assert_false(x.used);
    free_selection(&x);
    x = judge(s, 101, "{\"lr\":1}", loss);
    assert_string_equal(x.marked, "tuned on seed 101, which judges too");
    free_selection(&x);
    t.marked = "tuned on the test split";
    MUST(store_tune(s, &t, &c, &no_error));
    free(c.params);
    x = judge(s, 1, "{\"lr\":1}", loss);
    assert_string_equal(x.marked, "tuned on the test split");
    free_selection(&x);
    /* a later tuning that chose otherwise takes the mark of these values not away */
    int64_t later = make_sweep(s, "tune", "[2]"), q = point(s, later, "a", 1, "{\"lr\":5}");
    at(s, q, 100, 0.9);
    at(s, q, 101, 0.9);
    t = tuning(later);
    MUST(store_tune(s, &t, &c, &no_error));
    free(c.params);
    x = judge(s, 1, "{\"lr\":1}", loss);
    assert_true(x.used);
    assert_string_equal(x.marked, "tuned on the test split");
    free_selection(&x);
    x = judge(s, 1, "{\"lr\":5}", "{}");
    assert_int_equal(x.tuning, c.tuning);
    assert_null(x.marked);
    free_selection(&x);
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_definition_is_one_sweep),
        TEST(a_point_keeps_its_number),
        TEST(chooses_by_the_mean_over_the_seeds),
        TEST(says_how_a_run_was_selected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
