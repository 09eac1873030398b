/* 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): four times fewer multiplications than the sum
 * itself, at an error of 1.4e-6 to 6e-6 of the largest value (tests/unit/autograd_winograd.c). Single
 * precision only; double, which checks use, sums plainly. */
#ifndef ASSAY_TENSOR_WINOGRAD_H
#define ASSAY_TENSOR_WINOGRAD_H

#include "tensor/kernels.h"

/* Whether it applies and pays: f32, 3x3, stride and dilation 1, one group, enough channels on both sides. */
bool winograd_serves(as_dtype dtype, const kernel_window *w, int64_t groups, int64_t out_channels);

/* All NCHW and dense. False: out of memory for scratch. */
typedef struct {
    kernel_window window; /* of the forward convolution */
    int64_t batch, out_channels;
    const float *x, *w, *gy; /* what the call reads */
    const float *bias;       /* forward: [out_channels] or NULL */
} winograd_call;

bool winograd_forward(const winograd_call *call, float *y);          /* x, w, bias -> y */
bool winograd_input_gradient(const winograd_call *call, float *gx);  /* gy, w -> gx */
bool winograd_weight_gradient(const winograd_call *call, float *gw); /* x, gy -> gw */

#endif
