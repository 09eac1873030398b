#include "tensor/cpu.h"

#include <cblas.h>
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const isa_names[CPU_ISA_COUNT] = {"base", "avx2", "avx512"};

static pthread_once_t asked = PTHREAD_ONCE_INIT;
static cpu_isa_level hardware, allowed; /* what there is; what ASSAY_ISA lets us use of it */
static bool isa_is_known = true;        /* ASSAY_ISA is unset or one of the names */
static char name[49];                   /* 3 x 16 bytes, and the end */
static int cores;

static cpu_isa_level detect_isa(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
        !__builtin_cpu_supports("bmi2"))
        return CPU_BASE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512cd"))
        return CPU_AVX2;
    return CPU_AVX512;
}

/* The brand string: CPUID leaves 0x80000002 to 0x80000004, padded with spaces on either side. */
static void read_name(void)
{
    uint32_t words[12];
    for (unsigned leaf = 0; leaf < 3; leaf++) {
        uint32_t *w = words + 4 * leaf;
        if (!__get_cpuid(0x80000002U + leaf, &w[0], &w[1], &w[2], &w[3])) {
            strcpy(name, "unknown");
            return;
        }
    }
    memcpy(name, words, sizeof words);
    size_t spaces = strspn(name, " ");
    memmove(name, name + spaces, strlen(name + spaces) + 1);
    for (size_t n = strlen(name); n && name[n - 1] == ' '; n--)
        name[n - 1] = 0;
}

static void ask(void)
{
    hardware = allowed = detect_isa();
    const char *wanted = getenv(CPU_ISA_ENV);
    if (wanted && *wanted) {
        int level = CPU_BASE;
        while (level < CPU_ISA_COUNT && strcmp(wanted, isa_names[level]))
            level++;
        isa_is_known = level < CPU_ISA_COUNT && level <= (int)hardware;
        if (isa_is_known)
            allowed = (cpu_isa_level)level;
    }
    read_name();
    cpu_set_t mask;
    cores = sched_getaffinity(0, sizeof mask, &mask) ? 1 : CPU_COUNT(&mask);
}

cpu_isa_level cpu_isa(void)
{
    pthread_once(&asked, ask);
    return allowed;
}

const char *cpu_isa_name(cpu_isa_level isa)
{
    return isa_names[isa];
}

bool cpu_check(as_error *e)
{
    pthread_once(&asked, ask);
    if (isa_is_known)
        return true;
    const char *wanted = getenv(CPU_ISA_ENV);
    for (int level = CPU_BASE; level < CPU_ISA_COUNT; level++)
        if (!strcmp(wanted, isa_names[level]))
            return error_set(e, "%s=%s: this processor (%s) has %s at most", CPU_ISA_ENV, wanted, name,
                             isa_names[hardware]);
    return error_set(e, "%s=%s: expected base, avx2 or avx512", CPU_ISA_ENV, wanted);
}

const char *cpu_name(void)
{
    pthread_once(&asked, ask);
    return name;
}

int cpu_cores(void)
{
    pthread_once(&asked, ask);
    return cores;
}

const char *cpu_blas_kernel(void)
{
    return openblas_get_corename();
}

cpu_isa_level cpu_blas_isa(void)
{
    static const struct {
        const char *kernel;
        cpu_isa_level isa;
    } known[] = {{"SkylakeX", CPU_AVX512},
                 {"Cooperlake", CPU_AVX512},
                 {"SapphireRapids", CPU_AVX512},
                 {"Haswell", CPU_AVX2},
                 {"Zen", CPU_AVX2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(cpu_blas_kernel(), known[i].kernel))
            return known[i].isa;
    return CPU_BASE;
}

bool cpu_blas_is_slow(void)
{
    pthread_once(&asked, ask);
    const char *forced = getenv("OPENBLAS_CORETYPE");
    return forced && *forced && cpu_blas_isa() < hardware;
}
