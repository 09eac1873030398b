/* Optimal assignment of rows to columns. */
#include "tensor/forward.h"
#include "tensor/kernels.h"

#include <assay/tensor.h>

#include <math.h>

/* cost [N, M] -> i64 [N]: the column of each row, -1 for a row without one (N > M); i0 = 1: the largest sum
 */
as_t forward_assignment(as_ctx *c, op_call *call)
{
    as_t x = call->in[0];
    char text[TENSOR_TEXT];
    if (x->rank != 2 || !tensor_is_float(x))
        return context_fail(c, "%s, expected a float [N, M]", tensor_shape_text(x, text));
    bool tall = x->size[0] > x->size[1];
    if (tall)
        x = tensor_view(c, x, AS_DIMS(x->size[1], x->size[0]), (int64_t[]){x->stride[1], x->stride[0]},
                        x->data);
    op_call negated = {.code = AS_OP_NEG, .in = &x, .n = 1};
    x = call->attr.i[0] ? forward_unary(c, &negated) : tensor_dense(c, x);
    if (!context_ok(c))
        return x;
    int64_t rows = x->size[0], columns = x->size[1];
    for (int64_t i = 0; i < x->count; i++)
        if (!isfinite(x->dtype == AS_F32 ? ((float *)x->data)[i] : ((double *)x->data)[i]))
            return context_fail(c, "a cost of %s is not finite", tensor_shape_text(call->in[0], text));
    as_t column_of = tensor_new(c, AS_I64, AS_DIMS(rows)), work = tensor_new(c, AS_F64, AS_DIMS(8 * columns));
    as_t inverse = tall ? tensor_full(c, AS_I64, AS_DIMS(columns), -1) : column_of;
    if (!context_ok(c))
        return context_of(c)->inert;
    kernels_for(x->dtype)->assignment(column_of->data, x->data, rows, columns, work->data);
    for (int64_t i = 0; tall && i < rows; i++)
        ((int64_t *)inverse->data)[((int64_t *)column_of->data)[i]] = i;
    return inverse;
}
