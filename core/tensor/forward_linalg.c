/* Cholesky, linear systems, symmetric eigenvalues and singular values through the LAPACK inside OpenBLAS.
 * LAPACK reads memory by columns: a row-major matrix is to it the transposed one, which each call here makes
 * use of instead of copying. Forward only. */
#include "tensor/forward.h"

#include <assay/tensor.h>

#include <inttypes.h>
#include <string.h>

/* The last argument stands for the length of each string: Fortran's compilers pass it. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void sgesv_(const int *n, const int *k, float *a, const int *lda, int *pivot, float *b, const int *ldb,
            int *info);
void dgesv_(const int *n, const int *k, double *a, const int *lda, int *pivot, double *b, const int *ldb,
            int *info);
void ssyevd_(const char *jobz, const char *uplo, const int *n, float *a, const int *lda, float *w,
             float *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t);
void sgesdd_(const char *jobz, const int *m, const int *n, float *a, const int *lda, float *s, float *u,
             const int *ldu, float *vt, const int *ldvt, float *work, const int *lwork, int *iwork, int *info,
             size_t);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork,
             int *info, size_t);

#define SIZE_MAX_SIDE 20000 /* LAPACK's integers have 32 bits */

/* A copy of a matrix that LAPACK may write over; NULL and a failure for anything else. */
static as_t matrix(as_ctx *c, as_t x, bool square)
{
    char text[TENSOR_TEXT];
    if (x->rank != 2 || !tensor_is_float(x) || x->size[0] > SIZE_MAX_SIDE || x->size[1] > SIZE_MAX_SIDE ||
        (square && x->size[0] != x->size[1])) {
        context_fail(c, "%s, expected a float %s", tensor_shape_text(x, text), square ? "[N, N]" : "[M, N]");
        return NULL;
    }
    as_t dense = tensor_dense(c, x);
    if (!context_ok(c))
        return NULL;
    as_t copy = tensor_from(c, (as_dtype)x->dtype, tensor_dims(x), dense->data);
    return context_ok(c) ? copy : NULL;
}

static void *slot(as_t x, int64_t item)
{
    return (char *)x->data + (size_t)item * tensor_item_bytes((as_dtype)x->dtype);
}

/* A [N, N] symmetric, its lower triangle read -> L with A = L L^T */
as_t forward_cholesky(as_ctx *c, op_call *call)
{
    as_t a = matrix(c, call->in[0], true);
    if (!a || a->count == 0)
        return a ? a : context_of(c)->inert;
    int n = (int)a->size[0], info;
    if (a->dtype == AS_F32)
        spotrf_("U", &n, a->data, &n, &info, 1);
    else
        dpotrf_("U", &n, a->data, &n, &info, 1);
    if (info > 0)
        return context_fail(c, "the matrix is not positive definite (its first %d rows are not)", info);
    for (int i = 0; i < n; i++)
        memset(slot(a, (int64_t)i * n + i + 1), 0,
               (size_t)(n - i - 1) * tensor_item_bytes((as_dtype)a->dtype));
    return a;
}

static as_t transposed(as_ctx *c, as_t x)
{
    return tensor_view(c, x, AS_DIMS(x->size[1], x->size[0]), (int64_t[]){x->stride[1], x->stride[0]},
                       x->data);
}

/* A [N, N], B [N, K] -> X with A X = B */
as_t forward_solve(as_ctx *c, op_call *call)
{
    as_t b = call->in[1];
    char left[TENSOR_TEXT], right[TENSOR_TEXT];
    if (b->rank != 2 || call->in[0]->rank != 2 || call->in[0]->size[0] != call->in[0]->size[1] ||
        b->size[0] != call->in[0]->size[0] || b->dtype != call->in[0]->dtype)
        return context_fail(c, "%s and %s, expected [N, N] and [N, K]", tensor_shape_text(call->in[0], left),
                            tensor_shape_text(b, right));
    as_t a = matrix(c, transposed(c, call->in[0]), true);
    as_t x = a ? matrix(c, transposed(c, b), false) : NULL;
    as_t pivot = x ? tensor_new(c, AS_F32, AS_DIMS(a->size[0])) : NULL;
    if (!x || !context_ok(c))
        return context_of(c)->inert;
    int n = (int)a->size[0], k = (int)x->size[0], info = 0;
    if (n > 0 && k > 0 && a->dtype == AS_F32)
        sgesv_(&n, &k, a->data, &n, pivot->data, x->data, &n, &info);
    else if (n > 0 && k > 0)
        dgesv_(&n, &k, a->data, &n, pivot->data, x->data, &n, &info);
    if (info > 0)
        return context_fail(c, "the matrix is singular: pivot %d is 0", info);
    return transposed(c, x);
}

/* A [N, N] symmetric -> [N + N N]: eigenvalues in ascending order, then their vectors, a row each */
as_t forward_eigh(as_ctx *c, op_call *call)
{
    as_t a = matrix(c, call->in[0], true);
    if (!a)
        return context_of(c)->inert;
    int n = (int)a->size[0], info = 0, lwork = 1 + 6 * n + 2 * n * n, liwork = 3 + 5 * n;
    as_t y = tensor_new(c, (as_dtype)a->dtype, AS_DIMS(n + (int64_t)n * n));
    as_t work = tensor_new(c, (as_dtype)a->dtype, AS_DIMS(lwork));
    as_t places = tensor_new(c, AS_F32, AS_DIMS(liwork));
    if (!context_ok(c) || n == 0)
        return y;
    if (a->dtype == AS_F32)
        ssyevd_("V", "U", &n, a->data, &n, y->data, work->data, &lwork, places->data, &liwork, &info, 1, 1);
    else
        dsyevd_("V", "U", &n, a->data, &n, y->data, work->data, &lwork, places->data, &liwork, &info, 1, 1);
    if (info)
        return context_fail(c, "no convergence for %d x %d items", n, n);
    memcpy(slot(y, n), a->data, (size_t)a->count * tensor_item_bytes((as_dtype)a->dtype));
    return y;
}

/* A [M, N], K = min(M, N) -> [M K + K + K N]: U [M, K], singular values in descending order, V^T [K, N] */
as_t forward_svd(as_ctx *c, op_call *call)
{
    as_t a = matrix(c, call->in[0], false);
    if (!a)
        return context_of(c)->inert;
    int m = (int)a->size[0], n = (int)a->size[1], k = m < n ? m : n, larger = m < n ? n : m, info = 0;
    int64_t room = 4 * (int64_t)k * k + 7 * (int64_t)k + larger + 64 * (int64_t)larger;
    int lwork = (int)(room > INT32_MAX ? INT32_MAX : room);
    as_t y = tensor_new(c, (as_dtype)a->dtype, AS_DIMS((int64_t)m * k + k + (int64_t)k * n));
    as_t work = tensor_new(c, (as_dtype)a->dtype, AS_DIMS(lwork > 0 ? lwork : 1));
    as_t places = tensor_new(c, AS_F32, AS_DIMS(8 * (int64_t)k + 1));
    if (!context_ok(c) || k == 0)
        return y;
    void *u = y->data, *s = slot(y, (int64_t)m * k), *vt = slot(y, (int64_t)m * k + k);
    if (a->dtype == AS_F32)
        sgesdd_("S", &n, &m, a->data, &n, s, vt, &n, u, &k, work->data, &lwork, places->data, &info, 1);
    else
        dgesdd_("S", &n, &m, a->data, &n, s, vt, &n, u, &k, work->data, &lwork, places->data, &info, 1);
    if (info)
        return context_fail(c, "no convergence for %d x %d items", m, n);
    return y;
}
