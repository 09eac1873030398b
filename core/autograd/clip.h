/* Limits on gradients, in place. Tensors are dense floats, each once; NULL entries are passed over. */
#ifndef ASSAY_AUTOGRAD_CLIP_H
#define ASSAY_AUTOGRAD_CLIP_H

#include "tensor/tensor.h"

/* Scales all by one factor so that their joint norm is at most `limit`. Returns the norm before, summed in
 * double and the same at any thread count; NaN after a failure. */
double clip_norm(as_ctx *c, const as_t *g, int n, double limit);

/* Each item into [-limit, limit]; NaN stays. */
bool clip_each(as_ctx *c, const as_t *g, int n, double limit);

#endif
