/* One line an operation case: tests/unit/autograd_cases.c runs each forward and backward, in several layouts.
 */
#ifndef ASSAY_TESTS_OP_CASES_H
#define ASSAY_TESTS_OP_CASES_H

#include "engine.h"

#define INPUTS_MAX 4

/* Which gradients are worth checking: piecewise linear functions have no second one, comparisons none. */
typedef enum { SECOND_ORDER, FIRST_ORDER, NO_GRADIENT } op_case_order;

typedef struct {
    const char *name;
    as_op_code code;
    int n;
    as_dims dims[INPUTS_MAX];
    double low, high; /* range of the float inputs */
    as_attr attr;
    int64_t below[INPUTS_MAX]; /* > 0: this input is i64 in 0 .. below-1 */
    op_case_order order;
    as_t (*call)(as_ctx *c, const as_t *in); /* a composite of several operations instead of `code` */
} op_case;

/* AS_DIMS as an initializer */
#define D(...)                                                                                               \
    {                                                                                                        \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                           \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }
#define SCALAR                                                                                               \
    {                                                                                                        \
        0,                                                                                                   \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }

/* One item of an elementwise operation from one item of each input, by the formula; NaN for the others. */
static inline double op_formula(const op_case *k, double a, double b, double x)
{
    if (k->call)
        return NAN;
    switch (k->code) {
    case AS_OP_NEG:
        return -a;
    case AS_OP_ABS:
        return fabs(a);
    case AS_OP_SIGN:
        return (a > 0) - (a < 0);
    case AS_OP_EXP:
        return exp(a);
    case AS_OP_EXPM1:
        return expm1(a);
    case AS_OP_LOG:
        return log(a);
    case AS_OP_LOG1P:
        return log1p(a);
    case AS_OP_SQRT:
        return sqrt(a);
    case AS_OP_RSQRT:
        return 1 / sqrt(a);
    case AS_OP_SIN:
        return sin(a);
    case AS_OP_COS:
        return cos(a);
    case AS_OP_TANH:
        return tanh(a);
    case AS_OP_ERF:
        return erf(a);
    case AS_OP_SIGMOID:
        return 1 / (1 + exp(-a));
    case AS_OP_SOFTPLUS:
        return log1p(exp(a));
    case AS_OP_RELU:
        return a > 0 ? a : 0;
    case AS_OP_LEAKY_RELU:
        return a > 0 ? a : k->attr.r[0] * a;
    case AS_OP_ROUND_THROUGH:
        return nearbyint(a);
    case AS_OP_SILU:
        return a / (1 + exp(-a));
    case AS_OP_GELU:
        return a * (1 + erf(a / sqrt(2))) / 2;
    case AS_OP_SQUARE:
        return a * a;
    case AS_OP_AFFINE:
        return a * k->attr.r[0] + k->attr.r[1];
    case AS_OP_POWER:
        return pow(a, k->attr.r[0]);
    case AS_OP_CLAMP:
        return fmin(fmax(a, k->attr.r[0]), k->attr.r[1]);
    case AS_OP_ADD:
        return a + b;
    case AS_OP_SUB:
        return a - b;
    case AS_OP_MUL:
        return a * b;
    case AS_OP_DIV:
        return a / b;
    case AS_OP_POW:
        return pow(a, b);
    case AS_OP_MAXIMUM:
        return a > b ? a : b;
    case AS_OP_MINIMUM:
        return a < b ? a : b;
    case AS_OP_EQ:
        return a == b;
    case AS_OP_NE:
        return a != b;
    case AS_OP_LT:
        return a < b;
    case AS_OP_LE:
        return a <= b;
    case AS_OP_GT:
        return a > b;
    case AS_OP_GE:
        return a >= b;
    case AS_OP_WHERE:
        return a != 0 ? b : x;
    default:
        return NAN;
    }
}

#include "composite_cases.h"

#define OP(name_, code_, n_, low_, high_, ...)                                                               \
    {                                                                                                        \
        .name = name_, .code = AS_OP_##code_, .n = n_, .low = low_, .high = high_, __VA_ARGS__               \
    }

