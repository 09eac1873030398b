/* What goes into the store comes out of its tables and views. */
#include "results_fixture.h"
#include "base/hash.h"

#include <math.h>

static void runs_and_parameters(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t id;
    char uuid[STORE_UUID];
    cJSON *params =
        cJSON_Parse("{\"lr\":0.5,\"data\":{\"name\":\"two moons\",\"sizes\":[1,2],\"shuffle\":true,"
                    "\"extra\":{}},\"none\":null}");
    cJSON *config = cJSON_Parse("{\"loss\":{\"plugin\":\"losses/poly1\",\"params\":{\"epsilon\":2}}}");
    store_run_info r = {.experiment = make_experiment(s),
                        .stage = "run",
                        .arm = "a",
                        .has_seed = true,
                        .seed = 7,
                        .identity = "abc",
                        .params = params,
                        .config = config,
                        .threads = 2};
    MUST(store_create_run(s, &r, &id, uuid, &no_error));
    cJSON_Delete(params);
    cJSON_Delete(config);

    assert_int_equal(strlen(uuid), 36);
    assert_int_equal(uuid[14], '7');
    assert_string_equal(ask(s, "SELECT uuid FROM run"), uuid);
    assert_string_equal(ask(s, "SELECT arm || seed || status || stage || identity || threads FROM run"),
                        "a7runningrunabc2");
    assert_string_equal(ask(s, "SELECT pid > 1 AND length(boot_id) = 36 AND process_start > 0 FROM run"),
                        "1");
    assert_string_equal(
        ask(s, "SELECT group_concat(name || '=' || value, ' ') FROM (SELECT * FROM param ORDER BY name)"),
        "arm.loss.params.epsilon=2 arm.loss.plugin=\"losses/poly1\" data.extra={} "
        "data.name=\"two moons\" data.shuffle=true data.sizes=[1,2] lr=0.5 none=null");
    assert_string_equal(ask(s, "SELECT number FROM param WHERE name = 'lr'"), "0.5");
    assert_string_equal(ask(s, "SELECT number FROM param WHERE name = 'data.shuffle'"), "1.0");
    assert_string_equal(ask(s, "SELECT text FROM param WHERE name = 'data.name'"), "two moons");
    assert_string_equal(ask(s, "SELECT number IS NULL AND text IS NULL FROM param WHERE name = 'data.sizes'"),
                        "1");
    store_close(s);
}

static void an_equal_experiment_is_one_row(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t first = make_experiment(s), edited;
    assert_int_equal(make_experiment(s), first);
    MUST(store_experiment(s,
                          &(store_experiment_info){.name = "quick",
                                                   .headline = "test/accuracy",
                                                   .script = "experiments/quick.lua",
                                                   .source = "return 2"},
                          &edited, &no_error));
    assert_int_not_equal(edited, first);
    assert_string_equal(
        ask(s, "SELECT text FROM source JOIN experiment x ON x.source_id = source.id WHERE x.id = 2"),
        "return 2");
    store_close(s);
}

static void pool_run_and_its_members(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t members[] = {make_run(s, "a", 1), make_run(s, "a", 2)}, id;
    char uuid[STORE_UUID];
    store_run_info r = {.experiment = make_experiment(s),
                        .stage = "pool",
                        .arm = "a",
                        .identity = "p",
                        .members = members,
                        .n_members = 2};
    MUST(store_create_run(s, &r, &id, uuid, &no_error));
    assert_string_equal(ask(s, "SELECT group_concat(run_id) FROM run_member WHERE pool_id = 3"), "1,2");
    assert_string_equal(ask(s, "SELECT seed FROM run WHERE id = 3"), "NULL");
    r.has_seed = true;
    MUST_FAIL(store_create_run(s, &r, &id, uuid, &no_error), "CHECK constraint failed");
    r.has_seed = false;
    r.experiment = 99;
    MUST_FAIL(store_create_run(s, &r, &id, uuid, &no_error), "cannot record the run: FOREIGN KEY");
    assert_string_equal(ask(s, "SELECT count(*) FROM run"), "3");
    store_close(s);
}

