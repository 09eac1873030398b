/* assay show RUN: all the database knows about one run. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>

static struct {
    const char *db;
    bool json;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"json", 0, OPTION_FLAG, &given.json, NULL, "one JSON object, a list for each section"},
};

/* Each statement is followed by the run's number. `brief` is for eyes: no hash of 64 digits fits a line. */
static const struct {
    const char *key, *title, *sql, *brief;
} sections[] = {
    {"parameters", "parameters", "SELECT name, value FROM param WHERE run_id = ", NULL},
    {"metrics", "metrics, last values", "SELECT name, step, value FROM last_metric WHERE run_id = ", NULL},
    {"plugins", "plugins",
     "SELECT kind || '/' || name AS plugin, version, source_hash, so_sha256, path FROM plugin_use WHERE "
     "run_id = ",
     "SELECT kind || '/' || name AS plugin, version, substr(source_hash, 1, 12) AS source FROM plugin_use "
     "WHERE"
     " run_id = "},
    {"data", "data", "SELECT dataset, path, size_bytes, sha256 FROM data_use WHERE run_id = ",
     "SELECT dataset, path, size_bytes, substr(sha256, 1, 12) AS sha256 FROM data_use WHERE run_id = "},
    {"sources", "Lua sources",
     "SELECT path, sha256 FROM run_source JOIN source ON source.id = source_id WHERE NOT own AND run_id = ",
     "SELECT path, substr(sha256, 1, 12) AS sha256 FROM run_source JOIN source ON source.id = source_id"
     " WHERE NOT own AND run_id = "},
    {"members", "runs it reads", "SELECT run_id AS run FROM run_member WHERE pool_id = ", NULL},
    {"artifacts", "artifacts", "SELECT name, kind, size_bytes, path, sha256 FROM artifact WHERE run_id = ",
     "SELECT name, kind, size_bytes, path FROM artifact WHERE run_id = "},
    {"tags", "tags", "SELECT name AS tag FROM tag WHERE run_id = ", NULL},
    {"notes", "notes", "SELECT at, text FROM note WHERE run_id = ", NULL},
    {"attempts", "attempts",
     "SELECT attempt, started_at, seconds, status FROM attempt WHERE (SELECT count(*) FROM attempt a WHERE"
     " a.run_id = attempt.run_id) > 1 AND run_id = ",
     NULL},
    {"events", "events", "SELECT at, step, kind, text FROM event WHERE run_id = ", NULL},
};

/* The run itself as name and value, one line each; unknown ones are left out. */
static const char run_as_lines[] =
    "WITH r AS (SELECT * FROM runs WHERE id = %" PRId64 "), x AS (SELECT * FROM run WHERE id = %" PRId64 "),"
    " line(place, name, value) AS ("
    " SELECT 1, 'experiment', experiment FROM r UNION ALL SELECT 2, 'arm', arm FROM r"
    " UNION ALL SELECT 3, 'seed', seed FROM r UNION ALL SELECT 4, 'stage', stage FROM r"
    " UNION ALL SELECT 5, 'status', status FROM r UNION ALL SELECT 6, 'error', error FROM r"
    " UNION ALL SELECT 7, headline_name, headline FROM r"
    " UNION ALL SELECT 8, 'started', started_at FROM r UNION ALL SELECT 9, 'seconds', round(seconds, 3) FROM "
    "r"
    " UNION ALL SELECT 10, 'attempts', attempts FROM r UNION ALL SELECT 11, 'threads', threads FROM x"
    " UNION ALL SELECT 12, 'script', script FROM r UNION ALL SELECT 13, 'paper', paper FROM r"
    " UNION ALL SELECT 14, 'build', b.version || ' ' || coalesce(b.git_commit, 'no commit')"
    "   || iif(b.dirty_diff IS NULL, '', ' with changes') || ', ' || coalesce(b.compiler, '?')"
    "   || ', ' || coalesce(b.blas || ' ' || b.blas_kernel, 'no BLAS') FROM x JOIN build b ON b.id = "
    "x.build_id"
    " UNION ALL SELECT 15, 'host', h.name || ', ' || coalesce(h.cpu, '?') || ', ' || h.cores || ' cores'"
    "   FROM x JOIN host h ON h.id = x.host_id"
    " UNION ALL SELECT 16, 'uuid', uuid FROM r UNION ALL SELECT 17, 'identity', identity FROM r)"
    " SELECT name AS run, value AS \"%" PRId64 "\" FROM line WHERE value IS NOT NULL ORDER BY place";

