/* The other results databases of a folder. They keep their runs' files in one artifacts/ together, so what a
 * run of theirs owns is not this database's to delete. Copies made before a migration (PATH.bak-vN) do not
 * count. */
#ifndef ASSAY_RESULTS_SIBLINGS_H
#define ASSAY_RESULTS_SIBLINGS_H

#include "results/internal.h"

typedef struct {
    struct sibling *list; /* owned */
    size_t n;
} siblings;

/* Opens those beside s->path for reading. One that cannot be read is a failure that names it: nobody knows
 * what it owns. Closed by siblings_close, also after a failure. */
bool siblings_open(siblings *them, const store *s, as_error *e);
void siblings_close(siblings *them);

/* Whether one of them has the run. */
bool siblings_have(const siblings *them, const char *uuid, bool *have, as_error *e);

#endif
