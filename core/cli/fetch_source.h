/* The places a data set's files come from. For fetch.c. */
#ifndef ASSAY_CLI_FETCH_SOURCE_H
#define ASSAY_CLI_FETCH_SOURCE_H

#include "data/sets.h"
#include "supervisor/paths.h"

#include <stdio.h>

/* One set being fetched. */
typedef struct {
    const data_set *set;
    path_text folder; /* where its files go */
    FILE *talk;
    bool package_tried;
    bool package_open; /* FOLDER/.package/root holds the package's files */
} fetch;

/* Each leaves what it brought at `part` for the caller to check, or says on f->talk why not (nothing if the
 * set has no such source) and returns false. */

/* Copies the file an installed package has, else takes it out of the package, which apt-get downloads and
 * checks; nobody needs to be root for that. */
bool fetch_from_package(fetch *f, const data_file *file, const char *part);
void fetch_drop_package(fetch *f);

/* Downloads with the curl program; goes on where `part` ends. */
bool fetch_from_address(const fetch *f, const char *address, const data_file *file, const char *part);

#endif
