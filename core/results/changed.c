/* Whether the files a run read are still what they were. */
#include "results/internal.h"
#include "base/hash.h"

#include <stdio.h>
#include <string.h>

/* Calls `look` with each row until it says something. */
typedef void looker(store *s, sqlite3_stmt *row, char what[STORE_CHANGE]);

static bool each_row(store *s, const char *sql, int64_t run, looker *look, char what[STORE_CHANGE],
                     as_error *e)
{
    static const char doing[] = "cannot read the files of a run";
    sqlite3_stmt *q = sql_prepare(s, doing, sql, BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code = SQLITE_ROW;
    while (!what[0] && (code = sqlite3_step(q)) == SQLITE_ROW)
        look(s, q, what);
    bool ok = what[0] || code == SQLITE_DONE || store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

static void say(char what[STORE_CHANGE], const char *path, bool gone)
{
    snprintf(what, STORE_CHANGE, "%s %s", path, gone ? "is gone" : "has changed");
}

static void look_at_source(store *s, sqlite3_stmt *row, char what[STORE_CHANGE])
{
    (void)s;
    const char *path = (const char *)sqlite3_column_text(row, 0);
    char now[HASH_TEXT];
    as_error unreadable = {0};
    bool there = hash_file(path, now, &unreadable);
    if (!there || strcmp(now, (const char *)sqlite3_column_text(row, 1)) != 0)
        say(what, path, !there);
}

static void look_at_data(store *s, sqlite3_stmt *row, char what[STORE_CHANGE])
{
    const char *path = (const char *)sqlite3_column_text(row, 1);
    file_origin then = {.bytes = (size_t)sqlite3_column_int64(row, 3)};
    snprintf(then.sha256, sizeof then.sha256, "%s", (const char *)sqlite3_column_text(row, 2));
    origin_fate fate = origin_compare(&s->origins, (const char *)sqlite3_column_text(row, 0), path, &then);
    if (fate != ORIGIN_SAME)
        say(what, path, fate == ORIGIN_GONE);
}

bool run_changed(store *s, int64_t run, char what[STORE_CHANGE], as_error *e)
{
    what[0] = 0;
    return each_row(s,
                    "SELECT r.path, s.sha256 FROM run_source r JOIN source s ON s.id = r.source_id"
                    " WHERE r.run_id = ?1 AND r.own = 0",
                    run, look_at_source, what, e) &&
           (what[0] || each_row(s,
                                "SELECT dataset, path, sha256, size_bytes FROM data_use WHERE run_id = ?1"
                                " OR run_id IN (SELECT run_id FROM run_member WHERE pool_id = ?1)",
                                run, look_at_data, what, e));
}
