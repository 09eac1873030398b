#include "data/image_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH = 4096 };

static bool add_file(image_list *l, const char *path, int64_t class, as_error *e)
{
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 256;
        char **paths = realloc(l->paths, room * sizeof *paths);
        l->paths = paths ? paths : l->paths;
        int64_t *classes = realloc(l->class, room * sizeof *classes);
        l->class = classes ? classes : l->class;
        if (!paths || !classes)
            return error_set(e, "%s: out of memory", path);
        l->room = room;
    }
    l->paths[l->n] = strdup(path);
    l->class[l->n] = class;
    return l->paths[l->n] ? (l->n++, true) : error_set(e, "%s: out of memory", path);
}

void image_list_free(image_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->paths[i]);
    free(l->paths);
    free(l->class);
    for (size_t i = 0; i < l->n_classes; i++)
        free(l->classes[i]);
    free(l->classes);
    *l = (image_list){0};
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* alphasort asks the locale */
}

static bool is_png(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcasecmp(name + n - 4, ".png") == 0;
}

static bool join(char out[PATH], const char *folder, const char *name, as_error *e)
{
    return snprintf(out, PATH, "%s/%s", folder, name) < PATH ||
           error_set(e, "%s/%s: the path is too long", folder, name);
}

/* -1 and e when the folder cannot be read. */
static int list_folder(const char *folder, struct dirent ***entries, as_error *e)
{
    int n = scandir(folder, entries, is_shown, by_bytes);
    if (n < 0)
        error_set(e, "%s: cannot read the folder: %s", folder, strerror(errno));
    return n;
}

static void free_entries(struct dirent **entries, int n)
{
    for (int i = 0; i < n; i++)
        free(entries[i]);
    if (n >= 0)
        free(entries);
}

/* Every file of a class's folder is an image of it: what is not is told, for it would be missing. */
static bool list_class(const char *folder, int64_t class, image_list *l, as_error *e)
{
    struct dirent **entries;
    int n = list_folder(folder, &entries, e);
    char path[PATH];
    bool ok = n >= 0;
    size_t before = l->n;
    for (int i = 0; ok && i < n; i++) {
        ok = join(path, folder, entries[i]->d_name, e);
        if (ok && !is_png(entries[i]->d_name))
            ok = error_set(e, "%s: only .png files are read: convert it, or move it away", path);
        ok = ok && add_file(l, path, class, e);
    }
    free_entries(entries, n);
    return ok && (l->n > before || error_set(e, "%s: no .png files", folder));
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool add_class(image_list *l, const char *name, as_error *e)
{
    char **more = realloc(l->classes, (l->n_classes + 1) * sizeof *more);
    if (more)
        l->classes = more;
    char *copy = more ? strdup(name) : NULL;
    if (!copy)
        return error_set(e, "%s: out of memory", name);
    l->classes[l->n_classes++] = copy;
    return true;
}

static bool list_files(const char *folder, image_list *l, as_error *e)
{
    struct dirent **entries;
    int n = list_folder(folder, &entries, e);
    char path[PATH];
    bool ok = n >= 0;
    for (int i = 0; ok && i < n; i++) {
        ok = join(path, folder, entries[i]->d_name, e);
        if (ok && is_folder(path))
            ok = add_class(l, entries[i]->d_name, e) && list_class(path, (int64_t)l->n_classes - 1, l, e);
    }
    for (int i = 0; ok && l->n_classes == 0 && i < n; i++)
        if (is_png(entries[i]->d_name))
            ok = join(path, folder, entries[i]->d_name, e) && add_file(l, path, -1, e);
    free_entries(entries, n);
    return ok && (l->n > 0 || error_set(e, "%s: no sub-folders with .png files, and no .png files", folder));
}

bool image_list_read(const char *folder, image_list *out, as_error *e)
{
    char base[PATH];
    *out = (image_list){0};
    if (snprintf(base, sizeof base, "%s", folder) >= (int)sizeof base)
        return error_set(e, "%s: the path is too long", folder);
    size_t n = strlen(base);
    while (n > 1 && base[n - 1] == '/')
        base[--n] = 0;
    out->base = n + 1;
    bool ok = list_files(base, out, e);
    if (!ok)
        image_list_free(out);
    return ok;
}

bool image_lines_open(image_lines *m, const char *folder, as_error *e)
{
    *m = (image_lines){.folder = folder};
    m->out = open_memstream(&m->text, &m->length);
    return m->out || error_set(e, "%s: out of memory", folder);
}

void image_lines_add(image_lines *m, const image_list *l, size_t file, const char *sha256)
{
    fprintf(m->out, "%s  %s\n", sha256, l->paths[file] + l->base);
}

bool image_lines_close(image_lines *m, char out[HASH_TEXT], as_error *e)
{
    bool ok = fclose(m->out) == 0 || error_set(e, "%s: out of memory", m->folder);
    if (ok)
        hash_bytes(m->text, m->length, out);
    free(m->text);
    return ok;
}
