/* CSV files: which columns, labels, quotes, and every mistake with its line and column. */
#include "data_fixture.h"

static csv_table got;
static file_origin origin;

static int drop(void **state)
{
    (void)state;
    csv_free(&got);
    return 0;
}

static csv_options plain(void)
{
    return (csv_options){.separator = ',', .dtype = AS_F32};
}

static void good(const char *text, const csv_options *o)
{
    as_error e = {{0}};
    csv_free(&got);
    fixture_file("t.csv", text, strlen(text));
    if (!csv_read("t.csv", o, &got, &origin, &e))
        fail_msg("%s", e.text);
}

static void bad(const char *text, const csv_options *o, const char *expected)
{
    as_error e = {{0}};
    csv_free(&got);
    fixture_file("t.csv", text, strlen(text));
    assert_false(csv_read("t.csv", o, &got, &origin, &e));
    is_text(&e, expected);
    assert_null(got.x.items);
}

static void x_is(int64_t rows, int64_t columns, const float *expected)
{
    assert_int_equal(got.x.dims.rank, 2);
    assert_int_equal(got.x.dims.size[0], rows);
    assert_int_equal(got.x.dims.size[1], columns);
    assert_int_equal(got.x.count, rows * columns);
    for (int64_t i = 0; i < rows * columns; i++)
        assert_true(((float *)got.x.items)[i] == expected[i]);
}

static void reads_rows(void **state)
{
    (void)state;
    csv_options o = plain();
    good("1,2.5,-3\n4e1,.5,6\n", &o);
    x_is(2, 3, (float[]){1, 2.5f, -3, 40, 0.5f, 6});
    assert_null(got.y.items);
    good("a,b\r\n 1 , 2\r\n\r\n3,4",
         &o); /* a header, Windows' line ends, blanks, an empty line, no last end */
    x_is(2, 2, (float[]){1, 2, 3, 4});
    good("\xef\xbb\xbf"
         "1,2\n",
         &o); /* a spreadsheet's mark */
    x_is(1, 2, (float[]){1, 2});
    good("x\n7\n", &o);
    x_is(1, 1, (float[]){7});
    o.separator = '\t';
    good("196\t242\t3\n186\t302\t3\n", &o);
    x_is(2, 3, (float[]){196, 242, 3, 186, 302, 3});
}

static void knows_headers(void **state)
{
    (void)state;
    csv_options o = plain();
    good("2019,b\n1,2\n", &(csv_options){.separator = ',', .header = CSV_HEADER});
    x_is(1, 2, (float[]){1, 2});
    bad("2019,b\n1,2\n", &o, "t.csv:1: column 2 is \"b\", expected a number"); /* a number is no name */
    o.header = CSV_NO_HEADER;
    bad("a,b\n1,2\n", &o, "t.csv:1: column 1 is \"a\", expected a number");
}

static void chooses_columns(void **state)
{
    (void)state;
    csv_options o = plain();
    const csv_column names[] = {{.name = "c"}, {.number = 1}};
    o.columns = names;
    o.n_columns = 2;
    good("a,b,c\n1,no number,3\n4,,6\n", &o); /* what is not asked for is not looked at */
    x_is(2, 2, (float[]){3, 1, 6, 4});
    o.header = CSV_NO_HEADER;
    bad("1,2,3\n", &o, "t.csv: column \"c\", but the file has no header: columns are numbers, from 1");
    o = plain();
    o.columns = (csv_column[]){{.name = "pettal"}};
    o.n_columns = 1;
    bad("sepal,petal\n1,2\n", &o, "t.csv: no column \"pettal\"; did you mean \"petal\"?");
    bad("sepal,x\n1,2\n", &o, "t.csv: no column \"pettal\"; the first of 2 is \"sepal\"");
    bad("pettal,pettal\n1,2\n", &o, "t.csv: two columns are named \"pettal\", 1 and 2: give the number");
    o.columns = (csv_column[]){{.number = 3}};
    bad("a,b\n1,2\n", &o, "t.csv: no column 3, there are 1 to 2");
}

static void y_is(const int64_t *expected, int64_t n)
{
    assert_int_equal(got.y.dtype, AS_I64);
    assert_int_equal(got.y.count, n);
    assert_memory_equal(got.y.items, expected, (size_t)n * 8);
}

