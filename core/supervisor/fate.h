/* What is to be done about a planned run: nothing, since an equal one is there; wait for another process; go
 * on from a checkpoint; make it. */
#ifndef ASSAY_SUPERVISOR_FATE_H
#define ASSAY_SUPERVISOR_FATE_H

#include "supervisor/session.h"

typedef enum { FATE_DONE, FATE_ELSEWHERE, FATE_RESUME, FATE_NEW } fate_kind;

typedef struct {
    fate_kind kind;
    int64_t run; /* the one there is; 0 for FATE_NEW */
    char uuid[STORE_UUID];
    char why[512]; /* done: how its build differs; new: what has changed since an earlier run; may be empty */
} fate;

/* Fills it->identity too. */
bool fate_of(session *s, item *it, fate *f, as_error *e);

/* The fate of every item, as supervisor_look returns it; the store may be NULL: then all are new. */
cJSON *look_all(session *s, as_error *e);

/* changes.c: what differs between the item and the nearest run of its arm and seed that is done: "not as run
 * 12: script; lr 0.1 -> 0.2; losses/poly1". Empty if there is no such run, in a sweep at this point. */
bool changes_since(session *s, const item *it, char *out, size_t size, as_error *e);

/* changes.c: "commit 6befc13, now 700e87b" if the run was made by another build than the plan's, else empty.
 */
bool changes_of_build(session *s, int64_t run, char *out, size_t size, as_error *e);

#endif
