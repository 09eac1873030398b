/* The table of operations. Adding one is a row here, a number in <assay/ops.h>, a forward
 * (core/tensor/forward_*.c) and a gradient (gradients_*.c). The Lua binding, the services and the tests
 * follow from the row. */
#include "autograd/gradients.h"

#include <string.h>

enum { X = 1, A = 1, B = 2, C = 4, Y = OP_SAVES_OUTPUT, NONE = 0 };

/* name, form, arity, saves, forward, gradient, fused, doc */
static const op table[AS_OP_END] = {
    [AS_OP_NEG] = {"neg", "unary", 1, NONE, forward_unary, gradient_neg, NULL, "-x"},
    [AS_OP_ABS] = {"abs", "unary", 1, X, forward_unary, gradient_abs, fused_unary, "|x|, slope 0 at 0"},
    [AS_OP_SIGN] = {"sign", "unary", 1, NONE, forward_unary, NULL, NULL, "-1, 0 or 1"},
    [AS_OP_EXP] = {"exp", "unary", 1, Y, forward_unary, gradient_exp, fused_unary, "e^x"},
    [AS_OP_EXPM1] = {"expm1", "unary", 1, X, forward_unary, gradient_expm1, fused_unary,
                     "e^x - 1, exact near 0"},
    [AS_OP_LOG] = {"log", "unary", 1, X, forward_unary, gradient_log, fused_unary, "natural logarithm"},
    [AS_OP_LOG1P] = {"log1p", "unary", 1, X, forward_unary, gradient_log1p, fused_unary,
                     "log(1 + x), exact near 0"},
    [AS_OP_SQRT] = {"sqrt", "unary", 1, Y, forward_unary, gradient_sqrt, fused_unary, "square root"},
    [AS_OP_RSQRT] = {"rsqrt", "unary", 1, Y, forward_unary, gradient_rsqrt, fused_unary, "1 / sqrt(x)"},
    [AS_OP_SIN] = {"sin", "unary", 1, X, forward_unary, gradient_sin, fused_unary, "sine"},
    [AS_OP_COS] = {"cos", "unary", 1, X, forward_unary, gradient_cos, fused_unary, "cosine"},
    [AS_OP_TANH] = {"tanh", "unary", 1, Y, forward_unary, gradient_tanh, fused_unary, "hyperbolic tangent"},
    [AS_OP_ERF] = {"erf", "unary", 1, X, forward_unary, gradient_erf, fused_unary, "error function"},
    [AS_OP_SIGMOID] = {"sigmoid", "unary", 1, Y, forward_unary, gradient_sigmoid, fused_unary,
                       "1 / (1 + e^-x)"},
    [AS_OP_SOFTPLUS] = {"softplus", "unary", 1, X, forward_unary, gradient_softplus, fused_unary,
                        "log(1 + e^x)"},
    [AS_OP_RELU] = {"relu", "unary", 1, Y, forward_unary, gradient_relu, fused_unary,
                    "max(x, 0), slope 0 at 0"},
    [AS_OP_LEAKY_RELU] = {"leaky_relu", "unary1", 1, X, forward_unary, gradient_leaky_relu, fused_unary,
                          "x, or slope * x below 0"},
    [AS_OP_ROUND_THROUGH] = {"round_through", "unary", 1, NONE, forward_unary, gradient_round_through, NULL,
                             "nearest whole number, slope 1"},
    [AS_OP_SILU] = {"silu", "unary", 1, X, forward_unary, gradient_silu, fused_unary, "x sigmoid(x)"},
    [AS_OP_GELU] = {"gelu", "unary", 1, X, forward_unary, gradient_gelu, fused_unary, "x Phi(x)"},
    [AS_OP_SQUARE] = {"square", "unary", 1, X, forward_unary, gradient_square, fused_unary, "x x"},
    [AS_OP_AFFINE] = {"affine", "unary2", 1, NONE, forward_unary, gradient_affine, NULL,
                      "x * factor + shift"},
    [AS_OP_POWER] = {"power", "unary1", 1, X, forward_unary, gradient_power, fused_unary,
                     "x to a fixed power"},
    [AS_OP_CLAMP] = {"clamp", "unary2", 1, X, forward_unary, gradient_clamp, fused_unary,
                     "x into [low, high]"},

    [AS_OP_ADD] = {"add", "binary", 2, NONE, forward_binary, gradient_add, NULL, "a + b"},
    [AS_OP_SUB] = {"sub", "binary", 2, NONE, forward_binary, gradient_sub, NULL, "a - b"},
    [AS_OP_MUL] = {"mul", "binary", 2, A | B, forward_binary, gradient_mul, NULL, "a * b"},
    [AS_OP_DIV] = {"div", "binary", 2, A | B, forward_binary, gradient_div, NULL, "a / b"},
    [AS_OP_POW] = {"pow", "binary", 2, A | B, forward_binary, gradient_pow, NULL, "a ^ b"},
    [AS_OP_MAXIMUM] = {"maximum", "binary", 2, A | B, forward_binary, gradient_maximum, NULL, "the larger"},
    [AS_OP_MINIMUM] = {"minimum", "binary", 2, A | B, forward_binary, gradient_minimum, NULL, "the smaller"},
    [AS_OP_EQ] = {"eq", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a = b, else 0"},
    [AS_OP_NE] = {"ne", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a and b differ, else 0"},
    [AS_OP_LT] = {"lt", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a < b, else 0"},
    [AS_OP_LE] = {"le", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a <= b, else 0"},
    [AS_OP_GT] = {"gt", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a > b, else 0"},
    [AS_OP_GE] = {"ge", "binary", 2, NONE, forward_binary, NULL, NULL, "1 where a >= b, else 0"},
    [AS_OP_WHERE] = {"where", "ternary", 3, A, forward_where, gradient_where, NULL,
                     "b where a is not 0, else c"},

    [AS_OP_SUM] = {"sum", "axes", 1, NONE, forward_sum, gradient_sum, NULL, "sum along axes"},
    [AS_OP_MEAN] = {"mean", "axes", 1, NONE, forward_mean, gradient_mean, NULL, "mean along axes"},
    [AS_OP_MAX] = {"max", "axes", 1, X, forward_extreme, gradient_extreme, NULL, "largest along an axis"},
    [AS_OP_MIN] = {"min", "axes", 1, X, forward_extreme, gradient_extreme, NULL, "smallest along an axis"},
    [AS_OP_ARGMAX] = {"argmax", "axes", 1, NONE, forward_extreme, NULL, NULL, "place of the largest, from 0"},
    [AS_OP_ARGMIN] = {"argmin", "axes", 1, NONE, forward_extreme, NULL, NULL,
                      "place of the smallest, from 0"},
    [AS_OP_NORM] = {"norm", "axes", 1, X | Y, forward_norm, gradient_norm2, NULL,
                    "sqrt of the sum of squares"},
    [AS_OP_CUMSUM] = {"cumsum", "axis", 1, NONE, forward_cumsum, gradient_cumsum, NULL, "running sum"},
    [AS_OP_ARGSORT] = {"argsort", "axis", 1, NONE, forward_argsort, NULL, NULL, "places in ascending order"},
    [AS_OP_LOGSUMEXP] = {"logsumexp", "axes", 1, X | Y, forward_extreme, gradient_logsumexp, NULL,
                         "log sum exp"},
    [AS_OP_SOFTMAX] = {"softmax", "axis", 1, Y, forward_softmax, gradient_softmax, fused_softmax, "softmax"},
    [AS_OP_LOG_SOFTMAX] = {"log_softmax", "axis", 1, Y, forward_softmax, gradient_log_softmax, fused_softmax,
                           "log softmax"},

    [AS_OP_CROSS_ENTROPY] = {"cross_entropy", "labels", 2, A | B | Y, forward_cross_entropy,
                             gradient_cross_entropy, fused_cross_entropy, "-log softmax at the label"},
    [AS_OP_LAYER_NORM] = {"layer_norm", "norm", -1, A | B, forward_row_norm, gradient_row_norm,
                          fused_row_norm, "mean 0, variance 1 over the last axes"},
    [AS_OP_GROUP_NORM] = {"group_norm", "norm", -1, A | B, forward_row_norm, gradient_row_norm,
                          fused_row_norm, "mean 0, variance 1 over groups of channels"},
    [AS_OP_BATCH_MOMENTS] = {"batch_moments", "internal", 1, NONE, forward_batch_moments, NULL, NULL,
                             "mean and spread of each channel"},
    [AS_OP_BATCH_NORM] = {"batch_norm", "internal", -1, A | B | C, forward_batch_norm, gradient_batch_norm,
                          fused_batch_norm, "mean 0, variance 1 of each channel"},

    [AS_OP_GATHER] = {"gather", "index", 2, B, forward_gather, gradient_gather, NULL,
                      "items at places of an axis"},
    [AS_OP_SCATTER_ADD] = {"scatter_add", "scatter", 2, B, forward_scatter_add, gradient_scatter_add, NULL,
                           "items added at places of an axis"},
    [AS_OP_INDEX_SELECT] = {"index_select", "index", 2, B, forward_index_select, gradient_index_select, NULL,
                            "slices of an axis"},
    [AS_OP_INDEX_ADD] = {"index_add", "scatter", 2, B, forward_index_add, gradient_index_add, NULL,
                         "slices added at places of an axis"},
    [AS_OP_ONE_HOT] = {"one_hot", "count", 1, NONE, forward_one_hot, NULL, NULL, "0 and 1 by class"},

    [AS_OP_RESHAPE] = {"reshape", "dims", 1, NONE, forward_reshape, gradient_reshape, NULL, "other sizes"},
    [AS_OP_PERMUTE] = {"permute", "axes_order", 1, NONE, forward_permute, gradient_permute, NULL,
                       "other axis order"},
    [AS_OP_EXPAND] = {"expand", "dims", 1, NONE, forward_expand, gradient_expand, NULL,
                      "axes of size 1 repeated"},
    [AS_OP_SLICE] = {"slice", "slice", 1, NONE, forward_slice, gradient_slice, NULL, "a range of an axis"},
    [AS_OP_UNSLICE] = {"unslice", "internal", 1, NONE, forward_unslice, gradient_unslice, NULL,
                       "slice's gradient"},
    [AS_OP_CONCAT] = {"concat", "list", -1, NONE, forward_concat, gradient_concat, NULL,
                      "tensors end to end"},
    [AS_OP_CAST] = {"cast", "dtype", 1, NONE, forward_cast, gradient_cast, NULL, "another dtype"},
    [AS_OP_CONTIGUOUS] = {"contiguous", "unary", 1, NONE, forward_contiguous, gradient_contiguous, NULL,
                          "row-major and dense"},
    [AS_OP_SUM_TO] = {"sum_to", "dims", 1, NONE, forward_sum_to, gradient_sum_to, NULL,
                      "undoes broadcasting"},

    [AS_OP_MATMUL] = {"matmul", "binary", 2, A | B, forward_matmul, gradient_matmul, fused_matmul,
                      "matrix product"},
    [AS_OP_LINEAR] = {"linear", "layer", 3, A | B, forward_linear, gradient_linear, NULL, "x w^T + b"},
    [AS_OP_CONV2D] = {"conv2d", "conv", -1, A | B, forward_conv2d, gradient_conv2d, NULL, "2-D convolution"},
    [AS_OP_CONV2D_INPUT] = {"conv2d_input", "internal", 2, A | B, forward_conv2d_input, gradient_conv2d_input,
                            NULL, "conv2d's gradient in x"},
    [AS_OP_CONV2D_WEIGHT] = {"conv2d_weight", "internal", 2, A | B, forward_conv2d_weight,
                             gradient_conv2d_weight, NULL, "conv2d's gradient in w"},
    [AS_OP_MAX_POOL2D] = {"max_pool2d", "pool", 1, X, forward_max_pool2d, gradient_max_pool2d, NULL,
                          "largest of each window"},
    [AS_OP_MAX_POOL2D_INPUT] = {"max_pool2d_input", "internal", 2, A, forward_max_pool2d_input,
                                gradient_max_pool2d_input, NULL, "max_pool2d's gradient"},
    [AS_OP_MAX_POOL2D_PICK] = {"max_pool2d_pick", "internal", 2, A, forward_max_pool2d_pick,
                               gradient_max_pool2d_pick, NULL, "b at the places of a's maxima"},
    [AS_OP_AVG_POOL2D] = {"avg_pool2d", "pool", 1, NONE, forward_avg_pool2d, gradient_avg_pool2d, NULL,
                          "mean of each window"},
    [AS_OP_AVG_POOL2D_INPUT] = {"avg_pool2d_input", "internal", 1, NONE, forward_avg_pool2d_input,
                                gradient_avg_pool2d_input, NULL, "avg_pool2d's gradient"},
    [AS_OP_RESIZE2D] = {"resize2d", "resize", 1, NONE, forward_resize2d, gradient_resize2d, NULL,
                        "images of another size"},
    [AS_OP_RESIZE2D_INPUT] = {"resize2d_input", "internal", 1, NONE, forward_resize2d_input,
                              gradient_resize2d_input, NULL, "resize2d's gradient"},
    [AS_OP_ASSIGNMENT] = {"assignment", "assign", 1, NONE, forward_assignment, NULL, NULL,
                          "column of each row, cheapest together"},
    [AS_OP_CHOLESKY] = {"cholesky", "unary", 1, NONE, forward_cholesky, NULL, NULL, "L with A = L L^T"},
    [AS_OP_SOLVE] = {"solve", "binary", 2, NONE, forward_solve, NULL, NULL, "X with A X = B"},
    [AS_OP_EIGH] = {"eigh", "parts", 1, NONE, forward_eigh, NULL, NULL, "eigenvalues and vectors"},
    [AS_OP_SVD] = {"svd", "parts", 1, NONE, forward_svd, NULL, NULL, "singular values and vectors"},
    [AS_OP_WEIGHTED_SUM] = {"weighted_sum", "list", -1, OP_SAVES_LAST, forward_weighted_sum,
                            gradient_weighted_sum, NULL, "sum of tensors by weights, in double"},
};

const op *op_at(as_op_code code)
{
    return code >= 0 && code < AS_OP_END && table[code].name ? &table[code] : NULL;
}

const op *op_find(const char *name, as_op_code *code)
{
    for (int i = 0; i < AS_OP_END; i++)
        if (table[i].name && !strcmp(table[i].name, name)) {
            *code = (as_op_code)i;
            return &table[i];
        }
    return NULL;
}
