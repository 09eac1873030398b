/* Gradients of each item of a batch, and their norms, from one walk down the graph. */
#ifndef ASSAY_AUTOGRAD_PER_SAMPLE_H
#define ASSAY_AUTOGRAD_PER_SAMPLE_H

#include "autograd/tape.h"

/* loss [B], each item computed from the same item of the batch alone: eval mode. The batch may move to
 * another axis on the way, or be folded with the one after it ([B, T, D] as [B T, D]). norm (may be NULL):
 * [B], the norm of d loss[b] / d x over all of x[0 .. n-1]. each (may be NULL): d loss[b] / d x[k] as [B,
 * sizes of x[k]], zeros where the loss does not depend on it. Where only norms are wanted, a parameter that
 * is used once by a linear layer, a convolution or an embedding costs the smaller of its gradient and the
 * products of its inputs and arriving gradients; all others are materialised for some items at a time, so
 * that no more than 32 MiB (or one item) is held at once. Fails, naming the operation and its line, where
 * items meet, and on an operation that takes a parameter in a way whose gradient of one item is not known
 * here. */
bool tape_per_sample(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each);

/* Whether items of a batch along the first axis may meet in the operation, or move off that axis: its line is
 * kept for the message. */
bool per_sample_may_merge(const op_call *call, as_t out);

#endif
