#include "results/export_runs.h"
#include "results/query.h"

static const char doing[] = "cannot be exported";
static const char names[] = "SELECT DISTINCT name FROM experiment WHERE ?1 IS NULL";

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
    bool ok = (!experiment || query_known(s, names, NULL, "experiment", experiment, e)) &&
              go_through(s, experiment, begin, take, self, runs, e);
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}
