/* Files of data sets: found under $ASSAY_DATA, ~/.cache/assay, /usr/share/datasets in the folder of the data
 * set's name (with - for _), read whole, gunzipped, hashed. */
#ifndef ASSAY_PLUGIN_FILES_H
#define ASSAY_PLUGIN_FILES_H

#include "base/error.h"

#include <stddef.h>

/* Told of each file a data set reads: the hash is of the file as it lies on disk, before gunzip; bytes too.
 */
typedef void files_used(void *self, const char *dataset, const char *path, const char *sha256, size_t bytes);
void files_on_use(files_used *hook, void *self); /* NULL: nobody */

/* Tells the hook of data that was read another way: as.read_csv and its like. */
void files_note(const char *dataset, const char *path, const char *sha256, size_t bytes);

/* Reads FILE of data set NAME ("fashion_mnist"). Owned: free(). One zero byte stands after the last. NULL and
 * e: not found in which folders and what to do, or a damaged or cut gzip, named by path. */
unsigned char *files_read(const char *name, const char *file, size_t *size, as_error *e);

#endif
