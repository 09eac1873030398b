/* Bringing a database file to the schema of this program. */
#ifndef ASSAY_RESULTS_MIGRATE_H
#define ASSAY_RESULTS_MIGRATE_H

#include "base/error.h"

#include <sqlite3.h>

#define SCHEMA_VERSION 3              /* user_version in schema.sql */
#define SCHEMA_APPLICATION 1098080633 /* application_id in schema.sql: 'Asay' */

typedef struct {
    int version;     /* the schema it leads to, from the one before */
    const char *sql; /* without BEGIN and COMMIT; user_version is set by migrate_run */
} migration;

extern const char *const schema_text; /* schema.sql */
extern const migration migrations[];  /* migrations/NNN.sql in order, ended by version 0 */

/* Copies the database to PATH.bak-vN, N its present version, then takes every step of `list` that leads above
 * N, up to `target`, in one transaction: on failure the file stays as it was. Foreign keys are checked at the
 * end, so that a step may rebuild a table. Does nothing, and copies nothing, if another process was faster.
 * fails naming the step, and when a step is missing from `list` */
bool migrate_run(sqlite3 *db, const char *path, const migration *list, int target, as_error *e);

/* The same for a database that is itself a copy of `path`: no other is made. */
bool migrate_copy(sqlite3 *db, const char *path, const migration *list, int target, as_error *e);

#endif
