/* What a sweep adds to a session: items that are points, and their rows. */
#ifndef ASSAY_SUPERVISOR_SWEEP_H
#define ASSAY_SUPERVISOR_SWEEP_H

#include "supervisor/session.h"

/* One of the plan's cells with a seed, or NULL for its pool. */
void sweep_add_item(session *s, const cJSON *cell, const cJSON *seed);

/* Puts what the sweep is into the outcome. Nothing to do, here and below, unless the plan is a sweep. */
bool sweep_describe(session *s, as_error *e);

/* The rows of the sweep and its points. */
bool sweep_record(session *s, as_error *e);

/* The item has a run: it is one of the sweep's. */
bool sweep_record_run(session *s, const item *it, as_error *e);

#endif
