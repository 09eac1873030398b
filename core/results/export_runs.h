/* Going through the runs that are exported. */
#ifndef ASSAY_RESULTS_EXPORT_RUNS_H
#define ASSAY_RESULTS_EXPORT_RUNS_H

#include "results/export.h"
#include "results/internal.h"

/* The first columns of each run; what follows is as in view `runs`. */
enum { EXPORT_ID, EXPORT_EXPERIMENT, EXPORT_ARM, EXPORT_SEED, EXPORT_STAGE, EXPORT_STATUS };

typedef bool export_take(void *self, sqlite3_stmt *run, as_error *e);

/* Calls `take` with each run, by number. `begin` (may be NULL) is called before; both see the same moment. */
bool export_runs(store *s, const char *experiment, export_take *begin, export_take *take, void *self,
                 int64_t *runs, as_error *e);

#endif
