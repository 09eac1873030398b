/* Reports of the conformance check. */
#include "results/internal.h"

#include <string.h>

bool store_plugin_check(store *s, const store_check_info *c, as_error *e)
{
    return sql_do(s, "cannot record a plugin's check",
                  "INSERT INTO plugin_check (kind, name, source_hash, version, at, result, report)"
                  " VALUES (?1, ?2, ?3, ?4, " SQL_NOW ", ?5, ?6)"
                  " ON CONFLICT DO UPDATE SET version = ?4, at = excluded.at, result = ?5, report = ?6",
                  BINDINGS(bind_text(c->kind), bind_text(c->name), bind_text(c->source_hash),
                           bind_text(c->version), bind_text(c->passed ? "passed" : "failed"),
                           bind_text(c->report)),
                  e);
}

bool store_plugin_report(store *s, const char *kind, const char *name, const char *source_hash, char **report,
                         char **at, as_error *e)
{
    static const char doing[] = "cannot read a plugin's check";
    *report = *at = NULL;
    sqlite3_stmt *q = sql_prepare(
        s, doing, "SELECT report, at FROM plugin_check WHERE kind = ?1 AND name = ?2 AND source_hash = ?3",
        BINDINGS(bind_text(kind), bind_text(name), bind_text(source_hash)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        *report = strdup((const char *)sqlite3_column_text(q, 0));
        *at = strdup((const char *)sqlite3_column_text(q, 1));
    }
    bool ok = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}
