#include "plugin/source.h"

#include "base/source_hash.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool beside(const char *so, int stem, plugin_source *s)
{
    static const char *const endings[] = {".c", ".cc", ".cpp"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (snprintf(s->path, FIND_PATH, "%.*s%s", stem, so, endings[i]) >= FIND_PATH ||
            access(s->path, R_OK) != 0)
            continue;
        snprintf(s->command, sizeof s->command, "assay build %s", s->path);
        return true;
    }
    return false;
}

/* Where the k-th slash from the end stands; 0 when there are fewer. */
static int slash_from_end(const char *path, int k)
{
    int at = (int)strlen(path);
    while (at > 0 && (path[at] != '/' || --k > 0))
        at--;
    return at;
}

/* ROOT/build/NAME/plugins/KIND/NAME.so, as Assay's own build lays them out */
static bool in_tree(const char *so, int stem, plugin_source *s)
{
    int build = slash_from_end(so, 3), root = slash_from_end(so, 5);
    if (root == 0 || strncmp(so + root, "/build/", 7) != 0 || strncmp(so + build, "/plugins/", 9) != 0)
        return false;
    if (snprintf(s->path, FIND_PATH, "%.*s%.*s.c", root, so, stem - build, so + build) >= FIND_PATH ||
        access(s->path, R_OK) != 0)
        return false;
    snprintf(s->command, sizeof s->command, "ninja -C %.*s all_plugins", build, so);
    return true;
}

bool source_find(const char *so, plugin_source *s)
{
    int stem = (int)strlen(so) - 3;
    if (stem <= 0 || strcmp(so + stem, ".so") != 0)
        return false;
    return beside(so, stem, s) || in_tree(so, stem, s);
}

bool source_changed(const char *so, const char *hash, plugin_source *s)
{
    char now[HASH_TEXT];
    as_error ignored = {{0}};
    int64_t written, built = source_written(so);
    if (!source_find(so, s) || built == 0 || !source_hash(s->path, now, &written, &ignored))
        return false;
    return written > built && (!hash || !*hash || strcmp(now, hash) != 0);
}
