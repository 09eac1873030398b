/* The operations, as typed calls. Included by plugin.h.
 * Inputs may have any layout and are never modified; the result lies in the current scope. Floats are
 * differentiable twice. Two tensors broadcast as in NumPy. A wrong shape or dtype fails "NAME: what came,
 * what was wanted". */
#ifndef ASSAY_OPERATIONS_H
#define ASSAY_OPERATIONS_H

#include <assay/tensor.h>

static inline as_t as_op(as_ctx *c, as_op_code code, const as_t *in, int n, const as_attr *attr)
{
    return c->services->op(c, code, in, n, attr);
}

static inline as_t as_op1(as_ctx *c, as_op_code code, as_t x)
{
    return c->services->op(c, code, &x, 1, NULL);
}

static inline as_t as_op2(as_ctx *c, as_op_code code, as_t a, as_t b)
{
    const as_t in[2] = {a, b};
    return c->services->op(c, code, in, 2, NULL);
}

/* -x */
static inline as_t as_neg(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_NEG, x);
}

static inline as_t as_abs(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_ABS, x);
}

/* -1, 0 or 1; gradient 0 */
static inline as_t as_sign(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SIGN, x);
}

static inline as_t as_exp(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_EXP, x);
}

/* exp(x) - 1, exact near 0 */
static inline as_t as_expm1(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_EXPM1, x);
}

static inline as_t as_log(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_LOG, x);
}

/* log(1 + x), exact near 0 */
static inline as_t as_log1p(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_LOG1P, x);
}

static inline as_t as_sqrt(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SQRT, x);
}

/* 1 / sqrt(x) */
static inline as_t as_rsqrt(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_RSQRT, x);
}

static inline as_t as_sin(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SIN, x);
}

static inline as_t as_cos(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_COS, x);
}

static inline as_t as_tanh(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_TANH, x);
}

static inline as_t as_erf(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_ERF, x);
}

static inline as_t as_sigmoid(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SIGMOID, x);
}

/* log(1 + exp(x)) */
static inline as_t as_softplus(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SOFTPLUS, x);
}

static inline as_t as_relu(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_RELU, x);
}

/* x sigmoid(x) */
static inline as_t as_silu(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SILU, x);
}

/* x Phi(x), with the error function */
static inline as_t as_gelu(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_GELU, x);
}

/* x x */
static inline as_t as_square(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_SQUARE, x);
}

/* x * factor + shift */
static inline as_t as_affine(as_ctx *c, as_t x, double factor, double shift)
{
    as_attr attr = {{0}, {factor, shift}};
    return as_op(c, AS_OP_AFFINE, &x, 1, &attr);
}

/* x * factor */
static inline as_t as_scale(as_ctx *c, as_t x, double factor)
{
    as_attr attr = {{0}, {factor, 0}};
    return as_op(c, AS_OP_AFFINE, &x, 1, &attr);
}

/* x + amount */
static inline as_t as_shift(as_ctx *c, as_t x, double amount)
{
    as_attr attr = {{0}, {1, amount}};
    return as_op(c, AS_OP_AFFINE, &x, 1, &attr);
}

/* x to a fixed power */
static inline as_t as_power(as_ctx *c, as_t x, double exponent)
{
    as_attr attr = {{0}, {exponent, 0}};
    return as_op(c, AS_OP_POWER, &x, 1, &attr);
}

/* x into [low, high]; gradient 0 outside */
static inline as_t as_clamp(as_ctx *c, as_t x, double low, double high)
{
    as_attr attr = {{0}, {low, high}};
    return as_op(c, AS_OP_CLAMP, &x, 1, &attr);
}

static inline as_t as_add(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_ADD, a, b);
}

static inline as_t as_sub(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_SUB, a, b);
}

static inline as_t as_mul(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_MUL, a, b);
}

static inline as_t as_div(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_DIV, a, b);
}

static inline as_t as_pow(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_POW, a, b);
}

