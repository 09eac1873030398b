/* Gradient rules, one file a family. Each gets the gradient gy of the output and gives those of the inputs,
 * written with operations so that they can be recorded; the fused ones use a kernel and cannot. */
#ifndef ASSAY_AUTOGRAD_GRADIENTS_H
#define ASSAY_AUTOGRAD_GRADIENTS_H

#include "autograd/tape.h"

typedef void gradient_rule(as_ctx *c, const node *n, as_t gy, as_t *gx);

/* elementwise */
gradient_rule gradient_neg, gradient_abs, gradient_exp, gradient_expm1, gradient_log, gradient_log1p,
    gradient_sqrt, gradient_rsqrt, gradient_sin, gradient_cos, gradient_tanh, gradient_erf, gradient_sigmoid,
    gradient_softplus, gradient_relu, gradient_silu, gradient_gelu, gradient_square, gradient_affine,
    gradient_power, gradient_clamp;
gradient_rule gradient_add, gradient_sub, gradient_mul, gradient_div, gradient_pow, gradient_maximum,
    gradient_minimum, gradient_where, gradient_weighted_sum;
gradient_rule fused_unary;

/* reductions */
gradient_rule gradient_sum, gradient_mean, gradient_extreme, gradient_logsumexp, gradient_softmax,
    gradient_log_softmax, gradient_sum_to;
gradient_rule fused_softmax;

gradient_rule gradient_leaky_relu, gradient_round_through, gradient_norm2, gradient_cumsum;
gradient_rule gradient_avg_pool2d, gradient_avg_pool2d_input, gradient_resize2d, gradient_resize2d_input;

/* normalisation, cross-entropy */
gradient_rule gradient_row_norm, gradient_batch_norm, gradient_cross_entropy;
gradient_rule fused_row_norm, fused_batch_norm, fused_cross_entropy;

/* places and shapes */
gradient_rule gradient_gather, gradient_scatter_add, gradient_index_select, gradient_index_add;
gradient_rule gradient_reshape, gradient_permute, gradient_expand, gradient_slice, gradient_unslice,
    gradient_concat, gradient_cast, gradient_contiguous;

/* contractions */
gradient_rule gradient_matmul, fused_matmul, gradient_linear, gradient_conv2d, gradient_conv2d_input,
    gradient_conv2d_weight, gradient_max_pool2d, gradient_max_pool2d_input, gradient_max_pool2d_pick;

#endif
