/* Forward computations of the operations, one file a family: each checks its inputs, puts the options into
 * normal form (0-based axes, sizes without -1), and returns a tensor in the scope, or fails with a text the
 * tape puts the operation's name in front of. Called through the table in core/autograd/ops.c. */
#ifndef ASSAY_TENSOR_FORWARD_H
#define ASSAY_TENSOR_FORWARD_H

#include "tensor/tensor.h"

typedef struct {
    as_op_code code;
    const as_t *in;
    int n;
    as_attr attr;
    bool records; /* the tape keeps a node of it */
    as_t found;   /* then: what the forward may leave for the fused gradient, so as not to find it again */
} op_call;

/* elementwise */
as_t forward_unary(as_ctx *c, op_call *call);
as_t forward_binary(as_ctx *c, op_call *call);
as_t forward_where(as_ctx *c, op_call *call);
as_t forward_weighted_sum(as_ctx *c, op_call *call);
/* y = gy f'(x) for a unary operation in one pass; x, y: its input and output, as its kernel needs */
as_t forward_unary_gradient(as_ctx *c, as_op_code code, as_t gy, as_t x, as_t y, const as_attr *attr);
/* y += x, both dense, same dtype and count */
void forward_accumulate(as_t y, as_t x);

/* reductions. attr i0: mask of axes, i1: keep */
as_t forward_sum(as_ctx *c, op_call *call);
as_t forward_mean(as_ctx *c, op_call *call);
as_t forward_extreme(as_ctx *c, op_call *call); /* max, min, argmax, logsumexp: one axis or all */
as_t forward_sum_to(as_ctx *c, op_call *call);
as_t forward_softmax(as_ctx *c, op_call *call); /* softmax, log_softmax */
as_t forward_softmax_gradient(as_ctx *c, as_op_code code, as_t gy, as_t y, int axis);

/* normalisation; the gradients fill gx[i] for each input a gradient is known of */
as_t forward_row_norm(as_ctx *c, op_call *call); /* layer_norm, group_norm */
void forward_row_norm_gradient(as_ctx *c, const op_call *call, as_t gy, as_t *gx);
as_t forward_batch_moments(as_ctx *c, op_call *call);
as_t forward_batch_norm(as_ctx *c, op_call *call);
void forward_batch_norm_gradient(as_ctx *c, const op_call *call, as_t gy, as_t *gx);
as_t forward_cross_entropy(as_ctx *c, op_call *call);
as_t forward_cross_entropy_gradient(as_ctx *c, const op_call *call, as_t gy, as_t loss);

as_t forward_norm(as_ctx *c, op_call *call); /* sqrt of the sum of squares */
as_t forward_cumsum(as_ctx *c, op_call *call);
as_t forward_argsort(as_ctx *c, op_call *call);

/* Windows of x [B, C, H, W] under conv2d's options: [B groups, C / groups kernel_h kernel_w, out_h out_w],
 * the sizes those of a convolution that has been made. */
as_t forward_unfold(as_ctx *c, as_t x, const as_attr *attr, int64_t kernel_h, int64_t kernel_w, int64_t out_h,
                    int64_t out_w);

/* images and their transposes */
as_t forward_avg_pool2d(as_ctx *c, op_call *call);
as_t forward_avg_pool2d_input(as_ctx *c, op_call *call);
as_t forward_resize2d(as_ctx *c, op_call *call);
as_t forward_resize2d_input(as_ctx *c, op_call *call);

/* matrices, forward only */
as_t forward_assignment(as_ctx *c, op_call *call);
as_t forward_cholesky(as_ctx *c, op_call *call);
as_t forward_solve(as_ctx *c, op_call *call);
as_t forward_eigh(as_ctx *c, op_call *call);
as_t forward_svd(as_ctx *c, op_call *call);

/* places */
as_t forward_gather(as_ctx *c, op_call *call);
as_t forward_scatter_add(as_ctx *c, op_call *call);
as_t forward_index_select(as_ctx *c, op_call *call);
as_t forward_index_add(as_ctx *c, op_call *call);
as_t forward_one_hot(as_ctx *c, op_call *call);

/* shapes */
as_t forward_reshape(as_ctx *c, op_call *call);
as_t forward_permute(as_ctx *c, op_call *call);
as_t forward_expand(as_ctx *c, op_call *call);
as_t forward_slice(as_ctx *c, op_call *call);
as_t forward_unslice(as_ctx *c, op_call *call);
as_t forward_concat(as_ctx *c, op_call *call);
as_t forward_cast(as_ctx *c, op_call *call);
as_t forward_contiguous(as_ctx *c, op_call *call);

/* contractions */
as_t forward_matmul(as_ctx *c, op_call *call);
as_t forward_linear(as_ctx *c, op_call *call);
as_t forward_add_transposed(as_ctx *c, as_t x); /* x + x^T of a square matrix, in the same bits both ways */
as_t forward_conv2d(as_ctx *c, op_call *call);
as_t forward_conv2d_input(as_ctx *c, op_call *call);
as_t forward_conv2d_weight(as_ctx *c, op_call *call);
as_t forward_max_pool2d(as_ctx *c, op_call *call);
as_t forward_max_pool2d_input(as_ctx *c, op_call *call);
as_t forward_max_pool2d_pick(as_ctx *c, op_call *call);

#endif