/* The larger (smaller) of two; where they are equal the gradient is shared half and half. */
static inline as_t as_maximum(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_MAXIMUM, a, b);
}

static inline as_t as_minimum(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_MINIMUM, a, b);
}

/* Comparisons give 0 or 1 in the working float; gradient 0. */
static inline as_t as_eq(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_EQ, a, b);
}

static inline as_t as_ne(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_NE, a, b);
}

static inline as_t as_lt(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_LT, a, b);
}

static inline as_t as_le(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_LE, a, b);
}

static inline as_t as_gt(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_GT, a, b);
}

static inline as_t as_ge(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_GE, a, b);
}

/* yes where condition is not 0, no elsewhere */
static inline as_t as_where(as_ctx *c, as_t condition, as_t yes, as_t no)
{
    const as_t in[3] = {condition, yes, no};
    return as_op(c, AS_OP_WHERE, in, 3, NULL);
}

/* ---- along an axis: it stays, with size 1 (as_squeeze drops it); AS_ALL reduces every axis to a scalar ----
 */

#define AS_ALL 127

static inline as_t as_reduce(as_ctx *c, as_op_code code, const char *name, as_t x, int axis)
{
    int rank = as_rank(c, x);
    as_attr attr = {{0}, {0}};
    if (axis == AS_ALL) {
        attr.i[0] = ((int64_t)1 << rank) - 1;
    } else {
        if (axis < -rank || axis >= rank)
            return as_fail(c, "%s: axis %d of a tensor of rank %d", name, axis, rank);
        attr.i[0] = (int64_t)1 << (axis < 0 ? axis + rank : axis);
        attr.i[1] = 1;
    }
    return as_op(c, code, &x, 1, &attr);
}

static inline as_t as_sum(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_SUM, "sum", x, axis);
}

static inline as_t as_mean(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_MEAN, "mean", x, axis);
}

/* The largest; among equals the gradient goes to the first. */
static inline as_t as_max(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_MAX, "max", x, axis);
}

static inline as_t as_min(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_MIN, "min", x, axis);
}

/* i64 place of the largest, the first among equals, counted from 0. One axis. */
static inline as_t as_argmax(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_ARGMAX, "argmax", x, axis);
}

/* Log of the sum of exponentials, without overflow.
 * from Blanchard, Higham & Higham 2021, shifted form */
static inline as_t as_logsumexp(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_LOGSUMEXP, "logsumexp", x, axis);
}

static inline as_t as_op1_axis(as_ctx *c, as_op_code code, as_t x, int axis)
{
    as_attr attr = {{axis}, {0}};
    return as_op(c, code, &x, 1, &attr);
}

static inline as_t as_softmax(as_ctx *c, as_t x, int axis)
{
    return as_op1_axis(c, AS_OP_SOFTMAX, x, axis);
}

static inline as_t as_log_softmax(as_ctx *c, as_t x, int axis)
{
    return as_op1_axis(c, AS_OP_LOG_SOFTMAX, x, axis);
}

/* -log softmax(logits)[label] along the last axis, in one pass.
 *   logits     [..., C]
 *   labels     i64 [...] in 0 .. C-1
 *   smoothing  share of the label's weight spread over all classes, 0 for none
 *   ->         [...] */
static inline as_t as_cross_entropy(as_ctx *c, as_t logits, as_t labels, double smoothing)
{
    const as_t in[2] = {logits, labels};
    as_attr attr = {{0}, {smoothing, 0}};
    return as_op(c, AS_OP_CROSS_ENTROPY, in, 2, &attr);
}

/* Mean 0 and variance 1 over the last `axes` axes, then times weight, plus bias (of those axes' sizes). */
static inline as_t as_layer_norm(as_ctx *c, as_t x, as_t weight, as_t bias, int axes, double eps)
{
    const as_t in[3] = {x, weight, bias};
    as_attr attr = {{axes}, {eps, 0}};
    return as_op(c, AS_OP_LAYER_NORM, in, 3, &attr);
}

