/* assay runs: what is in the database, one line a run. */
#include "cli/cli.h"

#include <stdlib.h>

static struct {
    const char *db, *where;
    option_list arm;
    command_format format;
    int limit;
} given = {.limit = 50};

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"where", 0, OPTION_TEXT, &given.where, "SQL",
     "only runs for which this holds: \"arm = 'ce' AND seed < 3\""},
    {"arm", 0, OPTION_LIST, &given.arm, "NAME", "only this arm; may be given several times"},
    {"limit", 'n', OPTION_COUNT, &given.limit, "N", "the last N runs, 50 if not given"},
    {"json", 0, OPTION_FLAG, &given.format.json, NULL, "as JSON, with uuid and error"},
    {"csv", 0, OPTION_FLAG, &given.format.csv, NULL, "as CSV, with uuid and error"},
    {"md", 0, OPTION_FLAG, &given.format.md, NULL, "as a Markdown table"},
};

/* The condition may ask for tags and parameters too: `id` is the run. ?1 is a JSON list of arms, or NULL for
 * all. Owned. */
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
            " AND (?1 IS NULL OR arm IN (SELECT value FROM json_each(?1)))"
            " ORDER BY id DESC LIMIT %d) ORDER BY id",
            to_read ? "" : ", ended_at, uuid, error", given.where ? given.where : "1", given.limit);
    if (fclose(f) == 0)
        return sql;
    free(sql);
    return NULL;
}

static bool print(store *s, query_format format, as_error *e)
{
    static const char arms[] = "SELECT DISTINCT arm FROM run WHERE ?1 IS NULL ORDER BY arm";
    size_t n = given.arm.n;
    for (size_t i = 0; i < n; i++)
        if (!query_known(s, arms, NULL, "arm", given.arm.item[i], e))
            return false;
    char *sql = statement(format == QUERY_TABLE || format == QUERY_MARKDOWN);
    char *list = n ? command_json_list(given.arm.item, n) : NULL;
    const query_value value = {.type = n ? QUERY_TEXT : QUERY_NULL, .text = list};
    bool ok = (sql && (list || n == 0)) || error_set(e, "out of memory");
    ok = ok && query_print(s, sql, &value, 1, format, stdout, e);
    cJSON_free(list);
    free(sql);
    return ok;
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
    bool ok = print(s, format, &e);
    option_list_free(&given.arm);
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
