/* heads/barlow: the cross-correlation of two views' embeddings is brought to the identity. Zbontar et al.
 * 2021 (Barlow Twins). */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, hidden, out_dim;
    double lam_bt;
} barlow;

static const as_param params[] = {
    AS_INT(barlow, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(barlow, hidden, 128, 0, 65536,
           "width of the projection's hidden layer; 0 leaves the projection out"),
    AS_INT(barlow, out_dim, 32, 1, 65536, "width of the embedding"),
    AS_REAL_IN(barlow, lam_bt, 5e-3, "[0, inf)", "weight of the terms off the diagonal", .log = 1),
    AS_END,
};

typedef struct {
    as_t w1, b1, w2, b2;
} projection;

/* Uniform within 1/sqrt(inputs), as PyTorch starts a linear layer. */
static as_t start(as_ctx *c, as_dims dims, int inputs)
{
    double bound = 1 / sqrt(inputs);
    return as_affine(c, as_rand(c, "init", dims), 2 * bound, -bound);
}

static void setup(as_ctx *c, const void *params_, void *self)
{
    const barlow *p = params_;
    projection *s = self;
    if (p->hidden == 0)
        return;
    s->w1 = as_parameter(c, "hidden.weight", start(c, AS_DIMS(p->hidden, p->in_dim), p->in_dim));
    s->b1 = as_parameter(c, "hidden.bias", start(c, AS_DIMS(p->hidden), p->in_dim));
    s->w2 = as_parameter(c, "out.weight", start(c, AS_DIMS(p->out_dim, p->hidden), p->hidden));
    s->b2 = as_parameter(c, "out.bias", start(c, AS_DIMS(p->out_dim), p->hidden));
}

/* proj(h), each column of mean 0 and variance 1 over the batch: [B,D] */
static as_t standardised(as_ctx *c, const barlow *p, as_t h)
{
    const projection *s = as_self(c);
    if (p->hidden > 0)
        h = as_linear(c, as_relu(c, as_linear(c, h, s->w1, s->b1)), s->w2, s->b2);
    as_t apart = as_sub(c, h, as_mean(c, h, 0));
    as_t deviation = as_sqrt(c, as_mean(c, as_square(c, apart), 0)); /* [1,D] */
    if (as_item(c, as_min(c, deviation, AS_ALL)) == 0)
        return as_fail(c, "a column of the embeddings is constant over the batch: it has no correlation");
    return as_div(c, apart, deviation);
}

/* loss = sum_l (1 - X_ll)^2 + lam_bt sum_{l != m} X_lm^2,   X = z_a^T z_b / B  (1.3 of AMCL's table 1) */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const barlow *p = params_;
    const int64_t B = as_dim(c, in[0], 0);
    if (B < 2)
        return as_fail(c, "a batch of %lld, expected 2 items or more", (long long)B);
    as_t a = standardised(c, p, in[0]), b = standardised(c, p, in[1]);
    as_t X = as_scale(c, as_matmul(c, as_transpose(c, a), b), 1 / (double)B); /* [D,D] */
    const int64_t D = as_dim(c, X, 0);
    as_t diagonal = as_one_hot(c, as_arange(c, D), D);
    as_t weight = as_affine(c, diagonal, 1 - p->lam_bt, p->lam_bt); /* 1 and lam_bt */
    return as_sum(c, as_mul(c, weight, as_square(c, as_sub(c, diagonal, X))), AS_ALL);
}

AS_PLUGIN(.kind = "heads", .name = "barlow", .version = "1.0.0", .paper = "arXiv:2103.03230",
          .doc = "the views' embeddings are to correlate column by column and not across", .params = params,
          .signature =
              "view_a f32[B,in_dim]|items, view_b f32[B,in_dim]|items, index? i64[B]|items -> loss f32",
          .params_size = sizeof(barlow), .state_size = sizeof(projection), .setup = setup,
          .forward = forward);
