/* Databases brought together: every table comes along, twice is once, what disagrees is told, what fails
 * leaves nothing behind. */
#include "results_fixture.h"

#include "results/audit.h"
#include "results/merge.h"
#include "results/merge_tables.h"
#include "results/migrate.h"
#include "results/upkeep.h"
#include "base/hash.h"

#include <signal.h>

#define U1 "01a20a4e-1d6a-78f8-bb6d-000000000001"
#define U2 "01a20a4e-1d6a-78f8-bb6d-000000000002"
#define U3 "01a20a4e-1d6a-78f8-bb6d-000000000003"

static char source[96]; /* FOLDER/from/a.db */
static char told[4096]; /* what the last merge said, lines ended by \n */
static store_merged merged;

static void tell(void *self, const char *line)
{
    (void)self;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", line);
}

/* The text of tests/unit/NAME, the uuids in place. Good until the next call. */
static const char *fixture(const char *name)
{
    static char text[65536];
    static const char *const uuid[] = {U1, U2, U3};
    char path[512];
    snprintf(path, sizeof path, ASSAY_TEST_ROOT "/tests/unit/%s", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = 0;
    for (int c; (c = fgetc(f)) != EOF;) {
        assert_true(n + 64 < sizeof text);
        text[n++] = (char)c;
        int which = c - '1';
        bool mark = n >= 2 && text[n - 2] == 'U' && which >= 0 && which < 3 && n >= 3 && text[n - 3] == '\'';
        if (mark)
            n += (size_t)snprintf(text + n - 2, 64, "%s", uuid[which]) - 2;
    }
    text[n] = 0;
    fclose(f);
    return text;
}

static void do_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %.200s", message, sql);
    sqlite3_close(db);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A source with a row in every table at least, and the file of its artifact. */
static int make_source(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    snprintf(source, sizeof source, "%s/from/a.db", folder);
    as_error e = {0};
    store *s = store_open(source, STORE_WRITE, &e);
    store_close(s);
    do_sql(source, fixture("full_rows.sql"));
    mkdir(in_folder("from/artifacts"), 0777);
    mkdir(in_folder("from/artifacts/" U1), 0777);
    write_file(in_folder("from/artifacts/" U1 "/model"), "hello");
    return s ? 0 : -1;
}

/* Merges the source into `s`. */
static bool merge_source(store *s)
{
    const char *const sources[] = {source};
    told[0] = 0;
    return store_merge(s, sources, 1, tell, NULL, &merged, &no_error);
}

/* Merges, expecting these counts and (a part of) this line. */
static void expect(store *s, int taken, int known, int left, const char *part)
{
    MUST(merge_source(s));
    if (merged.taken != taken || merged.known != known || merged.left != left)
        fail_msg("taken %d, known %d, left %d; %s", merged.taken, merged.known, merged.left, told);
    if (!strstr(told, part) || (!*part && *told))
        fail_msg("expected \"%s\", told: %s", part, told);
}

/* Everything in the database as one hash. */
static const char *contents(sqlite3 *db, char out[HASH_TEXT])
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    for (size_t i = 0; i < n_merge_tables; i++) {
        char sql[96];
        sqlite3_stmt *q;
        snprintf(sql, sizeof sql, "SELECT * FROM %s", merge_tables[i].name);
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
        int rows = 0;
        for (; sqlite3_step(q) == SQLITE_ROW; rows++)
            for (int c = 0; c < sqlite3_column_count(q); c++)
                if (sqlite3_column_type(q, c) == SQLITE_FLOAT)
                    fprintf(f, "%a|", sqlite3_column_double(q, c));
                else
                    fprintf(f, "%s|", (const char *)sqlite3_column_text(q, c));
        sqlite3_finalize(q);
        fprintf(f, "%s %d\n", merge_tables[i].name, rows);
    }
    fclose(f);
    hash_bytes(text, size, out);
    free(text);
    return out;
}

static void no_fault(void *self, const char *line)
{
    (void)self;
    if (!strstr(line, "sha256 is of")) /* the texts' hashes in the fixture are short */
        fail_msg("%s", line);
}

static void audit(store *s)
{
    store_audit_report report;
    MUST(store_audit(s, no_fault, NULL, &report, &no_error));
}