static void logged_values_and_views(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1), silent = make_run(s, "b", 1);
    store_value step1[] = {{"loss", 3}, {"test/accuracy", 0.25}, {"train seconds", 1.5}};
    store_value step2[] = {{"loss", 1}, {"test/accuracy", 0.75}};
    store_value step3[] = {{"loss", 2}, {"test/accuracy", NAN}};
    MUST(store_log(s, run, 1, 10, step1, 3, &no_error));
    MUST(store_log(s, run, 1, 20, step2, 2, &no_error));
    assert_string_equal(ask(s, "SELECT headline FROM runs WHERE id = 1"), "0.75");
    MUST(store_log(s, run, 1, 30, step3, 2, &no_error));
    MUST(store_log(s, run, 1, 5, &(store_value){"loss", 9}, 1, &no_error)); /* any order is fine */

    assert_string_equal(ask(s, "SELECT group_concat(step || ':' || value, ' ') FROM (SELECT * FROM curve"
                               " WHERE name = 'loss' ORDER BY step)"),
                        "5:9.0 10:3.0 20:1.0 30:2.0");
    assert_string_equal(ask(s, "SELECT count(*) FROM metric WHERE value IS NULL"), "1");
    assert_string_equal(ask(s, "SELECT headline FROM runs WHERE id = 1"), "NULL"); /* the last one is NaN */
    assert_string_equal(
        ask(s, "SELECT step || ' ' || value || arm || experiment FROM last_metric WHERE name = 'loss'"),
        "30 2.0aquick");
    assert_string_equal(ask(s, "SELECT lowest || '@' || lowest_step || ' ' || highest || '@' || highest_step"
                               " FROM best_metric WHERE name = 'loss'"),
                        "1.0@20 9.0@5");
    assert_string_equal(ask(s, "SELECT highest FROM best_metric WHERE name = 'test/accuracy'"), "0.75");
    assert_string_equal(ask(s, "SELECT group_concat(name) FROM metric_name WHERE clock = 1"),
                        "train seconds");
    assert_string_equal(ask(s, "SELECT min(at) >= 0 AND max(at) < 60 FROM metric"), "1");

    finish(s, silent, "done"); /* nothing was ever logged in it */
    assert_string_equal(
        ask(s, "SELECT headline IS NULL AND status = 'done' AND seconds >= 0 FROM runs WHERE id = 2"), "1");
    assert_string_equal(ask(s, "SELECT count(*) FROM last_metric WHERE run_id = 2"), "0");
    store_close(s);
}

static void clock_names(void **state)
{
    (void)state;
    static const char *const clock[] = {"seconds", "epoch_seconds", "images_per_second", "memory/peak",
                                        "step.ms"};
    static const char *const method[] = {"time", "error_rate", "learning_rate", "secondsish", "items"};
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    for (int i = 0; i < 5; i++) {
        log_one(s, run, i, clock[i], 1);
        assert_string_equal(ask(s, "SELECT clock FROM metric_name ORDER BY id DESC LIMIT 1"), "1");
        log_one(s, run, i, method[i], 1);
        assert_string_equal(ask(s, "SELECT clock FROM metric_name ORDER BY id DESC LIMIT 1"), "0");
    }
    store_close(s);
}

static void more_names_than_the_first_table_holds(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    char name[32];
    for (int64_t step = 0; step < 2; step++)
        for (int i = 0; i < 300; i++) {
            snprintf(name, sizeof name, "unit %d", i);
            log_one(s, run, step, name, i);
        }
    assert_string_equal(ask(s, "SELECT count(*) FROM metric_name"), "300");
    assert_string_equal(ask(s, "SELECT count(*) FROM metric m JOIN metric_name n ON n.id = m.name_id"
                               " WHERE n.name = 'unit ' || CAST(m.value AS INTEGER)"),
                        "600");
    store_close(s);
}

