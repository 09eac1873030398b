#include "plugin/find.h"

#include "base/suggest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const find_kinds[FIND_KINDS] = {"losses", "heads",  "samplers", "hooks",   "distillers",
                                            "soups",  "scores", "adapters", "datasets"};

const char *find_kind_of(const char *word)
{
    static const char *const singular[FIND_KINDS] = {"loss", "head",  "sampler", "hook",   "distiller",
                                                     "soup", "score", "adapter", "dataset"};
    for (int i = 0; i < FIND_KINDS; i++)
        if (strcmp(word, find_kinds[i]) == 0 || strcmp(word, singular[i]) == 0)
            return find_kinds[i];
    return NULL;
}

bool find_kind(const char *kind, as_error *e)
{
    const char *meant = find_kind_of(kind);
    if (meant && strcmp(meant, kind) == 0)
        return true;
    if (!meant)
        meant = suggest(kind, find_kinds, FIND_KINDS);
    if (meant)
        return error_set(e, "no plugin kind \"%s\"; did you mean \"%s\"?", kind, meant);
    return error_set(e,
                     "no plugin kind \"%s\"; kinds are losses, heads, samplers, hooks, distillers, soups, "
                     "scores, adapters, datasets",
                     kind);
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return strcmp(a, b) == 0 ||
           (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* One more folder unless it is listed already or too long. */
static int add_folder(char folders[FIND_FOLDERS][FIND_PATH], int n, const char *base, int length,
                      const char *tail)
{
    if (n == FIND_FOLDERS || length == 0)
        return n;
    int size = snprintf(folders[n], FIND_PATH, "%.*s%s", length, base, tail);
    if (size >= FIND_PATH)
        return n;
    for (int i = 0; i < n; i++)
        if (same_file(folders[i], folders[n]))
            return n;
    return n + 1;
}

/* Beside the program (a build tree), then where `cmake --install` puts plugins for a program in
 * PREFIX/bin or PREFIX/libexec/assay. */
static int add_program_folders(char folders[FIND_FOLDERS][FIND_PATH], int n)
{
    char program[FIND_PATH];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        return n;
    program[size] = '\0';
    static const char *const tails[] = {"/plugins", "/lib/assay/plugins", "/lib/assay/plugins"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            break;
        *slash = '\0';
        n = add_folder(folders, n, program, (int)strlen(program), tails[i]);
    }
    return n;
}

int find_folders(char folders[FIND_FOLDERS][FIND_PATH])
{
    int n = add_folder(folders, 0, "plugins", 7, "");
    const char *path = getenv("ASSAY_PLUGIN_PATH");
    while (path && *path) {
        int length = (int)strcspn(path, ":");
        n = add_folder(folders, n, path, length, "");
        path += length + (path[length] == ':');
    }
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        n = add_folder(folders, n, data, (int)strlen(data), "/assay/plugins");
    else if (home)
        n = add_folder(folders, n, home, (int)strlen(home), "/.local/share/assay/plugins");
    return add_program_folders(folders, n);
}

/* In one folder the first of them wins. */
static const char *const endings[] = {".so", ".lua"};

int find_paths(const char *kind, const char *name, char (*paths)[FIND_PATH], int n)
{
    char folders[FIND_FOLDERS][FIND_PATH];
    int found = 0, count = find_folders(folders);
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof endings / sizeof *endings && found < n; k++) {
            int size = snprintf(paths[found], FIND_PATH, "%s/%s/%s%s", folders[i], kind, name, endings[k]);
            found += size < FIND_PATH && access(paths[found], F_OK) == 0;
        }
    return found;
}

bool find_path(const char *kind, const char *name, char path[FIND_PATH])
{
    return find_paths(kind, name, (char(*)[FIND_PATH])path, 1) == 1;
}

static void free_hit(find_hit *hit)
{
    free(hit->kind);
    free(hit->name);
    free(hit->path);
}

static bool add_hit(find_list *list, const char *folder, const char *kind, const char *file, size_t length)
{
    if (list->count == list->capacity) {
        int capacity = list->capacity ? list->capacity * 2 : 32;
        find_hit *more = realloc(list->hits, (size_t)capacity * sizeof *more);
        if (!more)
            return false;
        list->hits = more;
        list->capacity = capacity;
    }
    find_hit hit = {.kind = strdup(kind), .name = strndup(file, length)};
    if (asprintf(&hit.path, "%s/%s/%s", folder, kind, file) < 0)
        hit.path = NULL;
    list->hits[list->count++] = hit; /* find_free takes what there is of it */
    return hit.kind && hit.name && hit.path;
}

/* The file's name without the ending, as a length; 0 for another file, and for known answers beside a plugin.
 */
static size_t stem_length(const char *file, const char *ending)
{
    static const char spec[] = "_spec.lua";
    size_t length = strlen(file), end = strlen(ending), tail = sizeof spec - 1;
    if (*file == '.' || length <= end || strcmp(file + length - end, ending) != 0)
        return 0;
    return length > tail && strcmp(file + length - tail, spec) == 0 ? 0 : length - end;
}

static bool list_folder(const char *folder, const char *kind, const char *ending, find_list *list)
{
    char path[FIND_PATH];
    if (snprintf(path, sizeof path, "%s/%s", folder, kind) >= FIND_PATH)
        return true;
    DIR *d = opendir(path);
    if (!d)
        return true;
    bool enough = true;
    for (struct dirent *entry; enough && (entry = readdir(d));) {
        size_t length = stem_length(entry->d_name, ending);
        if (length > 0)
            enough = add_hit(list, folder, kind, entry->d_name, length);
    }
    closedir(d);
    return enough;
}

/* A link to the file that is used hides nothing. */
static void drop_links(find_list *list, int start)
{
    int kept = start, used = start;
    for (int i = start; i < list->count; i++) {
        find_hit *hit = &list->hits[i];
        if (!hit->hidden)
            used = kept;
        if (!hit->hidden || !same_file(list->hits[used].path, hit->path)) {
            list->hits[kept++] = *hit;
            continue;
        }
        free_hit(hit);
    }
    list->count = kept;
}

/* Insertion sort from `start`: stable, so that the search order stays among equal names. */
static void sort_hits(find_list *list, int start)
{
    for (int i = start + 1; i < list->count; i++) {
        find_hit hit = list->hits[i];
        int k = i;
        for (; k > start && strcmp(list->hits[k - 1].name, hit.name) > 0; k--)
            list->hits[k] = list->hits[k - 1];
        list->hits[k] = hit;
    }
    for (int i = start + 1; i < list->count; i++)
        list->hits[i].hidden = strcmp(list->hits[i - 1].name, list->hits[i].name) == 0;
    drop_links(list, start);
}

bool find_all(const char *kind, find_list *list, as_error *e)
{
    *list = (find_list){0};
    char folders[FIND_FOLDERS][FIND_PATH];
    int n = find_folders(folders);
    for (int k = 0; k < FIND_KINDS; k++) {
        if (kind && strcmp(kind, find_kinds[k]) != 0)
            continue;
        int start = list->count;
        for (int i = 0; i < 2 * n; i++)
            if (!list_folder(folders[i / 2], find_kinds[k], endings[i % 2], list)) {
                find_free(list);
                return error_set(e, "out of memory listing plugins");
            }
        sort_hits(list, start);
    }
    return true;
}

void find_free(find_list *list)
{
    for (int i = 0; i < list->count; i++)
        free_hit(&list->hits[i]);
    free(list->hits);
    *list = (find_list){0};
}

bool find_missing(const char *kind, const char *name, const char *const *names, int n, as_error *e)
{
    char folders[FIND_FOLDERS][FIND_PATH], searched[640] = "";
    int count = find_folders(folders);
    size_t size = 0;
    for (int i = 0; i < count && size < sizeof searched; i++)
        size += (size_t)snprintf(searched + size, sizeof searched - size, "%s%s", i ? ", " : "", folders[i]);
    const char *meant = suggest(name, names, (size_t)n);
    if (meant)
        return error_set(e, "no plugin %s/%s; did you mean \"%s\"? Searched %s", kind, name, meant, searched);
    return error_set(e, "no plugin %s/%s; searched %s", kind, name, searched);
}
