/* What samplers and hooks have beyond other plugins. Included by plugin.h.
 *
 * A sampler calls its hooks itself, in the script's order, at the points its method has: as_guide on every
 * score, as_pre_step, as_moved after every move of x, as_post_step. The host keeps x, x_mean and logw from
 * one call to the next; samplers and hooks record no history unless they ask for it (as_record). */
#ifndef ASSAY_SAMPLING_H
#define ASSAY_SAMPLING_H

#include <assay/tensor.h>

/* Whether a hook changes scores: a sampler that works with another form of the model may leave out the way
 * to the score and back. */
static inline bool as_guided(as_ctx *c)
{
    return c->services->guided(c);
}

/* The score of x at at->t after the hooks. */
static inline as_t as_guide(as_ctx *c, const as_point *at, as_t x, as_t score)
{
    return c->services->guide(c, at, x, score);
}

/* Before a step: correctors, reflection. */
static inline void as_pre_step(as_ctx *c, const as_point *at, as_sample *s)
{
    c->services->hooks(c, 0, at, s);
}

/* After every move of x, a corrector's as well as a predictor's. */
static inline void as_moved(as_ctx *c, const as_point *at, as_sample *s)
{
    c->services->hooks(c, 1, at, s);
}

/* After a step: weights, resampling. */
static inline void as_post_step(as_ctx *c, const as_point *at, as_sample *s)
{
    c->services->hooks(c, 2, at, s);
}

/* Item k becomes what item ancestors[k] was (i64[B]): x, x_mean, logw, and whatever the sampler and its hooks
 * registered with as_per_item. */
static inline void as_resample(as_ctx *c, as_sample *s, as_t ancestors)
{
    c->services->resample(c, s, ancestors);
}

/* The noise a sampler starts from, by the convention `noise? f32[B,...], shape? i64[R]` in its signature: the
 * one that was given, or standard normal of the shape, from the stream "noise". */
static inline as_t as_start_noise(as_ctx *c, as_t noise, as_t shape)
{
    if (noise)
        return noise;
    if (!shape)
        return as_fail(c, "neither noise nor shape was given; shape [1000,2] draws 1000 items of 2 numbers");
    const int64_t *size = (const int64_t *)c->services->data(c, shape, AS_I64);
    as_dims dims;
    dims.rank = (int)as_count(c, shape);
    if (!size)
        return as_inert(c);
    if (dims.rank < 1 || dims.rank > AS_MAX_RANK)
        return as_fail(c, "shape of %d axes, expected 1 to %d", dims.rank, AS_MAX_RANK);
    for (int i = 0; i < dims.rank; i++) {
        dims.size[i] = size[i];
        if (size[i] < 1)
            return as_fail(c, "shape: size %lld at [%d], expected 1 or more", (long long)size[i], i);
    }
    return c->services->draw(c, "noise", 1, dims);
}

#endif
