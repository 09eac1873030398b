/* What follows from the operations: calls made of several of them, differentiable as they are. Included by
 * operations.h. */
#ifndef ASSAY_COMPOSITES_H
#define ASSAY_COMPOSITES_H

#include <assay/operations.h>

/* Mean squared deviation along an axis (AS_ALL: of everything), n - correction items in the denominator. */
static inline as_t as_var(as_ctx *c, as_t x, int axis, int64_t correction)
{
    as_t middle = as_sub(c, x, as_mean(c, x, axis));
    double n = axis == AS_ALL ? (double)as_count(c, x) : (double)as_dim(c, x, axis);
    if (n <= (double)correction)
        return as_fail(c, "var: %.0f items, expected more than %lld", n, (long long)correction);
    return as_scale(c, as_sum(c, as_square(c, middle), axis), 1 / (n - (double)correction));
}

/* Square root of the sum of squares along an axis; gradient 0 where it is 0. */
static inline as_t as_norm(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_NORM, "norm", x, axis);
}

/* i64 place of the smallest, the first among equals, counted from 0. One axis. */
static inline as_t as_argmin(as_ctx *c, as_t x, int axis)
{
    return as_reduce(c, AS_OP_ARGMIN, "argmin", x, axis);
}

/* Running sum along an axis. */
static inline as_t as_cumsum(as_ctx *c, as_t x, int axis)
{
    return as_op1_axis(c, AS_OP_CUMSUM, x, axis);
}

/* i64 places that put x in order along an axis; equals keep their order, NaN comes last. */
static inline as_t as_argsort(as_ctx *c, as_t x, int axis, bool descending)
{
    as_attr attr = {{axis, descending}, {0}};
    return as_op(c, AS_OP_ARGSORT, &x, 1, &attr);
}

/* i64 column of each row of x [N,M], N <= M, all different: the cheapest assignment, or that of the largest
 * sum. Exact (Jonker-Volgenant). */
static inline as_t as_assignment(as_ctx *c, as_t x, bool largest)
{
    as_attr attr = {{largest}, {0}};
    return as_op(c, AS_OP_ASSIGNMENT, &x, 1, &attr);
}

/* x in order along an axis. */
static inline as_t as_sort(as_ctx *c, as_t x, int axis, bool descending)
{
    return as_gather(c, x, as_argsort(c, x, axis, descending), axis);
}

/* i64 places of the k largest along an axis, the largest first; as_gather takes them. */
static inline as_t as_top_k(as_ctx *c, as_t x, int64_t k, int axis)
{
    if (k < 0 || k > as_dim(c, x, axis))
        return as_fail(c, "top_k: %lld of %lld", (long long)k, (long long)as_dim(c, x, axis));
    return as_slice(c, as_argsort(c, x, axis, true), axis, 0, k, 1);
}

/* Items of an axis in reverse. */
static inline as_t as_flip(as_ctx *c, as_t x, int axis)
{
    int64_t n = as_dim(c, x, axis);
    as_t place = as_cast(c, c->services->arange(c, n), AS_F64);
    place = as_cast(c, as_affine(c, place, -1, (double)n - 1), AS_I64);
    return as_index_select(c, x, place, axis);
}

/* Items of an axis moved on by `by` places; those that leave come in at the start. */
static inline as_t as_roll(as_ctx *c, as_t x, int64_t by, int axis)
{
    int64_t n = as_dim(c, x, axis), first = n ? ((by % n) + n) % n : 0;
    if (first == 0)
        return x;
    const as_t part[2] = {as_slice(c, x, axis, n - first, n, 1), as_slice(c, x, axis, 0, n - first, 1)};
    return as_concat(c, part, 2, axis);
}

/* `before` and `after` items of one value around an axis. */
static inline as_t as_pad(as_ctx *c, as_t x, int axis, int64_t before, int64_t after, double value)
{
    as_dims d = as_dims_of(c, x);
    int at = axis < 0 ? axis + d.rank : axis;
    if (at < 0 || at >= d.rank || before < 0 || after < 0)
        return as_fail(c, "pad: axis %d of a tensor of rank %d by %lld and %lld", axis, d.rank,
                       (long long)before, (long long)after);
    as_t part[3];
    int n = 0;
    d.size[at] = before;
    if (before > 0)
        part[n++] = c->services->full(c, as_dtype_of(c, x), d, value);
    part[n++] = x;
    d.size[at] = after;
    if (after > 0)
        part[n++] = c->services->full(c, as_dtype_of(c, x), d, value);
    return n == 1 ? x : as_concat(c, part, n, at);
}

