/* Finding where a NaN comes from. */
#ifndef ASSAY_AUTOGRAD_TRACE_H
#define ASSAY_AUTOGRAD_TRACE_H

#include "tensor/forward.h"

/* Whether ASSAY_TRACE_NAN is set to anything but 0: read once. */
bool trace_nan_on(void);

/* Fails, with the ranges of result and inputs, when the operation made a NaN from inputs without one. */
bool trace_nan(as_ctx *c, const op_call *call, as_t out);

#endif