static void labels_are_numbers_or_words(void **state)
{
    (void)state;
    csv_options o = plain();
    o.label = &(csv_column){.name = "kind"};
    good("w,kind,h\n1,2,3\n4,0,6\n", &o);
    x_is(2, 2, (float[]){1, 3, 4, 6});
    y_is((int64_t[]){2, 0}, 2);
    assert_null(got.classes);
    good("w,kind,h\n1,-1.0,3\n4,9007199254740993,6\n", &o); /* 2^53 + 1 is no double */
    y_is((int64_t[]){-1, 9007199254740993}, 2);
    good("w,kind,h\n1,dog,3\n4,\"cat, wild\",6\n7,dog,8\n", &o);
    y_is((int64_t[]){1, 0, 1}, 3);
    assert_int_equal(got.n_classes, 2);
    assert_string_equal(got.classes[0], "cat, wild");
    assert_string_equal(got.classes[1], "dog");
    bad("w,kind,h\n1,1,3\n4,1.5,6\n", &o,
        "t.csv:3: column 2 (\"kind\") is \"1.5\", no label: a target that is any number is read with columns "
        "= "
        "{ ... }");
    bad("w,kind\n1,a\n4,\n", &o, "t.csv:3: column 2 (\"kind\") is empty, expected a label");
    bad("kind\n1\n", &o, "t.csv: no columns beside the label");
    o.label = &(csv_column){.number = 1};
    good("3,1.5\n", &o);
    y_is((int64_t[]){3}, 1);
}

static void reads_quotes(void **state)
{
    (void)state;
    csv_options o = plain();
    o.label = &(csv_column){.name = "the \"k\""};
    good("a,\"the \"\"k\"\"\"\n\"1\" ,\"two\nlines\"\n2, \"x\"\n", &o);
    x_is(2, 1, (float[]){1, 2});
    assert_string_equal(got.classes[0], "two\nlines");
    bad("a,b\n1,2\n3,\"4\n5,6\n", &(csv_options){.separator = ','},
        "t.csv:3: a quote is opened here and never closed");
    bad("a,b\n1,\"2\"3\n", &(csv_options){.separator = ','},
        "t.csv:2: text after the closing quote of field 2; a quote inside is written \"\"");
}

static void says_line_and_column(void **state)
{
    (void)state;
    csv_options o = plain();
    bad("a,b\n1,2\n\n3,x\n", &o, "t.csv:4: column 2 (\"b\") is \"x\", expected a number");
    bad("a,b\n1,\n", &o, "t.csv:2: column 2 (\"b\") is empty, expected a number");
    bad("a,b\n1,NA\n", &o, "t.csv:2: column 2 (\"b\") is \"NA\", expected a number");
    bad("a,b\n1,0x10\n", &o, "t.csv:2: column 2 (\"b\") is \"0x10\", expected a number");
    bad("a,b\n1,2,3\n", &o, "t.csv:2: 3 fields, line 1 has 2");
    bad("a,b\n1,2\n3\n", &o, "t.csv:3: 1 fields, line 1 has 2");
    bad("", &o, "t.csv: no rows");
    bad("\n\n", &o, "t.csv: no rows");
    bad("a,b\n", &o, "t.csv: no rows");
    o.dtype = AS_I64;
    bad("a,b\n1,2.5\n", &o, "t.csv:2: column 2 (\"b\") is \"2.5\", expected a whole number");
    as_error e = {{0}};
    assert_false(csv_read("none.csv", &o, &got, &origin, &e));
    is_text(&e, "none.csv: cannot open: No such file or directory");
}

/* The short way and strtod agree to the bit. */
static void numbers_are_exact(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.1",
                                        "-0.3",
                                        "123456.789012345",
                                        "999999999999999",
                                        "5.",
                                        "+7.25",
                                        "-0",
                                        "1e-7",
                                        "1234567890123456.5",
                                        "0.000000000000001",
                                        "2.5E3",
                                        "1e400",
                                        "179.99999999999999"};
    csv_options o = plain();
    o.dtype = AS_F64;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s\n", texts[i]);
        good(line, &o);
        double expected = strtod(texts[i], NULL);
        assert_memory_equal(got.x.items, &expected, sizeof expected);
    }
    o.header = CSV_NO_HEADER;
    for (const char *const *t = (const char *const[]){".", "-", "1.2.3", "1-", "--1", "e5", NULL}; *t; t++) {
        char line[64], expected[128];
        snprintf(line, sizeof line, "%s\n", *t);
        snprintf(expected, sizeof expected, "t.csv:1: column 1 is \"%s\", expected a number", *t);
        bad(line, &o, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_rows, drop),
        cmocka_unit_test_teardown(knows_headers, drop),
        cmocka_unit_test_teardown(chooses_columns, drop),
        cmocka_unit_test_teardown(labels_are_numbers_or_words, drop),
        cmocka_unit_test_teardown(reads_quotes, drop),
        cmocka_unit_test_teardown(says_line_and_column, drop),
        cmocka_unit_test_teardown(numbers_are_exact, drop),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
