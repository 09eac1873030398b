/* Numbers of the operations, as plugins and host know them. Append only: a number is never reused, a meaning
 * never changes. The calls are in plugin.h, shape rules, kernels and gradients in the host's table
 * (core/tensor/ops.c). */
#ifndef ASSAY_OPS_H
#define ASSAY_OPS_H

typedef enum {
    /* one tensor -> same shape */
    AS_OP_NEG = 0,
    AS_OP_ABS = 1,
    AS_OP_SIGN = 2,
    AS_OP_EXP = 3,
    AS_OP_EXPM1 = 4,
    AS_OP_LOG = 5,
    AS_OP_LOG1P = 6,
    AS_OP_SQRT = 7,
    AS_OP_RSQRT = 8,
    AS_OP_SIN = 9,
    AS_OP_COS = 10,
    AS_OP_TANH = 11,
    AS_OP_ERF = 12,
    AS_OP_SIGMOID = 13,
    AS_OP_SOFTPLUS = 14,
    AS_OP_RELU = 15,
    AS_OP_SILU = 16,
    AS_OP_GELU = 17,
    AS_OP_SQUARE = 18,
    AS_OP_AFFINE = 19,        /* x * r0 + r1 */
    AS_OP_POWER = 20,         /* x ^ r0 */
    AS_OP_CLAMP = 21,         /* into [r0, r1] */
    AS_OP_LEAKY_RELU = 22,    /* x, r0 x below 0 */
    AS_OP_ROUND_THROUGH = 23, /* nearest whole number; gradient as if x itself */

    /* two tensors, broadcast */
    AS_OP_ADD = 30,
    AS_OP_SUB = 31,
    AS_OP_MUL = 32,
    AS_OP_DIV = 33,
    AS_OP_POW = 34,
    AS_OP_MAXIMUM = 35,
    AS_OP_MINIMUM = 36,
    AS_OP_EQ = 37, /* comparisons give 0 or 1 in the working float */
    AS_OP_NE = 38,
    AS_OP_LT = 39,
    AS_OP_LE = 40,
    AS_OP_GT = 41,
    AS_OP_GE = 42,
    AS_OP_WHERE = 43, /* three: condition, where it is not 0, where it is */

    /* along axes. i0 = bit mask of axes, i1 = keep them with size 1 */
    AS_OP_SUM = 50,
    AS_OP_MEAN = 51,
    AS_OP_MAX = 52,
    AS_OP_MIN = 53,
    AS_OP_ARGMAX = 54, /* one axis, i64 */
    AS_OP_LOGSUMEXP = 55,
    AS_OP_SOFTMAX = 56,       /* i0 = axis */
    AS_OP_LOG_SOFTMAX = 57,   /* i0 = axis */
    AS_OP_ARGMIN = 58,        /* one axis, i64 */
    AS_OP_NORM = 60,          /* sqrt of the sum of squares */
    AS_OP_CUMSUM = 61,        /* i0 = axis, i1 = 1: from the end */
    AS_OP_ARGSORT = 62,       /* i0 = axis, i1 = 1: largest first -> i64; equals keep their order */
    AS_OP_CROSS_ENTROPY = 64, /* logits [..., C], labels i64 [...] -> [...]; r0 = smoothing */
    AS_OP_LAYER_NORM = 65,    /* x, weight, bias (may be missing); i0 = last axes, r0 = eps */
    AS_OP_GROUP_NORM = 66,    /* the same for x [B, C, ...], i0 = groups */
    AS_OP_BATCH_MOMENTS = 67, /* x [B, C, ...] -> [3, C] mean, 1 / sqrt(variance + r0), variance */
    AS_OP_BATCH_NORM = 68, /* x, moments, weight, bias (may be missing); i0 = 1: moments are given, not x's */
    AS_OP_ASSIGNMENT = 69, /* cost [N,M] -> i64 [N] column of each row; i0 = 1: largest sum */

    /* places. i0 = axis */
    AS_OP_GATHER = 70,      /* x, index i64 of the same rank */
    AS_OP_SCATTER_ADD = 71, /* source, index of its shape -> i1 = size of the axis; i2 = 1: the axis is new */
    AS_OP_INDEX_SELECT = 72, /* x, index i64[M] */
    AS_OP_INDEX_ADD = 73,    /* source, index i64[M] -> i1 = size of the axis; index_select's gradient */
    AS_OP_ONE_HOT = 74,      /* index i64[...] -> [..., i0] in the working float */

    /* shapes; all but concat and contiguous are views or copies of what they are given */
    AS_OP_RESHAPE = 90, /* i0 = rank, then sizes */
    AS_OP_PERMUTE = 91, /* i0 = rank, then axes */
    AS_OP_EXPAND = 92,  /* i0 = rank, then sizes */
    AS_OP_SLICE = 93,   /* i0 = axis, i1 = start, i2 = stop, i3 = step */
    AS_OP_UNSLICE = 94, /* zeros with x in the slice; i4 = size of the axis. slice's gradient */
    AS_OP_CONCAT = 95,  /* n tensors, i0 = axis */
    AS_OP_CAST = 96,    /* i0 = dtype */
    AS_OP_CONTIGUOUS = 97,
    AS_OP_SUM_TO = 98, /* i0 = rank, then sizes: sums what broadcasting had expanded */

    /* contractions */
    AS_OP_MATMUL = 110, /* [...,M,K] [...,K,N]; a transpose is a view and costs nothing */
    AS_OP_CONV2D =
        111, /* x [B,C,H,W], w [O,C/groups,kh,kw]; i = stride h w, padding h w, dilation h w, groups */
    AS_OP_CONV2D_INPUT = 112,     /* grad [B,O,...], w; then i7 i8 = H W of the input */
    AS_OP_CONV2D_WEIGHT = 113,    /* x, grad; then i7 i8 = kh kw */
    AS_OP_MAX_POOL2D = 114,       /* i = kernel h w, stride h w, padding h w */
    AS_OP_MAX_POOL2D_INPUT = 115, /* x, grad: grad put at the places of the maxima */
    AS_OP_MAX_POOL2D_PICK =
        116, /* x, v of x's shape: v at the places of x's maxima; the gradient of the above */
    AS_OP_WEIGHTED_SUM = 117, /* n tensors of one shape, then f64[n] of weights; summed in f64 */

    AS_OP_LINEAR = 118, /* x [...,I], w [O,I], b [O] -> x w^T + b */

    AS_OP_AVG_POOL2D = 119,       /* i = kernel h w, stride h w, padding h w; zeros outside count */
    AS_OP_AVG_POOL2D_INPUT = 120, /* its transpose; i6 i7 = H W of the input */
    AS_OP_RESIZE2D = 121,         /* i0 i1 = H W, i2 = 1: bilinear, 0: nearest */
    AS_OP_RESIZE2D_INPUT = 122,   /* its transpose; i3 i4 = H W of the input */
    AS_OP_CHOLESKY = 124,         /* matrices through LAPACK, forward only */
    AS_OP_SOLVE = 125,
    AS_OP_EIGH = 126, /* [N + N N]: values, then vectors, a row each */
    AS_OP_SVD = 127,  /* [M K + K + K N]: U, values, V^T */

    AS_OP_END = 128,
} as_op_code;

#endif
