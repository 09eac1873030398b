#include "plugin/files.h"

#include "data/file.h"
#include "data/sets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static files_used *on_use;
static void *on_use_self;

void files_on_use(files_used *hook, void *self)
{
    on_use = hook;
    on_use_self = self;
}

void files_note(const char *dataset, const char *path, const char *sha256, size_t bytes)
{
    if (on_use)
        on_use(on_use_self, dataset, path, sha256, bytes);
}

/* Opens the first hit: its descriptor, -1 when there is none, -2 and e when it cannot be opened. */
static int open_first(char folders[DATA_FOLDERS][DATA_PATH], int n, const char *folder, const char *file,
                      char path[DATA_PATH], as_error *e)
{
    for (int i = 0; i < n; i++) {
        if (snprintf(path, DATA_PATH, "%s/%s/%s", folders[i], folder, file) >= DATA_PATH)
            continue;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno != ENOENT && errno != ENOTDIR) {
            error_set(e, "%s: cannot open: %s", path, strerror(errno));
            return -2;
        }
    }
    return -1;
}

static bool not_found(const char *folder, const char *file, const char *looked, as_error *e)
{
    const data_set *known = data_set_named(folder);
    if (known)
        return error_set(e,
                         "%s not found in %s; assay data get %s fetches it, or set ASSAY_DATA to the folder "
                         "that holds %s/",
                         file, looked, known->name, folder);
    return error_set(e, "%s not found in %s; set ASSAY_DATA to the folder that holds %s/", file, looked,
                     folder);
}

unsigned char *files_read(const char *name, const char *file, size_t *size, as_error *e)
{
    char folders[DATA_FOLDERS][DATA_PATH], path[DATA_PATH], folder[64], text[640];
    int n = data_folders(folders);
    snprintf(folder, sizeof folder, "%s", name);
    for (char *c = folder; *c; c++)
        if (*c == '_')
            *c = '-';
    if (!file || !*file || *file == '/' || strstr(file, "..")) {
        error_set(e, "\"%s\" is no file of the data set's own folder", file ? file : "");
        return NULL;
    }
    int fd = open_first(folders, n, folder, file, path, e);
    if (fd == -1)
        not_found(folder, file, data_folders_text(folders, n, text, sizeof text), e);
    if (fd < 0)
        return NULL;
    file_origin origin;
    unsigned char *bytes = file_read_open(fd, path, size, &origin, e);
    close(fd);
    if (bytes)
        files_note(name, path, origin.sha256, origin.bytes);
    return bytes;
}
