/* Tensors of random numbers, for scripts and plugins. */
#ifndef ASSAY_TENSOR_DRAW_H
#define ASSAY_TENSOR_DRAW_H

#include "tensor/random.h"
#include "tensor/tensor.h"

typedef enum {
    DRAW_UNIFORM, /* [0, 1); the first three as the services table numbers them */
    DRAW_NORMAL,
    DRAW_SIGN,        /* -1 or 1 */
    DRAW_GAMMA,       /* a: shape */
    DRAW_BETA,        /* a, b */
    DRAW_BELOW,       /* i64 in 0 .. below-1 */
    DRAW_PERMUTATION, /* i64 [below], with items [B, below] */
    DRAW_CATEGORICAL, /* weights [..., K] -> i64 [...], or [..., draws] where draws > 0 */
} draw_kind;

typedef struct {
    draw_kind kind;
    as_dtype dtype; /* of the first five */
    as_dims dims;   /* of all but the last two */
    double a, b;
    int64_t below, draws;
    as_t weights;
    as_t items; /* NULL, or i64 [B]: place i along the first axis is drawn from random_item(s, items[i]) */
} draw_request;

/* Draws from s and moves it on, by an amount that no value has a say in. In the scope, or a failure that
 * begins with the kind's name in scripts. */
as_t draw_tensor(as_ctx *c, random_stream *s, const draw_request *r);

#endif