static void duplicates_are_refused(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    store_value twice[] = {{"x", 1}, {"loss", 1}, {"x", 2}};
    log_one(s, run, 3, "loss", 1);
    MUST_FAIL(store_log(s, run, 1, 3, twice, 2, &no_error),
              "metric \"loss\" was already logged at step 3 of run 1");
    MUST_FAIL(store_log(s, run, 1, 4, twice, 3, &no_error), "metric \"x\" was already logged at step 4");
    assert_string_equal(ask(s, "SELECT count(*) FROM metric"), "1"); /* nothing of the refused calls */
    log_one(s, run, 4, "loss", 2);                                   /* and the store goes on */
    MUST_FAIL(store_log(s, 99, 1, 1, twice, 2, &no_error), "no run 99");
    MUST_FAIL(store_log(s, run, 1, 9, &(store_value){"", 1}, 1, &no_error), "must have a name");
    store_close(s);
}

static void attempts(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    int attempt;
    log_one(s, run, 1, "test/accuracy", 0.1);
    log_one(s, run, 2, "test/accuracy", 0.2);
    log_one(s, run, 3, "test/accuracy", 0.3);
    finish(s, run, "interrupted");
    MUST(store_begin_attempt(s, run, &attempt, &no_error));
    assert_int_equal(attempt, 2);
    assert_string_equal(ask(s, "SELECT status = 'running' AND ended_at IS NULL FROM run"), "1");
    int none;
    MUST(store_begin_attempt(s, run, &none, &no_error)); /* somebody else was faster */
    assert_int_equal(none, 0);
    assert_string_equal(ask(s, "SELECT count(*) FROM attempt"), "2");
    MUST(store_log(s, run, 2, 2, &(store_value){"test/accuracy", 0.2}, 1, &no_error)); /* the same bits */
    assert_string_equal(ask(s, "SELECT count(*) FROM event"), "0");
    MUST(store_log(s, run, 2, 3, &(store_value){"test/accuracy", 0.25}, 1, &no_error));
    assert_string_equal(ask(s, "SELECT kind || step || attempt FROM event"), "relogged32");
    assert_string_equal(ask(s, "SELECT group_concat(value, ' ') FROM (SELECT * FROM curve ORDER BY step)"),
                        "0.1 0.2 0.25");
    assert_string_equal(ask(s, "SELECT value FROM last_metric"), "0.25");
    assert_string_equal(ask(s, "SELECT headline || attempts FROM runs"), "0.252");
    finish(s, run, "done");
    assert_string_equal(ask(s, "SELECT group_concat(status) FROM attempt"), "interrupted,done");
    MUST_FAIL(store_begin_attempt(s, 99, &attempt, &no_error), "no run 99");
    store_close(s);
}

static void one_process_makes_a_run(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    char uuid[STORE_UUID];
    store_run_info r = {.experiment = make_experiment(s),
                        .stage = "run",
                        .arm = "a",
                        .has_seed = true,
                        .seed = 1,
                        .identity = "i1",
                        .alone = true};
    int64_t first, second, found;
    MUST(store_find_running(s, "i1", &found, &no_error));
    assert_int_equal(found, 0);
    MUST(store_create_run(s, &r, &first, uuid, &no_error));
    MUST(store_create_run(s, &r, &second, uuid, &no_error));
    assert_int_equal(second, 0);
    assert_string_equal(ask(s, "SELECT count(*) FROM run"), "1");
    MUST(store_find_running(s, "i1", &found, &no_error));
    assert_int_equal(found, first);
    r.alone = false; /* a repeat that is asked for */
    MUST(store_create_run(s, &r, &second, uuid, &no_error));
    finish(s, first, "done");
    finish(s, second, "done");
    MUST(store_find_running(s, "i1", &found, &no_error));
    assert_int_equal(found, 0);
    r.alone = true;
    r.seen = first; /* the second was made since, and is done already */
    MUST(store_create_run(s, &r, &found, uuid, &no_error));
    assert_int_equal(found, 0);
    MUST(store_newest_run(s, &r.seen, &no_error));
    assert_int_equal(r.seen, second);
    int attempt;
    MUST(store_begin_attempt(s, second, &attempt, &no_error));
    assert_int_equal(attempt, 0);
    MUST(store_create_run(s, &r, &second, uuid, &no_error));
    assert_int_not_equal(second, 0);
    ask(s, "UPDATE run SET boot_id = '0858f397-0000-4ee4-bc1b-000000000000' WHERE status = 'running'");
    MUST(store_find_running(s, "i1", &found, &no_error)); /* its process is gone: it is lost, not running */
    assert_int_equal(found, 0);
    assert_string_equal(ask(s, "SELECT status FROM run ORDER BY id DESC LIMIT 1"), "lost");
    store_close(s);
}

