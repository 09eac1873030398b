/* assay compare A B: two runs, or two arms paired by seed; what came out and what differs in what went in. */
#include "cli/cli.h"

#include "results/upkeep.h"

#include <inttypes.h>
#include <stdlib.h>

static struct {
    const char *db, *metric;
    bool json;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"metric", 'm', OPTION_TEXT, &given.metric, "NAME",
     "only this metric; else of two arms the headline by seed and all over the pairs"},
    {"json", 0, OPTION_FLAG, &given.json, NULL, "one JSON object, a list for each section"},
};

typedef struct {
    const char *word[2];
    int64_t *run[2];
    size_t n[2];
} sides;

/* Which values stand side by side: the last one of each metric and run. `pair` has a row for each two runs:
 * those of one seed, or the only one of each side. `chosen` are the metrics, `listed` those of them that are
 * shown pair by pair. */
static const char pairs_sql[] =
    ", s(side, id, seed) AS (SELECT side, side_run.id, run.seed FROM side_run JOIN run USING (id)),"
    " single(yes) AS (SELECT count(*) = 2 FROM s),"
    " pair(a, b, seed) AS (SELECT a.id, b.id, iif(a.seed IS b.seed, a.seed, NULL) FROM s a JOIN s b"
    "   ON a.side = 1 AND b.side = 2 AND (a.seed IS b.seed OR (SELECT yes FROM single))),"
    " chosen(name) AS (SELECT DISTINCT n.name FROM metric_name n WHERE CASE"
    "   WHEN (SELECT name FROM wanted) <> '' THEN n.name = (SELECT name FROM wanted)"
    "   ELSE NOT n.clock END),"
    " headline(name) AS (SELECT DISTINCT x.headline FROM s JOIN run USING (id) JOIN experiment x"
    "   ON x.id = run.experiment_id WHERE x.headline IS NOT NULL),"
    " listed(name) AS (SELECT name FROM chosen WHERE (SELECT yes FROM single) OR name IN headline"
    "   OR name IN wanted OR NOT EXISTS (SELECT 1 FROM headline)),"
    " both(seed, name, a, b) AS (SELECT p.seed, x.name, x.value, y.value FROM pair p"
    "   JOIN last_metric x ON x.run_id = p.a JOIN last_metric y ON y.run_id = p.b AND y.name = x.name"
    "   WHERE x.name IN (SELECT name FROM chosen))";

/* Without `item` the statement itself; with it, what is not the same on both sides: items, their values
 * (those of several runs together) and the tables they come from. A section without rows is left out. */
static const struct {
    const char *key, *title, *sql, *item, *value, *from;
} sections[] = {
    {"values", "last values",
     " SELECT name, seed, a, b, b - a AS difference FROM both"
     " WHERE name IN listed ORDER BY name, seed",
     NULL, NULL, NULL},
    {"summary", "over the pairs",
     " SELECT name, count(b - a) AS pairs, avg(a) AS a, avg(b) AS b, avg(b - a) AS difference,"
     " ci95_low(b - a) AS ci95_low, ci95_high(b - a) AS ci95_high, sum(b > a) AS b_above FROM both"
     " WHERE NOT (SELECT yes FROM single) GROUP BY name ORDER BY name",
     NULL, NULL, NULL},
    {"parameters", "parameters that differ", NULL, "param.name", "param.value",
     "param ON param.run_id = s.id"},
    {"plugins", "plugins that differ", NULL, "u.kind || '/' || u.name",
     "u.version || ' ' || substr(u.source_hash, 1, 12)", "plugin_use u ON u.run_id = s.id"},
    {"sources", "Lua sources that differ", NULL, "u.path", "substr(source.sha256, 1, 12)",
     "run_source u ON u.run_id = s.id AND NOT u.own JOIN source ON source.id = u.source_id"},
    {"data", "data that differ", NULL, "u.dataset || ' ' || u.path", "substr(u.sha256, 1, 12)",
     "data_use u ON u.run_id = s.id"},
    {"machine", "build and machine, where they differ", NULL, "f.item", "f.value",
     "(SELECT run.id, 'commit' AS item, ifnull(substr(git_commit, 1, 12), 'none') ||"
     "   iif(dirty_diff IS NULL, '', ' with changes') AS value FROM run JOIN build ON build.id = build_id"
     " UNION ALL SELECT run.id, 'compiler', compiler || ' ' || build_type FROM run JOIN build"
     "   ON build.id = build_id"
     " UNION ALL SELECT run.id, 'BLAS', blas || ' ' || blas_kernel FROM run JOIN build"
     "   ON build.id = build_id"
     " UNION ALL SELECT run.id, 'processor', cpu FROM run JOIN host ON host.id = host_id) f ON f.id = s.id"},
};

static void write_quoted(FILE *f, const char *text)
{
    fputc('\'', f);
    for (; *text; text++)
        fprintf(f, *text == '\'' ? "''" : "%c", *text);
    fputc('\'', f);
}

