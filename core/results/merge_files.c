/* The files of a source's artifacts: found, checked against their hash, copied to where the rows will say. */
#include "results/merge_tables.h"
#include "base/folder.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the artifact that the present row of the question is about. */
typedef struct {
    const char *run, *name, *path, *sha256;
    int64_t size;
    char *from, *to; /* owned: where the file is, and where it goes */
} artifact;

static bool intact(const char *path, const artifact *a)
{
    struct stat about;
    char sha256[HASH_TEXT];
    as_error ignored = {0};
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == a->size &&
           hash_file(path, sha256, &ignored) && strcmp(sha256, a->sha256) == 0;
}

/* Below the folder artifacts, whatever a database from elsewhere says. */
static bool inside(const char *path)
{
    size_t n = strlen(path);
    return *path && *path != '/' && strncmp(path, "../", 3) != 0 && !strstr(path, "/../") &&
           strcmp(path, "..") != 0 && !(n > 3 && strcmp(path + n - 3, "/..") == 0);
}

static bool remember(merge_files *files, const char *path)
{
    if (files->n == files->room) {
        size_t room = files->room ? 2 * files->room : 64;
        char **more = realloc(files->made, room * sizeof *more);
        if (!more)
            return false;
        files->made = more;
        files->room = room;
    }
    files->made[files->n] = strdup(path);
    return files->made[files->n] && ++files->n;
}

static bool copy_bytes(int from, int to)
{
    char block[65536];
    ssize_t n;
    while ((n = read(from, block, sizeof block)) > 0)
        for (ssize_t at = 0, put; at < n; at += put)
            if ((put = write(to, block + at, (size_t)(n - at))) < 0)
                return false;
    return n == 0;
}

/* To TO.part first: under its own name it is complete. */
static bool copy_file(const artifact *a, merge_files *files, as_error *e)
{
    bool ok = remember(files, a->to);
    char *part = sqlite3_mprintf("%s.part", a->to), *folder = strdup(a->to);
    ok = ok && part && folder;
    if (!ok)
        error_set(e, "out of memory");
    if (ok)
        *strrchr(folder, '/') = 0;
    ok = ok && folder_make(folder, e);
    int from = ok ? open(a->from, O_RDONLY | O_CLOEXEC) : -1;
    int to = from >= 0 ? open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (ok)
        ok = (to >= 0 && copy_bytes(from, to) && rename(part, a->to) == 0) ||
             error_set(e, "%s: cannot be copied to %s: %s", a->from, a->to, strerror(errno));
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (!ok && part)
        unlink(part);
    sqlite3_free(part);
    free(folder);
    return ok;
}

static void tell(merge *m, const artifact *a, const char *what)
{
    char line[1024];
    snprintf(line, sizeof line, "%s: run %s: the file of artifact \"%s\" %s (%s); its row comes without it",
             m->from->path, a->run, a->name, what, a->path);
    m->told(m->self, line);
    m->out->absent++;
}

static bool bring(merge *m, artifact *a, merge_files *files, as_error *e)
{
    if (!inside(a->path)) {
        tell(m, a, "lies outside of the artifacts");
        return true;
    }
    a->from = sqlite3_mprintf("%s/%s", m->from->artifacts, a->path);
    a->to = sqlite3_mprintf("%s/%s", m->s->artifacts, a->path);
    bool ok = (a->from && a->to) || error_set(e, "%s: out of memory", m->s->path);
    if (ok && !intact(a->to, a)) {
        if (access(a->from, F_OK) != 0) {
            tell(m, a, "is not there");
        } else if (!intact(a->from, a)) {
            tell(m, a, "is not what is on record");
        } else {
            ok = copy_file(a, files, e);
            m->out->files += ok;
        }
    }
    sqlite3_free(a->from);
    sqlite3_free(a->to);
    return ok;
}

/* Whether the file belongs here: the run is new, or has the same artifact. */
static bool wanted(merge *m, const artifact *a, bool *yes, as_error *e)
{
    int64_t here;
    bool ok =
        sql_number(m->s, "cannot look for a run",
                   "SELECT a.path IS ?3 AND a.sha256 IS ?4 FROM run r LEFT JOIN artifact a"
                   " ON a.run_id = r.id AND a.name = ?2 WHERE r.uuid = ?1",
                   BINDINGS(bind_text(a->run), bind_text(a->name), bind_text(a->path), bind_text(a->sha256)),
                   1, &here, e);
    *yes = ok && here;
    return ok;
}

bool merge_copy_files(merge *m, merge_files *files, as_error *e)
{
    sqlite3_stmt *q = sql_prepare(m->from, "cannot read the artifacts",
                                  "SELECT r.uuid, a.name, a.path, a.sha256, a.size_bytes FROM artifact a"
                                  " JOIN run r ON r.id = a.run_id WHERE r.status <> 'running' ORDER BY a.id",
                                  NULL, 0, e);
    if (!q)
        return false;
    bool ok = true, yes;
    int code = SQLITE_DONE;
    while (ok && (code = sqlite3_step(q)) == SQLITE_ROW) {
        artifact a = {.run = (const char *)sqlite3_column_text(q, 0),
                      .name = (const char *)sqlite3_column_text(q, 1),
                      .path = (const char *)sqlite3_column_text(q, 2),
                      .sha256 = (const char *)sqlite3_column_text(q, 3),
                      .size = sqlite3_column_int64(q, 4)};
        ok = wanted(m, &a, &yes, e) && (!yes || bring(m, &a, files, e));
    }
    if (ok && code != SQLITE_DONE)
        ok = store_fail(m->from, e, "cannot read the artifacts");
    sqlite3_finalize(q);
    return ok;
}

void merge_files_close(const store *s, merge_files *files, bool keep)
{
    for (size_t i = files->n; i-- > 0;) {
        char *path = files->made[i], *slash;
        if (!keep)
            unlink(path);
        while (!keep && (slash = strrchr(path, '/')) && (size_t)(slash - path) > strlen(s->artifacts)) {
            *slash = 0; /* and its folders, as far as they are empty */
            if (rmdir(path) != 0)
                break;
        }
        free(path);
    }
    free(files->made);
    *files = (merge_files){0};
}