static void ends(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    const char *status;
    store_end_info crash = {.status = "crashed",
                            .error = "SIGSEGV at 0x10",
                            .signal = 11,
                            .plugin = "losses/poly1",
                            .call = "forward",
                            .has_step = true,
                            .step = 120};
    MUST(store_run_status(s, run, &status, &no_error));
    assert_string_equal(status, "running");
    MUST(store_finish(s, run, &crash, &no_error));
    assert_string_equal(ask(s, "SELECT status || signal || plugin || call || step || error FROM run"),
                        "crashed11losses/poly1forward120SIGSEGV at 0x10");
    assert_string_equal(ask(s, "SELECT ended_at >= started_at AND seconds >= 0 FROM run"), "1");
    MUST_FAIL(store_finish(s, run, &(store_end_info){.status = "done"}, &no_error),
              "run 1 already ended: crashed");
    MUST_FAIL(store_finish(s, 99, &crash, &no_error), "no run 99");
    MUST_FAIL(store_finish(s, run, &(store_end_info){.status = "running"}, &no_error), "not an end");
    run = make_run(s, "a", 2);
    MUST_FAIL(store_finish(s, run, &(store_end_info){.status = "finished"}, &no_error),
              "CHECK constraint failed");
    MUST(store_run_status(s, run, &status, &no_error));
    assert_string_equal(status, "running");
    store_close(s);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void artifacts(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "ce", 3);
    char file[256], expected[256], *path;
    snprintf(expected, sizeof expected, "%s/results/artifacts", folder);
    assert_string_equal(store_artifacts(s), expected);
    mkdir(store_artifacts(s), 0777);
    snprintf(file, sizeof file, "%s/out.txt", store_artifacts(s));
    write_file(file, "abc");
    MUST(store_artifact(s, run, 1, "stdout", "log", "out.txt", &no_error));
    /* the SHA-256 of "abc" from FIPS 180-2, appendix B.1 */
    assert_string_equal(ask(s, "SELECT size_bytes || ' ' || sha256 FROM artifact"),
                        "3 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    write_file(file, "abcd");
    MUST(store_artifact(s, run, 1, "stdout", "log", "out.txt", &no_error));
    assert_string_equal(ask(s, "SELECT count(*) || ' ' || size_bytes FROM artifact"), "1 4");
    MUST(store_artifact_path(s, run, "stdout", &path, &no_error));
    assert_string_equal(path, file);
    free(path);
    MUST_FAIL(store_artifact_path(s, run, "model", &path, &no_error),
              "run 1 (ce, seed 3) has no artifact \"model\"; it has: stdout");
    MUST_FAIL(store_artifact_path(s, 99, "model", &path, &no_error), "no run 99");
    MUST_FAIL(store_artifact(s, run, 1, "gone", "log", "gone.txt", &no_error), "No such file");
    store_close(s);
}

static void what_a_run_used(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1), other = make_run(s, "a", 2);
    store_plugin_info p = {.kind = "losses", .name = "poly1", .version = "1.0.0", .source_hash = "aa"};
    store_data_info d = {.dataset = "mnist", .path = "/x/train", .sha256 = "bb", .size_bytes = 9};
    store_build_info b = {.version = "0.1.0", .compiler = "gcc 12"};
    for (int i = 0; i < 2; i++) { /* twice is as good as once */
        MUST(store_plugin_use(s, run, &p, &no_error));
        MUST(store_data_use(s, run, &d, &no_error));
        MUST(store_source(s, run, "a.lua", "return 1", false, &no_error));
        MUST(store_build(s, run, &b, &no_error));
        MUST(store_host(s, run, &no_error));
    }
    MUST(store_source(s, other, "b.lua", "return 1", false, &no_error));
    MUST(store_build(s, other, &b, &no_error));
    MUST(store_host(s, other, &no_error));
    MUST(store_event(s, run, 1, -1, "warning", "slow kernel", &no_error));
    assert_string_equal(ask(s, "SELECT count(*) FROM plugin_use"), "1");
    assert_string_equal(ask(s, "SELECT count(*) FROM data_use"), "1");
    assert_string_equal(ask(s, "SELECT count(*) FROM source"),
                        "1"); /* the experiment's text is the same too */
    assert_string_equal(ask(s, "SELECT count(*) FROM run_source"), "2");
    assert_string_equal(ask(s, "SELECT count(DISTINCT build_id) || count(*) FROM run"), "12");
    assert_string_equal(ask(s, "SELECT cores > 0 AND memory_bytes > 1e8 AND machine <> '' FROM host JOIN run"
                               " ON host.id = host_id"),
                        "1");
    assert_string_equal(ask(s, "SELECT count(*) FROM host"), "1");
    assert_string_equal(ask(s, "SELECT step IS NULL AND text = 'slow kernel' FROM event"), "1");
    MUST_FAIL(store_plugin_use(s, 99, &p, &no_error), "FOREIGN KEY");
    store_close(s);
}

