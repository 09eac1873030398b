/* Finding where a NaN comes from. With ASSAY_TRACE_NAN (assay run --trace-nan) every result is searched, and
 * the first operation, gradient or optimizer step that makes a NaN from numbers fails, with the ranges of
 * what it got. Inside a gradient rule only what leaves it counts: a rule may mask a NaN of its own. */
#ifndef ASSAY_AUTOGRAD_TRACE_H
#define ASSAY_AUTOGRAD_TRACE_H

#include "autograd/tape.h"

/* Whether ASSAY_TRACE_NAN is set to anything but 0: read once. */
bool trace_nan_on(void);

/* Fails when the operation made a NaN, or computed one from a NaN that no operation made: data, a parameter.
 * Moving such a NaN about, or masking it, is no failure. */
bool trace_nan(as_ctx *c, const op_call *call, as_t out);

/* Fails when one of the gradients gx of a node's inputs has a NaN that neither gy nor what the node saved
 * has. */
bool trace_nan_rule(as_ctx *c, const node *n, as_t gy, as_t *gx);

/* Fails when a step of the optimizer `name` left a NaN in one of n parameters p with gradients g (NULL:
 * none). */
bool trace_nan_step(as_ctx *c, const char *name, as_t p, as_t g, int place, int n);

#endif
