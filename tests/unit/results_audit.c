/* A database that is whole is said to be, and each fault that a hand or a disk can make is told. */
#include "results_fixture.h"

#include "results/audit.h"

#include <fcntl.h>

static char told[4096];

static void tell(void *self, const char *line)
{
    (void)self;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", line);
}

/* A run that is done, with a value and a file. */
static store *make_whole(void)
{
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    char path[256], name[64];
    snprintf(name, sizeof name, "%.36s/x", ask(s, "SELECT uuid FROM run"));
    mkdir(store_artifacts(s), 0777);
    snprintf(path, sizeof path, "%s/%.36s", store_artifacts(s), name);
    mkdir(path, 0777);
    strcat(path, "/x");
    FILE *f = fopen(path, "w");
    fputs("hello", f);
    fclose(f);
    log_one(s, run, 1, "loss", 0.5);
    MUST(store_artifact(s, run, 1, "x", "data", name, &no_error));
    finish(s, run, "done");
    return s;
}

static void expect(store *s, int faults, const char *part)
{
    store_audit_report out;
    told[0] = 0;
    MUST(store_audit(s, tell, NULL, &out, &no_error));
    if (out.faults != faults || !strstr(told, part))
        fail_msg("%d faults, expected %d with \"%s\": %s", (int)out.faults, faults, part, told);
    assert_int_equal(out.runs * 100 + out.values * 10 + out.files, 111);
}

static void every_fault_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *text, *undo;
    } cases[] = {
        {"UPDATE attempt SET status = 'failed'", "run 1 is done, its last attempt failed",
         "UPDATE attempt SET status = 'done'"},
        {"UPDATE run SET ended_at = NULL", "run 1 is done without a moment when it ended",
         "UPDATE run SET ended_at = started_at"},
        {"UPDATE metric SET attempt = 2", "run 1 has values of an attempt 2 that it has not",
         "UPDATE metric SET attempt = 1"},
        {"DELETE FROM run_metric", "run 1 has values of loss, which run_metric does not know",
         "INSERT INTO run_metric VALUES (1, 1)"},
        {"UPDATE source SET text = 'return 2'", "source 1 is not the text that its sha256 is of",
         "UPDATE source SET text = 'return 1'"},
        {"UPDATE artifact SET size_bytes = 6", "run 1: artifact \"x\" has another size than on record: /",
         "UPDATE artifact SET size_bytes = 5"},
        {"UPDATE run SET experiment_id = 9",
         "a row of run points to a row of experiment that is not there (1 time)",
         "UPDATE run SET experiment_id = 1"},
        {"UPDATE run SET uuid = 'x'", "1 folder of artifacts (0.0 MB) belongs to no run; assay gc deletes it",
         "UPDATE run SET uuid = (SELECT substr(path, 1, 36) FROM artifact)"},
    };
    store *s = make_whole();
    expect(s, 0, "");
    MUST(sql_do(s, "", "PRAGMA foreign_keys = OFF", NULL, 0, &no_error));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MUST(sql_do(s, "", cases[i].sql, NULL, 0, &no_error));
        expect(s, 1, cases[i].text);
        MUST(sql_do(s, "", cases[i].undo, NULL, 0, &no_error));
    }
    expect(s, 0, "");
    store_close(s);
}

static void files_are_read(void **state)
{
    (void)state;
    store *s = make_whole();
    char path[256];
    snprintf(path, sizeof path, "%.120s/%.60s", store_artifacts(s), ask(s, "SELECT path FROM artifact"));
    FILE *f = fopen(path, "w");
    fputs("hellO", f);
    fclose(f);
    expect(s, 1, "run 1: artifact \"x\" has another content than on record");
    unlink(path);
    expect(s, 1, "run 1: artifact \"x\" is not there");
    store_close(s);
}

/* A page of zeros where a table was. */
static void a_damaged_page_is_told(void **state)
{
    (void)state;
    store *s = make_whole();
    long page = strtol(ask(s, "SELECT rootpage FROM sqlite_schema WHERE name = 'run_metric'"), NULL, 10);
    long size = strtol(ask(s, "PRAGMA page_size"), NULL, 10);
    MUST(sql_do(s, "", "PRAGMA wal_checkpoint(TRUNCATE)", NULL, 0, &no_error));
    store_close(s);
    char zeros[4096] = {0};
    int fd = open(database, O_WRONLY);
    assert_int_equal(pwrite(fd, zeros, (size_t)size, (page - 1) * size), size);
    close(fd);
    s = open_store(STORE_READ);
    store_audit_report out;
    told[0] = 0;
    as_error e = {0};
    bool ok = store_audit(s, tell, NULL, &out, &e);
    assert_non_null(strstr(told, "SQLite: "));
    assert_false(ok); /* what follows cannot be asked any more */
    assert_non_null(strstr(e.text, "cannot be checked: database disk image is malformed"));
    store_close(s);
}

static void vacuum_gives_space_back(void **state)
{
    (void)state;
    store *s = make_whole();
    int64_t before, after;
    MUST(sql_do(s, "",
                "INSERT INTO metric WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n"
                " WHERE i < 50000) SELECT 1, 1, i, 1, i, 1.0 FROM n",
                NULL, 0, &no_error));
    MUST(sql_do(s, "", "DELETE FROM metric WHERE step > 1", NULL, 0, &no_error));
    MUST(store_vacuum(s, &before, &after, &no_error));
    struct stat about;
    assert_int_equal(stat(database, &about), 0);
    assert_int_equal(after, about.st_size);
    assert_true(before > 1000000 && after < 400000);
    expect(s, 0, "");
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_fault_is_told),
        TEST(files_are_read),
        TEST(a_damaged_page_is_told),
        TEST(vacuum_gives_space_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
