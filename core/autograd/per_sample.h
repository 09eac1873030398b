/* Gradients of each item of a batch, and their norms, from one walk down the graph. */
#ifndef ASSAY_AUTOGRAD_PER_SAMPLE_H
#define ASSAY_AUTOGRAD_PER_SAMPLE_H

#include "autograd/tape.h"

/* loss [B], each item computed from the same item of the batch alone (axis 0 throughout): eval mode.
 * norm (may be NULL): [B], the norm of d loss[b] / d x over all of x[0 .. n-1].
 * each (may be NULL): d loss[b] / d x[k] as [B, sizes of x[k]], zeros where the loss does not depend on it.
 * A parameter of one linear layer costs its norm no gradient: |g x^T| = |g| |x|. Fails, naming it, on an
 * operation that takes a parameter and is not a linear, convolution or normalisation layer, and on one that
 * merges the batch. */
bool tape_per_sample(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each);

#endif