// clang-format off
static const op_case op_cases[] = {
    OP("neg", NEG, 1, -2, 2, .dims = {D(3, 5)}),
    OP("abs", ABS, 1, -2, 2, .dims = {D(3, 5)}, .order = FIRST_ORDER),
    OP("sign", SIGN, 1, -2, 2, .dims = {D(3, 5)}, .order = NO_GRADIENT),
    OP("exp", EXP, 1, -3, 3, .dims = {D(3, 5)}),
    OP("expm1", EXPM1, 1, -1, 1, .dims = {D(3, 5)}),
    OP("log", LOG, 1, 0.2, 3, .dims = {D(3, 5)}),
    OP("log1p", LOG1P, 1, -0.5, 3, .dims = {D(3, 5)}),
    OP("sqrt", SQRT, 1, 0.2, 3, .dims = {D(3, 5)}),
    OP("rsqrt", RSQRT, 1, 0.3, 3, .dims = {D(3, 5)}),
    OP("sin", SIN, 1, -4, 4, .dims = {D(3, 5)}),
    OP("cos", COS, 1, -4, 4, .dims = {D(3, 5)}),
    OP("tanh", TANH, 1, -3, 3, .dims = {D(3, 5)}),
    OP("erf", ERF, 1, -2, 2, .dims = {D(3, 5)}),
    OP("sigmoid", SIGMOID, 1, -4, 4, .dims = {D(3, 5)}),
    OP("softplus", SOFTPLUS, 1, -4, 4, .dims = {D(3, 5)}),
    OP("relu", RELU, 1, -2, 2, .dims = {D(3, 5)}, .order = FIRST_ORDER),
    OP("leaky_relu", LEAKY_RELU, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{0}, {0.1, 0}}, .order = FIRST_ORDER),
    OP("round_through", ROUND_THROUGH, 1, -4, 4, .dims = {D(3, 5)}, .order = NO_GRADIENT),
    OP("silu", SILU, 1, -4, 4, .dims = {D(3, 5)}),
    OP("gelu", GELU, 1, -3, 3, .dims = {D(3, 5)}),
    OP("square", SQUARE, 1, -2, 2, .dims = {D(3, 5)}),
    OP("affine", AFFINE, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{0}, {3, -2}}),
    OP("power", POWER, 1, 0.3, 2, .dims = {D(3, 5)}, .attr = {{0}, {2.5, 0}}),
    OP("clamp", CLAMP, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{0}, {-0.5, 0.7}}, .order = FIRST_ORDER),
    OP("unary of a scalar", EXP, 1, -1, 1, .dims = {SCALAR}),
    OP("unary, long", TANH, 1, -3, 3, .dims = {D(7, 5001)}, .order = NO_GRADIENT),
    OP("add", ADD, 2, -2, 2, .dims = {D(3, 5), D(3, 5)}),
    OP("add a row", ADD, 2, -2, 2, .dims = {D(3, 5), D(5)}),
    OP("add a column", ADD, 2, -2, 2, .dims = {D(3, 1), D(3, 5)}),
    OP("sub", SUB, 2, -2, 2, .dims = {D(3, 5), D(4, 1, 5)}),
    OP("mul", MUL, 2, -2, 2, .dims = {D(3, 5), D(3, 5)}),
    OP("mul outer", MUL, 2, -2, 2, .dims = {D(4, 1), D(1, 5)}),
    OP("mul by a scalar", MUL, 2, -2, 2, .dims = {D(3, 5), SCALAR}),
    OP("mul channels", MUL, 2, -2, 2, .dims = {D(2, 3, 4, 5), D(3, 1, 1)}),
    OP("div", DIV, 2, 0.5, 2, .dims = {D(3, 5), D(5)}),
    OP("pow", POW, 2, 0.5, 2, .dims = {D(3, 5), D(3, 5)}),
    OP("maximum", MAXIMUM, 2, -2, 2, .dims = {D(3, 5), D(3, 5)}, .order = FIRST_ORDER),
    OP("minimum", MINIMUM, 2, -2, 2, .dims = {D(3, 5), D(3, 5)}, .order = FIRST_ORDER),
    OP("eq", EQ, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("ne", NE, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("lt", LT, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("le", LE, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("gt", GT, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("ge", GE, 2, -2, 2, .dims = {D(3, 5), D(5)}, .order = NO_GRADIENT),
    OP("eq of integers", EQ, 2, 0, 1, .dims = {D(3, 5), D(5)}, .below = {3, 3}, .order = NO_GRADIENT),
    OP("where", WHERE, 3, -2, 2, .dims = {D(3, 5), D(5), D(3, 1)}),
    OP("binary, long", MUL, 2, -2, 2, .dims = {D(40, 1000), D(1000)}, .order = NO_GRADIENT),
    OP("sum, last", SUM, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{4, 1}, {0}}),
    OP("sum, two apart", SUM, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{5, 0}, {0}}),
    OP("sum, all", SUM, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{7, 0}, {0}}),
    OP("mean, first", MEAN, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{1, 0}, {0}}),
    OP("max, middle", MAX, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{2, 0}, {0}}, .order = FIRST_ORDER),
    OP("max, all", MAX, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{7, 0}, {0}}, .order = FIRST_ORDER),
    OP("min, last kept", MIN, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{4, 1}, {0}}, .order = FIRST_ORDER),
    OP("argmax", ARGMAX, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{4, 0}, {0}}, .order = NO_GRADIENT),
    OP("logsumexp, last", LOGSUMEXP, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{2, 1}, {0}}),
    OP("logsumexp, first", LOGSUMEXP, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{1, 0}, {0}}),
    OP("softmax, last", SOFTMAX, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{1}, {0}}),
    OP("softmax, first", SOFTMAX, 1, -2, 2, .dims = {D(3, 5)}),
    OP("log_softmax, last", LOG_SOFTMAX, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{-1}, {0}}),
    OP("log_softmax, middle", LOG_SOFTMAX, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{1}, {0}}),
    OP("sum_to", SUM_TO, 1, -2, 2, .dims = {D(4, 3, 5)}, .attr = {{2, 3, 1}, {0}}),
    OP("argmin", ARGMIN, 1, -2, 2, .dims = {D(2, 3, 5)}, .attr = {{4, 0}, {0}}, .order = NO_GRADIENT),
    OP("norm, last", NORM, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{2, 1}, {0}}),
    OP("norm, first, dropped", NORM, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{1, 0}, {0}}),
    OP("norm, all", NORM, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{3, 0}, {0}}),
    OP("cumsum, last", CUMSUM, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{1}, {0}}),
    OP("cumsum, first", CUMSUM, 1, -2, 2, .dims = {D(3, 5)}, .attr = {{0}, {0}}),
    OP("cumsum, from the end", CUMSUM, 1, -2, 2, .dims = {D(2, 3, 4)}, .attr = {{-2, 1}, {0}}),
    OP("cumsum, middle, wide", CUMSUM, 1, -2, 2, .dims = {D(2, 3, 70)}, .attr = {{1}, {0}},
        .order = FIRST_ORDER),
    OP("argsort", ARGSORT, 1, -2, 2, .dims = {D(3, 60)}, .attr = {{1}, {0}}, .order = NO_GRADIENT),
    OP("argsort, descending", ARGSORT, 1, -2, 2, .dims = {D(7, 3)}, .attr = {{0, 1}, {0}},
        .order = NO_GRADIENT),
    OP("cross_entropy", CROSS_ENTROPY, 2, -2, 2, .dims = {D(4, 3), D(4)}, .below = {0, 3}),
    OP("cross_entropy, smoothed", CROSS_ENTROPY, 2, -2, 2, .dims = {D(4, 5), D(4)},
        .attr = {{0}, {0.2, 0}}, .below = {0, 5}),
    OP("cross_entropy, long rows", CROSS_ENTROPY, 2, -2, 2, .dims = {D(2, 301), D(2)}, .below = {0, 301},
        .order = FIRST_ORDER),
    OP("cross_entropy, places", CROSS_ENTROPY, 2, -2, 2, .dims = {D(2, 3, 4), D(2, 3)}, .below = {0, 4}),
    OP("layer_norm", LAYER_NORM, 3, -2, 2, .dims = {D(3, 5), D(5), D(5)}, .attr = {{1}, {1e-3, 0}}),
    OP("layer_norm, two axes", LAYER_NORM, 3, -2, 2, .dims = {D(2, 3, 4), D(3, 4), D(3, 4)},
        .attr = {{2}, {1e-3, 0}}),
    OP("layer_norm, no weight", LAYER_NORM, 1, -2, 2, .dims = {D(4, 70)}, .attr = {{1}, {1e-5, 0}},
        .order = FIRST_ORDER),
    OP("layer_norm, weight alone", LAYER_NORM, 2, -2, 2, .dims = {D(4, 6), D(6)}, .attr = {{1}, {1e-3, 0}}),
    OP("group_norm", GROUP_NORM, 3, -2, 2, .dims = {D(2, 4, 3, 2), D(4), D(4)}, .attr = {{2}, {1e-3, 0}}),
    OP("group_norm, no places", GROUP_NORM, 3, -2, 2, .dims = {D(3, 6), D(6), D(6)},
        .attr = {{2}, {1e-3, 0}}),
    OP("group_norm, no weight", GROUP_NORM, 1, -2, 2, .dims = {D(2, 4, 9)}, .attr = {{1}, {1e-3, 0}}),
    OP("batch_moments", BATCH_MOMENTS, 1, -2, 2, .dims = {D(4, 3, 5)}, .attr = {{0}, {1e-3, 0}},
        .order = NO_GRADIENT),
    OP("batch_norm", BATCH_NORM, 4, 0.5, 2, .dims = {D(3, 2, 2, 2), D(3, 2), D(2), D(2)},
        .attr = {{0}, {1e-3, 0}}),
    OP("batch_norm, no places", BATCH_NORM, 4, 0.5, 2, .dims = {D(6, 3), D(3, 3), D(3), D(3)},
        .attr = {{0}, {1e-3, 0}}),
    OP("batch_norm, no weight", BATCH_NORM, 2, 0.5, 2, .dims = {D(6, 3), D(3, 3)}, .attr = {{0}, {1e-3, 0}}),
    OP("batch_norm, given statistics", BATCH_NORM, 4, 0.5, 2, .dims = {D(3, 2, 3), D(3, 2), D(2), D(2)},
        .attr = {{1}, {0}}),
    OP("gather a label", GATHER, 2, -2, 2, .dims = {D(4, 3), D(4)}, .attr = {{-1}, {0}}, .below = {0, 3}),
    OP("gather several", GATHER, 2, -2, 2, .dims = {D(4, 3), D(6, 3)}, .below = {0, 4}),
    OP("scatter_add", SCATTER_ADD, 2, -2, 2, .dims = {D(4, 3), D(4, 3)},
        .attr = {{1, 6}, {0}}, .below = {0, 6}),
    OP("scatter_add, new axis", SCATTER_ADD, 2, -2, 2, .dims = {D(4), D(4)},
        .attr = {{1, 6, 1}, {0}}, .below = {0, 6}),
    OP("index_select", INDEX_SELECT, 2, -2, 2, .dims = {D(4, 3, 2), D(5)},
        .attr = {{1}, {0}}, .below = {0, 3}),
    OP("index_add", INDEX_ADD, 2, -2, 2, .dims = {D(4, 3), D(4)}, .attr = {{0, 6}, {0}}, .below = {0, 6}),
    OP("one_hot", ONE_HOT, 1, 0, 1, .dims = {D(4)}, .attr = {{5}, {0}}, .below = {5}, .order = NO_GRADIENT),
    OP("reshape", RESHAPE, 1, -2, 2, .dims = {D(4, 6)}, .attr = {{3, 2, -1, 3}, {0}}),
    OP("permute", PERMUTE, 1, -2, 2, .dims = {D(2, 3, 4)}, .attr = {{3, 2, 0, 1}, {0}}),
    OP("expand", EXPAND, 1, -2, 2, .dims = {D(3, 1)}, .attr = {{3, 2, 3, 4}, {0}}),
    OP("slice", SLICE, 1, -2, 2, .dims = {D(4, 7)}, .attr = {{1, 1, -1, 2}, {0}}),
    OP("unslice", UNSLICE, 1, -2, 2, .dims = {D(4, 3)}, .attr = {{1, 1, 7, 2, 7}, {0}}),
    OP("concat", CONCAT, 3, -2, 2, .dims = {D(2, 3), D(2, 1), D(2, 4)}, .attr = {{1}, {0}}),
    OP("cast", CAST, 1, -2, 2, .dims = {D(3, 4)}, .attr = {{AS_F32}, {0}}, .order = NO_GRADIENT),
    OP("contiguous", CONTIGUOUS, 1, -2, 2, .dims = {D(3, 4)}),
    OP("matmul", MATMUL, 2, -2, 2, .dims = {D(3, 4), D(4, 5)}),
    OP("matmul, batch", MATMUL, 2, -2, 2, .dims = {D(2, 3, 4), D(2, 4, 5)}),
    OP("matmul, rows", MATMUL, 2, -2, 2, .dims = {D(2, 3, 4), D(4, 5)}),
    OP("matmul, broadcast", MATMUL, 2, -2, 2, .dims = {D(2, 1, 3, 4), D(3, 4, 2)}),
    OP("matmul, one row", MATMUL, 2, -2, 2, .dims = {D(5, 1, 4), D(4, 1)}),
    OP("linear", LINEAR, 3, -2, 2, .dims = {D(3, 4), D(5, 4), D(5)}),
    OP("linear, batch", LINEAR, 3, -2, 2, .dims = {D(2, 3, 4), D(5, 4), D(5)}),
    OP("linear, one item", LINEAR, 3, -2, 2, .dims = {D(4), D(5, 4), D(5)}),
    OP("contiguous, tiles", CONTIGUOUS, 1, -2, 2, .dims = {D(2, 19, 35)}),
    OP("conv2d", CONV2D, 2, -1, 1, .dims = {D(2, 3, 5, 4), D(4, 3, 3, 3)},
        .attr = {{1, 1, 1, 1, 1, 1, 1}, {0}}),
    OP("conv2d, strided", CONV2D, 2, -1, 1, .dims = {D(2, 2, 6, 5), D(4, 2, 3, 2)},
        .attr = {{2, 1, 1, 0, 1, 2, 1}, {0}}),
    OP("conv2d, groups", CONV2D, 2, -1, 1, .dims = {D(9, 4, 4, 4), D(6, 2, 3, 3)},
        .attr = {{1, 1, 1, 1, 1, 1, 2}, {0}}),
    OP("conv2d, bias", CONV2D, 3, -1, 1, .dims = {D(2, 3, 5, 4), D(4, 3, 3, 3), D(4)},
        .attr = {{1, 1, 1, 1, 1, 1, 1}, {0}}),
    OP("conv2d, groups, bias", CONV2D, 3, -1, 1, .dims = {D(3, 4, 4, 3), D(6, 2, 3, 2), D(6)},
        .attr = {{2, 1, 1, 0, 1, 1, 2}, {0}}),
    OP("conv2d, pointwise", CONV2D, 3, -1, 1, .dims = {D(9, 4, 3, 5), D(6, 2, 1, 1), D(6)},
        .attr = {{1, 1, 0, 0, 1, 1, 2}, {0}}),
    OP("conv2d_input", CONV2D_INPUT, 2, -1, 1, .dims = {D(2, 4, 5, 4), D(4, 3, 3, 3)},
        .attr = {{1, 1, 1, 1, 1, 1, 1, 5, 4}, {0}}),
    OP("conv2d_weight", CONV2D_WEIGHT, 2, -1, 1, .dims = {D(2, 3, 5, 4), D(2, 4, 5, 4)},
        .attr = {{1, 1, 1, 1, 1, 1, 1, 3, 3}, {0}}),
    OP("avg_pool2d", AVG_POOL2D, 1, -1, 1, .dims = {D(2, 3, 4, 6)}, .attr = {{2, 2, 2, 2, 0, 0}, {0}}),
    OP("avg_pool2d, overlapping", AVG_POOL2D, 1, -1, 1, .dims = {D(2, 1, 5, 4)},
        .attr = {{3, 2, 1, 2, 1, 0}, {0}}),
    OP("avg_pool2d_input", AVG_POOL2D_INPUT, 1, -1, 1, .dims = {D(2, 1, 2, 3)},
        .attr = {{2, 2, 2, 2, 0, 0, 4, 6}, {0}}),
    OP("resize2d, nearest", RESIZE2D, 1, -1, 1, .dims = {D(2, 2, 3, 4)}, .attr = {{6, 8, 0}, {0}}),
    OP("resize2d, nearest, smaller", RESIZE2D, 1, -1, 1, .dims = {D(1, 2, 5, 4)}, .attr = {{3, 2, 0}, {0}}),
    OP("resize2d, bilinear", RESIZE2D, 1, -1, 1, .dims = {D(2, 2, 3, 4)}, .attr = {{7, 6, 1}, {0}}),
    OP("resize2d, bilinear, smaller", RESIZE2D, 1, -1, 1, .dims = {D(1, 1, 6, 7)}, .attr = {{3, 4, 1}, {0}}),
    OP("resize2d_input", RESIZE2D_INPUT, 1, -1, 1, .dims = {D(2, 1, 4, 6)}, .attr = {{4, 6, 1, 3, 3}, {0}}),
    OP("var", SUM, 1, -2, 2, .dims = {D(3, 5)}, .call = case_var),
    OP("var, unbiased, all", SUM, 1, -2, 2, .dims = {D(3, 4)}, .call = case_var_all),
    OP("flip", SUM, 1, -2, 2, .dims = {D(2, 5, 3)}, .call = case_flip),
    OP("roll", SUM, 1, -2, 2, .dims = {D(2, 5, 3)}, .call = case_roll),
    OP("roll back", SUM, 1, -2, 2, .dims = {D(7)}, .call = case_roll_back),
    OP("pad", SUM, 1, -2, 2, .dims = {D(2, 3, 2)}, .call = case_pad),
    OP("tile", SUM, 1, -2, 2, .dims = {D(2, 3, 2)}, .call = case_tile),
    OP("stack", SUM, 3, -2, 2, .dims = {D(2, 3), D(2, 3), D(2, 3)}, .call = case_stack),
    OP("sort", SUM, 1, -2, 2, .dims = {D(3, 7)}, .call = case_sort),
    OP("sort, first, descending", SUM, 1, -2, 2, .dims = {D(7, 3)}, .call = case_sort_first),
    OP("top_k", SUM, 1, -2, 2, .dims = {D(3, 7)}, .call = case_top_k),
    OP("embedding", SUM, 2, -2, 2, .dims = {D(5, 3), D(2, 4)}, .below = {0, 5}, .call = case_embedding),
    OP("squared_distances", SUM, 2, -2, 2, .dims = {D(4, 3), D(5, 3)}, .call = case_squared_distances),
    OP("squared_distances, batch", SUM, 2, -2, 2, .dims = {D(2, 4, 3), D(2, 3, 3)},
        .call = case_squared_distances),
    OP("attention", SUM, 3, -2, 2, .dims = {D(2, 3, 4), D(2, 5, 4), D(2, 5, 3)}, .call = case_attention),
    OP("attention, masked", SUM, 4, -2, 2, .dims = {D(3, 4), D(5, 4), D(5, 3), D(3, 5)},
        .call = case_attention_masked),
    OP("clip_norm, clipped", SUM, 1, -2, 2, .dims = {D(3, 5)}, .call = case_clip_norm),
    OP("clip_norm, short", SUM, 1, -2, 2, .dims = {D(3)}, .call = case_clip_norm_short),
    OP("softmax of a linear map", SUM, 3, -2, 2, .dims = {D(3, 4), D(5, 4), D(5)},
        .call = case_softmax_linear),
    OP("residual block", SUM, 3, -2, 2, .dims = {D(4, 6), D(6), D(6)}, .call = case_residual),
    OP("log-mean-exp of distances", SUM, 2, -2, 2, .dims = {D(4, 3), D(3, 3)}, .call = case_log_mean_exp),
    OP("broadcast of a cumulated row", SUM, 2, -2, 2, .dims = {D(3, 4), D(4)}, .call = case_cumulated),
    OP("mul, column by row", MUL, 2, -2, 2, .dims = {D(4, 1), D(5)}),
    OP("div, row by column", DIV, 2, 0.5, 2, .dims = {D(5), D(4, 1)}),
    OP("sub, scalar", SUB, 2, -2, 2, .dims = {D(3, 4), SCALAR}),
    OP("maximum, broadcast", MAXIMUM, 2, -2, 2, .dims = {D(2, 3, 4), D(3, 1)}, .order = FIRST_ORDER),
    OP("pow, broadcast", POW, 2, 0.5, 2, .dims = {D(3, 1), D(2, 1, 4)}),
    OP("where, broadcast", WHERE, 3, -2, 2, .dims = {D(3, 1), D(4), D(2, 3, 4)}),
    OP("exp, four axes", EXP, 1, -1, 1, .dims = {D(2, 3, 2, 3)}),
    OP("gelu, long", GELU, 1, -3, 3, .dims = {D(131)}),
    OP("silu of one item", SILU, 1, -1, 1, .dims = {D(1, 1)}),
    OP("tanh, many axes", TANH, 1, -1, 1, .dims = {D(1, 2, 1, 3, 1, 2)}),
    OP("sum, outer axes", SUM, 1, -2, 2, .dims = {D(2, 3, 4)}, .attr = {{5, 1}, {0}}),
    OP("mean, two of four", MEAN, 1, -2, 2, .dims = {D(2, 3, 2, 3)}, .attr = {{10, 0}, {0}}),
    OP("max, middle", MAX, 1, -2, 2, .dims = {D(2, 5, 3)}, .attr = {{2, 0}, {0}}, .order = FIRST_ORDER),
    OP("argmax, first", ARGMAX, 1, -2, 2, .dims = {D(6, 3)}, .attr = {{1, 0}, {0}}, .order = NO_GRADIENT),
    OP("logsumexp, middle", LOGSUMEXP, 1, -2, 2, .dims = {D(2, 5, 3)}, .attr = {{2, 0}, {0}}),
    OP("softmax, long rows", SOFTMAX, 1, -2, 2, .dims = {D(2, 70)}, .attr = {{1}, {0}}, .order = FIRST_ORDER),
    OP("log_softmax, long rows", LOG_SOFTMAX, 1, -2, 2, .dims = {D(2, 70)}, .attr = {{1}, {0}},
        .order = FIRST_ORDER),
    OP("sum_to a scalar", SUM_TO, 1, -2, 2, .dims = {D(4, 3)}, .attr = {{0}, {0}}),
    OP("gather, first axis dropped", GATHER, 2, -2, 2, .dims = {D(4, 3), D(3)}, .below = {0, 4}),
    OP("index_select, first", INDEX_SELECT, 2, -2, 2, .dims = {D(4, 3), D(6)}, .below = {0, 4}),
    OP("index_add, last", INDEX_ADD, 2, -2, 2, .dims = {D(3, 4), D(4)},
        .attr = {{1, 5}, {0}}, .below = {0, 5}),
    OP("reshape to one axis", RESHAPE, 1, -2, 2, .dims = {D(2, 3, 4)}, .attr = {{1, -1}, {0}}),
    OP("permute, four axes", PERMUTE, 1, -2, 2, .dims = {D(2, 3, 2, 3)}, .attr = {{4, 3, 1, 0, 2}, {0}}),
    OP("slice, one item", SLICE, 1, -2, 2, .dims = {D(4, 7)}, .attr = {{0, -1, 4, 1}, {0}}),
    OP("concat, first", CONCAT, 2, -2, 2, .dims = {D(2, 3), D(4, 3)}),
    OP("matmul, wide", MATMUL, 2, -2, 2, .dims = {D(2, 17), D(17, 33)}, .order = FIRST_ORDER),
    OP("matmul, outer product", MATMUL, 2, -2, 2, .dims = {D(5, 1), D(1, 4)}),
    OP("matmul, three batch axes", MATMUL, 2, -2, 2, .dims = {D(2, 2, 3, 2), D(2, 1, 2, 3)}),
    OP("conv2d, one place", CONV2D, 2, -1, 1, .dims = {D(2, 3, 4, 5), D(4, 3, 1, 1)},
        .attr = {{1, 1, 0, 0, 1, 1, 1}, {0}}),
    OP("conv2d, channel by channel", CONV2D, 2, -1, 1, .dims = {D(2, 4, 5, 5), D(4, 1, 3, 3)},
        .attr = {{1, 1, 1, 1, 1, 1, 4}, {0}}),
    OP("conv2d, stride 2", CONV2D, 2, -1, 1, .dims = {D(2, 2, 6, 6), D(3, 2, 3, 3)},
        .attr = {{2, 2, 1, 1, 1, 1, 1}, {0}}),
    OP("max_pool2d", MAX_POOL2D, 1, -1, 1, .dims = {D(2, 3, 4, 6)},
        .attr = {{2, 2, 2, 2, 0, 0}, {0}}, .order = FIRST_ORDER),
    OP("max_pool2d, overlapping", MAX_POOL2D, 1, -1, 1, .dims = {D(2, 1, 5, 5)},
        .attr = {{3, 3, 2, 2, 1, 1}, {0}}, .order = FIRST_ORDER),
    OP("max_pool2d_pick", MAX_POOL2D_PICK, 2, -1, 1, .dims = {D(1, 2, 4, 4), D(1, 2, 4, 4)},
        .attr = {{2, 2, 2, 2, 0, 0}, {0}}, .order = FIRST_ORDER),
};
// clang-format on

#define OP_CASES (sizeof op_cases / sizeof *op_cases)

#endif