static const char run_as_row[] =
    "SELECT r.*, x.signal, x.plugin, x.call, x.step, x.threads, b.version, b.git_commit, b.compiler, b.blas,"
    " b.blas_kernel, h.name AS host, h.cpu, h.cores FROM runs r JOIN run x USING (id)"
    " LEFT JOIN build b ON b.id = x.build_id LEFT JOIN host h ON h.id = x.host_id WHERE r.id = %" PRId64;

static bool query_section(store *s, size_t i, int64_t run, query_format format, FILE *out, as_error *e)
{
    char sql[384];
    bool brief = format == QUERY_TABLE && sections[i].brief;
    snprintf(sql, sizeof sql, "%s%" PRId64 " ORDER BY 1", brief ? sections[i].brief : sections[i].sql, run);
    return query_run(s, sql, format, out, e);
}

/* A section without rows is left out. */
static bool print_section(store *s, size_t i, int64_t run, as_error *e)
{
    char sql[384], *count = NULL;
    size_t size;
    snprintf(sql, sizeof sql, "SELECT count(*) AS n FROM (%s%" PRId64 ")", sections[i].sql, run);
    FILE *f = open_memstream(&count, &size);
    if (!f)
        return error_set(e, "out of memory");
    bool ok = query_run(s, sql, QUERY_CSV, f, e);
    ok = fclose(f) == 0 && ok;
    int rows = 0;
    bool some = ok && sscanf(count, "n %d", &rows) == 1 && rows > 0;
    free(count);
    if (!some)
        return ok;
    printf("\n%s\n", sections[i].title);
    return query_section(s, i, run, QUERY_TABLE, stdout, e);
}

static bool show_text(store *s, int64_t run, as_error *e)
{
    char sql[2560];
    snprintf(sql, sizeof sql, run_as_lines, run, run, run);
    bool ok = query_run(s, sql, QUERY_TABLE, stdout, e);
    for (size_t i = 0; ok && i < COUNT_OF(sections); i++)
        ok = print_section(s, i, run, e);
    if (ok)
        printf("\nartifacts, and all it printed (stdout.txt, stderr.txt), are below %s\n",
               store_artifacts(s));
    return ok;
}

static bool show_json(store *s, int64_t run, as_error *e)
{
    char sql[512];
    snprintf(sql, sizeof sql, run_as_row, run);
    fputs("{\"run\": ", stdout);
    bool ok = query_run(s, sql, QUERY_JSON, stdout, e);
    for (size_t i = 0; ok && i < COUNT_OF(sections); i++) {
        printf(", \"%s\": ", sections[i].key);
        ok = query_section(s, i, run, QUERY_JSON, stdout, e);
    }
    puts("}");
    return ok;
}

static int show(int64_t run)
{
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    const char *status;
    bool ok = store_run_status(s, run, &status, &e);
    ok = ok && (given.json ? show_json(s, run, &e) : show_text(s, run, &e));
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    int64_t number;
    if (command_read(self, argc, argv, &words)) {
        if (words.n != 1)
            command_misused(self, "needs one run, got %zu; assay runs lists them", words.n);
        else if (command_run_number(self, words.item[0], &number))
            code = show(number);
    }
    option_list_free(&words);
    return code;
}

const command command_show = {
    .name = "show",
    .doc = "all about one run: parameters, metrics, plugins, data, files, its error",
    .operands = "RUN",
    .example = "assay show 3 --json",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
