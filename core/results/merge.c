/* Merging: the files of every source, then its rows, table by table, in one transaction. */
#include "results/merge.h"
#include "results/merge_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char doing[] = "cannot merge";

/* ---- where rows went ---- */

static int by_from(const void *a, const void *b)
{
    int64_t x = ((const merge_place *)a)->from, y = ((const merge_place *)b)->from;
    return (x > y) - (x < y);
}

const merge_place *merge_place_of(const merge_rows *t, int64_t from)
{
    merge_place wanted = {.from = from};
    return t->n_places ? bsearch(&wanted, t->place, t->n_places, sizeof wanted, by_from) : NULL;
}

static bool put_place(merge *m, merge_rows *t, merge_place place, as_error *e)
{
    if (t->n_places == t->room) {
        size_t room = t->room ? 2 * t->room : 64;
        merge_place *more = realloc(t->place, room * sizeof *more);
        if (!more)
            return error_set(e, "%s: out of memory", m->s->path);
        t->place = more;
        t->room = room;
    }
    t->place[t->n_places++] = place;
    return true;
}

/* ---- one row ---- */

bool merge_read_row(const merge *m, const merge_rows *t, merge_row *row)
{
    for (int i = 0; i < t->n; i++) {
        row->value[i] = sqlite3_column_value(t->read, i + t->has_id);
        row->id[i] = 0;
        if (t->column[i].parent < 0 || sqlite3_value_type(row->value[i]) == SQLITE_NULL)
            continue;
        const merge_place *p =
            merge_place_of(&m->table[t->column[i].parent], sqlite3_value_int64(row->value[i]));
        if (!p || !p->to)
            return false;
        row->id[i] = p->to;
    }
    return true;
}

static void bind_row(const merge_rows *t, const merge_row *row, bool all, sqlite3_stmt *q)
{
    for (int i = 0; i < t->n; i++) {
        if (!all && !t->column[i].key)
            continue;
        if (t->column[i].parent < 0)
            sqlite3_bind_value(q, i + 1, row->value[i]);
        else if (row->id[i])
            sqlite3_bind_int64(q, i + 1, row->id[i]);
        else
            sqlite3_bind_null(q, i + 1);
    }
}

int merge_find(merge_rows *t, const merge_row *row)
{
    bind_row(t, row, false, t->find);
    return sqlite3_step(t->find);
}

static bool insert_row(merge *m, merge_rows *t, const merge_row *row, as_error *e)
{
    bind_row(t, row, true, t->insert);
    bool ok = sqlite3_step(t->insert) == SQLITE_DONE || store_fail(m->s, e, doing);
    sqlite3_reset(t->insert);
    return ok && (!t->has_id || put_place(m, t,
                                          (merge_place){.from = sqlite3_column_int64(t->read, 0),
                                                        .to = sqlite3_last_insert_rowid(m->s->db),
                                                        .fresh = true},
                                          e));
}

/* ---- rows that come by themselves ---- */

static const char *text_of(const merge_rows *t, const char *column)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->column[i].name, column) == 0)
            return (const char *)sqlite3_column_text(t->read, i + t->has_id);
    return NULL;
}

/* The run that t->read stands on is left out. */
static void leave_run(merge *m, const merge_rows *t, const char *why, const char *what)
{
    char line[1400];
    const char *seed = text_of(t, "seed");
    snprintf(line, sizeof line, "%s: run %s (%s%s%s) %s%s; it is left out", m->from->path, text_of(t, "uuid"),
             text_of(t, "arm"), seed ? ", seed " : ", pool", seed ? seed : "", why, what);
    m->told(m->self, line);
    m->out->left++;
}

/* A run whose uuid is here: its place, the newest, stays if it is the same run. */
static bool meet_run(merge *m, const merge_rows *t, const merge_row *row, as_error *e)
{
    char text[512];
    merge_place *place = &t->place[t->n_places - 1];
    if (!merge_run_differs(m, row, place->from, place->to, text, sizeof text, e))
        return false;
    m->out->known += !*text;
    if (!*text)
        return true;
    leave_run(m, t, "is not the one here: ", text);
    place->to = 0;
    return true;
}

/* The check of a plugin that is here, by the newer one if that comes from there. */
static bool meet_check(merge *m, merge_rows *t, const merge_row *row, as_error *e)
{
    const char *at = text_of(t, "at"), *here = NULL;
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->column[i].name, "at") == 0)
            here = (const char *)sqlite3_column_text(t->find, i + t->has_id);
    return strcmp(at, here) <= 0 || insert_row(m, t, row, e);
}

