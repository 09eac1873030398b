/* Opening: the wrong files are refused with a line that helps, old ones are migrated, dead runs are found. */
#include "results_fixture.h"
#include "results/migrate.h"

#include <fcntl.h>
#include <signal.h>

static void refuses(const char *path, store_mode mode, const char *part)
{
    store *s = NULL;
    MUST_FAIL((s = store_open(path, mode, &no_error)) != NULL, part);
    if (strncmp(no_error.text, path, strlen(path)) != 0 || strchr(no_error.text, '\n'))
        fail_msg("not one line that begins with the file: %s", no_error.text);
}

/* A database made by `sql`, without the store. */
static void make_database(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void where(void **state)
{
    (void)state;
    unsetenv("ASSAY_DB");
    assert_string_equal(store_locate(NULL), "results/assay.db");
    setenv("ASSAY_DB", "/x/y.db", 1);
    assert_string_equal(store_locate(NULL), "/x/y.db");
    assert_string_equal(store_locate("z.db"), "z.db");
    store *s = open_store(STORE_WRITE); /* makes the folder too */
    assert_string_equal(store_path(s), database);
    assert_int_equal(store_version(s), store_version_known());
    assert_string_equal(ask(s, "PRAGMA journal_mode"), "wal");
    assert_string_equal(ask(s, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(s, "PRAGMA synchronous"), "1");
    assert_string_equal(ask(s, "PRAGMA application_id"), "1098080633");
    MUST(store_sync(s, &no_error));
    store_close(s);
    store_close(NULL);
}

static void same_schema_text(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    char number[16];
    snprintf(number, sizeof number, "%d", SCHEMA_VERSION);
    assert_string_equal(ask(s, "PRAGMA user_version"), number);
    assert_string_equal(
        ask(s, "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = 'view'"
               " ORDER BY name)"),
        "best_metric curve last_metric runs verdicts");
    assert_string_equal(ask(s, "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict"
                               " AND name NOT LIKE 'sqlite_%'"),
                        "0");
    store_close(s);
}

static void wrong_files(void **state)
{
    (void)state;
    refuses(in_folder("missing.db"), STORE_READ, "there is no such file; run an experiment first");
    refuses(folder, STORE_WRITE, "is a folder, not a database");

    FILE *f = fopen(in_folder("notes.txt"), "w");
    for (int i = 0; i < 200; i++)
        fputs("this is not a database\n", f);
    fclose(f);
    refuses(in_folder("notes.txt"), STORE_WRITE, "is not a database; name another file with --db");
    refuses(in_folder("notes.txt"), STORE_READ, "is not a database; name another file with --db");
    refuses(in_folder("notes.txt/assay.db"), STORE_WRITE, "cannot be opened: Not a directory");

    make_database(in_folder("other.db"), "CREATE TABLE t (x)");
    refuses(in_folder("other.db"), STORE_WRITE, "is the database of another program (application_id 0");
    make_database(in_folder("other2.db"), "PRAGMA application_id = 7; CREATE TABLE t (x)");
    refuses(in_folder("other2.db"), STORE_READ, "is the database of another program (application_id 7");

    fclose(fopen(in_folder("empty.db"), "w"));
    refuses(in_folder("empty.db"), STORE_READ, "is empty; run an experiment first");
    store *s = store_open(in_folder("empty.db"), STORE_WRITE, &no_error);
    assert_non_null(s);
    store_close(s);
}

static void a_newer_file_is_read_only(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    make_run(s, "a", 1);
    store_close(s);
    make_database(database, "PRAGMA user_version = 99");
    refuses(database, STORE_WRITE, "was written by a newer assay (schema 99, this one writes");
    s = open_store(STORE_READ);
    assert_int_equal(store_version(s), 99);
    assert_string_equal(ask(s, "SELECT arm FROM runs"), "a");
    store_close(s);
}

/* Runs `body` in a child that is not root, since root may write anywhere. -> its exit code */
static int as_nobody(int (*body)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(body());
    }
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* 0 if opening fails with one line holding `part`. */
static int fails_with(store_mode mode, const char *path, const char *part)
{
    as_error e = {0};
    store *s = store_open(path, mode, &e);
    if (!s && strstr(e.text, part))
        return 0;
    fprintf(stderr, "expected \"%s\", got \"%s\"\n", part, s ? "success" : e.text);
    store_close(s);
    return 1;
}

static int unwritable_file(void)
{
    return fails_with(STORE_WRITE, database, "cannot be written: Permission denied; change the permissions");
}

static int unreadable_file(void)
{
    return fails_with(STORE_READ, database, "cannot be opened: Permission denied; check the permissions");
}

static int unwritable_folder(void)
{
    return fails_with(STORE_WRITE, in_folder("closed/new.db"),
                      "cannot be opened: its folder takes no new file");
}

static int folder_that_cannot_be_made(void)
{
    return fails_with(STORE_WRITE, in_folder("closed/more/new.db"), "cannot make the folder");
}

static int reading_in_a_closed_folder(void)
{
    as_error e = {0};
    store *s = store_open(database, STORE_READ, &e);
    int64_t equal = -1;
    store_change change;
    if (!s || !store_find_equal(s, "i1", &equal, &change, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    store_close(s);
    return equal == 0 ? 0 : 2;
}

static void permissions(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    make_run(s, "a", 1);
    store_close(s);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(mkdir(in_folder("closed"), 0555), 0);
    assert_int_equal(chmod(database, 0444), 0);
    assert_int_equal(as_nobody(unwritable_file), 0);
    assert_int_equal(as_nobody(unwritable_folder), 0);
    assert_int_equal(as_nobody(folder_that_cannot_be_made), 0);
    assert_int_equal(chmod(in_folder("results"), 0555), 0);
    assert_int_equal(as_nobody(reading_in_a_closed_folder), 0);
    assert_int_equal(chmod(in_folder("results"), 0755), 0);
    assert_int_equal(chmod(database, 0), 0);
    assert_int_equal(as_nobody(unreadable_file), 0);
}

/* Schemas 1 to 3 of an imagined program. */
static const migration imagined[] = {
    {2, "ALTER TABLE pet ADD COLUMN age REAL"},
    {3, "CREATE TABLE owner (id INTEGER PRIMARY KEY); UPDATE pet SET age = 1"},
    {4, "ALTER TABLE cage ADD COLUMN x"},
    {5, "CREATE TABLE dog (owner_id INTEGER REFERENCES owner(id)); INSERT INTO dog VALUES (7)"},
    {0, 0},
};

static sqlite3 *open_imagined(void)
{
    sqlite3 *db;
    make_database(in_folder("pets.db"), "PRAGMA journal_mode = WAL; CREATE TABLE pet (name TEXT);"
                                        "INSERT INTO pet VALUES ('rex'); PRAGMA user_version = 1");
    assert_int_equal(sqlite3_open(in_folder("pets.db"), &db), SQLITE_OK);
    return db;
}

static const char *ask_file(const char *name, const char *sql)
{
    static char out[64];
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_open_v2(in_folder(name), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
        fail_msg("%s: %s: %s", name, sql, sqlite3_errmsg(db));
    snprintf(out, sizeof out, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    sqlite3_close(db);
    return out;
}

static void migration_steps(void **state)
{
    (void)state;
    sqlite3 *db = open_imagined();
    char path[256];
    strcpy(path, in_folder("pets.db"));
    MUST(migrate_run(db, path, imagined, 3, &no_error));
    assert_string_equal(ask_file("pets.db", "SELECT name || age FROM pet"), "rex1.0");
    assert_string_equal(ask_file("pets.db", "PRAGMA user_version"), "3");
    assert_string_equal(ask_file("pets.db.bak-v1", "SELECT name FROM pet"), "rex");
    assert_string_equal(ask_file("pets.db.bak-v1", "PRAGMA user_version"), "1");
    assert_string_equal(ask_file("pets.db.bak-v1", "SELECT count(*) FROM pragma_table_info('pet')"), "1");
    MUST(migrate_run(db, path, imagined, 3, &no_error)); /* nothing left to do */
    assert_int_not_equal(access(in_folder("pets.db.bak-v3"), F_OK), 0);

    MUST_FAIL(migrate_run(db, path, imagined, 4, &no_error),
              "cannot be brought to schema 4: no such table: cage");
    MUST_FAIL(migrate_run(db, path, imagined + 3, 5, &no_error),
              "does not know how to turn that into schema 4");
    assert_string_equal(ask_file("pets.db", "PRAGMA user_version"), "3");
    sqlite3_close(db);
}

static void migration_with_rows_that_point_nowhere(void **state)
{
    (void)state;
    sqlite3 *db = open_imagined();
    char path[256];
    strcpy(path, in_folder("pets.db"));
    static const migration broken[] = {
        {2, "CREATE TABLE owner (id INTEGER PRIMARY KEY);"
            "CREATE TABLE dog (o INTEGER REFERENCES owner(id)); INSERT INTO dog VALUES (7)"},
        {0, 0}};
    MUST_FAIL(migrate_run(db, path, broken, 2, &no_error), "rows would point nowhere; the file is unchanged");
    assert_string_equal(ask_file("pets.db", "SELECT count(*) FROM sqlite_schema"), "1");
    sqlite3_close(db);
}

/* A file of tests/unit; good until the next call. */
static const char *fixture(const char *name)
{
    static char text[1 << 16];
    char path[512];
    snprintf(path, sizeof path, ASSAY_TEST_ROOT "/tests/unit/%s", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

/* A file of schema 1 becomes, table by table, what a new file is: comments too, since they are the manual. */
static void old_files_become_new_ones(void **state)
{
    (void)state;
    make_database(in_folder("old.db"), fixture("schema_1.sql"));
    store *s = store_open(in_folder("old.db"), STORE_WRITE, &no_error);
    assert_non_null(s);
    store_close(s);
    s = open_store(STORE_WRITE);
    char attach[300];
    snprintf(attach, sizeof attach, "ATTACH '%s' AS old", in_folder("old.db"));
    ask(s, attach);
    assert_string_equal(ask(s, "SELECT count(*) > 30 FROM old.sqlite_schema"), "1");
    assert_string_equal(ask(s,
                            "SELECT group_concat(name) FROM (SELECT name, sql FROM main.sqlite_schema EXCEPT"
                            " SELECT name, sql FROM old.sqlite_schema)"),
                        "NULL");
    assert_string_equal(ask(s,
                            "SELECT group_concat(name) FROM (SELECT name, sql FROM old.sqlite_schema EXCEPT"
                            " SELECT name, sql FROM main.sqlite_schema)"),
                        "NULL");
    store_close(s);
}

/* The views of a real file of schema 1 say the same before and after, and so does the copy. */
static void old_rows_read_the_same(void **state)
{
    (void)state;
    static const char *const questions[] = {
        "SELECT group_concat(id || arm || seed || status || headline || attempts) FROM runs",
        "SELECT count(*) || ' ' || sum(step * value) || ' ' || sum(attempt) FROM curve",
        "SELECT group_concat(run_id || name || step || ifnull(value, 'NaN')) FROM last_metric",
        "SELECT group_concat(run_id || name || lowest || ' ' || lowest_step || highest || ' ' || "
        "highest_step)"
        " FROM (SELECT * FROM best_metric ORDER BY run_id, name)",
        "SELECT (SELECT group_concat(text) FROM note) || (SELECT group_concat(name) FROM tag)"
        " || (SELECT count(*) FROM artifact) || (SELECT sum(length(text)) FROM source)",
        "SELECT group_concat(claim || statement || outcome || rule || mean || n || side || seed || value || "
        "run_id)"
        " FROM verdicts JOIN claim_value v USING (verdict_id) JOIN claim_value_run ON claim_value_id = v.id",
    };
    enum { N = sizeof questions / sizeof *questions };
    static char before[N][4096];
    make_database(in_folder("old.db"), fixture("schema_1.sql"));
    make_database(in_folder("old.db"), fixture("schema_1_rows.sql"));
    char path[256], copy[300];
    strcpy(path, in_folder("old.db"));
    snprintf(copy, sizeof copy, "%s.bak-v1", path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    store raw = {.db = db};
    for (int i = 0; i < N; i++)
        snprintf(before[i], sizeof before[i], "%s", ask(&raw, questions[i]));
    assert_string_equal(before[0], "1a1done25.01,2b1done16.02,3a2done16.01,4b2done4.02");
    assert_string_equal(before[5],
                        "beatsa beats bholdsmet0.752above10.51,beatsa beats bholdsmet0.752above21.02");
    assert_non_null(strstr(before[3], "2loss0.0 216.0 6")); /* (2 * 1 - step)^2, steps 1 to 6 */
    sqlite3_close(db);

    store *s = store_open(path, STORE_READ, &no_error); /* reading an older file migrates it, too */
    assert_non_null(s);
    assert_int_equal(store_version(s), SCHEMA_VERSION);
    for (int i = 0; i < N; i++)
        assert_string_equal(ask(s, questions[i]), before[i]);
    assert_string_equal(ask(s, "PRAGMA integrity_check"), "ok");
    store_close(s);
    assert_int_equal(sqlite3_open(copy, &raw.db), SQLITE_OK);
    assert_string_equal(ask(&raw, "PRAGMA user_version"), "1");
    for (int i = 0; i < N; i++)
        assert_string_equal(ask(&raw, questions[i]), before[i]);
    sqlite3_close(raw.db);
}

static void migrations_have_no_gap(void **state)
{
    (void)state;
    int steps = 0;
    for (const migration *m = migrations; m->version; m++, steps++)
        assert_int_equal(m->version, steps + 2);
    assert_int_equal(steps, SCHEMA_VERSION - 1);
}

static void lost_runs(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t alive = make_run(s, "a", 1), dead = make_run(s, "a", 2), reborn = make_run(s, "a", 3),
            rebooted = make_run(s, "a", 4);
    log_one(s, dead, 1, "loss", 1);
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    MUST(store_run_process(s, dead, pid, &no_error));
    store_close(open_store(STORE_WRITE));
    assert_string_equal(ask(s, "SELECT count(*) FROM run WHERE status = 'running'"), "4"); /* all are there */

    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    store_close(open_store(STORE_WRITE));
    assert_string_equal(ask(s, "SELECT status FROM run WHERE id = 2"),
                        "running"); /* its parent will say how it died */
    waitpid(pid, NULL, 0);
    ask(s,
        "UPDATE run SET process_start = process_start + 1 WHERE id = 3"); /* the number was given out again */
    ask(s, "UPDATE run SET boot_id = '0858f397-0000-4ee4-bc1b-000000000000' WHERE id = 4"); /* the machine
                                                                                               restarted */
    char newer[64];
    snprintf(newer, sizeof newer, "PRAGMA user_version = %d", SCHEMA_VERSION + 1);
    ask(s, newer); /* of which this program only reads */
    store_close(open_store(STORE_READ));
    assert_string_equal(ask(s, "SELECT status FROM run WHERE id = 2"), "running");
    snprintf(newer, sizeof newer, "PRAGMA user_version = %d", SCHEMA_VERSION);
    ask(s, newer);
    store_close(open_store(STORE_READ)); /* assay runs tells the truth, too */
    assert_string_equal(ask(s, "SELECT group_concat(status, ' ') FROM run"), "running lost lost lost");
    assert_string_equal(
        ask(s, "SELECT error LIKE 'its process % is gone%' AND seconds >= 0 AND ended_at IS NULL FROM run"
               " WHERE id = 2"),
        "1");
    assert_string_equal(ask(s, "SELECT status FROM attempt WHERE run_id = 2"), "lost");

    finish(s, reborn, "crashed"); /* its supervisor knew better */
    assert_string_equal(ask(s, "SELECT status FROM run WHERE id = 3"), "crashed");
    finish(s, alive, "done");
    (void)rebooted;
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(where),
        TEST(same_schema_text),
        TEST(wrong_files),
        TEST(a_newer_file_is_read_only),
        TEST(permissions),
        TEST(migration_steps),
        TEST(migration_with_rows_that_point_nowhere),
        TEST(old_files_become_new_ones),
        TEST(old_rows_read_the_same),
        TEST(migrations_have_no_gap),
        TEST(lost_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
