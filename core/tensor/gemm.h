/* Matrix products, row-major: C = alpha * op(A) op(B) + beta * C, by single-threaded BLAS calls in the thread
 * pool. C is cut into blocks of rows or columns by the call's sizes alone and each is one thread's, so the
 * bits do not depend on the number of threads. They do depend on the BLAS kernel (cpu_blas_kernel). Where
 * op(B) is op(A) transposed, in memory too, half of C may be computed and half copied.
 *
 *   ta, tb  op(X) is X, or its transpose if true
 *   a       op(A) [m,k]: stored [m,k], or [k,m] if ta; lda = elements from one stored row to the next
 *   b       op(B) [k,n]: stored [k,n], or [n,k] if tb
 *   c       [m,n]; must not overlap a or b. Not read if beta is 0, so it may be uninitialised or hold NaN
 *
 * m or n of 0: nothing is done. k of 0, or alpha of 0: C = beta * C; a and b are not read and may be NULL.
 * Each dimension and leading dimension below 2^31. Engine's main thread, or a pool piece (then it runs
 * serially). */
#ifndef ASSAY_TENSOR_GEMM_H
#define ASSAY_TENSOR_GEMM_H

#include <stdbool.h>
#include <stdint.h>

void gemm_f32(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
              const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

void gemm_f64(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
              const double *b, int64_t ldb, double beta, double *c, int64_t ldc);

/* C = A op(B) + bias, a row of n added to each of C's; ldc as above. */
void gemm_bias_f32(bool tb, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                   int64_t ldb, const float *bias, float *c, int64_t ldc);

void gemm_bias_f64(bool tb, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b,
                   int64_t ldb, const double *bias, double *c, int64_t ldc);

/* `count` products of one shape; matrix i of A starts at a + i * stride_a (elements), likewise B and C.
 * stride_a or stride_b may be 0 (the same matrix in every product); the matrices of C must not overlap. */
void gemm_batch_f32(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, int64_t stride_a, const float *b, int64_t ldb,
                    int64_t stride_b, float beta, float *c, int64_t ldc, int64_t stride_c);

void gemm_batch_f64(int64_t count, bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha,
                    const double *a, int64_t lda, int64_t stride_a, const double *b, int64_t ldb,
                    int64_t stride_b, double beta, double *c, int64_t ldc, int64_t stride_c);

#endif
