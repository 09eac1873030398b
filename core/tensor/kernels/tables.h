/* Every table there is. kernels_for chooses among them; tests go through all. */
#ifndef ASSAY_TENSOR_KERNELS_TABLES_H
#define ASSAY_TENSOR_KERNELS_TABLES_H

#include "tensor/cpu.h"
#include "tensor/kernels.h"

typedef struct {
    as_dtype dtype;
    cpu_isa_level isa; /* what the processor must have */
    void (*fill)(kernels *k);
} kernel_table;

#define KERNEL_TABLES 5
extern const kernel_table kernel_tables[KERNEL_TABLES]; /* by type, better instruction sets last */

#endif
