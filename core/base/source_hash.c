#include "base/source_hash.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t source_written(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return 0;
    return (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
}

/* The header a line includes from the folder of `file`; false where it includes none that is there. */
static bool own_header(const char *line, const char *file, char out[PATH_MAX])
{
    char name[256];
    const char *slash = strrchr(file, '/');
    int folder = slash ? (int)(slash - file) + 1 : 0;
    return sscanf(line, "#include \"%255[^\"]\"", name) == 1 &&
           snprintf(out, PATH_MAX, "%.*s%s", folder, file, name) < PATH_MAX && access(out, R_OK) == 0;
}

bool source_hash(const char *path, char out[HASH_TEXT], int64_t *newest, as_error *e)
{
    char line[4096], header[PATH_MAX], one[HASH_TEXT], *all = NULL;
    size_t size = 0;
    if (!hash_file(path, out, e))
        return false;
    FILE *text = fopen(path, "re"), *joined = open_memstream(&all, &size);
    bool ok = text && joined, has_header = false;
    int64_t latest = source_written(path);
    if (joined)
        fputs(out, joined);
    while (ok && fgets(line, sizeof line, text)) {
        if (!own_header(line, path, header))
            continue;
        ok = hash_file(header, one, e);
        fprintf(joined, " %s", one);
        has_header = true;
        latest = source_written(header) > latest ? source_written(header) : latest;
    }
    if (text)
        fclose(text);
    ok = joined && fclose(joined) == 0 && ok;
    if (ok && has_header)
        hash_bytes(all, size, out);
    free(all);
    if (newest)
        *newest = latest;
    return ok || error_set(e, "cannot read %s", path);
}
