#include "worker/facts.h"

#include "tensor/cpu.h"
#include "worker/build_info.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *facts_compiler(char *out, size_t size)
{
#if defined(__clang__)
    snprintf(out, size, "clang %d.%d.%d", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    snprintf(out, size, "gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    return out;
}

const char *facts_blas(char *out, size_t size)
{
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
    const char *end = strchr(config, ' ');
    end = end && strncmp(config, "OpenBLAS ", 9) == 0 ? strchr(end + 1, ' ') : end;
    snprintf(out, size, "%.*s", end ? (int)(end - config) : (int)strlen(config), config);
    return out;
}

void facts_build(store_build_info *out)
{
    static char compiler[64], blas[64];
    *out = (store_build_info){
        .version = build_version,
        .git_commit = build_git_commit,
        .dirty_diff = build_dirty_diff[0] ? build_dirty_diff : NULL,
        .compiler = facts_compiler(compiler, sizeof compiler),
        .build_type = build_type,
        .blas = facts_blas(blas, sizeof blas),
        .blas_kernel = cpu_blas_kernel(),
    };
}

const char *facts_blas_warning(char *out, size_t size)
{
    if (!cpu_blas_is_slow())
        return NULL;
    snprintf(out, size,
             "OPENBLAS_CORETYPE=%s: BLAS uses its %s kernel (%s), slower than this processor (%s) allows; "
             "unset it",
             getenv("OPENBLAS_CORETYPE"), cpu_blas_kernel(), cpu_isa_name(cpu_blas_isa()), cpu_name());
    return out;
}
