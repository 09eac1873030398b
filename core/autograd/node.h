/* Nodes of the graph: made when an operation is recorded, freed when nothing refers to them. Used by tape.c
 * and walk.c. */
#ifndef ASSAY_AUTOGRAD_NODE_H
#define ASSAY_AUTOGRAD_NODE_H

#include "autograd/tape.h"

/* The node of a tensor that requires a gradient (a leaf's is made at first sight), borrowed; NULL out of
 * memory. */
node *node_of(as_ctx *c, as_t x);

/* Records call -> out. False and a failure when out of memory. */
bool node_record(as_ctx *c, const op *o, const op_call *call, as_t out);

/* Drops what the gradient would need. */
void node_spend(node *n);

void node_unref(node *n);

#endif
