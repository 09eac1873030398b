/* Values that leave the graph, kept and given again. A method may stop gradients: it detaches, reads an item,
 * compares, computes without recording, assigns to a buffer. Its gradient is then that of another function,
 * in which those values are constants. Differences of that function need the very same constants at every
 * point: the base point records them in order, the points around it get them back. For the conformance check
 * only; without one a context's `replay` is NULL and nothing here runs. */
#ifndef ASSAY_AUTOGRAD_REPLAY_H
#define ASSAY_AUTOGRAD_REPLAY_H

#include "tensor/tensor.h"

typedef struct {
    as_t tensor; /* kept; NULL for a number */
    double number;
} replay_item;

typedef struct replay {
    bool play;     /* give again what was recorded; else record */
    bool diverged; /* the points did not ask for the same values: the method branches on its inputs */
    int count, capacity, at;
    replay_item *item;
} replay;

/* What leaves the graph as x: x itself while recording, else what left at this place of the base point.
 * Called only where the context has a replay; x was computed from something that requires a gradient. */
as_t replay_tensor(as_ctx *c, as_t x);
double replay_number(as_ctx *c, double value);

/* From the first value again: `play` gives, otherwise what was recorded is forgotten. */
void replay_rewind(replay *r, bool play);
void replay_free(replay *r);

#endif
