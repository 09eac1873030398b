/* hooks/impute: fills the unknown part of known data: after every move of the sampler the known part is set
 * to the data at that noise level. Inpainting keeps pixels; colorization keeps the grey, the first channel of
 * another basis of the colours. Song et al. 2021, section 5 and appendix I. */
#include <assay/plugin.h>

typedef struct {
    as_t basis;
} impute;

static const as_param params[] = {
    AS_TENSOR(impute, basis, "f32[C,C]",
              "orthonormal: x [B,C,...] is known and unknown in the channels of x @ basis; none: in its own"),
    AS_END,
};

enum { MASK, DATA };

/* The channels of x [B,C,...] in the basis, x @ M, or back, x @ M^T */
static as_t turned(as_ctx *c, const impute *p, as_t x, bool back)
{
    if (!p->basis)
        return x;
    int64_t B = as_dim(c, x, 0), C = as_dim(c, x, 1);
    as_t rows = as_reshape(c, x, AS_DIMS(B, C, as_count(c, x) / (B * C)));
    as_t M = as_cast(c, p->basis, as_dtype_of(c, x));
    return as_reshape(c, as_matmul(c, back ? M : as_transpose(c, M), rows), as_dims_of(c, x));
}

/* x (1 - m) + y m, x in the item's own channels, y in the basis */
static as_t blend(as_ctx *c, const impute *p, as_t x, as_t y, as_t mask)
{
    as_t inner = turned(c, p, x, false);
    inner = as_add(c, as_mul(c, inner, as_affine(c, mask, -1, 1)), as_mul(c, y, mask));
    return turned(c, p, inner, true);
}

/* M^T M = I to 1e-4, or x would change in the turning. */
static void refuse_basis(as_ctx *c, const impute *p, as_t x)
{
    if (as_rank(c, x) < 2 || as_dim(c, x, 1) != as_dim(c, p->basis, 0)) {
        as_fail(c, "basis of %lld channels, x has %lld", (long long)as_dim(c, p->basis, 0),
                (long long)(as_rank(c, x) < 2 ? 0 : as_dim(c, x, 1)));
        return;
    }
    as_t places = as_one_hot(c, as_arange(c, as_dim(c, p->basis, 0)), as_dim(c, p->basis, 0));
    as_t M = as_cast(c, p->basis, as_dtype_of(c, places));
    as_t off = as_sub(c, as_matmul(c, as_transpose(c, M), M), places);
    double most = as_item(c, as_max(c, as_abs(c, as_reshape(c, off, AS_DIMS(-1))), 0));
    if (as_ok(c) && !(most < 1e-4))
        as_fail(c, "basis is not orthonormal: M^T M is off I by %g", most);
}

/* The start is the data itself where it is known. */
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    const impute *p = params_;
    if (p->basis)
        refuse_basis(c, p, s->x);
    as_t m = in[MASK], off = as_mul(c, m, as_affine(c, m, -1, 1)); /* 0 where m is 0 or 1 */
    if (as_item(c, as_sum(c, as_abs(c, off), AS_ALL)) != 0)
        as_fail(c, "mask holds numbers other than 0 and 1");
    if (!as_finite(c, in[DATA]))
        as_fail(c, "data holds NaN or infinity");
    s->x = blend(c, p, s->x, turned(c, p, in[DATA], false), m);
}

/* y_t = alpha y + sigma z',  x = x (1 - m) + y_t m,  x_mean = x (1 - m) + alpha y m: the noisy x, not x_mean,
 * in the unknown part, as in the official code */
static void update(as_ctx *c, const void *params_, const as_t *in, const as_point *at, as_sample *s)
{
    const impute *p = params_;
    as_t known = as_scale(c, turned(c, p, in[DATA], false), at->alpha);
    as_t noise = as_randn(c, "noise", as_dims_of(c, s->x));
    if (s->x_mean)
        s->x_mean = blend(c, p, s->x, known, in[MASK]);
    s->x = blend(c, p, s->x, as_add(c, known, as_scale(c, noise, at->sigma)), in[MASK]);
}

AS_PLUGIN(.kind = "hooks", .name = "impute", .version = "1.1.0", .paper = "arXiv:2011.13456",
          .doc = "keeps the known part of the data while a sampler fills the rest; mask 1 is known",
          .params = params, .signature = "mask f32[B,...], data f32[B,...] -> x f32[B,...]",
          .params_size = sizeof(impute), .start = start, .update = update);