/* The run that stands for identity "i1", 0 for none; what is wrong with the newest is in `why`. */
static int64_t equal_to_i1(store *s, char why[STORE_CHANGE])
{
    int64_t equal;
    store_change change;
    MUST(store_find_equal(s, "i1", &equal, &change, &no_error));
    snprintf(why, STORE_CHANGE, "%s", equal || !change.run ? "" : change.text);
    return equal;
}

static void equal_runs(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1), equal;
    char file[96], why[STORE_CHANGE], expected[256];
    store_change change;
    snprintf(file, sizeof file, "%s/part.lua", folder);
    write_file(file, "return 1");
    MUST(store_source(s, run, file, "return 1", false, &no_error));
    MUST(store_source(s, run, "/nowhere/lua/assay/nn.lua", "return {}", true,
                      &no_error));            /* assay's own: not asked */
    assert_int_equal(equal_to_i1(s, why), 0); /* not done */
    assert_string_equal(why, "");
    finish(s, run, "done");
    assert_int_equal(equal_to_i1(s, why), run);
    MUST(store_find_equal(s, "i2", &equal, &change, &no_error));
    assert_int_equal(equal, 0);
    assert_int_equal(change.run, 0);
    write_file(file, "return 2");
    assert_int_equal(equal_to_i1(s, why), 0);
    snprintf(expected, sizeof expected, "%s has changed", file);
    assert_string_equal(why, expected);
    remove(file);
    assert_int_equal(equal_to_i1(s, why), 0);
    snprintf(expected, sizeof expected, "%s is gone", file);
    assert_string_equal(why, expected);
    store_close(s);
}

/* The bytes of "a,b\n1,2\n", and another text of that length. */
#define CSV "a,b\n1,2\n"
#define OTHER "a,b\n1,3\n"

static void equal_data(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t old = make_run(s, "a", 1), new;
    char file[96], why[STORE_CHANGE], expected[256];
    snprintf(file, sizeof file, "%s/own.csv", folder);
    store_data_info d = {.dataset = "read_csv", .path = file, .size_bytes = 8};
    char sha256[HASH_TEXT];
    d.sha256 = sha256;
    hash_bytes(CSV, 8, sha256);
    write_file(file, CSV);
    MUST(store_data_use(s, old, &d, &no_error));
    finish(s, old, "done");
    assert_int_equal(equal_to_i1(s, why), old);
    write_file(file, OTHER);
    assert_int_equal(equal_to_i1(s, why), 0);
    snprintf(expected, sizeof expected, "%s has changed", file);
    assert_string_equal(why, expected);

    new = make_run(s, "a", 1); /* made with the other text: each stands for the text it saw */
    hash_bytes(OTHER, 8, sha256);
    MUST(store_data_use(s, new, &d, &no_error));
    finish(s, new, "done");
    assert_int_equal(equal_to_i1(s, why), new);
    write_file(file, CSV);
    assert_int_equal(equal_to_i1(s, why), old);
    remove(file);
    assert_int_equal(equal_to_i1(s, why), 0);
    snprintf(expected, sizeof expected, "%s is gone", file);
    assert_string_equal(why, expected);
    store_close(s);
}