/* x repeated `times` times along an axis. */
static inline as_t as_tile(as_ctx *c, as_t x, int64_t times, int axis)
{
    as_dims d = as_dims_of(c, x), wide;
    int at = axis < 0 ? axis + d.rank : axis;
    if (at < 0 || at >= d.rank || times < 0)
        return as_fail(c, "tile: axis %d of a tensor of rank %d, %lld times", axis, d.rank, (long long)times);
    as_t y = as_unsqueeze(c, x, at);
    wide = as_dims_of(c, y);
    wide.size[at] = times;
    d.size[at] *= times;
    return as_reshape(c, as_expand(c, y, wide), d);
}

/* Tensors of one shape along a new axis. At most 64. */
static inline as_t as_stack(as_ctx *c, const as_t *x, int n, int axis)
{
    as_t wide[64];
    if (n < 1 || n > 64)
        return as_fail(c, "stack: %d tensors, expected 1 to 64", n);
    for (int i = 0; i < n; i++)
        wide[i] = as_unsqueeze(c, x[i], axis);
    return as_concat(c, wide, n, axis);
}

/* Rows of a table: weight [N,D], index i64 [...] -> [..., D]. */
static inline as_t as_embedding(as_ctx *c, as_t weight, as_t index)
{
    as_dims d = as_dims_of(c, index);
    as_t rows = as_index_select(c, weight, as_reshape(c, index, AS_DIMS(-1)), 0);
    if (d.rank == AS_MAX_RANK)
        return as_fail(c, "embedding: an index of rank %d leaves no axis for the rows", d.rank);
    d.size[d.rank++] = as_dim(c, weight, -1);
    return as_reshape(c, rows, d);
}

/* |a_i - b_j|^2: a [...,M,D], b [...,N,D] -> [...,M,N], never below 0. */
static inline as_t as_squared_distances(as_ctx *c, as_t a, as_t b)
{
    as_t left = as_sum(c, as_square(c, a), -1);                   /* [...,M,1] */
    as_t right = as_transpose(c, as_sum(c, as_square(c, b), -1)); /* [...,1,N] */
    as_t product = as_matmul(c, a, as_transpose(c, b));           /* [...,M,N] */
    return as_relu(c, as_sub(c, as_add(c, left, right), as_scale(c, product, 2)));
}

/* softmax(q k^T / sqrt(D) + mask) v.
 *   q, k, v  [..., T, D], [..., S, D], [..., S, E]
 *   mask     added to [..., T, S], -infinity where nothing is to be seen; NULL for none */
static inline as_t as_attention(as_ctx *c, as_t q, as_t k, as_t v, as_t mask)
{
    double size = (double)as_dim(c, q, -1), root = size > 1 ? size : 1;
    for (int i = 0; i < 40; i++) /* Newton's: headers need no libm */
        root = 0.5 * (root + size / root);
    as_t score = as_scale(c, as_matmul(c, q, as_transpose(c, k)), 1 / root);
    return as_matmul(c, as_softmax(c, mask ? as_add(c, score, mask) : score, -1), v);
}

/* x scaled down to a norm of at most `limit`. */
static inline as_t as_clip_norm(as_ctx *c, as_t x, double limit)
{
    as_t norm = as_norm(c, x, AS_ALL);
    as_t factor = as_scale(c, as_power(c, as_clamp(c, norm, limit, 1e300), -1), limit);
    return as_mul(c, x, factor);
}

/* A symmetric matrix's eigenvalues [N] in ascending order and their vectors [N,N], a column each. No
 * gradient. */
static inline void as_eigh(as_ctx *c, as_t x, as_t *values, as_t *vectors)
{
    int64_t n = as_rank(c, x) == 2 ? as_dim(c, x, 0) : 0;
    as_t all = as_op1(c, AS_OP_EIGH, x);
    *values = as_slice(c, all, 0, 0, n, 1);
    *vectors = as_transpose(c, as_reshape(c, as_slice(c, all, 0, n, n + n * n, 1), AS_DIMS(n, n)));
}

/* part[0] U [M,K], part[1] singular values [K] in descending order, part[2] V^T [K,N]; K = min(M,N). No
 * gradient. */
static inline void as_svd(as_ctx *c, as_t x, as_t part[3])
{
    bool matrix = as_rank(c, x) == 2;
    int64_t m = matrix ? as_dim(c, x, 0) : 0, n = matrix ? as_dim(c, x, 1) : 0, k = m < n ? m : n;
    as_t all = as_op1(c, AS_OP_SVD, x);
    part[0] = as_reshape(c, as_slice(c, all, 0, 0, m * k, 1), AS_DIMS(m, k));
    part[1] = as_slice(c, all, 0, m * k, m * k + k, 1);
    part[2] = as_reshape(c, as_slice(c, all, 0, m * k + k, m * k + k + k * n, 1), AS_DIMS(k, n));
}

#endif
