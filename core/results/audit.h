/* Whether a database and its files are whole, and the space they take. */
#ifndef ASSAY_RESULTS_AUDIT_H
#define ASSAY_RESULTS_AUDIT_H

#include "results/store.h"

typedef struct {
    int64_t runs, values, files; /* looked at */
    int64_t faults;              /* told */
} store_audit_report;

/* One line on something that is not as it should be. */
typedef void store_audit_told(void *self, const char *line);

/* Looks at SQLite's own structure, at what rows point to, at statuses, at the hashes of sources and
 * artifacts, and for files that no run has. Files of runs under way are not looked at. Changes nothing. fails
 * when the database cannot be read that far */
bool store_audit(store *s, store_audit_told *told, void *self, store_audit_report *out, as_error *e);

/* Gives the space of deleted rows back to the disk and lays the rest out anew. Sizes with what stands beside
 * the file for now (the WAL).
 * fails while another process keeps the database locked */
bool store_vacuum(store *s, int64_t *before, int64_t *after, as_error *e);

#endif
