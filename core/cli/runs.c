/* assay runs: what is in the database, one line a run. */
#include "cli/cli.h"

#include <stdlib.h>

static struct {
    const char *db, *where;
    command_format format;
    int limit;
} given = {.limit = 50};

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"where", 0, OPTION_TEXT, &given.where, "SQL",
     "only runs for which this holds: \"arm = 'ce' AND seed < 3\""},
    {"limit", 'n', OPTION_COUNT, &given.limit, "N", "the last N runs, 50 if not given"},
    {"json", 0, OPTION_FLAG, &given.format.json, NULL, "as JSON, with uuid and error"},
    {"csv", 0, OPTION_FLAG, &given.format.csv, NULL, "as CSV, with uuid and error"},
    {"md", 0, OPTION_FLAG, &given.format.md, NULL, "as a Markdown table"},
};

/* The condition may ask for tags and parameters too: `id` is the run. Owned. */
static char *statement(bool to_read)
{
    char *sql = NULL;
    size_t size;
    FILE *f = open_memstream(&sql, &size);
    if (!f)
        return NULL;
    fprintf(f,
            "SELECT id, experiment, arm, seed, stage, status, headline, headline_name,"
            " round(seconds, 1) AS seconds, started_at%s FROM (SELECT * FROM runs WHERE (%s\n)"
            " ORDER BY id DESC LIMIT %d) ORDER BY id",
            to_read ? "" : ", ended_at, uuid, error", given.where ? given.where : "1", given.limit);
    if (fclose(f) == 0)
        return sql;
    free(sql);
    return NULL;
}

static int run(const command *self, int argc, char **argv)
{
    query_format format;
    if (!command_read(self, argc, argv, NULL) || !command_format_chosen(self, &given.format, &format))
        return EXIT_USAGE;
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    char *sql = statement(format == QUERY_TABLE || format == QUERY_MARKDOWN);
    bool ok = sql ? query_run(s, sql, format, stdout, &e) : error_set(&e, "out of memory");
    free(sql);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

const command command_runs = {
    .name = "runs",
    .doc = "list the runs in the database",
    .operands = "",
    .example = "assay runs --where \"status = 'failed'\" --limit 10",
    .more = "--where asks the view runs: id, experiment, arm, seed, stage, status, headline, seconds, error, "
            "...\n"
            "and whatever an SQL subquery finds: \"id IN (SELECT run_id FROM tag WHERE name = 'best')\".\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
