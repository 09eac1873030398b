#include "cli/fetch.h"

#include "base/folder.h"
#include "cli/fetch_source.h"
#include "supervisor/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Where file i is, with the right content; where it should go otherwise. */
typedef struct {
    path_text path;
    bool good;
} place;

/* A damaged file is fetched again: the folder of new ones is the first that is searched. */
static bool look(const fetch *f, size_t i, place *p, as_error *e)
{
    const data_file *file = &f->set->files[i];
    as_error why = {0};
    p->good = data_locate(f->set->name, file->name, p->path);
    if (p->good && data_verify(p->path, file, &why))
        return true;
    path_text goal;
    if (!path_join(goal, f->folder, file->name, e))
        return false;
    if (p->good)
        fprintf(f->talk, "%s; fetching it again\n", why.text);
    p->good = false;
    memcpy(p->path, goal, sizeof goal);
    return true;
}

static bool flush(const char *path, as_error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    return ok || error_set(e, "%s: cannot write: %s", path, strerror(reason));
}

/* PART holds what may be the file: becomes it, or is removed and told. */
static bool accept(const fetch *f, const data_file *file, const char *part, const char *path)
{
    as_error why = {0};
    if (data_verify(part, file, &why) && flush(part, &why)) {
        if (rename(part, path) == 0)
            return true;
        error_set(&why, "%s: cannot write: %s", path, strerror(errno));
    }
    fprintf(f->talk, "%s\n", why.text);
    unlink(part);
    return false;
}

/* From the first source that has the right content. */
static bool fetch_file(fetch *f, size_t i, const char *path, as_error *e)
{
    const data_file *file = &f->set->files[i];
    path_text part;
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return error_set(e, "%s: the path is too long", path);
    if (fetch_from_package(f, file, part) && accept(f, file, part, path))
        return true;
    for (size_t k = 0; k < DATA_ADDRESSES && f->set->address[k]; k++) {
        bool resumed = access(part, F_OK) == 0;
        if (fetch_from_address(f, f->set->address[k], file, part) && accept(f, file, part, path))
            return true;
        /* what was there may have been the start of another file */
        if (resumed && access(part, F_OK) != 0 && fetch_from_address(f, f->set->address[k], file, part) &&
            accept(f, file, part, path))
            return true;
    }
    return error_set(
        e,
        "%s/%s could not be fetched, for the reasons above; run this again, or put the file into %s "
        "by hand, or set ASSAY_DATA to a folder that holds %s/",
        f->set->name, file->name, f->folder, f->set->name);
}

static bool fetch_missing(fetch *f, as_error *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < f->set->n_files; i++) {
        place p;
        ok = look(f, i, &p, e) && (p.good || fetch_file(f, i, p.path, e));
    }
    fetch_drop_package(f);
    return ok;
}

/* All there already: nothing to lock or to write, so that a folder one may only read is fine. */
static bool is_complete(const fetch *f)
{
    for (size_t i = 0; i < f->set->n_files; i++) {
        path_text path;
        as_error ignored = {0};
        if (!data_locate(f->set->name, f->set->files[i].name, path) ||
            !data_verify(path, &f->set->files[i], &ignored))
            return false;
    }
    return true;
}

/* Held until the descriptor is closed, so also when this process is killed. */
static int lock(const fetch *f, as_error *e)
{
    path_text path;
    if (!folder_make(f->folder, e) || !path_join(path, f->folder, ".lock", e))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        fprintf(f->talk, "%s: another assay is fetching it, waiting\n", f->set->name);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    error_set(e, "%s: cannot write: %s; set ASSAY_DATA to a folder that can be written", path,
              strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool fetch_set(const data_set *set, FILE *talk, as_error *e)
{
    char folders[DATA_FOLDERS][DATA_PATH];
    fetch f = {.set = set, .talk = talk};
    data_folders(folders);
    if (!path_join(f.folder, folders[0], set->name, e))
        return false;
    if (is_complete(&f))
        return true;
    int fd = lock(&f, e);
    if (fd < 0)
        return false;
    bool ok = fetch_missing(&f, e);
    close(fd);
    return ok;
}
