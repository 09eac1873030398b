#include "results/audit.h"
#include "results/internal.h"
#include "results/upkeep.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char doing[] = "cannot be checked";

typedef struct {
    store *s;
    store_audit_told *told;
    void *self;
    store_audit_report *out;
} audit;

static void tell(audit *a, const char *line)
{
    a->out->faults++;
    a->told(a->self, line);
}

/* Each row of one of these is a fault. */
static const char *const questions[] = {
    "SELECT 'SQLite: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "SELECT 'a row of ' || \"table\" || ' points to a row of ' || parent || ' that is not there ('"
    " || count(*) || iif(count(*) = 1, ' time)', ' times)') FROM pragma_foreign_key_check"
    " GROUP BY \"table\", parent",
    "SELECT 'run ' || id || ' has no attempt' FROM run WHERE id NOT IN (SELECT run_id FROM attempt)",
    "SELECT 'run ' || r.id || ' is ' || r.status || ', its last attempt ' || a.status FROM run r"
    " JOIN attempt a ON a.run_id = r.id WHERE a.status <> r.status"
    " AND a.attempt = (SELECT max(attempt) FROM attempt WHERE run_id = r.id)",
    "SELECT 'run ' || id || ' is ' || status || ' without a moment when it ended' FROM run"
    " WHERE status NOT IN ('running', 'lost') AND ended_at IS NULL",
    "SELECT 'run ' || run_id || ' has values of an attempt ' || attempt || ' that it has not'"
    " FROM (SELECT DISTINCT run_id, attempt FROM metric EXCEPT SELECT run_id, attempt FROM attempt)",
    "SELECT 'run ' || run_id || ' has values of ' || n.name || ', which run_metric does not know'"
    " FROM (SELECT DISTINCT run_id, name_id FROM metric EXCEPT SELECT run_id, name_id FROM run_metric)"
    " JOIN metric_name n ON n.id = name_id",
};

static bool ask(audit *a, const char *question, as_error *e)
{
    sqlite3_stmt *q = sql_prepare(a->s, doing, question, NULL, 0, e);
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW)
        tell(a, (const char *)sqlite3_column_text(q, 0));
    bool ok = q && (code == SQLITE_DONE || store_fail(a->s, e, doing));
    sqlite3_finalize(q);
    return ok;
}

static bool check_sources(audit *a, as_error *e)
{
    sqlite3_stmt *q = sql_prepare(a->s, doing, "SELECT id, text, sha256 FROM source", NULL, 0, e);
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW) {
        char sha256[HASH_TEXT], line[96];
        const char *text = (const char *)sqlite3_column_text(q, 1);
        hash_bytes(text, (size_t)sqlite3_column_bytes(q, 1), sha256);
        if (strcmp(sha256, (const char *)sqlite3_column_text(q, 2)) == 0)
            continue;
        snprintf(line, sizeof line, "source %" PRId64 " is not the text that its sha256 is of",
                 (int64_t)sqlite3_column_int64(q, 0));
        tell(a, line);
    }
    bool ok = q && (code == SQLITE_DONE || store_fail(a->s, e, doing));
    sqlite3_finalize(q);
    return ok;
}

/* What is wrong with a file, NULL if nothing is. */
static const char *file_fault(const char *path, int64_t size, const char *sha256)
{
    struct stat about;
    char now[HASH_TEXT];
    as_error e = {0};
    if (stat(path, &about) != 0)
        return "is not there";
    if (about.st_size != size)
        return "has another size than on record";
    if (!hash_file(path, now, &e))
        return "cannot be read";
    return strcmp(now, sha256) == 0 ? NULL : "has another content than on record";
}

static bool check_files(audit *a, as_error *e)
{
    sqlite3_stmt *q = sql_prepare(a->s, doing,
                                  "SELECT a.run_id, a.name, a.path, a.size_bytes, a.sha256 FROM artifact a"
                                  " JOIN run r ON r.id = a.run_id WHERE r.status <> 'running' ORDER BY a.id",
                                  NULL, 0, e);
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW) {
        char path[4096], line[4500];
        snprintf(path, sizeof path, "%s/%s", a->s->artifacts, (const char *)sqlite3_column_text(q, 2));
        const char *fault =
            file_fault(path, sqlite3_column_int64(q, 3), (const char *)sqlite3_column_text(q, 4));
        a->out->files++;
        if (!fault)
            continue;
        snprintf(line, sizeof line, "run %" PRId64 ": artifact \"%.100s\" %s: %s",
                 (int64_t)sqlite3_column_int64(q, 0), (const char *)sqlite3_column_text(q, 1), fault, path);
        tell(a, line);
    }
    bool ok = q && (code == SQLITE_DONE || store_fail(a->s, e, doing));
    sqlite3_finalize(q);
    return ok;
}

static bool check_folders(audit *a, as_error *e)
{
    store_garbage found;
    char line[160];
    if (!store_gc(a->s, true, &found, e))
        return false;
    if (!found.folders)
        return true;
    snprintf(line, sizeof line, "%d folder%s of artifacts (%.1f MB) belong%s to no run; assay gc deletes %s",
             found.folders, found.folders == 1 ? "" : "s", 1e-6 * (double)found.bytes,
             found.folders == 1 ? "s" : "", found.folders == 1 ? "it" : "them");
    tell(a, line);
    return true;
}

bool store_audit(store *s, store_audit_told *told, void *self, store_audit_report *out, as_error *e)
{
    audit a = {s, told, self, out};
    bool ok = true;
    *out = (store_audit_report){0};
    for (size_t i = 0; i < sizeof questions / sizeof *questions && ok; i++)
        ok = ask(&a, questions[i], e);
    return ok && check_sources(&a, e) && check_files(&a, e) && check_folders(&a, e) &&
           sql_number(s, doing, "SELECT count(*) FROM run", NULL, 0, 0, &out->runs, e) &&
           sql_number(s, doing, "SELECT count(*) FROM metric", NULL, 0, 0, &out->values, e);
}

static int64_t size_on_disk(const store *s)
{
    struct stat about;
    char *wal = sqlite3_mprintf("%s-wal", s->path);
    int64_t size = stat(s->path, &about) == 0 ? about.st_size : 0;
    size += wal && stat(wal, &about) == 0 ? about.st_size : 0;
    sqlite3_free(wal);
    return size;
}

bool store_vacuum(store *s, int64_t *before, int64_t *after, as_error *e)
{
    static const char shrink[] = "cannot be made smaller";
    *before = size_on_disk(s);
    bool ok = sql_do(s, shrink, "VACUUM", NULL, 0, e) &&
              sql_do(s, shrink, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, 0, e);
    *after = size_on_disk(s);
    return ok;
}
