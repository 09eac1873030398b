/* What this program is made of, for the database and for assay doctor. */
#ifndef ASSAY_WORKER_FACTS_H
#define ASSAY_WORKER_FACTS_H

#include "results/store.h"

#include <stddef.h>

/* "gcc 12.2.0" */
const char *facts_compiler(char *out, size_t size);

/* "OpenBLAS 0.3.21", without the options it was built with. */
const char *facts_blas(char *out, size_t size);

/* This program, as a run's rows name it; the texts live as long as the process. */
void facts_build(store_build_info *out);

/* One line to print when OPENBLAS_CORETYPE makes products slower than they need be; NULL otherwise. */
const char *facts_blas_warning(char *out, size_t size);

#endif
