/* assay rerun RUN: once more from what the database keeps; --verify says whether the same came out. */
#include "cli/cli.h"

#include "supervisor/supervisor.h"

#include <inttypes.h>

static struct {
    const char *db;
    bool verify, gdb, trace_nan;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"verify", 0, OPTION_FLAG, &given.verify, NULL,
     "compare every metric but clocks, bit by bit; exit 1 if one differs"},
    {"trace-nan", 0, OPTION_FLAG, &given.trace_nan, NULL,
     "stop at the first operation or gradient that makes a NaN and name it; slower"},
    {"gdb", 0, OPTION_FLAG, &given.gdb, NULL, "under the debugger, nothing written to the database"},
};

/* Values of the latest attempts of two runs side by side; a value only one of them has differs. */
static const char both_sql[] =
    "WITH x AS MATERIALIZED (SELECT name, step, value FROM curve WHERE run_id = ?1),"
    " y AS MATERIALIZED (SELECT name, step, value FROM curve WHERE run_id = ?2),"
    " both(name, step, a, b, missing) AS ("
    "  SELECT x.name, x.step, x.value, y.value, iif(y.name IS NULL, 'the repeat', NULL) FROM x"
    "   LEFT JOIN y ON y.name = x.name AND y.step = x.step"
    "  UNION ALL SELECT y.name, y.step, NULL, y.value, 'the original' FROM y"
    "   WHERE NOT EXISTS (SELECT 1 FROM x WHERE x.name = y.name AND x.step = y.step)),"
    " kept AS MATERIALIZED (SELECT both.*, missing IS NOT NULL OR a IS NOT b AS differs"
    "  FROM both JOIN metric_name USING (name) WHERE NOT clock)"
    " SELECT (SELECT count(*) FROM kept) AS n, (SELECT sum(differs) FROM kept) AS different,"
    " (SELECT 'metric \"' || name || '\" at step ' || step || iif(missing IS NOT NULL, ': ' || missing ||"
    "  ' has none', printf(': %!.17g, again %!.17g', a, b)) FROM kept WHERE differs"
    "  ORDER BY step, name LIMIT 1) AS first";

/* -> whether all are the same; false with an empty `e` if not */
static bool verify(store *s, int64_t original, int64_t again, as_error *e)
{
    const query_value runs[] = {{.type = QUERY_INTEGER, .integer = original},
                                {.type = QUERY_INTEGER, .integer = again}};
    query_rows *rows = query_rows_open(s, both_sql, runs, 2, e);
    if (!rows)
        return false;
    int64_t n = 0, different = 0;
    if (query_rows_next(rows)) {
        n = query_rows_value(rows, 0).integer;
        different = query_rows_value(rows, 1).integer;
        const char *first = query_rows_value(rows, 2).text;
        if (different)
            printf("differs: %" PRId64 " of %" PRId64 " values; the first: %s\n", different, n, first);
        else if (n)
            printf("the same: all %" PRId64 " values have the same bits\n", n);
        else
            printf("nothing to compare: neither run logged a value\n");
    }
    if (!query_rows_close(rows, e))
        return false;
    if (different && !command_compare_inputs(s, original, again, e))
        return false;
    return different == 0 && n > 0;
}

static int repeat(int64_t run)
{
    const char *db = store_locate(given.db);
    as_error e = {0};
    supervisor_outcome outcome = {0};
    supervisor_options o = {.db = db, .talk = stderr};
    bool ok = supervisor_repeat(&o, run, &outcome, &e);
    int64_t again = outcome.last;
    bool same_end = outcome.done == 1;
    supervisor_outcome_free(&outcome);
    if (!ok)
        return command_failed(&e);
    printf("run %" PRId64 " repeats run %" PRId64 "\n", again, run);
    if (!given.verify)
        return same_end ? EXIT_OK : EXIT_FAILED;
    store *s = command_open(given.db);
    ok = s && verify(s, run, again, &e);
    store_close(s);
    if (e.text[0])
        return command_failed(&e);
    return ok ? EXIT_OK : EXIT_FAILED;
}

static int debug(int64_t run)
{
    as_error e = {0};
    int code = supervisor_debug(store_locate(given.db), run, &e);
    return e.text[0] ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    as_error e = {0};
    int64_t number;
    if (!command_read(self, argc, argv, &words))
        code = EXIT_USAGE;
    else if (words.n != 1)
        command_misused(self, "needs one run, got %zu; assay runs lists them", words.n);
    else if (given.verify && given.gdb)
        command_misused(self, "--verify and --gdb exclude each other");
    else if (!command_trace_nan(given.trace_nan, &e))
        code = command_failed(&e);
    else if (command_run_number(self, words.item[0], &number))
        code = given.gdb ? debug(number) : repeat(number);
    option_list_free(&words);
    return code;
}

const command command_rerun = {
    .name = "rerun",
    .doc = "make a run again from the sources and parameters in the database",
    .operands = "RUN",
    .example = "assay rerun 3 --verify",
    .more = "The repeat is a run of its own. Lua files come from the database; plugins and data are those of "
            "now,\n"
            "and --verify says where code, data, build, BLAS kernel or machine differ when values do.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
