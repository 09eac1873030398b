#include "data/origin.h"

#include "data/image_list.h"
#include "data/sets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Any write, rename or removal moves one of these: a rename of a class, the time of the folder above. */
typedef struct {
    size_t files, bytes;
    int64_t changed_ns;
} stamp;

typedef struct origin_known {
    char *path;
    stamp as;
    char sha256[HASH_TEXT];
} origin_known;

void origin_forget(origin_memory *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->list[i].path);
    free(m->list);
    *m = (origin_memory){0};
}

static const char *recall(const origin_memory *m, const char *path, const stamp *now)
{
    for (size_t i = m->n; i-- > 0;) { /* the newest first */
        const origin_known *k = &m->list[i];
        if (strcmp(k->path, path) == 0)
            return k->as.files == now->files && k->as.bytes == now->bytes &&
                           k->as.changed_ns == now->changed_ns
                       ? k->sha256
                       : NULL;
    }
    return NULL;
}

/* Without memory it is hashed again, that is all. */
static void remember(origin_memory *m, const char *path, const stamp *now, const char *sha256)
{
    origin_known *more = realloc(m->list, (m->n + 1) * sizeof *more);
    if (!more)
        return;
    m->list = more;
    more[m->n] = (origin_known){.path = strdup(path), .as = *now};
    memcpy(more[m->n].sha256, sha256, HASH_TEXT);
    m->n += more[m->n].path != NULL;
}

/* Where the data lies for the next run. The readers (as.read_csv, ...) take a path; a data set's plugin has
 * its files in FOLDER/NAME, with - for _. */
static void find(const char *dataset, const char *path, char place[DATA_PATH])
{
    char below[80];
    const char *file = NULL;
    snprintf(place, DATA_PATH, "%s", path);
    if (strncmp(dataset, "read_", 5) == 0 ||
        snprintf(below, sizeof below, "/%s/", dataset) >= (int)sizeof below)
        return;
    for (char *c = below; *c; c++)
        if (*c == '_')
            *c = '-';
    for (const char *at = strstr(path, below); at; at = strstr(at + 1, below))
        file = at + strlen(below);
    below[strlen(below) - 1] = 0;
    char now[DATA_PATH];
    if (file && data_locate(below + 1, file, now))
        memcpy(place, now, sizeof now);
}

static void add_time(stamp *s, const struct stat *about)
{
    int64_t changed_ns = about->st_ctim.tv_sec * INT64_C(1000000000) + about->st_ctim.tv_nsec;
    s->changed_ns = changed_ns > s->changed_ns ? changed_ns : s->changed_ns;
}

static void add_file(stamp *s, const struct stat *about)
{
    add_time(s, about);
    s->files++;
    s->bytes += (size_t)about->st_size;
}

static bool hash_images(const char *folder, const image_list *l, char out[HASH_TEXT])
{
    as_error ignored = {0};
    image_lines lines;
    if (!image_lines_open(&lines, folder, &ignored))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < l->n; i++) {
        char one[HASH_TEXT];
        ok = hash_file(l->paths[i], one, &ignored);
        if (ok)
            image_lines_add(&lines, l, i, one);
    }
    return image_lines_close(&lines, out, &ignored) && ok;
}

/* `images` is NULL for a file. */
static origin_fate compare(origin_memory *m, const char *place, const image_list *images, const stamp *now,
                           const file_origin *then)
{
    if (now->bytes != then->bytes)
        return ORIGIN_CHANGED;
    const char *known = recall(m, place, now);
    char sha256[HASH_TEXT];
    if (!known) {
        as_error ignored = {0};
        if (!(images ? hash_images(place, images, sha256) : hash_file(place, sha256, &ignored)))
            return ORIGIN_GONE;
        remember(m, place, now, sha256);
        known = sha256;
    }
    return strcmp(known, then->sha256) == 0 ? ORIGIN_SAME : ORIGIN_CHANGED;
}

static origin_fate compare_images(origin_memory *m, const char *place, stamp now, const file_origin *then)
{
    image_list images;
    as_error ignored = {0};
    if (!image_list_read(place, &images, &ignored))
        return ORIGIN_CHANGED; /* it was a folder of images, and is none now */
    bool there = true;
    for (size_t i = 0; there && i < images.n; i++) {
        struct stat about;
        there = stat(images.paths[i], &about) == 0;
        if (there)
            add_file(&now, &about);
    }
    origin_fate fate = there ? compare(m, place, &images, &now, then) : ORIGIN_GONE;
    image_list_free(&images);
    return fate;
}

origin_fate origin_compare(origin_memory *m, const char *dataset, const char *path, const file_origin *then)
{
    char place[DATA_PATH];
    struct stat about;
    stamp now = {0};
    find(dataset, path, place);
    if (stat(place, &about) != 0)
        return ORIGIN_GONE;
    if (S_ISDIR(about.st_mode)) {
        add_time(&now, &about);
        return compare_images(m, place, now, then);
    }
    add_file(&now, &about);
    return compare(m, place, NULL, &now, then);
}
