/* SHA-256 as 64 hexadecimal digits, for sources, plugins and data. */
#ifndef ASSAY_BASE_HASH_H
#define ASSAY_BASE_HASH_H

#include "base/error.h"

#include <stddef.h>

#define HASH_TEXT 65 /* 64 digits and the end */

void hash_bytes(const void *bytes, size_t n, char out[HASH_TEXT]);

/* Fails "cannot read PATH: reason". */
bool hash_file(const char *path, char out[HASH_TEXT], as_error *e);

#endif
