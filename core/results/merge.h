/* Bringing what other databases hold into this one, with the files of their runs. */
#ifndef ASSAY_RESULTS_MERGE_H
#define ASSAY_RESULTS_MERGE_H

#include "results/store.h"

typedef struct {
    int taken;  /* runs that were not here */
    int known;  /* runs that were here, and are the same */
    int left;   /* runs left out: under way there, or others than those of the same uuid here */
    int files;  /* artifacts copied */
    int absent; /* artifacts left out: not there, or not what is on record */
} store_merged;

/* A line on something that was left out: "b.db: run 01a2... (ce, seed 3): ...". */
typedef void store_merge_told(void *self, const char *line);

/* Takes every row of the databases `sources` that `s` does not have, in one transaction: on failure, and when
 * the process dies, `s` is as it was (of files copied until a death, assay gc deletes what no run has). Runs
 * are the same when their uuid is; what is here stays, so merging again changes nothing. A run that differs
 * from the one here is left out with all that is its own; so is one under way. Sources are read as they are
 * at one moment, and never written.
 * fails, with nothing taken, when a source cannot be read, is no database of Assay, or a newer one's */
bool store_merge(store *s, const char *const *sources, size_t n, store_merge_told *told, void *self,
                 store_merged *out, as_error *e);

#endif