/* A table that is added to the schema has to be added to merging. */
static void every_table_is_known(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    merge m = {.s = s, .from = s};
    char names[2048] = "";
    for (size_t i = 0; i < n_merge_tables; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s,", merge_tables[i].name);
    sqlite3_stmt *q;
    sqlite3_prepare_v2(s->db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &q, NULL);
    size_t tables = 0;
    for (; sqlite3_step(q) == SQLITE_ROW; tables++) {
        char name[64];
        snprintf(name, sizeof name, "%s,", (const char *)sqlite3_column_text(q, 0));
        if (!strstr(names, name))
            fail_msg("merging does not know table %s", name);
    }
    sqlite3_finalize(q);
    assert_int_equal(tables, n_merge_tables);
    MUST(merge_open(&m, &no_error));
    for (size_t i = 0; i < n_merge_tables; i++)
        for (int c = 0; c < m.table[i].n; c++) {
            assert_true(m.table[i].n < MERGE_COLUMNS);
            assert_true(m.table[i].column[c].parent <= (int)i); /* claim points to claim */
        }
    merge_close(&m);
    store_close(s);
}

static void everything_comes_along(void **state)
{
    (void)state;
    char there[HASH_TEXT], here[HASH_TEXT];
    store *s = open_store(STORE_WRITE), *from = store_open(source, STORE_READ, &no_error);
    for (size_t i = 0; i < n_merge_tables; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "SELECT count(*) > 0 FROM %s", merge_tables[i].name);
        if (strcmp(ask(from, sql), "1") != 0)
            fail_msg("full_rows.sql has no row of %s", merge_tables[i].name);
    }
    expect(s, 3, 0, 0, "");
    assert_int_equal(merged.files, 1);
    assert_string_equal(contents(s->db, here), contents(from->db, there)); /* numbers too: both begin at 1 */
    audit(s);
    assert_int_equal(access(in_folder("results/artifacts/" U1 "/model"), F_OK), 0);
    expect(s, 0, 3, 0, "");
    assert_int_equal(merged.files, 0);
    assert_string_equal(contents(s->db, here), there);
    store_close(from);
    store_close(s);
}

/* Where other rows have the numbers, all that pointed to a row still does. */
static void rows_get_other_numbers(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t other = make_run(s, "other", 1);
    log_one(s, other, 1, "first", 1);
    log_one(s, other, 1, "loss", 2);
    finish(s, other, "done");
    expect(s, 3, 0, 0, "");
    assert_string_equal(ask(s,
                            "SELECT group_concat(id || arm || ifnull(seed, '-') || status || attempts) FROM "
                            "(SELECT * FROM runs ORDER BY id)"),
                        "1other1done1,2ce1done1,3ce2crashed2,4ce-done1");
    assert_string_equal(
        ask(s, "SELECT group_concat(seed || name || step || iif(value IS NULL, '-', printf('%!.17g', value)))"
               " FROM (SELECT * FROM curve WHERE arm = 'ce' AND seed IS NOT NULL"
               " ORDER BY seed, name, step)"),
        "1loss10.10000000000000001,1loss2-,1seconds13.25,2loss10.0");
    assert_string_equal(ask(s, "SELECT group_concat(run_id) FROM run_member"), "2,3");
    assert_string_equal(ask(s, "SELECT group_concat(outcome || mean || claim || replaced) FROM verdicts"),
                        "holds0.75c1");
    assert_string_equal(
        ask(s, "SELECT group_concat(v.seed || r.run_id) FROM claim_value v JOIN claim_value_run r"
               " ON r.claim_value_id = v.id"),
        "12,22,23");
    assert_string_equal(ask(s,
                            "SELECT p.params || group_concat(r.run_id) FROM sweep_run r JOIN sweep_point p ON"
                            " p.id = point_id"),
                        "{\"lr\":0.1}2,3");
    audit(s);
    char before[HASH_TEXT], after[HASH_TEXT];
    contents(s->db, before);
    expect(s, 0, 3, 0, "");
    assert_string_equal(contents(s->db, after), before);
    store_close(s);
}

