#include "results/siblings.h"

#include "results/migrate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sibling {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *find;
};

/* Whether the file begins as SQLite's do and bears our application's number, which stands at byte 68. */
static bool is_ours(const char *path)
{
    unsigned char head[72];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool whole = file >= 0 && read(file, head, sizeof head) == (ssize_t)sizeof head;
    if (file >= 0)
        close(file);
    uint32_t id =
        whole ? (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 | (uint32_t)head[70] << 8 | head[71] : 0;
    return whole && memcmp(head, "SQLite format 3", 16) == 0 && id == SCHEMA_APPLICATION;
}

static bool is_other(const store *s, const char *path)
{
    struct stat mine, theirs;
    const char *name = strrchr(path, '/');
    return stat(path, &theirs) == 0 && S_ISREG(theirs.st_mode) && !strstr(name, ".bak-v") &&
           !(stat(s->path, &mine) == 0 && mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino);
}

static bool fail(const struct sibling *one, as_error *e)
{
    return error_set(e,
                     "%s: cannot be read: %s; its runs keep files in the same artifacts/, so none is deleted",
                     one->path, sqlite3_errmsg(one->db));
}

/* Takes `path` over. */
static bool add(siblings *them, char *path, as_error *e)
{
    struct sibling *more = realloc(them->list, (them->n + 1) * sizeof *more);
    if (!more) {
        free(path);
        return error_set(e, "out of memory: databases of a folder");
    }
    them->list = more;
    struct sibling *one = &more[them->n++];
    *one = (struct sibling){.path = path};
    if (sqlite3_open_v2(path, &one->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(one->db, 10000) != SQLITE_OK ||
        sqlite3_prepare_v2(one->db, "SELECT 1 FROM run WHERE uuid = ?1", -1, &one->find, NULL) != SQLITE_OK)
        return fail(one, e);
    return true;
}

bool siblings_open(siblings *them, const store *s, as_error *e)
{
    *them = (siblings){0};
    const char *slash = strrchr(s->path, '/');
    char *place = slash ? strndup(s->path, (size_t)(slash - s->path) + 1) : strdup("./");
    DIR *folder = place ? opendir(place) : NULL;
    const struct dirent *entry;
    bool ok = place || error_set(e, "%s: out of memory", s->path);
    while (ok && folder && (entry = readdir(folder))) {
        char *path = malloc(strlen(place) + strlen(entry->d_name) + 1);
        if (!path) {
            ok = error_set(e, "%s: out of memory", s->path);
            break;
        }
        strcpy(stpcpy(path, place), entry->d_name);
        if (is_other(s, path) && is_ours(path))
            ok = add(them, path, e);
        else
            free(path);
    }
    if (folder)
        closedir(folder);
    free(place);
    return ok;
}

void siblings_close(siblings *them)
{
    for (size_t k = 0; k < them->n; k++) {
        sqlite3_finalize(them->list[k].find);
        sqlite3_close(them->list[k].db);
        free(them->list[k].path);
    }
    free(them->list);
    *them = (siblings){0};
}

bool siblings_have(const siblings *them, const char *uuid, bool *have, as_error *e)
{
    *have = false;
    for (size_t k = 0; k < them->n && !*have; k++) {
        const struct sibling *one = &them->list[k];
        sqlite3_reset(one->find);
        sqlite3_bind_text(one->find, 1, uuid, -1, SQLITE_STATIC);
        int code = sqlite3_step(one->find);
        *have = code == SQLITE_ROW;
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return fail(one, e);
    }
    return true;
}
