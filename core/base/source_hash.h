/* What a plugin's source is known by, and when it was last written. */
#ifndef ASSAY_BASE_SOURCE_HASH_H
#define ASSAY_BASE_SOURCE_HASH_H

#include "base/hash.h"

#include <stdint.h>

/* When the file was last written, in nanoseconds; 0 if there is no such file. */
int64_t source_written(const char *path);

/* What a plugin's source is known by: the SHA-256 of the file or, where it includes headers of its folder
 * (#include "x.h" at a line's beginning), that of "HASH HASH ...", the file's and theirs in order. *newest
 * (may be NULL) is the latest change of any of them, in nanoseconds. Fails as hash_file. */
bool source_hash(const char *path, char out[HASH_TEXT], int64_t *newest, as_error *e);

#endif
