/* Errors, and what a tensor is. Included by plugin.h. */
#ifndef ASSAY_TENSOR_H
#define ASSAY_TENSOR_H

#include <assay/services.h>

/* ---- errors ---- */

/* Fails the call with a text: what was wrong, what was found, what was wanted. Returns the inert tensor. */
__attribute__((format(printf, 2, 3))) static inline as_t as_fail(as_ctx *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    as_t inert = c->services->fail(c, format, args);
    va_end(args);
    return inert;
}

/* False once anything in this call has failed. */
static inline bool as_ok(const as_ctx *c)
{
    return c->services->ok(c);
}

/* What operations return after a failure: sizes 1, value NaN. */
static inline as_t as_inert(as_ctx *c)
{
    return c->services->inert(c);
}

/* ---- what a tensor is ---- */

/* Number of axes. */
static inline int as_rank(const as_ctx *c, as_t x)
{
    return c->services->rank(c, x);
}

/* Size of one axis; 1 for the inert tensor. Fails on an axis the tensor does not have. */
static inline int64_t as_dim(const as_ctx *c, as_t x, int axis)
{
    return c->services->dim(c, x, axis);
}

/* AS_F32, AS_F64 or AS_I64. */
static inline as_dtype as_dtype_of(const as_ctx *c, as_t x)
{
    return c->services->dtype(c, x);
}

/* Number of items. */
static inline int64_t as_count(const as_ctx *c, as_t x)
{
    return c->services->count(c, x);
}

/* AS_DIMS(64, 10): the sizes of the axes. AS_SCALAR has none. */
#ifdef __cplusplus
template <class... T> static inline as_dims as_make_dims(T... sizes)
{
    return as_dims{(int)sizeof...(sizes), {(int64_t)sizes...}};
}
#define AS_DIMS(...) as_make_dims(__VA_ARGS__)
#define AS_SCALAR (as_dims{0, {0}})
#else
#define AS_DIMS(...)                                                                                         \
    ((as_dims){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .size = {__VA_ARGS__}})
#define AS_SCALAR ((as_dims){.rank = 0, .size = {0}})
#endif

/* The sizes of x. */
static inline as_dims as_dims_of(const as_ctx *c, as_t x)
{
    as_dims d;
    d.rank = as_rank(c, x);
    for (int i = 0; i < AS_MAX_RANK; i++)
        d.size[i] = i < d.rank ? as_dim(c, x, i) : 0;
    return d;
}

#endif
