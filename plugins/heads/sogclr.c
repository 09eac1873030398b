/* heads/sogclr: the contrastive loss against all training samples, by a moving average of each one's mean
 * over its negatives, at one fixed temperature. Yuan et al. 2022, ICML (SogCLR). As in heads/isogclr, and
 * unlike the authors' file, the average is over both views, not their sum, and a first visit takes its own
 * estimate: the two heads differ in the temperature only. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, hidden, out_dim, n_samples;
    double tau, gamma;
} sogclr;

enum { VIEW_A, VIEW_B, INDEX, EPOCH };

static const as_param params[] = {
    AS_INT(sogclr, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(sogclr, hidden, 128, 0, 65536,
           "width of the projection's hidden layer; 0 leaves the projection out"),
    AS_INT(sogclr, out_dim, 64, 1, 65536, "width of the embedding"),
    AS_INT(sogclr, n_samples, 1000, 1, 100000000, "training samples: index lies below it"),
    AS_REAL_IN(sogclr, tau, 0.1, "[0.02, inf)", "temperature; below, e^(1/tau) leaves f32", .log = 1),
    AS_REAL(sogclr, gamma, 0.8, 0.0, 1.0, "share of the new estimate in the moving average of g"),
    AS_END,
};

typedef struct {
    as_t w1, b1, w2, b2;
    as_t gbar; /* [N] */
} self;

/* Uniform within 1/sqrt(inputs), as PyTorch starts a linear layer. */
static as_t start(as_ctx *c, as_dims dims, int inputs)
{
    double bound = 1 / sqrt(inputs);
    return as_affine(c, as_rand(c, "init", dims), 2 * bound, -bound);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const sogclr *p = params_;
    self *s = self_;
    s->gbar = as_per_item(c, "gbar", as_zeros(c, AS_DIMS(p->n_samples)));
    if (p->hidden == 0)
        return;
    s->w1 = as_parameter(c, "hidden.weight", start(c, AS_DIMS(p->hidden, p->in_dim), p->in_dim));
    s->b1 = as_parameter(c, "hidden.bias", start(c, AS_DIMS(p->hidden), p->in_dim));
    s->w2 = as_parameter(c, "out.weight", start(c, AS_DIMS(p->out_dim, p->hidden), p->hidden));
    s->b2 = as_parameter(c, "out.bias", start(c, AS_DIMS(p->out_dim), p->hidden));
}

/* z = proj(h) / |proj(h)| */
static as_t embed(as_ctx *c, const sogclr *p, const self *s, as_t h)
{
    if (p->hidden > 0)
        h = as_linear(c, as_relu(c, as_linear(c, h, s->w1, s->b1)), s->w2, s->b2);
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, h), -1)); /* [2B,1] */
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, h, norm);
}

/* Both views' rows, the first over the second. */
static as_t twice(as_ctx *c, as_t x)
{
    const as_t both[2] = {x, x};
    return as_concat(c, both, 2, 0);
}

/* Mean of the two views: [2B] -> [B] */
static as_t over_views(as_ctx *c, as_t x, int64_t items)
{
    return as_scale(c, as_add(c, as_slice(c, x, 0, 0, items, 1), as_slice(c, x, 0, items, 2 * items, 1)),
                    0.5);
}

static bool batch_fits(as_ctx *c, const sogclr *p, const as_t *in)
{
    int64_t items = as_dim(c, in[VIEW_A], 0);
    if (items < 2) {
        as_fail(c, "a batch of %lld, expected 2 items or more: without others nothing is contrasted",
                (long long)items);
        return false;
    }
    as_t visits = as_scatter_add(c, as_full(c, AS_DIMS(items), 1), in[INDEX], 0, p->n_samples); /* [N] */
    if (as_item(c, as_max(c, visits, AS_ALL)) > 1)
        as_fail(c, "index holds a sample twice: its average would depend on the order");
    return as_ok(c);
}

/* loss = mean_i sum_views [ mean_b W_ab sim_ab - pos_a ],   W_ab = E_ab / ghat_a,  E_ab = exp(sim_ab / tau)
 * over the n = 2B - 2 negatives b (neither a nor its partner). W carries no gradient. Evaluation leaves the
 * state as it is. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const sogclr *p = params_;
    self *s = as_self(c);
    int64_t items = as_dim(c, in[VIEW_A], 0);
    double n_neg = 2.0 * (double)items - 2;
    if (!batch_fits(c, p, in))
        return as_inert(c);
    bool first_epoch = in[EPOCH] && as_item(c, in[EPOCH]) == 0;
    as_t z = embed(c, p, s, as_concat(c, in, 2, 0));                 /* [2B,D] */
    as_t sim = as_matmul(c, z, as_transpose(c, z));                  /* [2B,2B] */
    as_t same = as_one_hot(c, twice(c, as_arange(c, items)), items); /* [2B,B] */
    same = as_matmul(c, same, as_transpose(c, same)); /* [2B,2B], 1 for itself and its partner */
    as_t negative = as_affine(c, same, -1, 1);        /* [2B,2B] */
    as_t pos =
        as_sum(c, as_mul(c, as_slice(c, z, 0, 0, items, 1), as_slice(c, z, 0, items, 2 * items, 1)), -1);

    as_t fixed = as_detach(c, sim);
    as_t gbar = as_index_select(c, s->gbar, in[INDEX], 0); /* [B] */
    as_t e = as_mul(c, as_exp(c, as_scale(c, fixed, 1 / p->tau)), negative);
    as_t g = as_scale(c, as_sum(c, e, -1), 1 / n_neg); /* [2B,1] */
    as_t old = twice(c, as_unsqueeze(c, gbar, -1));    /* [2B,1] */
    as_t mixed = as_add(c, as_scale(c, old, 1 - p->gamma), as_scale(c, g, p->gamma));
    as_t ghat = first_epoch ? g : as_where(c, old, mixed, g); /* a sample never seen has gbar 0 */

    as_t w = as_div(c, e, ghat);                                          /* [2B,2B] */
    as_t pull = as_scale(c, as_sum(c, as_mul(c, w, sim), -1), 1 / n_neg); /* [2B,1] */
    as_t loss = as_scale(c, as_sub(c, as_mean(c, pull, AS_ALL), as_mean(c, pos, AS_ALL)), 2);
    if (as_training(c)) { /* gbar[index] <- mean of both views' ghat */
        as_t change = as_sub(c, over_views(c, as_squeeze(c, ghat, -1), items), gbar);
        change = as_scatter_add(c, change, in[INDEX], 0, p->n_samples);
        as_assign(c, s->gbar, as_add(c, s->gbar, change));
    }
    return loss;
}

AS_PLUGIN(.kind = "heads", .name = "sogclr", .version = "1.0.0", .paper = "arXiv:2202.12387",
          .doc = "contrastive head against a moving average over all training samples", .params = params,
          .signature = "view_a f32[B,in_dim]|items, view_b f32[B,in_dim]|items,"
                       " index i64[B]<n_samples|items, epoch? i64"
                       " -> loss f32|stop",
          .params_size = sizeof(sogclr), .state_size = sizeof(self), .setup = setup, .forward = forward);
