/* Answers in every format, and the queries that are refused. */
#include "results_fixture.h"
#include "results/query.h"

static void answer(store_mode mode, const char *sql, query_format format, const char *expected)
{
    store *s = open_store(mode);
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    MUST(query_run(s, sql, format, out, &no_error));
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    store_close(s);
}

static const char sql[] =
    "SELECT column1 AS arm, column2 AS n, column3 AS \"mean|x\" FROM (VALUES ('ce', 5, 1.0 / 3),"
    " ('long \"name\", w|th', 10, NULL), ('zwölf', -1, 2.0)) -- three rows\n ; ";

static void formats(void **state)
{
    (void)state;
    store_close(open_store(STORE_WRITE));
    answer(STORE_READ, sql, QUERY_TABLE,
           "arm                 n    mean|x\n"
           "-----------------  --  --------\n"
           "ce                  5  0.333333\n"
           "long \"name\", w|th  10          \n"
           "zwölf              -1         2\n");
    answer(STORE_READ, sql, QUERY_CSV,
           "arm,n,mean|x\r\n"
           "ce,5,0.3333333333333333\r\n"
           "\"long \"\"name\"\", w|th\",10,\r\n"
           "zwölf,-1,2.0\r\n");
    answer(STORE_READ, sql, QUERY_JSON,
           "[\n"
           "  {\"arm\": \"ce\", \"n\": 5, \"mean|x\": 0.3333333333333333},\n"
           "  {\"arm\": \"long \\\"name\\\", w|th\", \"n\": 10, \"mean|x\": null},\n"
           "  {\"arm\": \"zwölf\", \"n\": -1, \"mean|x\": 2.0}\n"
           "]\n");
    answer(STORE_READ, sql, QUERY_MARKDOWN,
           "| arm                |  n |  mean\\|x |\n"
           "|--------------------|---:|---------:|\n"
           "| ce                 |  5 | 0.333333 |\n"
           "| long \"name\", w\\|th | 10 |          |\n"
           "| zwölf              | -1 |        2 |\n");
}

static void awkward_values(void **state)
{
    (void)state;
    store_close(open_store(STORE_WRITE));
    const char *values =
        "SELECT '' AS e, 'a' || char(10) || 'b' AS l, 9e999 AS i, -9e999 AS m, 1234567.0 AS b, 0.1 AS t";
    answer(STORE_READ, values, QUERY_CSV, "e,l,i,m,b,t\r\n\"\",\"a\nb\",inf,-inf,1234567.0,0.1\r\n");
    answer(STORE_READ, values, QUERY_JSON,
           "[\n  {\"e\": \"\", \"l\": \"a\\nb\", \"i\": 9e999, \"m\": -9e999, \"b\": 1234567.0, \"t\": "
           "0.1}\n]\n");
    answer(STORE_READ, values, QUERY_TABLE,
           "e  l      i     m        b    t\n"
           "-  ---  ---  ----  -------  ---\n"
           "   a b  inf  -inf  1234567  0.1\n");
}

static void no_rows(void **state)
{
    (void)state;
    store_close(open_store(STORE_WRITE));
    answer(STORE_READ, "SELECT id, arm FROM runs", QUERY_JSON, "[]\n");
    answer(STORE_READ, "SELECT id, arm FROM runs", QUERY_CSV, "id,arm\r\n");
    answer(STORE_READ, "SELECT id, arm FROM runs", QUERY_TABLE, "id  arm\n--  ---\n");
}

static void refused(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    make_run(s, "a", 1);
    for (int reading = 0; reading < 2; reading++) {
        MUST_FAIL(query_run(s, "DELETE FROM run", QUERY_CSV, stdout, &no_error),
                  "a query only reads; this one would change something: DELETE FROM run");
        MUST_FAIL(query_run(s, "DROP VIEW runs", QUERY_CSV, stdout, &no_error), "only reads");
        MUST_FAIL(
            query_run(s, "INSERT INTO tag VALUES (1, 'x') RETURNING name", QUERY_CSV, stdout, &no_error),
            "only reads");
        MUST_FAIL(query_run(s, "VACUUM INTO '/tmp/assay-never'", QUERY_CSV, stdout, &no_error), "only reads");
        MUST_FAIL(query_run(s, "ATTACH '/tmp/assay-never' AS x", QUERY_CSV, stdout, &no_error), "only reads");
        MUST_FAIL(query_run(s, "BEGIN", QUERY_CSV, stdout, &no_error), "only reads");
        MUST_FAIL(query_run(s, "SELECT 1; SELECT 2", QUERY_CSV, stdout, &no_error),
                  "a query is one statement; after the first came: SELECT 2");
        MUST_FAIL(query_run(s, "SELECT 1; DELETE FROM run", QUERY_CSV, stdout, &no_error), "one statement");
        MUST_FAIL(query_run(s, "SELECT acuracy FROM runs", QUERY_CSV, stdout, &no_error),
                  "the query cannot be understood: no such column: acuracy; there are id, experiment, ");
        MUST_FAIL(query_run(s, "SELECT r.experimnt FROM runs r", QUERY_CSV, stdout, &no_error),
                  "no such column: r.experimnt; did you mean \"experiment\"?");
        MUST_FAIL(query_run(s, "SELECT 1 FROM curves", QUERY_CSV, stdout, &no_error),
                  "no such table: curves; did you mean \"curve\"?");
        MUST_FAIL(query_run(s, "SELECT 1 FROM everything", QUERY_CSV, stdout, &no_error),
                  "no such table: everything; there are best_metric, curve, last_metric, runs, verdicts, ");
        MUST_FAIL(query_run(s, " -- only a comment", QUERY_CSV, stdout, &no_error), "the query is empty");
        assert_string_equal(ask(s, "SELECT count(*) FROM run"), "1");
        store_close(s);
        s = open_store(STORE_READ);
    }
    assert_int_not_equal(sqlite3_exec(s->db, "DELETE FROM run", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_db_readonly(s->db, "main"), 1);
    store_close(s);
}

static void failing_output(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    MUST_FAIL(query_run(s, "SELECT 1", QUERY_CSV, full, &no_error), "cannot be written: No space left");
    fclose(full);
    store_close(s);
}

static void format_names(void **state)
{
    (void)state;
    query_format f;
    MUST(query_format_named("markdown", &f, &no_error));
    assert_int_equal(f, QUERY_MARKDOWN);
    MUST_FAIL(query_format_named("makdown", &f, &no_error), "did you mean \"markdown\"?");
    MUST_FAIL(query_format_named("spreadsheet", &f, &no_error), "there are table, csv, json, markdown");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(formats), TEST(awkward_values), TEST(no_rows),
        TEST(refused), TEST(failing_output), TEST(format_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
