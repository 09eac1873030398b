/* What this processor can do, and which BLAS kernel serves it. Asked once, then remembered. [any thread] */
#ifndef ASSAY_TENSOR_CPU_H
#define ASSAY_TENSOR_CPU_H

#include "base/error.h"

#include <stdbool.h>

#define CPU_ISA_ENV "ASSAY_ISA" /* base, avx2 or avx512: never more than this */

typedef enum {
    CPU_BASE,   /* x86-64: SSE2 */
    CPU_AVX2,   /* x86-64-v3: AVX2, FMA, BMI */
    CPU_AVX512, /* x86-64-v4: AVX-512 F, VL, BW, DQ, CD */
    CPU_ISA_COUNT
} cpu_isa_level;

/* The kernels to use: the best the processor and its operating system have, or less if ASSAY_ISA says so. */
cpu_isa_level cpu_isa(void);

/* "base", "avx2", "avx512" */
const char *cpu_isa_name(cpu_isa_level isa);

/* Fails "ASSAY_ISA=avx3: expected base, avx2 or avx512", or when it asks for more than the processor has.
 * Call at the start of a worker: cpu_isa itself ignores such a value. */
bool cpu_check(as_error *e);

/* The processor's own name, "AMD EPYC 9B14", or "unknown". */
const char *cpu_name(void);

/* Cores this process may run on (its affinity mask), at least 1. */
int cpu_cores(void);

/* The kernel OpenBLAS chose when it was loaded: "Cooperlake", "Haswell". Part of what a run records. */
const char *cpu_blas_kernel(void);

/* The instruction set of that kernel. */
cpu_isa_level cpu_blas_isa(void);

/* True if OPENBLAS_CORETYPE is set and names a kernel for a lesser instruction set than the processor has.
 * Worth one line of warning: it may cost a factor 2 in every product. False while OpenBLAS chooses by itself.
 */
bool cpu_blas_is_slow(void);

#endif
