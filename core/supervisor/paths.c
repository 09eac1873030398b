#include "supervisor/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool path_join(path_text out, const char *folder, const char *name, as_error *e)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return (n > 0 && n < PATH_MAX) || error_set(e, "%s/%s: the path is too long", folder, name);
}

bool path_of_program(path_text out, as_error *e)
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (n <= 0)
        return error_set(e, "cannot read /proc/self/exe: %s", strerror(errno));
    out[n] = 0;
    char *slash = strrchr(out, '/');
    *(slash > out ? slash : out + 1) = 0;
    return true;
}

/* FOLDER/name made canonical, if it is there. */
static bool found(const char *folder, const char *name, path_text out)
{
    path_text raw;
    as_error ignored = {0};
    return path_join(raw, folder, name, &ignored) && realpath(raw, out);
}

bool path_of_worker(path_text out, as_error *e)
{
    const char *given = getenv("ASSAY_WORKER");
    if (given && *given) {
        if (!realpath(given, out) || access(out, X_OK) != 0)
            return error_set(e, "ASSAY_WORKER is %s, which cannot be run: %s", given, strerror(errno));
        return true;
    }
    path_text here;
    if (!path_of_program(here, e))
        return false;
    if (found(here, "assay-worker", out) || found(here, "../libexec/assay/assay-worker", out))
        return true;
    return error_set(e, "no assay-worker in %s or %s/../libexec/assay; build it: ./assay --version", here,
                     here);
}

bool path_of_headers(path_text out, as_error *e)
{
    path_text here, header;
    if (!path_of_program(here, e))
        return false;
    static const char *const places[] = {"../../core/include", "../include"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!found(here, places[i], out))
            continue;
        if (found(out, "assay/plugin.h", header))
            return true;
    }
    return error_set(e, "no assay/plugin.h in %s/../../core/include or %s/../include", here, here);
}

bool path_of_shared(const char *name, path_text out, as_error *e)
{
    path_text here;
    if (!path_of_program(here, e))
        return false;
    static const char *const places[] = {"../..", "../share/assay"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        path_text folder;
        if (found(here, places[i], folder) && found(folder, name, out))
            return true;
    }
    return error_set(e, "no %s in %s/../.. or %s/../share/assay", name, here, here);
}
