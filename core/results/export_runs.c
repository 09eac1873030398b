#include "results/export_runs.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

static const char doing[] = "cannot be exported";

static bool fail_unknown(store *s, const char *experiment, as_error *e)
{
    enum { NAMES = 64 };
    char *names[NAMES];
    size_t n = 0;
    sqlite3_stmt *q = sql_prepare(s, doing, "SELECT DISTINCT name FROM experiment", NULL, 0, e);
    while (q && n < NAMES && sqlite3_step(q) == SQLITE_ROW)
        if ((names[n] = strdup((const char *)sqlite3_column_text(q, 0))))
            n++;
    sqlite3_finalize(q);
    const char *near = suggest(experiment, (const char *const *)names, n);
    if (near)
        error_set(e, "%s: no experiment \"%s\"; did you mean \"%s\"?", s->path, experiment, near);
    else
        error_set(e, "%s: no experiment \"%s\"; assay runs lists what was run", s->path, experiment);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    return false;
}

static bool known(store *s, const char *experiment, as_error *e)
{
    int64_t found;
    return !experiment || (sql_number(s, doing, "SELECT 1 FROM experiment WHERE name = ?1",
                                      BINDINGS(bind_text(experiment)), 0, &found, e) &&
                           (found || fail_unknown(s, experiment, e)));
}

static bool go_through(store *s, const char *experiment, export_take *begin, export_take *take, void *self,
                       int64_t *runs, as_error *e)
{
    sqlite3_stmt *q =
        sql_prepare(s, doing,
                    "SELECT id AS run, experiment, arm, seed, stage, status, uuid, headline_name, headline,"
                    " seconds, started_at, ended_at, attempts, error, paper, script, identity FROM runs"
                    " WHERE ?1 IS NULL OR experiment = ?1 ORDER BY id",
                    BINDINGS(bind_text(experiment)), e);
    bool ok = q && (!begin || begin(self, q, e));
    int code = SQLITE_DONE;
    *runs = 0;
    while (ok && (code = sqlite3_step(q)) == SQLITE_ROW) {
        ok = take(self, q, e);
        ++*runs;
    }
    if (ok && code != SQLITE_DONE)
        ok = store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

bool export_runs(store *s, const char *experiment, export_take *begin, export_take *take, void *self,
                 int64_t *runs, as_error *e)
{
    if (!sql_do(s, doing, "BEGIN", NULL, 0, e)) /* of reading: one moment for all that is asked */
        return false;
    bool ok = known(s, experiment, e) && go_through(s, experiment, begin, take, self, runs, e);
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}
