/* Which runs a word of the command line stands for. */
#include "results/upkeep.h"
#include "results/internal.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool one_run(store *s, int64_t run, int64_t **runs, size_t *n, as_error *e)
{
    const char *status;
    if (!store_run_status(s, run, &status, e))
        return false;
    *runs = malloc(sizeof **runs);
    if (!*runs)
        return error_set(e, "%s: out of memory", s->path);
    **runs = run;
    *n = 1;
    return true;
}

static bool fail_group(store *s, const char *word, as_error *e)
{
    enum { NAMES = 64 };
    char *names[NAMES];
    size_t n = 0;
    sqlite3_stmt *q = sql_prepare(s, "cannot read the arms",
                                  "SELECT DISTINCT iif(instr(?1, '/'), x.name || '/' || r.arm, r.arm)"
                                  " FROM run r JOIN experiment x ON x.id = r.experiment_id"
                                  " WHERE r.status = 'done' AND r.stage = 'run'",
                                  BINDINGS(bind_text(word)), e);
    while (q && n < NAMES && sqlite3_step(q) == SQLITE_ROW)
        if ((names[n] = strdup((const char *)sqlite3_column_text(q, 0))))
            n++;
    sqlite3_finalize(q);
    const char *near = suggest(word, (const char *const *)names, n);
    if (near)
        error_set(e, "%s: no arm \"%s\" has a run that is done; did you mean \"%s\"?", s->path, word, near);
    else
        error_set(e, "%s: no arm \"%s\" has a run that is done; assay runs lists them", s->path, word);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    return false;
}

static const char newest_of_each_seed[] =
    "WITH fit AS (SELECT r.id, r.seed, x.name, r.started_at || printf('%020d', r.id) AS moment"
    " FROM run r JOIN experiment x ON x.id = r.experiment_id"
    " WHERE r.stage = 'run' AND r.status = 'done' AND (r.arm = ?1 OR x.name || '/' || r.arm = ?1))"
    " SELECT id, max(moment) FROM fit WHERE name = (SELECT name FROM fit ORDER BY moment DESC LIMIT 1)"
    " GROUP BY seed ORDER BY seed";

bool store_group(store *s, const char *word, int64_t **runs, size_t *n, as_error *e)
{
    static const char doing[] = "cannot look for an arm's runs";
    char *end;
    errno = 0;
    long long run = strtoll(word, &end, 10);
    *runs = NULL;
    *n = 0;
    if (*word && !*end && !errno && run > 0)
        return one_run(s, run, runs, n, e);
    sqlite3_stmt *q = sql_prepare(s, doing, newest_of_each_seed, BINDINGS(bind_text(word)), e);
    if (!q)
        return false;
    int code;
    bool memory = true;
    while ((code = sqlite3_step(q)) == SQLITE_ROW && memory) {
        int64_t *more = realloc(*runs, (*n + 1) * sizeof *more);
        memory = more != NULL;
        if (memory) {
            *runs = more;
            more[(*n)++] = sqlite3_column_int64(q, 0);
        }
    }
    sqlite3_finalize(q);
    if (memory && code == SQLITE_DONE && *n > 0)
        return true;
    free(*runs);
    *runs = NULL;
    if (!memory)
        return error_set(e, "%s: out of memory", s->path);
    return code == SQLITE_DONE ? fail_group(s, word, e) : store_fail(s, e, doing);
}
