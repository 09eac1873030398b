/* hooks/impute: fills the unknown part of known data (inpainting): after every move of the sampler the known
 * part is set to the data at that noise level. Song et al. 2021, section 5 and appendix I. */
#include <assay/plugin.h>

enum { MASK, DATA };

/* x (1 - m) + y m */
static as_t blend(as_ctx *c, as_t x, as_t y, as_t mask)
{
    return as_add(c, as_mul(c, x, as_affine(c, mask, -1, 1)), as_mul(c, y, mask));
}

/* The start is the data itself where it is known. */
static void start(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params;
    as_t m = in[MASK], off = as_mul(c, m, as_affine(c, m, -1, 1)); /* 0 where m is 0 or 1 */
    if (as_item(c, as_sum(c, as_abs(c, off), AS_ALL)) != 0)
        as_fail(c, "mask holds numbers other than 0 and 1");
    if (!as_finite(c, in[DATA]))
        as_fail(c, "data holds NaN or infinity");
    s->x = blend(c, s->x, in[DATA], m);
}

/* y_t = alpha y + sigma z',  x = x (1 - m) + y_t m,  x_mean = x (1 - m) + alpha y m: the noisy x, not x_mean,
 * in the unknown part, as in the official code */
static void update(as_ctx *c, const void *params, const as_t *in, const as_point *at, as_sample *s)
{
    (void)params;
    as_t known = as_scale(c, in[DATA], at->alpha);
    as_t noise = as_randn(c, "noise", as_dims_of(c, s->x));
    if (s->x_mean)
        s->x_mean = blend(c, s->x, known, in[MASK]);
    s->x = blend(c, s->x, as_add(c, known, as_scale(c, noise, at->sigma)), in[MASK]);
}

AS_PLUGIN(.kind = "hooks", .name = "impute", .version = "1.0.0", .paper = "arXiv:2011.13456",
          .doc = "keeps the known part of the data while a sampler fills the rest; mask 1 is known",
          .signature = "mask f32[B,...], data f32[B,...] -> x f32[B,...]", .start = start, .update = update);