/* The statement of a section; owned. */
static char *statement(const sides *x, size_t i)
{
    char *sql = NULL;
    size_t size;
    FILE *f = open_memstream(&sql, &size);
    if (!f)
        return NULL;
    fputs("WITH side_run(side, id) AS (VALUES ", f);
    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < x->n[side]; k++)
            fprintf(f, "%s(%d, %" PRId64 ")", side + k ? ", " : "", side + 1, x->run[side][k]);
    fputs("), wanted(name) AS (VALUES (", f);
    write_quoted(f, given.metric ? given.metric : "");
    fprintf(f, "))%s", pairs_sql);
    if (sections[i].sql)
        fputs(sections[i].sql, f);
    else
        fprintf(f,
                ", v(side, item, value) AS (SELECT DISTINCT s.side, %s, %s FROM s JOIN %s),"
                " l(side, item, list) AS (SELECT side, item, group_concat(value, ' | ') FROM"
                " (SELECT * FROM v ORDER BY value) GROUP BY side, item)"
                " SELECT item, (SELECT list FROM l WHERE side = 1 AND l.item = d.item) AS a,"
                " (SELECT list FROM l WHERE side = 2 AND l.item = d.item) AS b"
                " FROM (SELECT DISTINCT item FROM l) d WHERE a IS NOT b ORDER BY item",
                sections[i].item, sections[i].value, sections[i].from);
    if (fclose(f) == 0)
        return sql;
    free(sql);
    return NULL;
}

/* The rows of a section as text, without its end of line; owned. */
static char *rows_of(store *s, const sides *x, size_t i, query_format format, as_error *e)
{
    char *sql = statement(x, i), *text = NULL;
    size_t size;
    FILE *f = sql ? open_memstream(&text, &size) : NULL;
    bool ok = f ? query_run(s, sql, format, f, e) : error_set(e, "out of memory");
    if (f && fclose(f) != 0)
        ok = error_set(e, "out of memory");
    free(sql);
    if (ok)
        return text;
    free(text);
    return NULL;
}

static bool print_json(store *s, const sides *x, as_error *e)
{
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        char *text = rows_of(s, x, i, QUERY_JSON, e);
        if (!text)
            return false;
        printf("%s\"%s\": %s", i ? ", " : "{", sections[i].key, text);
        free(text);
    }
    puts("}");
    return true;
}

/* More lines than the names of the columns and the rule below them. */
static bool has_rows(const char *table)
{
    int lines = 0;
    for (; *table; table++)
        lines += *table == '\n';
    return lines > 2;
}

enum { INPUTS = 2 }; /* the first section about what went in */

/* The sections from `first` on that have rows. */
static bool print_sections(store *s, const sides *x, size_t first, as_error *e)
{
    bool some = false;
    for (size_t i = first; i < COUNT_OF(sections); i++) {
        char *text = rows_of(s, x, i, QUERY_TABLE, e);
        if (!text)
            return false;
        if (has_rows(text))
            printf("\n%s\n%s", sections[i].title, text);
        some = some || (i >= INPUTS && has_rows(text));
        free(text);
    }
    if (!some)
        puts("\nboth were made from the same");
    return true;
}

static bool print_text(store *s, const sides *x, as_error *e)
{
    printf("a: %s, %zu run%s    b: %s, %zu run%s\n", x->word[0], x->n[0], x->n[0] == 1 ? "" : "s", x->word[1],
           x->n[1], x->n[1] == 1 ? "" : "s");
    return print_sections(s, x, 0, e);
}

bool command_compare_inputs(store *s, int64_t a, int64_t b, as_error *e)
{
    return print_sections(s, &(sides){.run = {&a, &b}, .n = {1, 1}}, INPUTS, e);
}

/* The metric that is asked for is one that a run of each side has. */
static bool check_metric(store *s, const sides *x, as_error *e)
{
    static const char logged[] = "SELECT DISTINCT name FROM run_metric JOIN metric_name ON id = name_id"
                                 " WHERE run_id IN (SELECT value FROM json_each(?1)) ORDER BY name";
    bool ok = true;
    for (int side = 0; side < 2 && ok && given.metric; side++) {
        char *runs = NULL;
        size_t size;
        FILE *f = open_memstream(&runs, &size);
        for (size_t i = 0; f && i < x->n[side]; i++)
            fprintf(f, "%c%" PRId64, i ? ',' : '[', x->run[side][i]);
        ok = f && fputc(']', f) && fclose(f) == 0;
        ok = ok ? query_known(s, logged, runs, "metric", given.metric, e) : error_set(e, "out of memory");
        free(runs);
    }
    return ok;
}

static int compare(const char *a, const char *b)
{
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    sides x = {.word = {a, b}};
    bool ok = store_group(s, a, &x.run[0], &x.n[0], &e) && store_group(s, b, &x.run[1], &x.n[1], &e) &&
              check_metric(s, &x, &e) && (given.json ? print_json(s, &x, &e) : print_text(s, &x, &e));
    free(x.run[0]);
    free(x.run[1]);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words))
        code = words.n == 2 ? compare(words.item[0], words.item[1])
                            : command_misused(self, "needs two runs or two arms, got %zu; example: %s",
                                              words.n, self->example);
    option_list_free(&words);
    return code;
}

const command command_compare = {
    .name = "compare",
    .doc = "two runs, or two arms paired by seed: values, and what differs in what they were made from",
    .operands = "A B",
    .example = "assay compare cross_entropy ldr_kl",
    .more =
        "A and B are runs (12), arms (ce) or arms of an experiment (quickstart/ce). Of an arm the newest\n"
        "done run of each seed counts. b_above: in how many pairs b is larger.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
