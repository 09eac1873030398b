#include "data/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path;
    const unsigned char *at;
    size_t left;
    as_error *e;
} source;

static void on_error(png_structp png, png_const_charp text)
{
    source *s = png_get_error_ptr(png);
    error_set(s->e, "%s: damaged PNG: %s", s->path, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep out, size_t n)
{
    source *s = png_get_io_ptr(png);
    if (n > s->left)
        png_error(png, "the file is cut off");
    memcpy(out, s->at, n);
    s->at += n;
    s->left -= n;
}

/* A reader of `s` that stands behind the header, or NULL and s->e. */
static png_structp begin(source *s, png_infop *info)
{
    if (s->left < 8 || png_sig_cmp(s->at, 0, 8) != 0) {
        error_set(s->e, "%s: no PNG file", s->path);
        return NULL;
    }
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, s, on_error, on_warning);
    *info = png ? png_create_info_struct(png) : NULL;
    if (!*info) {
        error_set(s->e, "%s: out of memory", s->path);
        png_destroy_read_struct(&png, NULL, NULL);
        return NULL;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, info, NULL);
        return NULL;
    }
    png_set_read_fn(png, s, on_read);
    png_read_info(png, *info);
    return png;
}

static png_size size_of(png_structp png, png_infop info)
{
    return (png_size){.width = png_get_image_width(png, info),
                      .height = png_get_image_height(png, info),
                      .colour = (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) != 0};
}

bool png_header(const char *path, const unsigned char *bytes, size_t n, png_size *size, as_error *e)
{
    source s = {path, bytes, n, e};
    png_infop info;
    png_structp png = begin(&s, &info);
    if (!png)
        return false;
    *size = size_of(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

/* 8 or 16 bits a value, without palette and transparency, `channels` of them. Returns the bytes of a row. */
static size_t transform(png_structp png, png_infop info, int channels)
{
    png_set_expand(png); /* palettes and fewer than 8 bits; adds an alpha channel for tRNS */
    png_set_strip_alpha(png);
    if (channels == 3)
        png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return png_get_rowbytes(png, info);
}

/* From interleaved rows to planes. */
static void spread(const unsigned char *from, bool wide, int channels, int64_t pixels, float *out)
{
    for (int k = 0; k < channels; k++)
        for (int64_t i = 0; i < pixels; i++) {
            int64_t at = i * channels + k;
            out[k * pixels + i] =
                wide ? (float)(from[2 * at] << 8 | from[2 * at + 1]) / 65535 : (float)from[at] / 255;
        }
}

/* What longjmp must not lose lives here, outside the function that calls setjmp. */
typedef struct {
    unsigned char *pixels;
    unsigned char **rows;
    size_t row;
} picture;

static bool read_rows(png_structp png, png_infop info, int channels, const png_size *size, picture *p)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    p->row = transform(png, info, channels);
    p->pixels = malloc(p->row * (size_t)size->height);
    p->rows = malloc((size_t)size->height * sizeof *p->rows);
    if (!p->pixels || !p->rows)
        png_error(png, "out of memory");
    for (int64_t i = 0; i < size->height; i++)
        p->rows[i] = p->pixels + (size_t)i * p->row;
    png_read_image(png, p->rows);
    png_read_end(png, NULL);
    return true;
}

bool png_decode(const char *path, const unsigned char *bytes, size_t n, const png_size *size, int channels,
                float *out, as_error *e)
{
    source s = {path, bytes, n, e};
    png_infop info;
    png_structp png = begin(&s, &info);
    if (!png)
        return false;
    png_size now = size_of(png, info);
    picture p = {0};
    bool ok = (now.width == size->width && now.height == size->height) ||
              error_set(e, "%s: the file has changed while it was read", path);
    ok = ok && read_rows(png, info, channels, size, &p);
    if (ok)
        spread(p.pixels, png_get_bit_depth(png, info) == 16, channels, size->width * size->height, out);
    free(p.pixels);
    free(p.rows);
    png_destroy_read_struct(&png, &info, NULL);
    return ok;
}

unsigned char *png_encode(const unsigned char *pixels, int width, int height, int channels, size_t *n)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    unsigned char *bytes = malloc(size);
    if (!bytes || !png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL)) {
        png_image_free(&image);
        free(bytes);
        return NULL;
    }
    *n = size;
    return bytes;
}
