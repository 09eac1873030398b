/* Numbers as they lie in a file, into an array. For the readers of this folder. */
#ifndef ASSAY_DATA_RAW_H
#define ASSAY_DATA_RAW_H

#include "data/array.h"

typedef struct {
    char kind;         /* 'f' real, 'i' signed, 'u' unsigned */
    int bytes;         /* of one: f 2 4 8, i and u 1 2 4 8 */
    bool big;          /* the most significant byte comes first */
    bool column_major; /* the first axis runs fastest, as in Fortran */
    const unsigned char *at;
} raw_numbers;

/* The items `dims` have, false if that is more than a size_t of bytes holds. */
bool raw_count(as_dims dims, int64_t *count);

bool raw_make(const char *path, as_dtype dtype, as_dims dims, data_array *out, as_error *e);

bool raw_read(const char *path, const raw_numbers *in, as_dims dims, const data_wish *wish, data_array *out,
              as_error *e);

/* "3,4" for messages; "" for a scalar. Returns buffer. */
#define RAW_TEXT 192
const char *raw_dims_text(as_dims dims, char buffer[RAW_TEXT]);

#endif
