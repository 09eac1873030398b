/* heads/simclr: NT-Xent over two views behind a projection. Chen et al. 2020, SimCLR. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, hidden, out_dim;
    double tau;
} simclr;

static const as_param params[] = {
    AS_INT(simclr, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(simclr, hidden, 128, 0, 65536,
           "width of the projection's hidden layer; 0 leaves the projection out"),
    AS_INT(simclr, out_dim, 64, 1, 65536, "width of the embedding"),
    AS_REAL_IN(simclr, tau, 0.5, "(0, inf)", "temperature; try 0.1, 0.2, 0.3, 0.5", .log = 1),
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
    const simclr *p = params_;
    projection *s = self;
    if (p->hidden == 0)
        return;
    s->w1 = as_parameter(c, "hidden.weight", start(c, AS_DIMS(p->hidden, p->in_dim), p->in_dim));
    s->b1 = as_parameter(c, "hidden.bias", start(c, AS_DIMS(p->hidden), p->in_dim));
    s->w2 = as_parameter(c, "out.weight", start(c, AS_DIMS(p->out_dim, p->hidden), p->hidden));
    s->b2 = as_parameter(c, "out.bias", start(c, AS_DIMS(p->out_dim), p->hidden));
}

/* z = proj(h) / |proj(h)| */
static as_t embed(as_ctx *c, const simclr *p, as_t h)
{
    const projection *s = as_self(c);
    if (p->hidden > 0)
        h = as_linear(c, as_relu(c, as_linear(c, h, s->w1, s->b1)), s->w2, s->b2);
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, h), -1)); /* [2B,1] */
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, h, norm);
}

/* loss = mean_a [ log sum_{b != a} exp(s_ab / tau) - s_{a,partner(a)} / tau ],   s = z z^T
 * a, b over both views; the positive stays in the sum. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const simclr *p = params_;
    int64_t items = as_dim(c, in[0], 0);
    if (items < 2)
        return as_fail(c, "a batch of %lld, expected 2 items or more: without others nothing is contrasted",
                       (long long)items);
    as_t z = embed(c, p, as_concat(c, in, 2, 0));                             /* [2B,D] */
    as_t sim = as_scale(c, as_matmul(c, z, as_transpose(c, z)), 1 / p->tau);  /* [2B,2B] */
    as_t itself = as_one_hot(c, as_arange(c, 2 * items), 2 * items);          /* [2B,2B] */
    as_t others = as_where(c, itself, as_full(c, AS_SCALAR, -INFINITY), sim); /* exp gives 0 for b = a */
    as_t z_a = as_slice(c, z, 0, 0, items, 1), z_b = as_slice(c, z, 0, items, 2 * items, 1);
    as_t pair = as_sum(c, as_mul(c, z_a, z_b), -1); /* [B,1], one for both views */
    as_t positive = as_scale(c, as_mean(c, pair, AS_ALL), 1 / p->tau);
    return as_sub(c, as_mean(c, as_logsumexp(c, others, -1), AS_ALL), positive);
}

AS_PLUGIN(.kind = "heads", .name = "simclr", .version = "1.0.0", .paper = "arXiv:2002.05709",
          .doc = "NT-Xent: each view's partner against all other views of the batch", .params = params,
          .signature =
              "view_a f32[B,in_dim]|items, view_b f32[B,in_dim]|items, index? i64[B]|items -> loss f32",
          .params_size = sizeof(simclr), .state_size = sizeof(projection), .setup = setup,
          .forward = forward);
