/* A run's Lua files out of the database, in a folder of their own, so that it can be made again whatever has
 * become of the originals. */
#ifndef ASSAY_SUPERVISOR_RESTORE_H
#define ASSAY_SUPERVISOR_RESTORE_H

#include "results/upkeep.h"
#include "supervisor/paths.h"

typedef struct {
    path_text folder; /* to be deleted with restore_remove */
    path_text here;   /* the folder in it to work in */
    path_text script; /* absolute */
} restored;

/* Writes the files below a new folder in $TMPDIR. Relative data files and the folder plugins of the current
 * folder are linked there. fails 'run 3 has no script on record' */
bool restore_sources(store *s, int64_t run, restored *r, as_error *e);
void restore_remove(const restored *r);

#endif