/* The same over each of `groups` groups of the channels of x [B, C, ...]; weight and bias [C]. */
static inline as_t as_group_norm(as_ctx *c, as_t x, as_t weight, as_t bias, int64_t groups, double eps)
{
    const as_t in[3] = {x, weight, bias};
    as_attr attr = {{groups}, {eps, 0}};
    return as_op(c, AS_OP_GROUP_NORM, in, 3, &attr);
}

/* ---- places ---- */

/* x[..., index[b], ...]: one item along the axis for each of the others.
 *   x      [..., n, ...]
 *   index  i64 of x's other axes (as labels [B] for logits [B,C], axis -1): the axis is dropped from the
 * result; or i64 of x's rank: the result has index's shape */
static inline as_t as_gather(as_ctx *c, as_t x, as_t index, int axis)
{
    const as_t in[2] = {x, index};
    as_attr attr = {{axis}, {0}};
    return as_op(c, AS_OP_GATHER, in, 2, &attr);
}

/* zeros with `size` places along the axis, source added at index; the inverse of as_gather's shapes */
static inline as_t as_scatter_add(as_ctx *c, as_t source, as_t index, int axis, int64_t size)
{
    const as_t in[2] = {source, index};
    as_attr attr = {{axis, size}, {0}};
    return as_op(c, AS_OP_SCATTER_ADD, in, 2, &attr);
}

/* whole slices of x along the axis: index i64[M] -> [..., M, ...] */
static inline as_t as_index_select(as_ctx *c, as_t x, as_t index, int axis)
{
    const as_t in[2] = {x, index};
    as_attr attr = {{axis}, {0}};
    return as_op(c, AS_OP_INDEX_SELECT, in, 2, &attr);
}

/* zeros with `size` slices along the axis, slice m of source [..., M, ...] added at index[m] */
static inline as_t as_index_add(as_ctx *c, as_t source, as_t index, int axis, int64_t size)
{
    const as_t in[2] = {source, index};
    as_attr attr = {{axis, size}, {0}};
    return as_op(c, AS_OP_INDEX_ADD, in, 2, &attr);
}

/* i64[...] -> [..., classes] of 0 and 1 in the working float */
static inline as_t as_one_hot(as_ctx *c, as_t index, int64_t classes)
{
    as_attr attr = {{classes}, {0}};
    return as_op(c, AS_OP_ONE_HOT, &index, 1, &attr);
}

/* ---- shapes ---- */

static inline as_t as_op_dims(as_ctx *c, as_op_code code, as_t x, as_dims dims)
{
    as_attr attr = {{dims.rank}, {0}};
    for (int i = 0; i < dims.rank; i++)
        attr.i[i + 1] = dims.size[i];
    return as_op(c, code, &x, 1, &attr);
}

/* Other sizes, same items; one size may be -1. A view where the layout allows it. */
static inline as_t as_reshape(as_ctx *c, as_t x, as_dims dims)
{
    return as_op_dims(c, AS_OP_RESHAPE, x, dims);
}

/* Axes in another order: AS_DIMS(0, 2, 1) swaps the last two of three. A view. */
static inline as_t as_permute(as_ctx *c, as_t x, as_dims axes)
{
    return as_op_dims(c, AS_OP_PERMUTE, x, axes);
}

/* Axes of size 1 repeated, new axes in front. A view. */
static inline as_t as_expand(as_ctx *c, as_t x, as_dims dims)
{
    return as_op_dims(c, AS_OP_EXPAND, x, dims);
}

/* The last two axes swapped. A view. */
static inline as_t as_transpose(as_ctx *c, as_t x)
{
    as_dims axes = as_dims_of(c, x);
    for (int i = 0; i < axes.rank; i++)
        axes.size[i] = i < axes.rank - 2 ? i : 2 * axes.rank - 3 - i;
    return as_permute(c, x, axes);
}

