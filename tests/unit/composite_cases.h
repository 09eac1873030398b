/* Calls made of several operations, for op_cases.h. */
#ifndef ASSAY_TESTS_COMPOSITE_CASES_H
#define ASSAY_TESTS_COMPOSITE_CASES_H

#include "engine.h"

static as_t case_var(as_ctx *c, const as_t *in)
{
    return as_var(c, in[0], -1, 0);
}

static as_t case_var_all(as_ctx *c, const as_t *in)
{
    return as_var(c, in[0], AS_ALL, 1);
}

static as_t case_flip(as_ctx *c, const as_t *in)
{
    return as_flip(c, in[0], 1);
}

static as_t case_roll(as_ctx *c, const as_t *in)
{
    return as_roll(c, in[0], 2, 1);
}

static as_t case_roll_back(as_ctx *c, const as_t *in)
{
    return as_roll(c, in[0], -9, 0);
}

static as_t case_pad(as_ctx *c, const as_t *in)
{
    return as_pad(c, as_pad(c, in[0], 1, 2, 1, 0.5), -1, 0, 3, 0);
}

static as_t case_tile(as_ctx *c, const as_t *in)
{
    return as_tile(c, in[0], 3, 1);
}

static as_t case_stack(as_ctx *c, const as_t *in)
{
    return as_stack(c, in, 3, 1);
}

static as_t case_sort(as_ctx *c, const as_t *in)
{
    return as_sort(c, in[0], -1, false);
}

static as_t case_sort_first(as_ctx *c, const as_t *in)
{
    return as_sort(c, in[0], 0, true);
}

static as_t case_top_k(as_ctx *c, const as_t *in)
{
    return as_gather(c, in[0], as_top_k(c, in[0], 3, -1), -1);
}

static as_t case_embedding(as_ctx *c, const as_t *in)
{
    return as_embedding(c, in[0], in[1]);
}

static as_t case_squared_distances(as_ctx *c, const as_t *in)
{
    return as_squared_distances(c, in[0], in[1]);
}

static as_t case_attention(as_ctx *c, const as_t *in)
{
    return as_attention(c, in[0], in[1], in[2], NULL);
}

static as_t case_attention_masked(as_ctx *c, const as_t *in)
{
    return as_attention(c, in[0], in[1], in[2], in[3]);
}

static as_t case_clip_norm(as_ctx *c, const as_t *in)
{
    return as_clip_norm(c, in[0], 0.5);
}

static as_t case_clip_norm_short(as_ctx *c, const as_t *in)
{
    return as_clip_norm(c, in[0], 100);
}

static as_t case_softmax_linear(as_ctx *c, const as_t *in)
{
    return as_softmax(c, as_linear(c, in[0], in[1], in[2]), -1);
}

static as_t case_residual(as_ctx *c, const as_t *in)
{
    return as_add(c, in[0], as_silu(c, as_layer_norm(c, in[0], in[1], in[2], 1, 1e-3)));
}

static as_t case_log_mean_exp(as_ctx *c, const as_t *in)
{
    return as_logsumexp(c, as_neg(c, as_squared_distances(c, in[0], in[1])), -1);
}

static as_t case_cumulated(as_ctx *c, const as_t *in)
{
    return as_mul(c, in[0], as_tanh(c, as_cumsum(c, in[1], 0)));
}

#endif
