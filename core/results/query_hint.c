/* What was meant by a name that a query has wrong. */
#include "results/internal.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 512 };

/* ?1 is the query: the columns of the tables and views it names. */
static const char columns[] = "SELECT DISTINCT c.name FROM sqlite_schema m, pragma_table_info(m.name) c "
                              "WHERE m.type IN ('table', 'view') "
                              "AND lower(' ' || ?1 || ' ') GLOB '*[^a-z0-9_]' || m.name || '[^a-z0-9_]*'";

/* The views first: they answer most questions. */
static const char tables[] =
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "
    "'sqlite%' AND ?1 IS NOT NULL ORDER BY type DESC, name";

static size_t names_of(store *s, const char *select, const char *sql, char **names)
{
    sqlite3_stmt *q = NULL;
    size_t n = 0;
    if (sqlite3_prepare_v2(s->db, select, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_bind_text(q, 1, sql, -1, SQLITE_STATIC) == SQLITE_OK)
        while (n < MOST && sqlite3_step(q) == SQLITE_ROW &&
               (names[n] = strdup((const char *)sqlite3_column_text(q, 0))))
            n++;
    sqlite3_finalize(q);
    return n;
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
    const char *near = suggest(dot ? dot + 1 : word, (const char *const *)names, n);
    if (near)
        snprintf(hint, size, "; did you mean \"%s\"?", near);
    for (size_t i = 0, used = 0; i < n; i++) {
        if (!near && used < size)
            used += (size_t)snprintf(hint + used, size - used, "%s%s", i ? ", " : "; there are ", names[i]);
        free(names[i]);
    }
}
