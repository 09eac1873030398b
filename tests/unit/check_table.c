/* The table of docs/checks.md is what the check does. ASSAY_WRITE=1 in the environment writes it anew. */
#include "check/check.h"

#include "plugin/find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN "<!-- the checks, by tests/unit/check_table.c -->\n"
#define END "<!-- end of the checks -->\n"
#define PAGE ASSAY_TEST_ROOT "/docs/checks.md"

static void add_row(FILE *f, const check_about *about)
{
    fprintf(f, "| %s |", about->name);
    for (int k = 0; k < FIND_KINDS; k++)
        fprintf(f, " %s |", check_is_for(about, find_kinds[k]) ? "x" : "");
    fputc(' ', f);
    for (const char *at = about->tried; *at; at++) /* a bar would end the cell */
        fprintf(f, *at == '|' ? "\\|" : "%c", *at);
    fprintf(f, " |\n");
}

static char *wanted(void)
{
    char *text = NULL;
    size_t size;
    check_about about;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    fprintf(f, BEGIN "| check |");
    for (int k = 0; k < FIND_KINDS; k++)
        fprintf(f, " %s |", find_kinds[k]);
    fprintf(f, " what is tried |\n|---|");
    for (int k = 0; k <= FIND_KINDS; k++)
        fprintf(f, "---|");
    fprintf(f, "\n");
    for (int k = 0; check_at(k, &about); k++)
        add_row(f, &about);
    fprintf(f, END);
    fclose(f);
    return text;
}

static char *page(void)
{
    enum { MOST = 1 << 17 };
    char *text = calloc(1, MOST);
    FILE *f = fopen(PAGE, "r");
    assert_true(text && f);
    assert_in_range(fread(text, 1, MOST - 1, f), 1000, MOST - 2);
    fclose(f);
    return text;
}

static void write_page(const char *text, const char *table)
{
    const char *begin = strstr(text, BEGIN), *end = strstr(text, END);
    assert_true(begin && end);
    FILE *f = fopen(PAGE, "w");
    assert_non_null(f);
    fprintf(f, "%.*s%s%s", (int)(begin - text), text, table, end + strlen(END));
    fclose(f);
}

static void test_the_page_has_the_table(void **state)
{
    (void)state;
    char *table = wanted(), *text = page();
    if (getenv("ASSAY_WRITE"))
        write_page(text, table);
    else if (!strstr(text, table))
        fail_msg("docs/checks.md has another table; ASSAY_WRITE=1 writes this one:\n%s", table);
    free(text);
    free(table);
}

static void test_kinds(void **state)
{
    (void)state;
    const check_about some = {"x", "", "losses heads"}, all = {"y", "", ""};
    assert_true(check_is_for(&some, "losses") && check_is_for(&some, "heads"));
    assert_false(check_is_for(&some, "head") || check_is_for(&some, "soups"));
    assert_true(check_is_for(&all, "soups"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_has_the_table),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
