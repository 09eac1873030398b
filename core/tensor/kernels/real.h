/* What one compilation of the kernels is. Every .c file here is compiled once for each pair of real type
 * (float; double if REAL64 is defined) and instruction set (ISA: base, avx2, avx512), with
 *   -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast
 * so that plain loops become vector code: NaN and infinity keep their meaning, a * b + c may round once.
 * Each file exports one function, which puts its kernels into a table; all else is static. */
#ifndef ASSAY_TENSOR_KERNELS_REAL_H
#define ASSAY_TENSOR_KERNELS_REAL_H

#include "tensor/kernels.h"

#ifdef REAL64
typedef double real;
#define REAL_NAME f64
#else
typedef float real;
#define REAL_NAME f32
#endif

/* KERNEL(fill_unary) is fill_unary_f32_avx2 in that compilation. */
#define KERNEL_JOIN(name, type, isa) name##_##type##_##isa
#define KERNEL_EXPAND(name, type, isa) KERNEL_JOIN(name, type, isa)
#define KERNEL(name) KERNEL_EXPAND(name, REAL_NAME, ISA)

void KERNEL(fill_unary)(kernels *k);
void KERNEL(fill_gradient)(kernels *k);
void KERNEL(fill_binary)(kernels *k);
void KERNEL(fill_reduce)(kernels *k);
void KERNEL(fill_softmax)(kernels *k);
void KERNEL(fill_index)(kernels *k);
void KERNEL(fill_window)(kernels *k);
void KERNEL(fill_winograd)(kernels *k);
void KERNEL(fill_transpose)(kernels *k);
void KERNEL(fill_optim)(kernels *k);
void KERNEL(fill_cast)(kernels *k);
void KERNEL(fill_cross_entropy)(kernels *k);
void KERNEL(fill_normalize)(kernels *k);
void KERNEL(fill_assignment)(kernels *k);
void KERNEL(fill_resample)(kernels *k);

/* All of the above: table.c. */
void KERNEL(kernels_fill)(kernels *k);

/* For the loops that take a function of one item: it must become part of the loop. */
#define INLINE static inline __attribute__((always_inline))

/* Before a loop of a few steps, constant once inlined, over values that should be registers. */
#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

/* Before a loop whose items do not depend on one another though its pointers may be equal (work in place):
 * gcc then needs no test for overlap, which work in place would fail. */
#ifdef __clang__
#define INDEPENDENT
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Partial results kept side by side in a reduction along memory: enough for four registers of any width. */
#define LANES 64

/* Columns worked on together where the reduced axis is not the last: their partial results stay in L1. */
#define STRIP 256

#define INFINITE ((real)__builtin_inf())

INLINE int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
