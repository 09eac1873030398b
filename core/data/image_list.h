/* The files of a folder of images, and the hash that stands for them all. */
#ifndef ASSAY_DATA_IMAGE_LIST_H
#define ASSAY_DATA_IMAGE_LIST_H

#include "data/file.h"

#include <stdint.h>
#include <stdio.h>

typedef struct {
    size_t base;    /* where the part of a path begins that lies below the folder */
    char **paths;   /* by class, then name */
    int64_t *class; /* of each file; -1 in a folder without sub-folders */
    size_t n, room;
    char **classes; /* the sub-folders, sorted; NULL without */
    size_t n_classes;
} image_list;

/* Sub-folders are classes; without any, the PNG files of the folder itself. Fails where there is none, or
 * where a class has a file that is no PNG: it would be missing. */
bool image_list_read(const char *folder, image_list *out, as_error *e);
void image_list_free(image_list *l);

/* The lines "SHA256  CLASS/FILE\n", as sha256sum writes them, whose hash stands for the folder. */
typedef struct {
    const char *folder; /* borrowed, for messages */
    char *text;
    size_t length;
    FILE *out;
} image_lines;

bool image_lines_open(image_lines *m, const char *folder, as_error *e);
void image_lines_add(image_lines *m, const image_list *l, size_t file, const char *sha256);

/* Frees m; false when memory ran out on the way. */
bool image_lines_close(image_lines *m, char out[HASH_TEXT], as_error *e);

#endif
