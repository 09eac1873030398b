#include "results/migrate.h"

#include <stdio.h>
#include <unistd.h>

static int number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int out = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        out = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return out;
}

/* Through SQLite, not as a file: opening and closing the file ourselves would drop SQLite's locks on it, and
 * part of the rows may still be in the WAL. Through a second connection: ours already holds the write lock.
 */
static bool copy_to(const char *path, const char *copy, as_error *e)
{
    unlink(copy); /* from a migration that failed: the database has not lost anything since */
    sqlite3 *from = NULL, *to = NULL;
    bool ok = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
              sqlite3_open_v2(copy, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK;
    sqlite3_backup *backup = ok ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    if (backup) {
        sqlite3_backup_step(backup, -1);
        ok = sqlite3_backup_finish(backup) == SQLITE_OK;
    } else {
        ok = false;
    }
    if (!ok)
        error_set(e, "%s: cannot be copied to %s before its schema is brought up to date: %s", path, copy,
                  sqlite3_errmsg(to ? to : from));
    sqlite3_close(from);
    sqlite3_close(to);
    return ok;
}

static const migration *step_to(const migration *list, int version)
{
    for (; list->version; list++)
        if (list->version == version)
            return list;
    return NULL;
}

static bool take_step(sqlite3 *db, const char *path, const migration *list, int version, as_error *e)
{
    const migration *step = step_to(list, version);
    if (!step)
        return error_set(e, "%s: has schema %d, and this assay does not know how to turn that into schema %d",
                         path, version - 1, version);
    if (sqlite3_exec(db, step->sql, NULL, NULL, NULL) != SQLITE_OK)
        return error_set(e, "%s: cannot be brought to schema %d: %s; the file is unchanged", path, version,
                         sqlite3_errmsg(db));
    return true;
}

static bool take_steps(sqlite3 *db, const char *path, const migration *list, int from, int target,
                       as_error *e)
{
    for (int version = from + 1; version <= target; version++)
        if (!take_step(db, path, list, version, e))
            return false;
    sqlite3_stmt *broken = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &broken, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(broken);
    sqlite3_finalize(broken);
    if (code != SQLITE_DONE)
        return error_set(
            e, "%s: cannot be brought to schema %d: rows would point nowhere; the file is unchanged", path,
            target);
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", target); /* a pragma cannot be bound */
    return sqlite3_exec(db, pragma, NULL, NULL, NULL) == SQLITE_OK &&
                   sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK
               ? true
               : error_set(e, "%s: cannot be brought to schema %d: %s; the file is unchanged", path, target,
                           sqlite3_errmsg(db));
}

/* In the transaction that migrate opened. */
static bool copy_and_step(sqlite3 *db, const char *path, const migration *list, int target, bool keep,
                          as_error *e)
{
    int from = number(db, "PRAGMA user_version");
    if (from >= target) /* another process was faster */
        return true;
    char copy[4096];
    snprintf(copy, sizeof copy, "%s.bak-v%d", path, from);
    return (!keep || copy_to(path, copy, e)) && take_steps(db, path, list, from, target, e);
}

static bool migrate(sqlite3 *db, const char *path, const migration *list, int target, bool keep, as_error *e)
{
    int from = number(db, "PRAGMA user_version");
    if (from >= target)
        return true;
    sqlite3_exec(db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL); /* has no effect inside a transaction */
    bool ok = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    if (ok)
        ok = copy_and_step(db, path, list, target, keep, e);
    else
        error_set(e, "%s: cannot be brought to schema %d: %s", path, target, sqlite3_errmsg(db));
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    return ok;
}

bool migrate_run(sqlite3 *db, const char *path, const migration *list, int target, as_error *e)
{
    return migrate(db, path, list, target, true, e);
}

bool migrate_copy(sqlite3 *db, const char *path, const migration *list, int target, as_error *e)
{
    return migrate(db, path, list, target, false, e);
}