/* Without an axis of size 1. */
static inline as_t as_squeeze(as_ctx *c, as_t x, int axis)
{
    as_dims d = as_dims_of(c, x);
    int drop = axis < 0 ? axis + d.rank : axis;
    if (as_dim(c, x, axis) != 1)
        return as_fail(c, "squeeze: axis %d has size %lld, not 1", axis, (long long)as_dim(c, x, axis));
    for (int i = drop; i + 1 < d.rank; i++)
        d.size[i] = d.size[i + 1];
    d.rank -= d.rank > 0;
    return as_reshape(c, x, d);
}

/* With a new axis of size 1 before `axis`; -1 puts it last. */
static inline as_t as_unsqueeze(as_ctx *c, as_t x, int axis)
{
    as_dims d = as_dims_of(c, x);
    int at = axis < 0 ? axis + d.rank + 1 : axis;
    if (at < 0 || at > d.rank || d.rank == AS_MAX_RANK)
        return as_fail(c, "unsqueeze: axis %d for a tensor of rank %d", axis, d.rank);
    for (int i = d.rank; i > at; i--)
        d.size[i] = d.size[i - 1];
    d.size[at] = 1;
    d.rank++;
    return as_reshape(c, x, d);
}

/* Items start, start + step, ... below stop along an axis; 0-based; negative start and stop count from the
 * end. */
static inline as_t as_slice(as_ctx *c, as_t x, int axis, int64_t start, int64_t stop, int64_t step)
{
    as_attr attr = {{axis, start, stop, step}, {0}};
    return as_op(c, AS_OP_SLICE, &x, 1, &attr);
}

static inline as_t as_concat(as_ctx *c, const as_t *x, int n, int axis)
{
    as_attr attr = {{axis}, {0}};
    return as_op(c, AS_OP_CONCAT, x, n, &attr);
}

static inline as_t as_cast(as_ctx *c, as_t x, as_dtype dtype)
{
    as_attr attr = {{dtype}, {0}};
    return as_op(c, AS_OP_CAST, &x, 1, &attr);
}

/* Row-major and dense; x itself if it is already. */
static inline as_t as_contiguous(as_ctx *c, as_t x)
{
    return as_op1(c, AS_OP_CONTIGUOUS, x);
}

/* ---- contractions ---- */

/* [...,M,K] [...,K,N] -> [...,M,N]; axes in front broadcast. */
static inline as_t as_matmul(as_ctx *c, as_t a, as_t b)
{
    return as_op2(c, AS_OP_MATMUL, a, b);
}

/* x w^T + b: x [...,I], w [O,I], b [O] -> [...,O]. */
static inline as_t as_linear(as_ctx *c, as_t x, as_t w, as_t b)
{
    const as_t in[3] = {x, w, b};
    return as_op(c, AS_OP_LINEAR, in, 3, NULL);
}

/* Cross-correlation, as every framework calls convolution. x [B,C,H,W], w [O,C,kh,kw] -> [B,O,H',W'] */
static inline as_t as_conv2d(as_ctx *c, as_t x, as_t w, int64_t stride, int64_t padding)
{
    const as_t in[2] = {x, w};
    as_attr attr = {{stride, stride, padding, padding, 1, 1, 1}, {0}};
    return as_op(c, AS_OP_CONV2D, in, 2, &attr);
}

/* Largest of each window. x [B,C,H,W] -> [B,C,H',W'] */
static inline as_t as_max_pool2d(as_ctx *c, as_t x, int64_t kernel, int64_t stride)
{
    as_attr attr = {{kernel, kernel, stride, stride, 0, 0}, {0}};
    return as_op(c, AS_OP_MAX_POOL2D, &x, 1, &attr);
}

/* sum_k weights[k] x[k] of n tensors of one shape, accumulated in double. weights: f64[n]; n is at
 * most 256 */
static inline as_t as_weighted_sum(as_ctx *c, const as_t *x_and_weights, int n)
{
    return as_op(c, AS_OP_WEIGHTED_SUM, x_and_weights, n + 1, NULL);
}

#endif
