/* Reports of the conformance check. */
#include "results/internal.h"

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
