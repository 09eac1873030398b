/* What the files of this folder share: the store itself, bound statements, transactions. */
#ifndef ASSAY_RESULTS_INTERNAL_H
#define ASSAY_RESULTS_INTERNAL_H

#include "data/origin.h"
#include "results/store.h"
#include "results/turn.h"

#include <sqlite3.h>

/* metric_name rows already seen, by open addressing; `capacity` is a power of two. */
typedef struct {
    char **name;
    int64_t *id;
    int64_t *run; /* that is known to have the name: see run_metric; 0 none */
    size_t count, capacity;
} name_table;

/* The hot path's statements, prepared at the first log. */
typedef struct {
    sqlite3_stmt *begin, *insert, *commit, *earlier;
    int64_t run; /* whose start is known, 0 none */
    double started;
} log_state;

struct store {
    sqlite3 *db;
    char *path, *artifacts;
    int version; /* of the file */
    store_mode mode;
    double busy_since; /* when the present wait for a lock began */
    double patience;   /* seconds that such a wait may last */
    turn *turn;        /* NULL until the first transaction, and where there can be none */
    bool turn_tried;
    int wal_next; /* pages of the WAL at which it is emptied */
    int reserve;  /* descriptor of the file that holds room on the disk, -1 for none */
    bool full;    /* the disk was, at some time */
    name_table names;
    log_state log;
    origin_memory origins; /* hashes of data files on disk */
};

/* Fails with "PATH: doing: SQLite's reason", with advice for the usual ones (locked, full, unwritable). */
bool store_fail(store *s, as_error *e, const char *doing);

/* Moments in SQL, the same within one statement. */
#define SQL_NOW "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

typedef struct {
    enum { BIND_NULL, BIND_INT, BIND_REAL, BIND_TEXT } type;
    int64_t integer;
    double real;
    const char *text; /* NULL binds NULL; borrowed until the statement is done */
} binding;

static inline binding bind_int(int64_t value)
{
    return (binding){.type = BIND_INT, .integer = value};
}

static inline binding bind_real(double value)
{
    return (binding){.type = BIND_REAL, .real = value};
}

static inline binding bind_text(const char *value)
{
    return (binding){.type = value ? BIND_TEXT : BIND_NULL, .text = value};
}

static inline binding bind_null(void)
{
    return (binding){.type = BIND_NULL};
}

#define BINDINGS(...) (const binding[]){__VA_ARGS__}, sizeof((const binding[]){__VA_ARGS__}) / sizeof(binding)

/* A prepared statement with its values bound; NULL on failure. Owned: sqlite3_finalize. */
sqlite3_stmt *sql_prepare(store *s, const char *doing, const char *sql, const binding *values, size_t n,
                          as_error *e);

/* Runs a statement to its end. */
bool sql_do(store *s, const char *doing, const char *sql, const binding *values, size_t n, as_error *e);

/* The first column of the first row as a whole number, `otherwise` when there is no row (or NULL in it). */
bool sql_number(store *s, const char *doing, const char *sql, const binding *values, size_t n,
                int64_t otherwise, int64_t *out, as_error *e);

/* BEGIN IMMEDIATE by a prepared statement or, with NULL, by one of its own; in its turn among the processes
 * that write to the file. */
bool sql_begin_with(store *s, sqlite3_stmt *begin, as_error *e);

/* A write transaction. sql_end commits if `ok`, else rolls back; -> whether it was committed. */
bool sql_begin(store *s, as_error *e);
bool sql_end(store *s, bool ok, as_error *e);

/* The row of `text` in source, a new one if need be. */
bool source_row(store *s, const char *text, int64_t *id, as_error *e);

/* Which process this is, for ever: pid, start time in clock ticks since boot, the kernel's boot id. */
typedef struct {
    int64_t pid, start; /* start -1 if the process is gone */
    char boot_id[40];
} process_mark;

process_mark process_mark_of(pid_t pid);
bool process_is_gone(const process_mark *m);

/* Marks running runs as lost whose process is gone; whether there are such. */
bool process_find_lost(store *s, as_error *e);
bool process_any_lost(store *s);

/* What a done run would not find again as it was: `what` is "own.csv has changed", "own.csv is gone", or ""
 * when its Lua files, save assay's own, and its data are as they were. A pool's data are its runs'. */
bool run_changed(store *s, int64_t run, char what[STORE_CHANGE], as_error *e);

/* Holds room on the disk until a write finds it full, which then gives it away: see store_fail. */
void reserve_take(store *s);
void reserve_give(store *s);

/* From now on a lock that another connection holds is waited for. */
void wal_wait(store *s);

/* Turns on the WAL, and the care for its length. */
bool wal_use(store *s, as_error *e);

/* For SQLite's message about a name that `sql` has wrong: "; did you mean ...?" or the names there are; else
 * "". */
void query_hint(store *s, const char *sql, const char *message, char *hint, size_t size);

/* Frees what logging has prepared. */
void log_close(store *s);

#endif
