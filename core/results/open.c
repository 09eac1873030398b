/* Finding, opening and closing a store: making a new file, and refusing the wrong ones with a line that
 * helps. */
#include "results/internal.h"
#include "results/migrate.h"
#include "results/statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *store_locate(const char *option)
{
    const char *environment = getenv("ASSAY_DB");
    if (option)
        return option;
    return environment && environment[0] ? environment : "results/assay.db";
}

/* What to do about a wrong file; one that is to be copied was named on purpose. */
static const char *other_file(store_mode mode)
{
    return mode == STORE_COPY ? "" : "; name another file with --db FILE or ASSAY_DB";
}

/* The folder of `path` and all folders above it. */
static bool make_folder(const char *path, as_error *e)
{
    char folder[4096];
    if (strlen(path) >= sizeof folder)
        return error_set(e, "%.60s...: the path is too long", path);
    strcpy(folder, path);
    for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return error_set(
                e, "%s: cannot make the folder %s: %s; choose another place with --db FILE or ASSAY_DB", path,
                folder, strerror(errno));
        *p = '/';
    }
    return true;
}

static bool check_place(const char *path, store_mode mode, as_error *e)
{
    struct stat about;
    if (mode == STORE_WRITE && !make_folder(path, e))
        return false;
    if (stat(path, &about) != 0) {
        if (mode == STORE_WRITE)
            return true;
        return error_set(e, "%s: %s%s", path, errno == ENOENT ? "there is no such file" : strerror(errno),
                         mode == STORE_COPY
                             ? ""
                             : "; run an experiment first, or name another file with --db FILE or ASSAY_DB");
    }
    if (!S_ISREG(about.st_mode))
        return error_set(e, "%s: is %s, not a database%s", path,
                         S_ISDIR(about.st_mode) ? "a folder" : "no ordinary file", other_file(mode));
    return true;
}

