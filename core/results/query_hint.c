/* What was meant by a name that a query has wrong. */
#include "results/internal.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 512 };

/* ?1 is the query: the columns of the tables and views behind a FROM or JOIN. */
static const char columns[] =
    "WITH query(text) AS (SELECT replace(replace(lower(' ' || ?1 || ' '), char(10), ' '), char(9), ' '))"
    "SELECT DISTINCT c.name FROM query, sqlite_schema m, pragma_table_info(m.name) c"
    " WHERE m.type IN ('table', 'view') AND (text GLOB '* from ' || m.name || '[^a-z0-9_]*'"
    " OR text GLOB '* join ' || m.name || '[^a-z0-9_]*')";

/* The views first: they answer most questions. */
static const char tables[] =
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "
    "'sqlite%' AND ?1 IS NOT NULL ORDER BY type DESC, name";

/* The first column of `select`, whose ?1 is `value`; each to be freed. */
static size_t names_of(store *s, const char *select, const char *value, char **names)
{
    sqlite3_stmt *q = NULL;
    size_t n = 0;
    if (sqlite3_prepare_v2(s->db, select, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_bind_text(q, 1, value, -1, SQLITE_STATIC) == SQLITE_OK)
        while (n < MOST && sqlite3_step(q) == SQLITE_ROW &&
               (names[n] = strdup((const char *)sqlite3_column_text(q, 0))))
            n++;
    sqlite3_finalize(q);
    return n;
}

static void free_all(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
}

/* The name that is near `word`, else all of them; `hint` stays as it is if there are none. */
static void describe(const char *word, char **names, size_t n, char *hint, size_t size)
{
    const char *near = suggest(word, (const char *const *)names, n);
    if (near)
        snprintf(hint, size, "; did you mean \"%s\"?", near);
    for (size_t i = 0, used = 0; i < n && !near && used < size; i++)
        used += (size_t)snprintf(hint + used, size - used, "%s%s", i ? ", " : "; there are ", names[i]);
}

void query_hint(store *s, const char *sql, const char *message, char *hint, size_t size)
{
    static const char *const starts[] = {"no such column: ", "no such table: "};
    bool table = strncmp(message, starts[1], strlen(starts[1])) == 0;
    *hint = 0;
    if (!table && strncmp(message, starts[0], strlen(starts[0])) != 0)
        return;
    const char *word = message + strlen(starts[table]), *dot = strrchr(word, '.');
    char *names[MOST];
    size_t n = names_of(s, table ? tables : columns, sql, names);
    describe(dot ? dot + 1 : word, names, n, hint, size);
    free_all(names, n);
}

bool query_known(store *s, const char *select, const char *value, const char *what, const char *word,
                 as_error *e)
{
    char *names[MOST], hint[768] = "; there is none";
    size_t n = names_of(s, select, value, names);
    bool known = false;
    for (size_t i = 0; i < n; i++)
        known = known || strcmp(names[i], word) == 0;
    describe(word, names, n, hint, sizeof hint);
    free_all(names, n);
    return known || error_set(e, "%s: no %s \"%s\"%s", s->path, what, word, hint);
}
