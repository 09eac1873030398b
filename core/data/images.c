#include "data/image_list.h"
#include "data/png.h"
#include "data/raw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every header: one size for all, and whether there are colours. */
static bool measure(const image_list *l, png_size *size, as_error *e)
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

static bool decode_all(const char *folder, const image_list *l, const png_size *size, image_set *out,
                       file_origin *origin, image_lines *lines, as_error *e)
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
        image_lines_add(lines, l, i, one.sha256);
        origin->bytes += one.bytes;
    }
    return true;
}

static bool read_all(const char *folder, const image_list *l, image_set *out, file_origin *origin,
                     as_error *e)
{
    png_size size;
    if (!measure(l, &size, e))
        return false;
    if (l->n_classes) {
        if (!raw_make(folder, AS_I64, (as_dims){1, {(int64_t)l->n}}, &out->y, e))
            return false;
        memcpy(out->y.items, l->class, l->n * sizeof *l->class);
    }
    image_lines lines;
    if (!image_lines_open(&lines, folder, e))
        return false;
    bool ok = decode_all(folder, l, &size, out, origin, &lines, e);
    return image_lines_close(&lines, origin->sha256, e) && ok;
}

bool images_read(const char *folder, image_set *out, file_origin *origin, as_error *e)
{
    image_list l;
    *out = (image_set){0};
    *origin = (file_origin){0};
    if (!image_list_read(folder, &l, e))
        return false;
    bool ok = read_all(folder, &l, out, origin, e);
    if (ok) { /* the set takes the names */
        out->classes = l.classes;
        out->n_classes = l.n_classes;
        l.classes = NULL;
        l.n_classes = 0;
    }
    image_list_free(&l);
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