static int pragma(sqlite3 *db, const char *sql, int *out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        *out = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

/* Whose file it is. A new, empty one has version 0 and is ours to fill. One transaction, since another
 * process may fill it at this moment. */
static bool check_owner(store *s, as_error *e)
{
    int application = 0, objects = 0;
    int code = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = pragma(s->db, "PRAGMA application_id", &application);
    if (code == SQLITE_OK)
        code = pragma(s->db, "PRAGMA user_version", &s->version);
    if (code == SQLITE_OK)
        code = pragma(s->db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (code == SQLITE_NOTADB)
        error_set(e, "%s: is not a database%s", s->path, other_file(s->mode));
    else if (code != SQLITE_OK)
        store_fail(s, e, "cannot be read");
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written */
    if (code != SQLITE_OK)
        return false;
    if (application == SCHEMA_APPLICATION || (application == 0 && objects == 0 && s->version == 0))
        return true;
    return error_set(e, "%s: is the database of another program (application_id %d, Assay's is %d)%s",
                     s->path, application, SCHEMA_APPLICATION, other_file(s->mode));
}

/* Fills a new file, unless another process does so at the same moment. */
static bool make_schema(store *s, as_error *e)
{
    if (!sql_begin(s, e))
        return false;
    bool ok = pragma(s->db, "PRAGMA user_version", &s->version) == SQLITE_OK;
    if (ok && s->version == 0)
        ok = sqlite3_exec(s->db, schema_text, NULL, NULL, NULL) == SQLITE_OK;
    if (!ok)
        store_fail(s, e, "cannot make the tables");
    ok = sql_end(s, ok, e);
    return ok && pragma(s->db, "PRAGMA user_version", &s->version) == SQLITE_OK;
}

static bool fail_unwritable(store *s, as_error *e)
{
    const char *reason =
        access(s->path, W_OK) != 0 ? strerror(errno) : "its folder or its disk is for reading only";
    return error_set(
        e,
        "%s: cannot be written: %s; change the permissions, or name another file with --db FILE or "
        "ASSAY_DB",
        s->path, reason);
}

static bool ready_for_writing(store *s, as_error *e)
{
    if (s->version > SCHEMA_VERSION)
        return error_set(
            e,
            "%s: was written by a newer assay (schema %d, this one writes %d); reading works, for "
            "writing update assay or name another file with --db FILE",
            s->path, s->version, SCHEMA_VERSION);
    if (!wal_use(s, e))
        return false;
    if (s->version == 0 && !make_schema(s, e))
        return false;
    if (!migrate_run(s->db, s->path, migrations, SCHEMA_VERSION, e))
        return false;
    s->version = SCHEMA_VERSION;
    return process_find_lost(s, e);
}

static bool ready_for_reading(store *s, as_error *e)
{
    if (s->version == 0)
        return error_set(
            e, "%s: is empty%s", s->path,
            s->mode == STORE_COPY ? "" : "; run an experiment first, or name another file with --db FILE");
    if (sqlite3_exec(s->db, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(s, e, "cannot be read");
    return true;
}

/* In place of the file from here on. The copying is one read transaction, so it is consistent while others
 * write. */
static bool ready_as_copy(store *s, as_error *e)
{
    if (s->version > SCHEMA_VERSION)
        return error_set(e, "%s: was written by a newer assay (schema %d, this one knows %d); update assay",
                         s->path, s->version, SCHEMA_VERSION);
    sqlite3 *copy = NULL;
    sqlite3_backup *backup = NULL;
    if (sqlite3_open_v2("", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK)
        backup = sqlite3_backup_init(copy, "main", s->db, "main");
    if (backup)
        sqlite3_backup_step(backup, -1);
    bool ok = backup && sqlite3_backup_finish(backup) == SQLITE_OK;
    if (!ok)
        error_set(e, "%s: cannot be copied to a temporary file: %s", s->path, sqlite3_errmsg(copy));
    sqlite3_close(s->db);
    s->db = copy;
    ok = ok && migrate_copy(s->db, s->path, migrations, SCHEMA_VERSION, e);
    s->version = SCHEMA_VERSION;
    return ok;
}

/* SQLite opens lazily: only the first read tells whether the file can be opened. */
static int open_file(store *s, const char *name, int flags)
{
    int code = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL), version;
    if (code == SQLITE_OK) {
        wal_wait(s);
        code = pragma(s->db, "PRAGMA user_version", &version);
    }
    return code;
}

/* A database in a folder that cannot be written has no shared memory for its WAL; SQLite must be told that
 * nobody changes it. Not with a WAL full of rows beside it: those would be left out without a word. */
static int open_unchanging(store *s)
{
    struct stat wal;
    char *name = sqlite3_mprintf("%s-wal", s->path);
    bool rows_in_wal = name && stat(name, &wal) == 0 && wal.st_size > 0;
    sqlite3_free(name);
    if (rows_in_wal || strpbrk(s->path, "?#%"))
        return SQLITE_CANTOPEN;
    sqlite3_close(s->db);
    name = sqlite3_mprintf("file:%s?immutable=1", s->path);
    int code = name ? open_file(s, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) : SQLITE_NOMEM;
    sqlite3_free(name);
    return code;
}

static bool fail_open(store *s, as_error *e)
{
    int number = sqlite3_system_errno(s->db);
    const char *reason = number ? strerror(number) : sqlite3_errmsg(s->db);
    if (number == ENOENT) /* the folder is there: check_place saw to it */
        reason = "its folder takes no new file";
    return error_set(e, "%s: cannot be opened: %s; check the permissions of the file and its folder%s%s",
                     s->path, reason, *other_file(s->mode) ? ", or" : "",
                     *other_file(s->mode) ? other_file(s->mode) + 1 : "");
}

static bool open_database(store *s, as_error *e)
{
    int code =
        open_file(s, s->path,
                  s->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    if (s->mode != STORE_WRITE && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY))
        code = open_unchanging(s);
    if (code == SQLITE_CANTOPEN)
        return fail_open(s, e);
    if (s->mode == STORE_WRITE && (code == SQLITE_READONLY || sqlite3_db_readonly(s->db, "main") == 1))
        return fail_unwritable(s, e);
    if (!check_owner(s, e))
        return false;
    if (sqlite3_exec(s->db, "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON", NULL, NULL, NULL) !=
            SQLITE_OK ||
        statistics_register(s->db) != SQLITE_OK)
        return store_fail(s, e, "cannot be opened");
    if (s->mode == STORE_WRITE)
        return ready_for_writing(s, e);
    return ready_for_reading(s, e) && (s->mode == STORE_READ || ready_as_copy(s, e));
}

/* The folder of `path` + "/artifacts"; owned. */
static char *artifacts_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    char *out = malloc(folder + sizeof "artifacts");
    if (out) {
        memcpy(out, path, folder);
        strcpy(out + folder, "artifacts");
    }
    return out;
}

store *store_open(const char *path, store_mode mode, as_error *e)
{
    store *s = NULL;
    if (!check_place(path, mode, e))
        return NULL;
    s = calloc(1, sizeof *s);
    if (s)
        s->reserve = -1;
    if (!s || !(s->path = strdup(path)) || !(s->artifacts = artifacts_beside(path))) {
        store_close(s);
        error_set(e, "%s: out of memory", path);
        return NULL;
    }
    s->mode = mode;
    if (!open_database(s, e)) {
        store_close(s);
        return NULL;
    }
    if (mode == STORE_READ && s->version == SCHEMA_VERSION && process_any_lost(s)) {
        as_error ignored = {0}; /* a file that cannot be written is read as it is */
        store_close(store_open(path, STORE_WRITE, &ignored));
    }
    if (mode != STORE_READ || s->version >= SCHEMA_VERSION)
        return s;
    store_close(s); /* an older file: opening it for writing migrates it */
    s = store_open(path, STORE_WRITE, e);
    store_close(s);
    return s ? store_open(path, mode, e) : NULL;
}

void store_close(store *s)
{
    if (!s)
        return;
    log_close(s);
    origin_forget(&s->origins);
    sqlite3_close(s->db);
    turn_close(s->turn);
    reserve_give(s);
    free(s->path);
    free(s->artifacts);
    free(s);
}

const char *store_path(const store *s)
{
    return s->path;
}

const char *store_artifacts(const store *s)
{
    return s->artifacts;
}

int store_version(const store *s)
{
    return s->version;
}

int store_version_known(void)
{
    return SCHEMA_VERSION;
}
