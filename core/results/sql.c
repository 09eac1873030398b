/* Statements, bound values and transactions. */
#include "results/internal.h"

bool store_fail(store *s, as_error *e, const char *doing)
{
    const char *reason = sqlite3_errmsg(s->db), *advice = "";
    switch (sqlite3_errcode(s->db)) {
    case SQLITE_BUSY:
        reason = "another process has kept it locked for ten seconds";
        advice = "; end that process, or try again";
        break;
    case SQLITE_FULL:
        s->full = true;
        reserve_give(s); /* for what is still to be written: how the run ended */
        advice = "; free some space on that disk";
        break;
    case SQLITE_READONLY:
        advice = "; it was opened for reading only";
        break;
    case SQLITE_CORRUPT:
        advice = "; keep a copy, then try: sqlite3 FILE .recover";
        break;
    }
    return error_set(e, "%s: %s: %s%s", s->path, doing, reason, advice);
}

static int bind(sqlite3_stmt *statement, int place, const binding *v)
{
    switch (v->type) {
    case BIND_INT:
        return sqlite3_bind_int64(statement, place, v->integer);
    case BIND_REAL:
        return sqlite3_bind_double(statement, place, v->real);
    case BIND_TEXT:
        return sqlite3_bind_text(statement, place, v->text, -1, SQLITE_STATIC);
    case BIND_NULL:
        break;
    }
    return sqlite3_bind_null(statement, place);
}

sqlite3_stmt *sql_prepare(store *s, const char *doing, const char *sql, const binding *values, size_t n,
                          as_error *e)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    for (size_t i = 0; i < n && code == SQLITE_OK; i++)
        code = bind(statement, (int)i + 1, &values[i]);
    if (code == SQLITE_OK)
        return statement;
    store_fail(s, e, doing);
    sqlite3_finalize(statement);
    return NULL;
}

bool sql_do(store *s, const char *doing, const char *sql, const binding *values, size_t n, as_error *e)
{
    sqlite3_stmt *statement = sql_prepare(s, doing, sql, values, n, e);
    if (!statement)
        return false;
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    bool ok = code == SQLITE_DONE;
    if (!ok)
        store_fail(s, e, doing);
    sqlite3_finalize(statement);
    return ok;
}

bool sql_number(store *s, const char *doing, const char *sql, const binding *values, size_t n,
                int64_t otherwise, int64_t *out, as_error *e)
{
    sqlite3_stmt *statement = sql_prepare(s, doing, sql, values, n, e);
    if (!statement)
        return false;
    int code = sqlite3_step(statement);
    *out = otherwise;
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *out = sqlite3_column_int64(statement, 0);
    if (code == SQLITE_ROW) /* INSERT ... RETURNING checks its foreign keys after the row */
        code = sqlite3_step(statement);
    bool ok = code == SQLITE_ROW || code == SQLITE_DONE;
    if (!ok)
        store_fail(s, e, doing);
    sqlite3_finalize(statement);
    return ok;
}

bool sql_begin(store *s, as_error *e)
{
    return sql_begin_with(s, NULL, e);
}

bool sql_end(store *s, bool ok, as_error *e)
{
    if (ok && sql_do(s, "cannot commit", "COMMIT", NULL, 0, e))
        return true;
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}
