/* Whether data that a run read is still what lies on disk. */
#ifndef ASSAY_DATA_ORIGIN_H
#define ASSAY_DATA_ORIGIN_H

#include "data/file.h"

/* Hashes taken so far, so that a hundred runs on one data set hash it once: good while no file was touched,
 * by number, bytes and the newest time of change of an inode. All zero at first. */
typedef struct {
    struct origin_known *list;
    size_t n;
} origin_memory;

void origin_forget(origin_memory *m);

typedef enum { ORIGIN_SAME, ORIGIN_CHANGED, ORIGIN_GONE } origin_fate;

/* What became of the file or folder of images that was recorded as `path`, read by `dataset` (see
 * files_note). A data set's file is looked up as the next run would: another folder in ASSAY_DATA may hold
 * another file. What cannot be read counts as gone. */
origin_fate origin_compare(origin_memory *m, const char *dataset, const char *path, const file_origin *then);

#endif
