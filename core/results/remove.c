/* Deleting runs, and what is left of deleted ones. */
#include "results/upkeep.h"
#include "results/internal.h"
#include "results/siblings.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

/* ARTIFACTS/uuid with all that is in it, unless another database has the run; one that is not there is fine.
 */
static bool remove_folder(store *s, const siblings *others, const char *uuid, as_error *e)
{
    bool theirs;
    if (!siblings_have(others, uuid, &theirs, e))
        return false;
    if (theirs)
        return true;
    char *folder = sqlite3_mprintf("%s/%s", s->artifacts, uuid);
    if (!folder)
        return error_set(e, "%s: out of memory", s->path);
    bool ok = nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
    if (!ok)
        error_set(e, "%s: cannot delete %s: %s; its run is deleted, assay gc deletes the rest", s->path,
                  folder, strerror(errno));
    sqlite3_free(folder);
    return ok;
}

/* Deletes the run's rows; *uuid owned. */
static bool delete_rows(store *s, int64_t run, char uuid[STORE_UUID], as_error *e)
{
    static const char doing[] = "cannot delete a run";
    sqlite3_stmt *q =
        sql_prepare(s, doing, "SELECT uuid, status FROM run WHERE id = ?1", BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    bool ok = code == SQLITE_ROW;
    if (ok && strcmp((const char *)sqlite3_column_text(q, 1), "running") == 0)
        ok = error_set(e, "%s: run %lld is running; stop it first (Ctrl-C where it was started)", s->path,
                       (long long)run);
    else if (ok)
        snprintf(uuid, STORE_UUID, "%s", (const char *)sqlite3_column_text(q, 0));
    else if (code == SQLITE_DONE)
        error_set(e, "%s: no run %lld", s->path, (long long)run);
    else
        store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok && sql_do(s, doing, "DELETE FROM run WHERE id = ?1", BINDINGS(bind_int(run)), e);
}

bool store_remove(store *s, const int64_t *runs, size_t n, as_error *e)
{
    char(*uuid)[STORE_UUID] = calloc(n + 1, sizeof *uuid);
    if (!uuid)
        return error_set(e, "%s: out of memory", s->path);
    siblings others;
    bool ok = siblings_open(&others, s, e) && sql_begin(s, e);
    if (ok) {
        for (size_t i = 0; i < n && ok; i++)
            ok = delete_rows(s, runs[i], uuid[i], e);
        ok = sql_end(s, ok, e);
    }
    for (size_t i = 0; i < n && ok; i++)
        ok = remove_folder(s, &others, uuid[i], e);
    siblings_close(&others);
    free(uuid);
    return ok;
}

/* ---- garbage ---- */

static int64_t counted_bytes; /* nftw passes nothing on */

static int count_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)path, (void)where;
    if (type == FTW_F)
        counted_bytes += about->st_size;
    return 0;
}

/* 8-4-4-4-12 hexadecimal digits: a folder of ours. */
static bool is_uuid(const char *name)
{
    if (strlen(name) != STORE_UUID - 1)
        return false;
    for (int i = 0; i < STORE_UUID - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? name[i] != '-' : !strchr("0123456789abcdef", name[i]))
            return false;
    }
    return true;
}

static bool take_folder(store *s, const siblings *others, const char *uuid, bool look, store_garbage *found,
                        as_error *e)
{
    int64_t known;
    bool theirs;
    if (!siblings_have(others, uuid, &theirs, e) ||
        !sql_number(s, "cannot look for a run", "SELECT 1 FROM run WHERE uuid = ?1",
                    BINDINGS(bind_text(uuid)), 0, &known, e))
        return false;
    if (known || theirs)
        return true;
    char *folder = sqlite3_mprintf("%s/%s", s->artifacts, uuid);
    counted_bytes = 0;
    if (folder)
        nftw(folder, count_one, 16, FTW_PHYS);
    sqlite3_free(folder);
    found->folders++;
    found->bytes += counted_bytes;
    return look || remove_folder(s, others, uuid, e);
}

bool store_gc(store *s, bool look, store_garbage *found, as_error *e)
{
    *found = (store_garbage){0};
    DIR *folder = opendir(s->artifacts);
    const struct dirent *entry;
    siblings others;
    bool ok = siblings_open(&others, s, e);
    while (folder && ok && (entry = readdir(folder)))
        if (is_uuid(entry->d_name))
            ok = take_folder(s, &others, entry->d_name, look, found, e);
    if (folder)
        closedir(folder);
    siblings_close(&others);
    int64_t unused = 0;
    ok = ok && sql_number(s, "cannot read its size", "PRAGMA freelist_count", NULL, 0, 0, &unused, e);
    if (ok && unused > 0 && !look)
        ok = sql_do(s, "cannot give unused space back", "VACUUM", NULL, 0, e);
    return ok;
}
