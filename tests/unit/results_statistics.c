/* Known answers of the statistics, called from SQL as users do and from C where SQL cannot reach. */
#include "results_fixture.h"
#include "results/statistics.h"

#include <math.h>

static store *s;

static int setup(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    s = open_store(STORE_WRITE);
    return 0;
}

static int teardown(void **state)
{
    store_close(s);
    return remove_folder(state);
}

/* The query must give `expected` to 1e-9, which is ten digits of a printed table of Student's t and better.
 */
static void gives(const char *sql, double expected)
{
    double got = strtod(ask(s, sql), NULL);
    if (fabs(got - expected) > 1e-9)
        fail_msg("%s: expected %.12g, got %.12g", sql, expected, got);
}

static void gives_null(const char *sql)
{
    assert_string_equal(ask(s, sql), "NULL");
}

#define OF(...) " FROM (SELECT column1 x, column2 y FROM (VALUES " __VA_ARGS__ "))"

static void quantiles(void **state)
{
    (void)state;
    gives("SELECT median(x)" OF("(3,0),(1,0),(2,0)"), 2);
    gives("SELECT median(x)" OF("(4,0),(1,0),(2,0),(3,0)"), 2.5);
    gives("SELECT median(x)" OF("(5,0),(NULL,0)"), 5);
    gives("SELECT quantile(x, 0)" OF("(4,0),(1,0),(2,0)"), 1);
    gives("SELECT quantile(x, 1)" OF("(4,0),(1,0),(2,0)"), 4);
    gives("SELECT quantile(x, 0.25)" OF("(10,0),(20,0),(30,0),(40,0)"),
          17.5); /* position 0.75: 10 + 0.75 * 10 */
    gives_null("SELECT median(x)" OF("(NULL,0)"));
    gives_null("SELECT median(x)" OF("(1,0)") " WHERE 0");
    sqlite3_stmt *q;
    sqlite3_prepare_v2(s->db, "SELECT quantile(x, 1.5)" OF("(1,0)"), -1, &q, NULL);
    assert_int_equal(sqlite3_step(q), SQLITE_ERROR);
    assert_string_equal(sqlite3_errmsg(s->db), "quantile(x, q): q must be from 0 to 1");
    sqlite3_finalize(q);
}

static void spread(void **state)
{
    (void)state;
    gives("SELECT stddev(x)" OF("(2,0),(4,0),(4,0),(4,0),(5,0),(5,0),(7,0),(9,0)"), sqrt(32.0 / 7));
    gives_null("SELECT stddev(x)" OF("(2,0)"));
}

static void student(void **state)
{
    (void)state;
    /* closed forms: df 1 is tan(0.475 pi); df 2 is a sqrt(2 / (1 - a^2)) with a = 0.95 */
    assert_true(fabs(statistics_t975(1) - tan(0.475 * acos(-1))) < 1e-11);
    assert_true(fabs(statistics_t975(2) - 0.95 * sqrt(2 / (1 - 0.95 * 0.95))) < 1e-12);
    /* printed tables, e.g. NIST/SEMATECH e-Handbook 1.3.6.7.2 */
    assert_true(fabs(statistics_t975(3) - 3.182) < 5e-4);
    assert_true(fabs(statistics_t975(4) - 2.776) < 5e-4);
    assert_true(fabs(statistics_t975(9) - 2.262) < 5e-4);
    assert_true(fabs(statistics_t975(30) - 2.042) < 5e-4);
    assert_true(fabs(statistics_t975(100) - 1.984) < 5e-4);
    /* the sums and the series meet where one takes over from the other, and the slope there is -(z^3 + z) /
     * (4 df^2) */
    assert_true(fabs(statistics_t975(1000) - statistics_t975(1001) - 2.3723e-6) < 1e-8);
    assert_true(fabs(statistics_t975(1000000000) - 1.959963984540054) < 1e-8);
    assert_true(isnan(statistics_t975(0)));
}

static void interval(void **state)
{
    (void)state;
    /* 1, 2, 3: mean 2, stddev 1, t(2) = 0.95 sqrt(2 / 0.0975) = 4.302652729911 */
    gives("SELECT ci95_low(x)" OF("(1,0),(2,0),(3,0)"), 2 - 4.302652729911275 / sqrt(3));
    gives("SELECT ci95_high(x)" OF("(1,0),(2,0),(3,0)"), 2 + 4.302652729911275 / sqrt(3));
    gives_null("SELECT ci95_low(x)" OF("(1,0)"));
}

static void correlations(void **state)
{
    (void)state;
    gives("SELECT spearman(x, y)" OF("(1,1),(2,4),(3,9),(4,16)"), 1);
    gives("SELECT kendall(x, y)" OF("(1,4),(2,3),(3,2)"), -1);
    /* ranks 1 2 3 4 5 and 2 1 4 3 5: d^2 sums to 4, 1 - 6 * 4 / (5 * 24) = 0.8; 2 of 10 pairs are swapped */
    gives("SELECT spearman(x, y)" OF("(1,20),(2,10),(3,40),(4,30),(5,50)"), 0.8);
    gives("SELECT kendall(x, y)" OF("(1,20),(2,10),(3,40),(4,30),(5,50)"), 0.6);
    /* a tie in y: ranks 1 2 3 and 1 2.5 2.5: sxy 1.5, sxx 2, syy 1.5; pairs: 2 agree, 1 differs in x alone */
    gives("SELECT spearman(x, y)" OF("(1,1),(2,5),(3,5)"), 1.5 / sqrt(3));
    gives("SELECT kendall(x, y)" OF("(1,1),(2,5),(3,5)"), 2 / sqrt(6));
    gives("SELECT spearman(x, y)" OF("(1,1),(2,2),(NULL,0),(0,NULL),(3,3)"), 1);
    gives_null("SELECT spearman(x, y)" OF("(1,7),(2,7)"));
    gives_null("SELECT kendall(x, y)" OF("(1,7),(2,7)"));
    gives_null("SELECT kendall(x, y)" OF("(1,7)"));
}

static void many_values_in_groups(void **state)
{
    (void)state;
    gives("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) SELECT median(i) "
          "FROM n",
          501);
    gives("SELECT sum(m) FROM (SELECT median(y) m" OF("(1,1),(2,10),(1,3),(2,20)") " GROUP BY x)", 17);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(quantiles), TEST(spread),       TEST(student),
        TEST(interval),  TEST(correlations), TEST(many_values_in_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
