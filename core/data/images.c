#include "data/png.h"
#include "data/raw.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH = 4096 };

/* The files of a set, in order. */
typedef struct {
    char **paths;
    int64_t *class; /* of each file; -1 in a folder without sub-folders */
    size_t n, room;
} file_list;

static bool add_file(file_list *l, const char *path, int64_t class, as_error *e)
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

static void free_list(file_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->paths[i]);
    free(l->paths);
    free(l->class);
}

/* ---- what there is ---- */

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
static bool list_class(const char *folder, int64_t class, file_list *l, as_error *e)
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

static bool add_class(image_set *out, const char *name, as_error *e)
{
    char **more = realloc(out->classes, (out->n_classes + 1) * sizeof *more);
    if (more)
        out->classes = more;
    char *copy = more ? strdup(name) : NULL;
    if (!copy)
        return error_set(e, "%s: out of memory", name);
    out->classes[out->n_classes++] = copy;
    return true;
}

/* Sub-folders are classes; without any, the PNG files of the folder itself. */
static bool list_files(const char *folder, image_set *out, file_list *l, as_error *e)
{
    struct dirent **entries;
    int n = list_folder(folder, &entries, e);
    char path[PATH];
    bool ok = n >= 0;
    for (int i = 0; ok && i < n; i++) {
        ok = join(path, folder, entries[i]->d_name, e);
        if (ok && is_folder(path))
            ok = add_class(out, entries[i]->d_name, e) && list_class(path, (int64_t)out->n_classes - 1, l, e);
    }
    for (int i = 0; ok && out->n_classes == 0 && i < n; i++)
        if (is_png(entries[i]->d_name))
            ok = join(path, folder, entries[i]->d_name, e) && add_file(l, path, -1, e);
    free_entries(entries, n);
    return ok && (l->n > 0 || error_set(e, "%s: no sub-folders with .png files, and no .png files", folder));
}

/* ---- the pixels ---- */

/* Every header: one size for all, and whether there are colours. */
static bool measure(const file_list *l, png_size *size, as_error *e)
{
    bool colour = false;
    for (size_t i = 0; i < l->n; i++) {
        enum { HEADER = 4096 }; /* what stands before the pixels, as a rule */
        unsigned char start[HEADER];
        FILE *f = fopen(l->paths[i], "rbe");
        if (!f)
            return error_set(e, "%s: cannot open: %s", l->paths[i], strerror(errno));
        size_t n = fread(start, 1, sizeof start, f);
        fclose(f);
        png_size now;
        as_error ignored = {0};
        if (n < sizeof start || !png_header(l->paths[i], start, n, &now, &ignored)) {
            file_origin origin;
            unsigned char *all = file_read(l->paths[i], &n, &origin, e);
            bool ok = all && png_header(l->paths[i], all, n, &now, e);
            free(all);
            if (!ok)
                return false;
        }
        if (i == 0)
            *size = now;
        if (now.width != size->width || now.height != size->height)
            return error_set(
                e, "%s: %lld x %lld pixels, %s has %lld x %lld: all images of a folder have one size",
                l->paths[i], (long long)now.width, (long long)now.height, l->paths[0], (long long)size->width,
                (long long)size->height);
        colour = colour || now.colour;
    }
    size->colour = colour;
    return true;
}

/* The lines whose hash stands for the folder. */
typedef struct {
    char *text;
    size_t length;
    FILE *out;
} manifest;

static bool decode_all(const char *folder, const file_list *l, const png_size *size, image_set *out,
                       file_origin *origin, FILE *lines, as_error *e)
{
    int channels = size->colour ? 3 : 1;
    as_dims dims = {4, {(int64_t)l->n, channels, size->height, size->width}};
    if (!raw_make(folder, AS_F32, dims, &out->x, e))
        return false;
    int64_t each = out->x.count / (int64_t)l->n;
    for (size_t i = 0; i < l->n; i++) {
        size_t n;
        file_origin one;
        unsigned char *bytes = file_read(l->paths[i], &n, &one, e);
        bool ok = bytes && png_decode(l->paths[i], bytes, n, size, channels,
                                      (float *)out->x.items + (int64_t)i * each, e);
        free(bytes);
        if (!ok)
            return false;
        fprintf(lines, "%s  %s\n", one.sha256, l->paths[i] + strlen(folder) + 1);
        origin->bytes += one.bytes;
    }
    return true;
}

static bool read_all(const char *folder, const file_list *l, image_set *out, file_origin *origin, as_error *e)
{
    png_size size;
    if (!measure(l, &size, e))
        return false;
    if (out->n_classes) {
        if (!raw_make(folder, AS_I64, (as_dims){1, {(int64_t)l->n}}, &out->y, e))
            return false;
        memcpy(out->y.items, l->class, l->n * sizeof *l->class);
    }
    manifest m = {0};
    m.out = open_memstream(&m.text, &m.length);
    if (!m.out)
        return error_set(e, "%s: out of memory", folder);
    bool ok = decode_all(folder, l, &size, out, origin, m.out, e);
    if (fclose(m.out) != 0)
        ok = error_set(e, "%s: out of memory", folder);
    if (ok)
        hash_bytes(m.text, m.length, origin->sha256);
    free(m.text);
    return ok;
}

bool images_read(const char *folder, image_set *out, file_origin *origin, as_error *e)
{
    char base[PATH];
    file_list l = {0};
    *out = (image_set){0};
    *origin = (file_origin){0};
    if (snprintf(base, sizeof base, "%s", folder) >= (int)sizeof base)
        return error_set(e, "%s: the path is too long", folder);
    for (size_t n = strlen(base); n > 1 && base[n - 1] == '/'; n--)
        base[n - 1] = 0;
    bool ok = list_files(base, out, &l, e) && read_all(base, &l, out, origin, e);
    free_list(&l);
    if (!ok)
        images_free(out);
    return ok;
}

void images_free(image_set *s)
{
    data_array_free(&s->x);
    data_array_free(&s->y);
    for (size_t i = 0; i < s->n_classes; i++)
        free(s->classes[i]);
    free(s->classes);
    *s = (image_set){0};
}
