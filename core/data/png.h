/* One PNG in memory. */
#ifndef ASSAY_DATA_PNG_H
#define ASSAY_DATA_PNG_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t width, height;
    bool colour; /* more than grey, a palette counts */
} png_size;

/* What the header says. The text begins with the path. */
bool png_header(const char *path, const unsigned char *bytes, size_t n, png_size *size, as_error *e);

/* Decodes into planes of `out`, f32[channels, height, width] in 0 to 1; a grey image fills three channels
 * alike. 8 and 16 bits keep their values (v / 255, v / 65535), no colour management, transparency dropped. */
bool png_decode(const char *path, const unsigned char *bytes, size_t n, const png_size *size, int channels,
                float *out, as_error *e);

/* Pixels in rows, one byte a channel (1: grey, 3: red, green, blue), as a file. -> owned by the caller
 * (free), *n bytes; NULL when memory is out. */
unsigned char *png_encode(const unsigned char *pixels, int width, int height, int channels, size_t *n);

#endif