static void summary(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t runs[5] = {make_run(s, "z", 1), make_run(s, "a", 1), make_run(s, "z", 2), make_run(s, "a", 2),
                       make_run(s, "z", 3)};
    log_one(s, runs[0], 1, "test/accuracy", 0.5);
    log_one(s, runs[2], 1, "test/accuracy", 0.7);
    log_one(s, runs[4], 1, "test/accuracy", 100); /* of a run that failed */
    for (int i = 0; i < 5; i++)
        finish(s, runs[i], i == 4 ? "failed" : "done");
    store_arm_summary *arms;
    size_t n;
    MUST(store_summary(s, runs, 5, &arms, &n, &no_error));
    assert_int_equal(n, 2);
    assert_string_equal(arms[0].arm, "z");
    assert_int_equal(arms[0].done, 2);
    assert_int_equal(arms[0].total, 3);
    assert_int_equal(arms[0].values, 2);
    assert_true(fabs(arms[0].mean - 0.6) < 1e-15);
    assert_true(fabs(arms[0].stddev - 0.1 * sqrt(2)) < 1e-15); /* sqrt((0.01 + 0.01) / 1) */
    assert_true(arms[0].seconds >= 0);
    assert_string_equal(arms[1].arm, "a");
    assert_int_equal(arms[1].done, 2);
    assert_int_equal(arms[1].values, 0);
    assert_true(isnan(arms[1].mean));
    store_free_summary(arms, n);
    MUST(store_summary(s, NULL, 0, &arms, &n, &no_error));
    assert_int_equal(n, 0);
    store_close(s);
}

static void deleting_a_run_deletes_what_is_its_own(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    log_one(s, run, 1, "loss", 1);
    MUST(store_source(s, run, "a.lua", "return 5", false, &no_error));
    MUST(store_event(s, run, 1, 1, "warning", "x", &no_error));
    assert_string_equal(ask(s, "DELETE FROM run"), "none");
    assert_string_equal(ask(s, "SELECT (SELECT count(*) FROM metric) + (SELECT count(*) FROM attempt) +"
                               " (SELECT count(*) FROM event) + (SELECT count(*) FROM run_source)"),
                        "0");
    store_close(s);
}

static void claims_and_verdicts(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    make_run(s, "a", 1);
    const char *rows =
        "INSERT INTO claim (experiment_id, name, statement, kind, side, pooled, null_value, "
        "or_equal, center, method, source_id, created_at)"
        " VALUES (1, 'beats', 'a beats b', 'superiority', 'above', 0, 0, 0, 'mean', 't', 1, 'now');"
        "INSERT INTO verdict (claim_id, at, n, mean, rule, outcome) VALUES (1, 't1', 3, 0.1, "
        "'not_met', 'unclear'),"
        " (1, 't2', 5, 0.2, 'met', 'holds');"
        "INSERT INTO claim_value (verdict_id, seed, value) VALUES (2, 1, 0.2);"
        "INSERT INTO claim_value_run VALUES (1, 1);";
    assert_int_equal(sqlite3_exec(s->db, rows, NULL, NULL, NULL), SQLITE_OK);
    assert_string_equal(ask(s, "SELECT count(*) || experiment || claim || outcome || n FROM verdicts"),
                        "1quickbeatsholds5");
    assert_int_not_equal(sqlite3_exec(s->db, "UPDATE verdict SET outcome = 'maybe'", NULL, NULL, NULL),
                         SQLITE_OK);
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_and_parameters),
        TEST(an_equal_experiment_is_one_row),
        TEST(pool_run_and_its_members),
        TEST(logged_values_and_views),
        TEST(clock_names),
        TEST(more_names_than_the_first_table_holds),
        TEST(duplicates_are_refused),
        TEST(attempts),
        TEST(one_process_makes_a_run),
        TEST(ends),
        TEST(artifacts),
        TEST(what_a_run_used),
        TEST(equal_runs),
        TEST(equal_data),
        TEST(summary),
        TEST(deleting_a_run_deletes_what_is_its_own),
        TEST(claims_and_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
