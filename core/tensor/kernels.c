#include "tensor/kernels/tables.h"

#include <pthread.h>

void kernels_fill_f32_base(kernels *k);
void kernels_fill_f32_avx2(kernels *k);
void kernels_fill_f32_avx512(kernels *k);
void kernels_fill_f64_base(kernels *k);
void kernels_fill_f64_avx2(kernels *k);

const kernel_table kernel_tables[KERNEL_TABLES] = {
    {AS_F32, CPU_BASE, kernels_fill_f32_base},     {AS_F32, CPU_AVX2, kernels_fill_f32_avx2},
    {AS_F32, CPU_AVX512, kernels_fill_f32_avx512}, {AS_F64, CPU_BASE, kernels_fill_f64_base},
    {AS_F64, CPU_AVX2, kernels_fill_f64_avx2},
};

static pthread_once_t chosen = PTHREAD_ONCE_INIT;
static kernels tables[2]; /* by dtype: AS_F32, AS_F64 */

static void choose(void)
{
    for (int i = 0; i < KERNEL_TABLES; i++)
        if (kernel_tables[i].isa <= cpu_isa())
            kernel_tables[i].fill(&tables[kernel_tables[i].dtype]);
}

const kernels *kernels_for(as_dtype dtype)
{
    pthread_once(&chosen, choose);
    return &tables[dtype];
}
