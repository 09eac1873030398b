/* assay query SQL: one reading statement, its rows as text. */
#include "cli/cli.h"

static struct {
    const char *db;
    command_format format;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"json", 0, OPTION_FLAG, &given.format.json, NULL, "as JSON"},
    {"csv", 0, OPTION_FLAG, &given.format.csv, NULL, "as CSV"},
    {"md", 0, OPTION_FLAG, &given.format.md, NULL, "as a Markdown table"},
};

static int answer(const char *sql, query_format format)
{
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    bool ok = query_run(s, sql, format, stdout, &e);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    query_format format;
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words) && command_format_chosen(self, &given.format, &format))
        code = words.n == 1
                   ? answer(words.item[0], format)
                   : command_misused(self, "needs one SQL statement in quotes, got %zu words; example: %s",
                                     words.n, self->example);
    option_list_free(&words);
    return code;
}

const command command_query = {
    .name = "query",
    .doc = "ask the database in SQL",
    .operands = "SQL",
    .example = "assay query \"SELECT experiment, arm, seed, status, seconds, headline FROM runs\"",
    .more = "Views: runs, curve, last_metric, best_metric, verdicts. Beside SQLite's own functions there are "
            "median(x),\n"
            "quantile(x, q), stddev(x), ci95_low(x), ci95_high(x), spearman(x, y) and kendall(x, y).\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
