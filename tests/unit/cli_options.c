/* Reading arguments from an option table. */
#include "cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct {
    bool json;
    const char *db;
    int jobs;
    option_list seed, operands;
    as_error e;
} got;

static const option table[] = {
    {"json", 0, OPTION_FLAG, &got.json, NULL, "as JSON"},
    {"db", 0, OPTION_TEXT, &got.db, "FILE", "the database"},
    {"jobs", 'j', OPTION_COUNT, &got.jobs, "N", "at once"},
    {"seed", 0, OPTION_LIST, &got.seed, "N", "a seed"},
};

static int clear(void **state)
{
    (void)state;
    option_list_free(&got.seed);
    option_list_free(&got.operands);
    memset(&got, 0, sizeof got);
    return 0;
}

#define READ(...) read_words((char *[]){"run", __VA_ARGS__, NULL}, &got.operands)

static bool read_words(char **argv, option_list *operands)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return options_read(argc, argv, table, sizeof table / sizeof *table, operands, &got.e);
}

static void reads_every_spelling(void **state)
{
    (void)state;
    assert_true(
        READ("a.lua", "--db=x=y", "--seed", "3", "-j4", "--json", "--seed=-5", "b", "--", "--json", "-"));
    assert_true(got.json);
    assert_string_equal(got.db, "x=y");
    assert_int_equal(got.jobs, 4);
    assert_int_equal(got.seed.n, 2);
    assert_string_equal(got.seed.item[0], "3");
    assert_string_equal(got.seed.item[1], "-5");
    assert_int_equal(got.operands.n, 4);
    assert_string_equal(got.operands.item[0], "a.lua");
    assert_string_equal(got.operands.item[1], "b");
    assert_string_equal(got.operands.item[2], "--json");
    assert_string_equal(got.operands.item[3], "-");
}

static void the_last_one_counts(void **state)
{
    (void)state;
    assert_true(READ("--db", "a", "-j", "2", "--jobs", "3", "--db", "b"));
    assert_string_equal(got.db, "b");
    assert_int_equal(got.jobs, 3);
    assert_false(got.json);
}

static void refuses(const char *wanted, char **argv, option_list *operands)
{
    clear(NULL);
    assert_false(read_words(argv, operands));
    assert_string_equal(got.e.text, wanted);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    option_list *o = &got.operands;
    refuses("unknown option --sed; did you mean --seed?", (char *[]){"run", "--sed=3", NULL}, o);
    refuses("unknown option --verbose", (char *[]){"run", "--verbose", NULL}, o);
    refuses("unknown option -x", (char *[]){"run", "-x", NULL}, o);
    refuses("--db needs a value: FILE", (char *[]){"run", "--db", NULL}, o);
    refuses("--json takes no value", (char *[]){"run", "--json=1", NULL}, o);
    refuses("-j needs a whole number from 1, not \"0\"", (char *[]){"run", "-j0", NULL}, o);
    refuses("--jobs needs a whole number from 1, not \"2x\"", (char *[]){"run", "--jobs", "2x", NULL}, o);
    refuses("--jobs needs a whole number from 1, not \"99999999999\"",
            (char *[]){"run", "--jobs=99999999999", NULL}, o);
    refuses("unexpected argument \"x\"", (char *[]){"run", "x", NULL}, NULL);
}

static void spells_them_for_the_help(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(option_spelling(&table[0], text, sizeof text), "--json");
    assert_string_equal(option_spelling(&table[2], text, sizeof text), "-j, --jobs N");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_every_spelling, clear),
        cmocka_unit_test_teardown(the_last_one_counts, clear),
        cmocka_unit_test_teardown(says_what_is_wrong, clear),
        cmocka_unit_test_teardown(spells_them_for_the_help, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