/* Both files hold run U2, made anew for each case by `sql` in the source. */
static void what_disagrees_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *text, *undo;
    } cases[] = {
        {"UPDATE metric SET value = 0.5 WHERE run_id = 2 AND attempt = 2",
         "run " U2
         " (ce, seed 2) is not the one here: metric (attempt 2, step 1, name loss): value 0.5, here 0;"
         " it is left out",
         "UPDATE metric SET value = 0.0 WHERE run_id = 2 AND attempt = 2"},
        {"UPDATE run SET status = 'failed' WHERE id = 2", "not the one here: status failed, here crashed",
         "UPDATE run SET status = 'crashed' WHERE id = 2"},
        {"UPDATE run_source SET source_id = 1 WHERE path = 'own.lua'",
         "run_source (path own.lua): source a18b, here b9ce",
         "UPDATE run_source SET source_id = 2 WHERE path = 'own.lua'"},
        {"INSERT INTO metric VALUES (2, 2, 5, 1, 1.0, 1.0)",
         "metric (attempt 2, step 5, name loss) is not here", "DELETE FROM metric WHERE step = 5"},
        {"DELETE FROM event WHERE id = 2", "1 rows of event, here 2",
         "INSERT INTO event SELECT 2, run_id, attempt, step, at, kind, text FROM event WHERE id = 1"},
    };
    store *s = open_store(STORE_WRITE);
    char before[HASH_TEXT], after[HASH_TEXT];
    expect(s, 3, 0, 0, "");
    contents(s->db, before);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        do_sql(source, cases[i].sql);
        expect(s, 0, 2, 1, cases[i].text);
        assert_int_equal(strlen(told) - 1, strcspn(told, "\n")); /* one line */
        assert_string_equal(contents(s->db, after), before);
        do_sql(source, cases[i].undo);
        expect(s, 0, 3, 0, "");
    }
    store_close(s);
}

/* Rows that point to a run that is left out stay away too; the pool over it is still the same run. */
static void a_run_under_way_is_left_out(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    do_sql(source, "UPDATE run SET status = 'running', ended_at = NULL WHERE id = 2");
    expect(s, 2, 0, 1, "run " U2 " (ce, seed 2) is under way there; it is left out\n");
    assert_string_equal(ask(s, "SELECT count(*) FROM run_member"), "1");
    assert_string_equal(ask(s, "SELECT count(*) FROM claim_value_run"), "2");
    assert_string_equal(ask(s, "SELECT count(*) FROM sweep_run"), "1");
    audit(s);
    expect(s, 0, 2, 1, "under way");
    store_close(s);
}

/* What is older stays so, though it gets the higher number. */
static void the_newest_is_by_time(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    do_sql(source, "UPDATE run SET started_at = '2027-01-01T00:00:00.000Z', status = 'done' WHERE id = 2;"
                   "UPDATE verdict SET at = '2027-01-01T00:00:00.000Z'");
    expect(s, 3, 0, 0, "");
    do_sql(source, "UPDATE run SET started_at = '2020-01-01T00:00:00.000Z' WHERE id < 3;"
                   "UPDATE run SET uuid = uuid || 'x', ended_at = started_at;"
                   "UPDATE verdict SET at = '2020-01-01T00:00:00.000Z', outcome = 'fails'");
    expect(s, 3, 0, 0, "");
    int64_t *runs;
    size_t n;
    MUST(store_group(s, "ce", &runs, &n, &no_error));
    assert_int_equal(n, 2);
    assert_int_equal(runs[0] * 10 + runs[1], 12);
    free(runs);
    assert_string_equal(ask(s, "SELECT count(*) FROM verdict"), "2");
    assert_string_equal(ask(s, "SELECT outcome FROM verdicts"), "holds");
    store_close(s);
}

static void remarks_and_checks_add_up(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    expect(s, 3, 0, 0, "");
    MUST(store_note(s, 1, "seen here", &no_error));
    do_sql(source,
           "INSERT INTO note VALUES (2, 1, '2026-02-01T00:00:00.000Z', 'seen there');"
           "INSERT INTO tag VALUES (1, 'late'); UPDATE plugin_check SET result = 'failed', at = '2027'");
    expect(s, 0, 3, 0, "");
    assert_string_equal(ask(s, "SELECT group_concat(text) FROM (SELECT text FROM note ORDER BY text)"),
                        "good,seen here,seen there");
    assert_string_equal(ask(s, "SELECT group_concat(name) FROM tag"), "best,figure-2,late");
    assert_string_equal(ask(s, "SELECT result FROM plugin_check"), "failed");
    do_sql(source, "UPDATE plugin_check SET result = 'passed', at = '2025'"); /* older: ours stays */
    expect(s, 0, 3, 0, "");
    assert_string_equal(ask(s, "SELECT result FROM plugin_check"), "failed");
    store_close(s);
}

