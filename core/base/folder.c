#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool folder_make(const char *path, as_error *e)
{
    char *copy = strdup(path);
    if (!copy)
        return error_set(e, "out of memory");
    bool ok = true;
    for (char *at = copy + 1; ok; at++) {
        if (*at && *at != '/')
            continue;
        char kept = *at;
        *at = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            ok = error_set(e, "cannot make the folder %s: %s", copy, strerror(errno));
        *at = kept;
        if (!kept)
            break;
    }
    free(copy);
    return ok;
}
