/* What the tests of kernels share: every table that this processor can run, and items of either real type as
 * double. Include after what the test needs of the standard library. */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include "tensor/kernels/tables.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    kernels k;
    as_dtype dtype;
    char name[16];  /* "f32 avx512" */
    size_t size;    /* bytes of an item */
    double epsilon; /* between 1 and the next number */
} table;

static inline void each_table(void f(const table *t))
{
    for (int i = 0; i < KERNEL_TABLES; i++) {
        const kernel_table *from = &kernel_tables[i];
        if (from->isa > cpu_isa())
            continue;
        table t = {.dtype = from->dtype};
        const bool single = from->dtype == AS_F32;
        snprintf(t.name, sizeof t.name, "%s %s", single ? "f32" : "f64", cpu_isa_name(from->isa));
        t.size = single ? sizeof(float) : sizeof(double);
        t.epsilon = single ? 0x1p-23 : 0x1p-52;
        from->fill(&t.k);
        f(&t);
    }
}

static inline void put(const table *t, void *items, int64_t i, double v)
{
    if (t->dtype == AS_F32)
        ((float *)items)[i] = (float)v;
    else
        ((double *)items)[i] = v;
}

static inline double get(const table *t, const void *items, int64_t i)
{
    return t->dtype == AS_F32 ? (double)((const float *)items)[i] : ((const double *)items)[i];
}

/* n items from doubles, and a plain array of n items that must be freed */
static inline void *items_of(const table *t, const double *v, int64_t n)
{
    void *items = malloc((size_t)(n + 1) * t->size);
    assert_non_null(items);
    for (int64_t i = 0; i < n; i++)
        put(t, items, i, v ? v[i] : 0);
    return items;
}

/* A number without pattern in [-1, 1), the same for the same i. */
static inline double noise(int64_t i)
{
    uint64_t z = ((uint64_t)i + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (double)(z >> 40) * 0x1p-23 - 1; /* 24 bits: exact as float */
}

/* Equal, or both NaN, or within `tolerance`. */
static inline void assert_near(const table *t, const char *what, int64_t at, double got, double want,
                               double tolerance)
{
    if (got == want || (isnan(got) && isnan(want)))
        return;
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: %s [%lld]: %.17g, expected %.17g within %.3g", t->name, what, (long long)at, got, want,
                 tolerance);
}

static inline void assert_items(const table *t, const char *what, const void *items, const double *want,
                                int64_t n, double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        assert_near(t, what, i, get(t, items, i), want[i], tolerance);
}

#endif
