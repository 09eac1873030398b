/* What tests of the engine share: a context with the services that need no plugin, random tensors,
 * comparison. */
#ifndef ASSAY_TESTS_ENGINE_H
#define ASSAY_TESTS_ENGINE_H

#include "autograd/tape.h"
#include "tensor/layout.h"

#include <assay/plugin.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static inline as_ctx *engine_context(void)
{
    static as_services services;
    tape_services(&services);
    as_ctx *c = context_new(&services, 1);
    assert_non_null(c);
    return c;
}

/* The next of a fixed sequence in [0, 1): a linear congruential generator, so that tests are the same
 * everywhere. */
static inline double engine_uniform(void)
{
    static uint64_t state = 42;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static inline void engine_fill(as_t x, double low, double high)
{
    for (int64_t i = 0; i < x->count; i++) {
        double value = low + (high - low) * engine_uniform();
        if (x->dtype == AS_F32)
            ((float *)x->data)[i] = (float)value;
        else if (x->dtype == AS_F64)
            ((double *)x->data)[i] = value;
        else
            ((int64_t *)x->data)[i] = (int64_t)floor(value);
    }
}

/* The i-th item in row-major order. */
static inline double engine_at(const struct as_tensor *x, int64_t i)
{
    int64_t index[AS_MAX_RANK] = {0};
    for (int k = x->rank - 1; k >= 0; k--) {
        index[k] = i % x->size[k];
        i /= x->size[k];
    }
    return tensor_get(x, index);
}

#define ENGINE_OK(c)                                                                                         \
    do {                                                                                                     \
        as_error e_ = {0};                                                                                   \
        if (context_take_error(c, &e_))                                                                      \
            fail_msg("%s", e_.text);                                                                         \
    } while (0)

/* The call failed with exactly this text. */
#define ENGINE_FAILS(c, expected)                                                                            \
    do {                                                                                                     \
        as_error e_ = {0};                                                                                   \
        assert_true(context_take_error(c, &e_));                                                             \
        assert_string_equal(e_.text, expected);                                                              \
    } while (0)

#endif
