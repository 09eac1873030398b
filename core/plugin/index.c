#include "plugin/index.h"

#include "base/folder.h"
#include "base/hash.h"
#include "plugin/source.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a host of another ABI or sanitizer finds in the same files differs: it has another index. */
static bool index_file(char folder[PATH_MAX], char path[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool named = cache && *cache == '/';
    if (!named && !(home && *home))
        return false;
    snprintf(folder, PATH_MAX - 64, "%s%s", named ? cache : home, named ? "/assay" : "/.cache/assay");
    return snprintf(path, PATH_MAX, "%s/plugins-%d.%d%s.json", folder, LOAD_ABI_MAJOR, LOAD_ABI_MINOR,
                    AS_SANITIZER == 1   ? "-address"
                    : AS_SANITIZER == 2 ? "-thread"
                                        : "") < PATH_MAX;
}

/* { "/path/x.so": { "changed": "seconds.nanoseconds size program", "rows": [...] } }; empty when there is
 * none or it does not read. */
static cJSON *read_index(void)
{
    char folder[PATH_MAX], path[PATH_MAX], *text = NULL;
    size_t room = 0;
    FILE *f = index_file(folder, path) ? fopen(path, "re") : NULL;
    bool read = f && getdelim(&text, &room, 0, f) > 0;
    if (f)
        fclose(f);
    cJSON *index = read ? cJSON_Parse(text) : NULL;
    free(text);
    if (cJSON_IsObject(index))
        return index;
    cJSON_Delete(index);
    return cJSON_CreateObject();
}

/* Forgets files that are gone. Nothing depends on the index being kept: without a folder for it, it is not.
 */
static void write_index(cJSON *index)
{
    char folder[PATH_MAX], path[PATH_MAX], temporary[PATH_MAX];
    as_error ignored = {{0}};
    cJSON *entry = index->child, *next;
    for (; entry; entry = next) {
        next = entry->next;
        if (access(entry->string, F_OK) != 0)
            cJSON_Delete(cJSON_DetachItemViaPointer(index, entry));
    }
    if (!index_file(folder, path) || !folder_make(folder, &ignored) ||
        snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid()) >= PATH_MAX)
        return;
    char *text = cJSON_PrintUnformatted(index);
    FILE *f = text ? fopen(temporary, "we") : NULL;
    bool written = f && fputs(text, f) >= 0;
    if (f)
        written = fclose(f) == 0 && written;
    if (f && (!written || rename(temporary, path) != 0))
        unlink(temporary);
    cJSON_free(text);
}

/* When the file was changed last, its size, and when this program was built: another one may tell more. */
static bool stamp_of(const char *path, char stamp[96])
{
    struct stat s, own;
    if (stat(path, &s) != 0 || stat("/proc/self/exe", &own) != 0)
        return false;
    snprintf(stamp, 96, "%lld.%09ld %lld %lld.%09ld", (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
             (long long)s.st_size, (long long)own.st_mtim.tv_sec, own.st_mtim.tv_nsec);
    return true;
}

const char *index_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

/* A copy of what the index knows of a file as it is now, or NULL. */
static cJSON *known_rows(const cJSON *index, const char *real)
{
    char stamp[96];
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(index, real);
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(entry, "rows");
    if (!cJSON_IsArray(rows) || !stamp_of(real, stamp) || strcmp(index_text(entry, "changed"), stamp) != 0)
        return NULL;
    return cJSON_Duplicate(rows, true);
}

/* An error may come from outside of the file: it is looked at again each time. */
static bool remember(cJSON *index, const char *real, const char *stamp, const cJSON *rows)
{
    if (!rows->child || cJSON_HasObjectItem(rows->child, "error"))
        return false;
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "changed", stamp);
    cJSON_AddItemToObject(entry, "rows", cJSON_Duplicate(rows, true));
    cJSON_DeleteItemFromObjectCaseSensitive(index, real);
    return cJSON_AddItemToObject(index, real, entry);
}

/* The rows of n files: from the index, else by opening them. rows[i] is owned by the caller even after a
 * failure. */
