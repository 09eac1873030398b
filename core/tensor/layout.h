/* Walking strided memory: merging axes, odometers, dense copies. */
#ifndef ASSAY_TENSOR_LAYOUT_H
#define ASSAY_TENSOR_LAYOUT_H

#include "tensor/tensor.h"

#define LAYOUT_INPUTS 3

/* A loop over an output's places with up to three strided inputs, axes merged where all inputs allow it: the
 * last axis is the inner loop. rank >= 1. */
typedef struct {
    int rank, inputs;
    int64_t size[AS_MAX_RANK];
    int64_t stride[LAYOUT_INPUTS][AS_MAX_RANK]; /* 0 where an input is broadcast */
    int64_t rows;                               /* product of all sizes but the last */
} layout_loop;

/* x's shapes broadcast to dims. */
layout_loop layout_loop_over(as_dims dims, const as_t *x, int inputs);

/* Offsets (items) of row `row` (0 .. rows-1) for each input. */
void layout_row(const layout_loop *l, int64_t row, int64_t offset[LAYOUT_INPUTS]);

/* Dense copy of any x. */
void layout_copy(void *to, const struct as_tensor *x);

/* The next place in row-major order; wraps to zeros after the last. */
static inline void layout_next(int rank, const int64_t *size, int64_t *index)
{
    for (int i = rank - 1; i >= 0; i--) {
        if (++index[i] < size[i])
            return;
        index[i] = 0;
    }
}

/* Sizes two shapes broadcast to; false if they do not. */
bool layout_broadcast(as_dims a, as_dims b, as_dims *out);

#endif
