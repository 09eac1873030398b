/* Whole files in memory, gunzipped when they are gzip files, with the hash of what lies on disk. */
#ifndef ASSAY_DATA_FILE_H
#define ASSAY_DATA_FILE_H

#include "base/hash.h"

#include <stddef.h>

/* A file as it lies on disk, before gunzip. */
typedef struct {
    char sha256[HASH_TEXT];
    size_t bytes;
} file_origin;

/* Owned: free(). One zero byte stands after the last. NULL and e, which begins with the path: it cannot be
 * read, is no file, or is a damaged or cut gzip. */
unsigned char *file_read(const char *path, size_t *size, file_origin *origin, as_error *e);

/* The same from an open descriptor, which stays open. */
unsigned char *file_read_open(int fd, const char *path, size_t *size, file_origin *origin, as_error *e);

#endif