static void files_are_looked_at(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    write_file(in_folder("from/artifacts/" U1 "/model"), "hellO");
    expect(s, 3, 0, 0,
           "the file of artifact \"model\" is not what is on record (" U1 "/model); its row comes");
    unlink(in_folder("from/artifacts/" U1 "/model"));
    expect(s, 0, 3, 0, "the file of artifact \"model\" is not there (");
    assert_int_equal(merged.absent, 1);
    assert_int_equal(access(in_folder("results/artifacts/" U1), F_OK), -1);
    write_file(in_folder("from/artifacts/" U1 "/model"), "hello"); /* found again: so it comes */
    expect(s, 0, 3, 0, "");
    assert_int_equal(merged.files, 1);
    audit(s);
    do_sql(source, "UPDATE artifact SET path = '../../stolen'; UPDATE run SET uuid = 'other' WHERE id = 1");
    write_file(in_folder("stolen"), "hello");
    expect(s, 1, 1, 1, "lies outside of the artifacts (../../stolen)");
    store_close(s);
}

static void an_old_source_stays_old(void **state)
{
    (void)state;
    char before[HASH_TEXT], after[HASH_TEXT];
    unlink(source);
    do_sql(source, fixture("schema_1.sql"));
    do_sql(source, fixture("schema_1_rows.sql"));
    MUST(hash_file(source, before, &no_error));
    store *s = open_store(STORE_WRITE);
    MUST(merge_source(s));
    assert_int_equal(merged.taken, 4);
    assert_string_equal(
        ask(s, "SELECT group_concat(id || arm || seed || status || headline || attempts) FROM runs"),
        "1a1done25.01,2b1done16.02,3a2done16.01,4b2done4.02");
    MUST(hash_file(source, after, &no_error));
    assert_string_equal(after, before);
    char copy[128];
    snprintf(copy, sizeof copy, "%s.bak-v1", source);
    assert_int_equal(access(copy, F_OK), -1);
    store_close(s);
}

static void refuses(store *s, const char *path, const char *part)
{
    const char *const sources[] = {source, path};
    char before[HASH_TEXT], after[HASH_TEXT];
    contents(s->db, before);
    MUST_FAIL(store_merge(s, sources, 2, tell, NULL, &merged, &no_error), part);
    assert_null(strchr(no_error.text, '\n'));
    assert_string_equal(contents(s->db, after), before);
}

static void a_wrong_file_stops_it_all(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    refuses(s, in_folder("none.db"), "none.db: there is no such file");
    write_file(in_folder("text.db"), "This is a text, and long enough to be taken for a header of a file.\n");
    refuses(s, in_folder("text.db"), "text.db: is not a database");
    do_sql(in_folder("other.db"), "CREATE TABLE t (x)");
    refuses(s, in_folder("other.db"), "other.db: is the database of another program");
    fclose(fopen(in_folder("empty.db"), "w"));
    refuses(s, in_folder("empty.db"), "empty.db: is empty");
    store_close(store_open(in_folder("new.db"), STORE_WRITE, &no_error));
    do_sql(in_folder("new.db"), "PRAGMA user_version = 99");
    refuses(s, in_folder("new.db"), "new.db: was written by a newer assay (schema 99, this one knows");
    assert_int_equal(access(in_folder("results/artifacts"), F_OK), -1);
    store_close(s);
}

