/* Whether two runs of one uuid are the same, and where they first differ. */
#include "results/merge_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite has no NaN: numbers that are equal have the same bits, but for the sign of a zero. */
static bool same(sqlite3_value *a, sqlite3_value *b)
{
    int type = sqlite3_value_type(a);
    if (type != sqlite3_value_type(b))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    if (type == SQLITE_FLOAT) {
        double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    return type == SQLITE_NULL ||
           strcmp((const char *)sqlite3_value_text(a), (const char *)sqlite3_value_text(b)) == 0;
}

static void put_value(FILE *out, sqlite3_value *v)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_NULL:
        fputs("NULL", out);
        break;
    case SQLITE_FLOAT:
        fprintf(out, "%.17g", sqlite3_value_double(v));
        break;
    default:
        fprintf(out, "%.80s", (const char *)sqlite3_value_text(v));
    }
}

/* A row of another table by what people know it by: the first column of its key. */
static void put_parent(merge *m, int parent, int64_t id, FILE *out)
{
    const merge_rows *t = &m->table[parent];
    char sql[128];
    int key = 0;
    while (!t->column[key].key)
        key++;
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE id = ?1", t->column[key].name, t->about->name);
    as_error ignored = {0};
    sqlite3_stmt *q = sql_prepare(m->s, "", sql, BINDINGS(bind_int(id)), &ignored);
    if (q && sqlite3_step(q) == SQLITE_ROW)
        put_value(out, sqlite3_column_value(q, 0));
    else
        fputs("NULL", out);
    sqlite3_finalize(q);
}

/* "build_id gcc 12.2.0", without the "_id". */
static void put_column(merge *m, const merge_rows *t, int i, const merge_row *row, FILE *out)
{
    const merge_column *c = &t->column[i];
    if (c->parent >= 0) {
        fprintf(out, "%.*s ", (int)(strlen(c->name) - strlen("_id")), c->name);
        put_parent(m, c->parent, row->id[i], out);
    } else {
        fprintf(out, "%s ", c->name);
        put_value(out, row->value[i]);
    }
}

/* "metric (attempt 1, step 3, name loss)"; of a run nothing: the line names it. */
static void put_row(merge *m, const merge_rows *t, const merge_row *row, FILE *out)
{
    const char *before = " (";
    if (t->owner < 0)
        return;
    fputs(t->about->name, out);
    for (int i = 0; i < t->n; i++)
        if (t->column[i].key && i != t->owner) {
            fputs(before, out);
            put_column(m, t, i, row, out);
            before = ", ";
        }
    fputs(*before == ',' ? ")" : "", out);
}

/* The present rows of t->read and t->find, whose keys agree. */
static bool columns_differ(merge *m, merge_rows *t, const merge_row *row, FILE *out)
{
    for (int i = 0; i < t->n; i++) {
        if (t->column[i].key)
            continue;
        sqlite3_value *here = sqlite3_column_value(t->find, i + t->has_id);
        int parent = t->column[i].parent;
        if (parent >= 0 ? row->id[i] == sqlite3_value_int64(here) : same(row->value[i], here))
            continue;
        put_row(m, t, row, out);
        fputs(t->owner < 0 ? "" : ": ", out);
        put_column(m, t, i, row, out);
        fputs(", here ", out);
        if (parent >= 0)
            put_parent(m, parent, sqlite3_value_int64(here), out);
        else
            put_value(out, here);
        return true;
    }
    return false;
}

/* All rows of a table that belong to the run, but for those that point to a run left out. */
static bool rows_differ(merge *m, merge_rows *t, int64_t from, int64_t to, FILE *out, as_error *e)
{
    int64_t rows = 0, away = 0;
    int code = SQLITE_DONE;
    merge_row row;
    bool differ = false;
    sqlite3_bind_int64(t->read, 1, from);
    while (!differ && code == SQLITE_DONE && sqlite3_step(t->read) == SQLITE_ROW) {
        if (!merge_read_row(m, t, &row)) {
            away++;
            continue;
        }
        rows++;
        code = merge_find(t, &row);
        if (code == SQLITE_ROW) {
            differ = columns_differ(m, t, &row, out);
            code = SQLITE_DONE;
        } else if (code == SQLITE_DONE) {
            put_row(m, t, &row, out);
            fputs(" is not here", out);
            differ = true;
        }
        sqlite3_reset(t->find);
    }
    code = code == SQLITE_DONE ? sqlite3_reset(t->read) : code;
    if (code != SQLITE_OK)
        return store_fail(m->s, e, "cannot compare runs");
    sqlite3_bind_int64(t->count, 1, to);
    int64_t here = sqlite3_step(t->count) == SQLITE_ROW ? sqlite3_column_int64(t->count, 0) : -1;
    sqlite3_reset(t->count);
    if (!differ && (here < rows || here > rows + away))
        fprintf(out, "%lld rows of %s, here %lld", (long long)rows, t->about->name, (long long)here);
    return true;
}

bool merge_run_differs(merge *m, const merge_row *run, int64_t from, int64_t to, char *text, size_t size,
                       as_error *e)
{
    FILE *out = fmemopen(text, size, "w");
    if (!out)
        return error_set(e, "%s: out of memory", m->s->path);
    merge_rows *runs = merge_table_named(m, "run");
    text[0] = 0;
    setvbuf(out, NULL, _IONBF, 0);
    bool ok = true, differ = columns_differ(m, runs, run, out);
    for (size_t i = 0; i < n_merge_tables && ok && !differ; i++) {
        merge_rows *t = &m->table[i];
        if (t->owner >= 0 && &m->table[t->column[t->owner].parent] == runs)
            ok = rows_differ(m, t, from, to, out, e);
        differ = ftell(out) > 0;
    }
    fclose(out);
    text[size - 1] = 0;
    return ok;
}
