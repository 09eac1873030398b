#include "supervisor/restore.h"

#include "base/folder.h"
#include "results/query.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the file called `path` lies in the restored tree. Absolute ones lie below the folder, relative ones
 * below `here`. */
static bool place_of(const restored *r, const char *path, path_text out, as_error *e)
{
    return path_join(out, path[0] == '/' ? r->folder : r->here, path + (path[0] == '/'), e);
}

static bool make_parent(const char *file, as_error *e)
{
    path_text folder;
    snprintf(folder, sizeof folder, "%s", file);
    *strrchr(folder, '/') = 0;
    return folder_make(folder, e);
}

static bool write_source(void *self, const char *path, const char *text, as_error *e)
{
    path_text file;
    if (!place_of(self, path, file, e) || !make_parent(file, e))
        return false;
    FILE *f = fopen(file, "we");
    bool ok = f && fputs(text, f) >= 0;
    if (f)
        ok = fclose(f) == 0 && ok;
    return ok || error_set(e, "cannot write %s: %s", file, strerror(errno));
}

/* The first column of a statement's rows for the run, each given to `use`. */
static bool each_text(store *s, int64_t run, const char *sql, bool use(restored *, const char *, as_error *),
                      restored *r, as_error *e)
{
    query_value value = {.type = QUERY_INTEGER, .integer = run};
    query_rows *rows = query_rows_open(s, sql, &value, 1, e);
    bool ok = rows != NULL;
    while (ok && query_rows_next(rows))
        ok = use(r, query_rows_value(rows, 0).text, e);
    return rows && query_rows_close(rows, e) && ok;
}

static bool take_script(restored *r, const char *path, as_error *e)
{
    return place_of(r, path, r->script, e);
}

/* A relative path leads to the file it leads to from here. One that is not here is not linked: the run will
 * say that it is missing. */
static bool link_here(restored *r, const char *path, as_error *e)
{
    path_text from, to;
    if (path[0] == '/' || !realpath(path, from))
        return true;
    if (!place_of(r, path, to, e) || !make_parent(to, e))
        return false;
    return symlink(from, to) == 0 || errno == EEXIST ||
           error_set(e, "cannot link %s: %s", to, strerror(errno));
}

bool restore_sources(store *s, int64_t run, restored *r, as_error *e)
{
    const char *base = getenv("TMPDIR");
    *r = (restored){0};
    snprintf(r->folder, sizeof r->folder, "%s/assay-rerun-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(r->folder)) {
        error_set(e, "cannot make %s: %s", r->folder, strerror(errno));
        r->folder[0] = 0;
        return false;
    }
    /* deep enough that "../../lib.lua" stays inside */
    bool ok = path_join(r->here, r->folder, "above/above/above/above/here", e) && folder_make(r->here, e) &&
              store_sources(s, run, write_source, r, e) &&
              each_text(s, run,
                        "SELECT s.path FROM run_source s JOIN run r ON r.id = s.run_id JOIN experiment x"
                        " ON x.id = r.experiment_id WHERE r.id = ?1 AND s.own = 0"
                        " AND s.source_id = x.source_id",
                        take_script, r, e) &&
              each_text(s, run, "SELECT path FROM data_use WHERE run_id = ?1", link_here, r, e) &&
              link_here(r, "plugins", e);
    return ok && (r->script[0] || error_set(e,
                                            "%s: run %lld has no script on record: it ended before one "
                                            "was loaded",
                                            store_path(s), (long long)run));
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

void restore_remove(const restored *r)
{
    if (r->folder[0])
        nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
