/* The SQL functions of statistics.h for any program that loads extensions into SQLite:
 *   sqlite3 results/assay.db
 *   .load build/release/libassay_sql */
#include <sqlite3ext.h>

SQLITE_EXTENSION_INIT1

#include "results/statistics.h"

/* SQLite finds it by the file's name. */
__attribute__((visibility("default"))) int sqlite3_assaysql_init(sqlite3 *db, char **error,
                                                                 const sqlite3_api_routines *routines);

int sqlite3_assaysql_init(sqlite3 *db, char **error, const sqlite3_api_routines *routines)
{
    (void)error;
    SQLITE_EXTENSION_INIT2(routines);
    return statistics_register(db);
}