/* A row whose key is here. */
static bool meet_row(merge *m, merge_rows *t, const merge_row *row, as_error *e)
{
    merge_place place = {.from = sqlite3_column_int64(t->read, 0), .to = sqlite3_column_int64(t->find, 0)};
    if (t->has_id && !put_place(m, t, place, e))
        return false;
    if (t == merge_table_named(m, "run"))
        return meet_run(m, t, row, e);
    return t != merge_table_named(m, "plugin_check") || meet_check(m, t, row, e);
}

static bool take_row(merge *m, merge_rows *t, as_error *e)
{
    merge_row row;
    bool is_run = t == merge_table_named(m, "run");
    const merge_place nowhere = {.from = sqlite3_column_int64(t->read, 0)};
    if (!merge_read_row(m, t, &row))
        return !t->has_id || put_place(m, t, nowhere, e);
    if (is_run && strcmp(text_of(t, "status"), "running") == 0) {
        leave_run(m, t, "is under way there", "");
        return put_place(m, t, nowhere, e);
    }
    int code = merge_find(t, &row);
    bool ok = code == SQLITE_ROW    ? meet_row(m, t, &row, e)
              : code == SQLITE_DONE ? insert_row(m, t, &row, e)
                                    : store_fail(m->s, e, doing);
    m->out->taken += ok && is_run && code == SQLITE_DONE;
    sqlite3_reset(t->find);
    return ok;
}

/* ---- tables ---- */

static bool take_rows(merge *m, merge_rows *t, as_error *e)
{
    int code = SQLITE_ROW;
    bool ok = true;
    while (ok && (code = sqlite3_step(t->read)) == SQLITE_ROW)
        ok = take_row(m, t, e);
    sqlite3_reset(t->read);
    return ok && (code == SQLITE_DONE || store_fail(m->from, e, "cannot be read"));
}

/* The rows that are part of rows that are new here. */
static bool take_owned(merge *m, merge_rows *t, as_error *e)
{
    const merge_rows *owner = &m->table[t->column[t->owner].parent];
    merge_row row;
    bool ok = true;
    for (size_t i = 0; i < owner->n_places && ok; i++) {
        if (!owner->place[i].fresh)
            continue;
        int code = SQLITE_ROW;
        sqlite3_bind_int64(t->read, 1, owner->place[i].from);
        while (ok && (code = sqlite3_step(t->read)) == SQLITE_ROW)
            if (merge_read_row(m, t, &row))
                ok = insert_row(m, t, &row, e);
        sqlite3_reset(t->read);
        ok = ok && (code == SQLITE_DONE || store_fail(m->from, e, "cannot be read"));
    }
    if (t->n_places)
        qsort(t->place, t->n_places, sizeof *t->place, by_from);
    return ok;
}

static bool take_tables(merge *m, as_error *e)
{
    bool ok = merge_open(m, e);
    for (size_t i = 0; i < n_merge_tables && ok; i++) {
        merge_rows *t = &m->table[i];
        ok = t->owner < 0 ? take_rows(m, t, e) : take_owned(m, t, e);
    }
    merge_close(m);
    return ok;
}

/* ---- sources ---- */

static bool merge_all(store *s, store **from, size_t n, const merge *with, as_error *e)
{
    merge_files files = {0};
    bool ok = true;
    merge m;
    for (size_t i = 0; i < n && ok; i++) {
        m = *with;
        m.from = from[i];
        ok = merge_copy_files(&m, &files, e);
    }
    ok = ok && sql_begin(s, e);
    if (ok) {
        for (size_t i = 0; i < n && ok; i++) {
            m = *with;
            m.from = from[i];
            ok = take_tables(&m, e);
        }
        ok = sql_end(s, ok, e);
    }
    merge_files_close(s, &files, ok);
    return ok;
}

bool store_merge(store *s, const char *const *sources, size_t n, store_merge_told *told, void *self,
                 store_merged *out, as_error *e)
{
    merge with = {.s = s, .told = told, .self = self, .out = out};
    store **from = calloc(n + 1, sizeof(store *));
    bool ok = from || error_set(e, "%s: out of memory", s->path);
    *out = (store_merged){0};
    for (size_t i = 0; i < n && ok; i++)
        ok = (from[i] = store_open(sources[i], STORE_COPY, e)) != NULL;
    ok = ok && merge_all(s, from, n, &with, e);
    for (size_t i = 0; i < n && from; i++)
        store_close(from[i]);
    free(from);
    return ok;
}
