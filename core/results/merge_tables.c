/* The list of tables, and for each what the schema says of its columns and keys. */
#include "results/merge_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const merge_table merge_tables[] = {
    {"source", NULL},
    {"experiment", NULL},
    {"build", NULL},
    {"host", NULL},
    {"metric_name", NULL},
    {"plugin_check", NULL},
    {"run", NULL},
    {"run_member", "pool_id"},
    {"run_source", "run_id"},
    {"attempt", "run_id"},
    {"param", "run_id"},
    {"metric", "run_id"},
    {"run_metric", "run_id"},
    {"artifact", "run_id"},
    {"plugin_use", "run_id"},
    {"data_use", "run_id"},
    {"event", "run_id"},
    {"note", NULL}, /* people go on saying things about a run that has ended */
    {"tag", NULL},
    {"sweep", NULL},
    {"sweep_point", NULL},
    {"sweep_run", NULL},
    {"tuning", NULL},
    {"claim", NULL},
    {"verdict", NULL},
    {"claim_value", "verdict_id"},
    {"claim_value_run", "claim_value_id"},
};
const size_t n_merge_tables = sizeof merge_tables / sizeof *merge_tables;

static const char doing[] = "cannot read the schema";

static int table_number(const char *name)
{
    for (size_t i = 0; i < n_merge_tables; i++)
        if (strcmp(merge_tables[i].name, name) == 0)
            return (int)i;
    return -1;
}

merge_rows *merge_table_named(merge *m, const char *name)
{
    return &m->table[table_number(name)];
}

static int column_number(const merge_rows *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->column[i].name, name) == 0)
            return i;
    return -1;
}

/* Calls `take` for each row of a question about the table. */
static bool each(merge *m, const char *sql, merge_rows *t, void (*take)(merge_rows *, sqlite3_stmt *),
                 as_error *e)
{
    sqlite3_stmt *q = sql_prepare(m->s, doing, sql, BINDINGS(bind_text(t->about->name)), e);
    if (!q)
        return false;
    int code;
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        take(t, q);
    sqlite3_finalize(q);
    return code == SQLITE_DONE || store_fail(m->s, e, doing);
}

static void take_column(merge_rows *t, sqlite3_stmt *q)
{
    const char *name = (const char *)sqlite3_column_text(q, 0);
    if (strcmp(name, "id") == 0) {
        t->has_id = true;
    } else if (t->n < MERGE_COLUMNS) {
        merge_column *c = &t->column[t->n++];
        snprintf(c->name, sizeof c->name, "%s", name);
        c->parent = -1;
    }
}

static void take_parent(merge_rows *t, sqlite3_stmt *q)
{
    int column = column_number(t, (const char *)sqlite3_column_text(q, 0));
    t->column[column].parent = table_number((const char *)sqlite3_column_text(q, 1));
}

static void take_key(merge_rows *t, sqlite3_stmt *q)
{
    t->column[column_number(t, (const char *)sqlite3_column_text(q, 0))].key = true;
}

static bool describe(merge *m, merge_rows *t, as_error *e)
{
    if (!each(m, "SELECT name FROM pragma_table_info(?1)", t, take_column, e) ||
        !each(m, "SELECT \"from\", \"table\" FROM pragma_foreign_key_list(?1)", t, take_parent, e) ||
        !each(m,
              "SELECT c.name FROM pragma_index_list(?1) i JOIN pragma_index_info(i.name) c"
              " WHERE i.\"unique\" AND c.name <> 'id'",
              t, take_key, e))
        return false;
    bool keyed = false;
    for (int i = 0; i < t->n; i++)
        keyed |= t->column[i].key;
    for (int i = 0; i < t->n && !keyed; i++)
        t->column[i].key = strcmp(t->column[i].name, "created_at") != 0;
    t->owner = t->about->owner ? column_number(t, t->about->owner) : -1;
    return true;
}

/* ---- statements ---- */

static void list_columns(const merge_rows *t, FILE *out)
{
    for (int i = 0; i < t->n; i++)
        fprintf(out, "%s%s", i ? ", " : "", t->column[i].name);
}

typedef void write_sql(const merge_rows *t, FILE *out);

static void write_read(const merge_rows *t, FILE *out)
{
    fprintf(out, "SELECT %s", t->has_id ? "id, " : "");
    list_columns(t, out);
    fprintf(out, " FROM %s", t->about->name);
    if (t->owner >= 0)
        fprintf(out, " WHERE %s = ?1", t->column[t->owner].name);
    else
        fputs(t->has_id ? " ORDER BY id" : "", out);
}

static void write_find(const merge_rows *t, FILE *out)
{
    fprintf(out, "SELECT %s", t->has_id ? "id, " : "");
    list_columns(t, out);
    fprintf(out, " FROM %s", t->about->name);
    const char *word = "WHERE";
    for (int i = 0; i < t->n; i++)
        if (t->column[i].key) {
            fprintf(out, " %s %s IS ?%d", word, t->column[i].name, i + 1);
            word = "AND";
        }
}

static void write_insert(const merge_rows *t, FILE *out)
{
    /* a plugin's check stands for the last one */
    bool replaces = strcmp(t->about->name, "plugin_check") == 0;
    fprintf(out, "INSERT%s INTO %s (", replaces ? " OR REPLACE" : "", t->about->name);
    list_columns(t, out);
    fputs(") VALUES (", out);
    for (int i = 0; i < t->n; i++)
        fprintf(out, "%s?%d", i ? ", " : "", i + 1);
    fputs(")", out);
}

static void write_count(const merge_rows *t, FILE *out)
{
    fprintf(out, "SELECT count(*) FROM %s WHERE %s = ?1", t->about->name, t->column[t->owner].name);
}

static bool prepare(store *s, const merge_rows *t, write_sql *write, sqlite3_stmt **out, as_error *e)
{
    char *sql = NULL;
    size_t size;
    FILE *f = open_memstream(&sql, &size);
    if (!f)
        return error_set(e, "%s: out of memory", s->path);
    write(t, f);
    *out = fclose(f) == 0 ? sql_prepare(s, doing, sql, NULL, 0, e) : NULL;
    free(sql);
    return *out != NULL;
}

bool merge_open(merge *m, as_error *e)
{
    bool ok = true;
    for (size_t i = 0; i < n_merge_tables && ok; i++) {
        merge_rows *t = &m->table[i];
        t->about = &merge_tables[i];
        ok = describe(m, t, e) && prepare(m->from, t, write_read, &t->read, e) &&
             prepare(m->s, t, write_find, &t->find, e) && prepare(m->s, t, write_insert, &t->insert, e) &&
             (t->owner < 0 || prepare(m->s, t, write_count, &t->count, e));
    }
    return ok;
}

void merge_close(merge *m)
{
    for (size_t i = 0; i < n_merge_tables; i++) {
        merge_rows *t = &m->table[i];
        sqlite3_finalize(t->read);
        sqlite3_finalize(t->find);
        sqlite3_finalize(t->insert);
        sqlite3_finalize(t->count);
        free(t->place);
    }
}
