/* The rows of an answer as text: one writer for each format. */
#ifndef ASSAY_RESULTS_ROWS_H
#define ASSAY_RESULTS_ROWS_H

#include "results/query.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Steps `q`, which has at least one column, to its end and writes every row. -> SQLite's last code,
 * SQLITE_DONE if all went well; SQLITE_NOMEM when the table, which must hold all rows to align them, has no
 * room. Errors of `out` are left to the caller: ferror. */
int rows_write(sqlite3_stmt *q, query_format format, FILE *out);

#define ROWS_DIGITS 64 /* room for any number as text */

/* The shortest digits that read back as the same number, always with a point or an exponent; "inf", "-inf".
 */
void rows_digits(double x, char out[ROWS_DIGITS]);

/* A field of RFC 4180, in quotes if `quote` or if it needs them. */
void rows_csv_field(const char *text, bool quote, FILE *out);

/* A string of JSON with its quotes, and a number: infinity is 9e999. */
void rows_json_string(const char *text, FILE *out);
void rows_json_number(double x, FILE *out);

#endif
