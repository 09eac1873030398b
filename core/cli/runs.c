/* assay runs: what is in the database, one line a run. */
#include "cli/cli.h"

static struct {
    const char *db;
    command_format format;
    int limit;
} given = {.limit = 50};

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"limit", 'n', OPTION_COUNT, &given.limit, "N", "the last N runs, 50 if not given"},
    {"json", 0, OPTION_FLAG, &given.format.json, NULL, "as JSON, with uuid and error"},
    {"csv", 0, OPTION_FLAG, &given.format.csv, NULL, "as CSV, with uuid and error"},
    {"md", 0, OPTION_FLAG, &given.format.md, NULL, "as a Markdown table"},
};

static int run(const command *self, int argc, char **argv)
{
    query_format format;
    if (!command_read(self, argc, argv, NULL) || !command_format_chosen(self, &given.format, &format))
        return EXIT_USAGE;
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    bool to_read = format == QUERY_TABLE || format == QUERY_MARKDOWN;
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT id, experiment, arm, seed, stage, status, headline, headline_name, round(seconds, 1) AS "
             "seconds,"
             " started_at%s FROM (SELECT * FROM runs ORDER BY id DESC LIMIT %d) ORDER BY id",
             to_read ? "" : ", ended_at, uuid, error", given.limit);
    as_error e = {0};
    bool ok = query_run(s, sql, format, stdout, &e);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

const command command_runs = {
    .name = "runs",
    .doc = "list the runs in the database",
    .operands = "",
    .example = "assay runs --limit 10 --md",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
