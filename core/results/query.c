#include "results/query.h"
#include "results/internal.h"
#include "results/rows.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool query_format_named(const char *name, query_format *format, as_error *e)
{
    static const char *const names[] = {"table", "csv", "json",
                                        "markdown"}; /* in the order of query_format */
    for (size_t i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0) {
            *format = (query_format)i;
            return true;
        }
    const char *near = suggest(name, names, 4);
    if (near)
        return error_set(e, "no format \"%s\"; did you mean \"%s\"?", name, near);
    return error_set(e, "no format \"%s\"; there are table, csv, json, markdown", name);
}

/* The text from `sql` on without white space, comments and semicolons before it. */
static const char *next_statement(const char *sql)
{
    for (;;) {
        const char *before = sql;
        sql += strspn(sql, " \t\r\n\f;");
        if (strncmp(sql, "--", 2) == 0) {
            sql += strcspn(sql, "\n");
        } else if (strncmp(sql, "/*", 2) == 0) {
            const char *end = strstr(sql + 2, "*/");
            sql = end ? end + 2 : sql + strlen(sql);
        }
        if (sql == before)
            return sql;
    }
}

/* The one statement of `sql`, which must only read; NULL on failure. */
static sqlite3_stmt *prepare_one(store *s, const char *sql, as_error *e)
{
    sqlite3_stmt *q = NULL;
    const char *rest = "";
    if (*next_statement(sql) == 0) {
        error_set(e, "the query is empty; try: SELECT * FROM runs");
        return NULL;
    }
    if (sqlite3_prepare_v2(s->db, next_statement(sql), -1, &q, &rest) != SQLITE_OK) {
        char message[256], hint[768];
        snprintf(message, sizeof message, "%s", sqlite3_errmsg(s->db));
        query_hint(s, sql, message, hint, sizeof hint);
        error_set(e, "the query cannot be understood: %s%s", message, hint);
        return NULL;
    }
    rest = next_statement(rest);
    if (*rest)
        error_set(e, "a query is one statement; after the first came: %.60s", rest);
    else if (!sqlite3_stmt_readonly(q) || sqlite3_column_count(q) == 0)
        error_set(e, "a query only reads; this one would change something: %.60s", next_statement(sql));
    else
        return q;
    sqlite3_finalize(q);
    return NULL;
}

static int bind_value(sqlite3_stmt *q, int place, const query_value *v)
{
    switch (v->type) {
    case QUERY_INTEGER:
        return sqlite3_bind_int64(q, place, v->integer);
    case QUERY_REAL:
        return sqlite3_bind_double(q, place, v->real);
    case QUERY_TEXT:
        return sqlite3_bind_text(q, place, v->text, -1, SQLITE_STATIC);
    case QUERY_NULL:
        break;
    }
    return sqlite3_bind_null(q, place);
}

/* The statement of prepare_one with its values bound; NULL on failure. */
static sqlite3_stmt *prepare_bound(store *s, const char *sql, const query_value *values, size_t n,
                                   as_error *e)
{
    sqlite3_stmt *q = prepare_one(s, sql, e);
    int wanted = q ? sqlite3_bind_parameter_count(q) : 0;
    bool ok = q && (wanted == (int)n ||
                    error_set(e, "the query has places for %d values, %zu were given", wanted, n));
    for (size_t i = 0; i < n && ok; i++)
        ok = bind_value(q, (int)i + 1, &values[i]) == SQLITE_OK || store_fail(s, e, "cannot ask");
    if (ok)
        return q;
    sqlite3_finalize(q);
    return NULL;
}

bool query_print(store *s, const char *sql, const query_value *values, size_t n, query_format format,
                 FILE *out, as_error *e)
{
    sqlite3_stmt *q = prepare_bound(s, sql, values, n, e);
    if (!q)
        return false;
    int code = rows_write(q, format, out);
    if (code == SQLITE_NOMEM)
        error_set(e, "the answer is too large for the memory; --format csv writes row by row");
    else if (code != SQLITE_DONE)
        error_set(e, "%s: the query failed: %s", s->path, sqlite3_errmsg(s->db));
    sqlite3_finalize(q);
    if (code != SQLITE_DONE)
        return false;
    if (fflush(out) != 0 || ferror(out))
        return error_set(e, "the answer cannot be written: %s", strerror(errno));
    return true;
}

bool query_run(store *s, const char *sql, query_format format, FILE *out, as_error *e)
{
    return query_print(s, sql, NULL, 0, format, out, e);
}

struct query_rows {
    store *s;
    sqlite3_stmt *q;
    int code;
};

query_rows *query_rows_open(store *s, const char *sql, const query_value *values, size_t n, as_error *e)
{
    query_rows *rows = calloc(1, sizeof *rows);
    if (!rows) {
        error_set(e, "%s: out of memory", s->path);
        return NULL;
    }
    *rows = (query_rows){.s = s, .q = prepare_bound(s, sql, values, n, e), .code = SQLITE_ROW};
    if (rows->q)
        return rows;
    free(rows);
    return NULL;
}

bool query_rows_close(query_rows *rows, as_error *e)
{
    bool ok = rows->code == SQLITE_ROW || rows->code == SQLITE_DONE;
    if (!ok)
        error_set(e, "%s: the query failed: %s", rows->s->path, sqlite3_errmsg(rows->s->db));
    sqlite3_finalize(rows->q);
    free(rows);
    return ok;
}

bool query_rows_next(query_rows *rows)
{
    if (rows->code == SQLITE_ROW)
        rows->code = sqlite3_step(rows->q);
    return rows->code == SQLITE_ROW;
}

int query_rows_columns(const query_rows *rows)
{
    return sqlite3_column_count(rows->q);
}

const char *query_rows_name(const query_rows *rows, int column)
{
    return sqlite3_column_name(rows->q, column);
}

query_value query_rows_value(query_rows *rows, int column)
{
    switch (sqlite3_column_type(rows->q, column)) {
    case SQLITE_INTEGER:
        return (query_value){.type = QUERY_INTEGER, .integer = sqlite3_column_int64(rows->q, column)};
    case SQLITE_FLOAT:
        return (query_value){.type = QUERY_REAL, .real = sqlite3_column_double(rows->q, column)};
    case SQLITE_NULL:
        return (query_value){.type = QUERY_NULL};
    default:
        return (query_value){.type = QUERY_TEXT, .text = (const char *)sqlite3_column_text(rows->q, column)};
    }
}