static bool rows_of(char *const *paths, cJSON **rows, int n, as_error *e)
{
    cJSON *index = read_index();
    char(*real)[PATH_MAX] = calloc((size_t)n + 1, sizeof *real), (*stamp)[96] = calloc((size_t)n + 1, 96);
    bool ok = index && real && stamp, new = false, missing = false;
    for (int i = 0; ok && i < n; i++) {
        if (!rows[i] && realpath(paths[i], real[i]) && stamp_of(real[i], stamp[i]))
            rows[i] = known_rows(index, real[i]);
        if (rows[i])
            real[i][0] = 0; /* nothing to remember */
        missing |= !rows[i];
    }
    ok = ok || error_set(e, "out of memory listing plugins");
    ok = ok && (!missing || index_scan(paths, rows, n, e));
    for (int i = 0; ok && i < n; i++)
        if (real[i][0] && rows[i])
            new |= remember(index, real[i], stamp[i], rows[i]);
    if (new)
        write_index(index);
    cJSON_Delete(index);
    free(real);
    free(stamp);
    return ok;
}

/* ---- what is told of each ---- */

static void set_text(cJSON *row, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(row, name);
    cJSON_AddStringToObject(row, name, text);
}

static void add_staleness(cJSON *row, const char *path)
{
    plugin_source s;
    if (!source_changed(path, index_text(row, "source_hash"), &s))
        return;
    cJSON_AddStringToObject(row, "stale", s.path);
    cJSON_AddStringToObject(row, "rebuild", s.command);
}

/* Moves a file's rows to `all`; the row of the file's name tells what comes behind it in the search. */
static void move_rows(const find_list *files, int i, cJSON *rows, cJSON *all)
{
    const find_hit *hit = &files->hits[i];
    while (rows && rows->child) {
        cJSON *row = cJSON_DetachItemFromArray(rows, 0);
        bool error = cJSON_HasObjectItem(row, "error"),
             named = strcmp(index_text(row, "name"), hit->name) == 0;
        set_text(row, "path", hit->path); /* as it is found from here */
        if (error) {
            cJSON_AddStringToObject(row, "kind", hit->kind);
            cJSON_AddStringToObject(row, "name", hit->name);
        } else {
            add_staleness(row, hit->path);
        }
        cJSON *hides = NULL;
        for (int k = i + 1; (named || error) && k < files->count && files->hits[k].hidden; k++) {
            hides = hides ? hides : cJSON_AddArrayToObject(row, "hides");
            cJSON_AddItemToArray(hides, cJSON_CreateString(files->hits[k].path));
        }
        cJSON_AddItemToArray(all, row);
    }
}

cJSON *index_rows(const char *kind, as_error *e)
{
    find_list files = {0};
    if (!find_all(kind, &files, e))
        return NULL;
    int n = files.count;
    cJSON **rows = calloc((size_t)n + 1, sizeof *rows), *all = cJSON_CreateArray();
    char **paths = calloc((size_t)n + 1, sizeof *paths);
    bool ok = rows && paths && all;
    for (int i = 0; ok && i < n; i++) {
        paths[i] = files.hits[i].path;
        if (files.hits[i].hidden)
            rows[i] = cJSON_CreateArray(); /* not opened */
    }
    ok = (ok || error_set(e, "out of memory listing plugins")) && rows_of(paths, rows, n, e);
    for (int i = 0; i < n; i++) {
        if (ok)
            move_rows(&files, i, rows[i], all);
        if (rows)
            cJSON_Delete(rows[i]);
    }
    free(rows);
    free(paths);
    find_free(&files);
    if (ok)
        return all;
    cJSON_Delete(all);
    return NULL;
}

void index_source_hash(const char *path, const char *kind, const char *name, char out[65])
{
    as_error ignored = {{0}};
    char *paths[] = {(char *)(uintptr_t)path};
    cJSON *rows[1] = {NULL};
    const cJSON *row;
    out[0] = 0;
    rows_of(paths, rows, 1, &ignored);
    cJSON_ArrayForEach(row, rows[0])
    {
        if (strcmp(index_text(row, "kind"), kind) == 0 && strcmp(index_text(row, "name"), name) == 0)
            snprintf(out, 65, "%s", index_text(row, "source_hash"));
    }
    cJSON_Delete(rows[0]);
}
