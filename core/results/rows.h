/* The rows of an answer as text: one writer for each format. */
#ifndef ASSAY_RESULTS_ROWS_H
#define ASSAY_RESULTS_ROWS_H

#include "results/query.h"

#include <sqlite3.h>

/* Steps `q`, which has at least one column, to its end and writes every row. -> SQLite's last code,
 * SQLITE_DONE if all went well; SQLITE_NOMEM when the table, which must hold all rows to align them, has no
 * room. Errors of `out` are left to the caller: ferror. */
int rows_write(sqlite3_stmt *q, query_format format, FILE *out);

#endif