/* Rows not committed yet are not there yet; those in the WAL are. */
static void a_source_that_is_written_to(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE), *writer = store_open(source, STORE_WRITE, &no_error);
    MUST(sql_begin(writer, &no_error));
    MUST(sql_do(writer, "", "INSERT INTO note VALUES (7, 1, '2026', 'committed')", NULL, 0, &no_error));
    MUST(sql_end(writer, true, &no_error));
    MUST(sql_begin(writer, &no_error));
    MUST(sql_do(writer, "", "INSERT INTO note VALUES (8, 1, '2027', 'not yet')", NULL, 0, &no_error));
    expect(s, 3, 0, 0, "");
    assert_string_equal(ask(s, "SELECT group_concat(text) FROM note"), "good,committed");
    MUST(sql_end(writer, true, &no_error));
    expect(s, 0, 3, 0, "");
    assert_string_equal(ask(s, "SELECT count(*) FROM note"), "3");
    store_close(writer);
    store_close(s);
}

static void a_failure_leaves_nothing(void **state)
{
    (void)state;
    char before[HASH_TEXT], after[HASH_TEXT];
    store *s = open_store(STORE_WRITE);
    make_run(s, "a", 1);
    contents(s->db, before);
    MUST(sql_do(s, "",
                "CREATE TRIGGER t BEFORE INSERT ON claim_value_run WHEN NEW.run_id > 2 BEGIN"
                " SELECT raise(ABORT, 'the disk is full'); END",
                NULL, 0, &no_error));
    MUST_FAIL(merge_source(s), "cannot merge: the disk is full");
    assert_string_equal(contents(s->db, after), before);
    assert_int_equal(access(in_folder("results/artifacts/" U1), F_OK), -1);
    MUST(sql_do(s, "", "DROP TRIGGER t", NULL, 0, &no_error));
    expect(s, 3, 0, 0, "");
    store_close(s);
}

static void a_file_that_cannot_be_copied(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    write_file(in_folder("results/artifacts"), "no folder");
    MUST_FAIL(merge_source(s), "cannot make the folder ");
    assert_null(strchr(no_error.text, '\n'));
    assert_string_equal(ask(s, "SELECT count(*) FROM run"), "0");
    store_close(s);
}

/* Killed at any moment of a merge of 50 000 values, the database is as before or has it all. */
static void kill_nine_leaves_all_or_nothing(void **state)
{
    (void)state;
    char before[HASH_TEXT], now[HASH_TEXT], whole[HASH_TEXT];
    int killed = 0;
    do_sql(source, "INSERT INTO metric WITH RECURSIVE n(i) AS (VALUES (10) UNION ALL SELECT i + 1 FROM n"
                   " WHERE i < 50009) SELECT 1, 1, i, 1, i * 0.1, 1.0 FROM n");
    store *s = open_store(STORE_WRITE);
    finish(s, make_run(s, "a", 1), "done");
    contents(s->db, before);
    store_close(s);
    bool done = false;
    for (useconds_t us = 1000; !done; us += us / 2) {
        pid_t pid = fork();
        if (pid == 0) {
            as_error e = {0};
            const char *const sources[] = {source};
            store_merged out;
            store *child = store_open(database, STORE_WRITE, &e);
            _exit(child && store_merge(child, sources, 1, tell, NULL, &out, &e) ? 0 : 1);
        }
        usleep(us);
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        s = open_store(STORE_WRITE);
        contents(s->db, now);
        done = strcmp(ask(s, "SELECT count(*) FROM run"), "4") == 0;
        killed += WIFSIGNALED(status);
        if (!done)
            assert_string_equal(now, before);
        else
            strcpy(whole, now);
        store_garbage found;
        MUST(store_gc(s, false, &found, &no_error)); /* what was copied for nothing */
        audit(s);
        store_close(s);
    }
    assert_true(killed > 2);
    s = open_store(STORE_WRITE);
    expect(s, 0, 3, 0, "");
    assert_string_equal(contents(s->db, now), whole);
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_source, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_table_is_known),         TEST(everything_comes_along),
        TEST(rows_get_other_numbers),       TEST(what_disagrees_is_told),
        TEST(a_run_under_way_is_left_out),  TEST(the_newest_is_by_time),
        TEST(remarks_and_checks_add_up),    TEST(files_are_looked_at),
        TEST(an_old_source_stays_old),      TEST(a_wrong_file_stops_it_all),
        TEST(a_source_that_is_written_to),  TEST(a_failure_leaves_nothing),
        TEST(a_file_that_cannot_be_copied), TEST(kill_nine_leaves_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
