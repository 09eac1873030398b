/* What merging knows about the tables of schema.sql, and what it asks the schema for. */
#ifndef ASSAY_RESULTS_MERGE_TABLES_H
#define ASSAY_RESULTS_MERGE_TABLES_H

#include "results/internal.h"
#include "results/merge.h"

/* A table. What tells two of its rows apart is its key: its UNIQUE columns, or its PRIMARY KEY unless that is
 * `id`, or else all its columns but `id` and `created_at`. */
typedef struct {
    const char *name;
    const char *owner; /* the column by which its rows are part of another's row, and come with that or not at
                          all; NULL: each row comes by itself */
} merge_table;

/* All of them, each behind those it points to. */
extern const merge_table merge_tables[];
extern const size_t n_merge_tables;

enum { MERGE_COLUMNS = 32, MERGE_TABLES = 40 };

typedef struct {
    char name[32];
    bool key;
    int parent; /* the table whose id it holds, an index of merge_tables; -1 none */
} merge_column;

/* Where the rows of a source went, by ascending `from`. */
typedef struct {
    int64_t from, to; /* to 0: left out */
    bool fresh;       /* it was not here */
} merge_place;

typedef struct {
    const merge_table *about;
    merge_column column[MERGE_COLUMNS]; /* without id */
    int n, owner;                       /* owner: an index of column, -1 none */
    bool has_id;
    merge_place *place; /* tables with an id */
    size_t n_places, room;
    sqlite3_stmt *read;                  /* of the source */
    sqlite3_stmt *find, *insert, *count; /* here */
} merge_rows;

typedef struct {
    store *s, *from;
    merge_rows table[MERGE_TABLES];
    store_merge_told *told;
    void *self;
    store_merged *out;
} merge;

/* Reads the schema and prepares the statements of every table. merge_close in any case. */
bool merge_open(merge *m, as_error *e);
void merge_close(merge *m);

/* The table of this name; it must be one. */
merge_rows *merge_table_named(merge *m, const char *name);

/* Where row `from` of a table went, NULL if it has not been seen. */
const merge_place *merge_place_of(const merge_rows *t, int64_t from);

/* The present row of t->read as `find` and `insert` want it: -> false if it points to a row left out. Values
 * are borrowed until the next step. */
typedef struct {
    sqlite3_value *value[MERGE_COLUMNS]; /* of a column that points nowhere else */
    int64_t id[MERGE_COLUMNS];           /* of one that does: the row here; 0 is NULL */
} merge_row;
bool merge_read_row(const merge *m, const merge_rows *t, merge_row *row);

/* Looks for the present row's key here. -> SQLITE_ROW (then t->find stands on it: id first where there is
 * one, then the columns; reset it), SQLITE_DONE, or an error */
int merge_find(merge_rows *t, const merge_row *row);

/* The first difference of a run from the one here, as a phrase; empty if there is none. */
bool merge_run_differs(merge *m, const merge_row *run, int64_t from, int64_t to, char *text, size_t size,
                       as_error *e);

/* ---- files ---- */

typedef struct {
    char **made; /* in the order they were made */
    size_t n, room;
} merge_files;

/* Copies the files of a source's artifacts that are not here yet. */
bool merge_copy_files(merge *m, merge_files *files, as_error *e);

/* Frees the list; unless `keep`, deletes the files first. */
void merge_files_close(const store *s, merge_files *files, bool keep);

#endif
