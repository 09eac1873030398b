/* Questions to a store in SQL, and their answers as text. */
#ifndef ASSAY_RESULTS_QUERY_H
#define ASSAY_RESULTS_QUERY_H

#include "results/store.h"

#include <stdio.h>

typedef enum {
    QUERY_TABLE, /* aligned columns under a rule, numbers to the right, NULL empty, six digits of a real */
    QUERY_CSV,   /* RFC 4180 with a header line; NULL empty, "" an empty text, reals with all their digits */
    QUERY_JSON,  /* an array of objects, reals with all their digits, infinity as 9e999 (JSON has no name for
                    it) */
    QUERY_MARKDOWN, /* like the table, as GitHub reads it */
} query_format;

/* "table", "csv", "json", "markdown"; fails 'no format "cvs"; did you mean "csv"?'. */
bool query_format_named(const char *name, query_format *format, as_error *e);

/* Runs one reading statement and writes its rows to `out`. Beside SQLite's own functions there are the
 * aggregates of statistics.h: median(x), quantile(x, q), stddev(x), ci95_low(x), ci95_high(x), spearman(x,
 * y), kendall(x, y). fails on a statement that would write, on a second statement, on bad SQL (with SQLite's
 * reason), and when `out` cannot be written; rows written before a failure stay written */
bool query_run(store *s, const char *sql, query_format format, FILE *out, as_error *e);

typedef struct {
    enum { QUERY_NULL, QUERY_INTEGER, QUERY_REAL, QUERY_TEXT } type;
    int64_t integer;
    double real;
    const char *text; /* of a row: good until the next one */
} query_value;

/* The same with values for its ?1, ?2, ... (borrowed). */
bool query_print(store *s, const char *sql, const query_value *values, size_t n, query_format format,
                 FILE *out, as_error *e);

/* Fails 'DATABASE: no arm "cee"; did you mean "ce"?' (`what` is "arm"; else the names there are) unless
 * `word` is in the first column of `select`, whose ?1 is `value`. */
bool query_known(store *s, const char *select, const char *value, const char *what, const char *word,
                 as_error *e);

/* ---- the same, row by row, for programs ---- */

typedef struct query_rows query_rows;

/* One reading statement with values for its ?1, ?2, ... (borrowed until closed). NULL on failure. Owned:
 * query_rows_close, which also tells whether all rows were read without failure. */
query_rows *query_rows_open(store *s, const char *sql, const query_value *values, size_t n, as_error *e);
bool query_rows_close(query_rows *rows, as_error *e);

bool query_rows_next(query_rows *rows); /* false: no more, or a failure that closing tells */
int query_rows_columns(const query_rows *rows);
const char *query_rows_name(const query_rows *rows, int column);
query_value query_rows_value(query_rows *rows, int column);

#endif
