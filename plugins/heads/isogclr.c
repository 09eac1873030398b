/* heads/isogclr: contrastive learning with one temperature for each training sample, the dual variable of a
 * robust loss over a KL ball. Qiu et al. 2023, ICML (iSogCLR), unimodal; the steps are those of the authors'
 * unimodal_exps/losses.py. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int in_dim, hidden, out_dim, n_samples;
    double tau_init, tau_min, tau_max, rho, gamma, beta_u, eta;
} isogclr;

enum { CLIP = 3 };
enum { VIEW_A, VIEW_B, INDEX, EPOCH };

static const as_param params[] = {
    AS_INT(isogclr, in_dim, 128, 1, 65536, "width of the features"),
    AS_INT(isogclr, hidden, 128, 0, 65536,
           "width of the projection's hidden layer; 0 leaves the projection out"),
    AS_INT(isogclr, out_dim, 64, 1, 65536, "width of the embedding"),
    AS_INT(isogclr, n_samples, 1000, 1, 100000000, "training samples: index lies below it"),
    AS_REAL_IN(isogclr, tau_init, 0.1, "[0.02, inf)", "temperature of the start", .log = 1),
    AS_REAL_IN(isogclr, tau_min, 0.05, "[0.02, inf)", "smallest temperature; below, e^(1/tau) leaves f32",
               .log = 1),
    AS_REAL_IN(isogclr, tau_max, 1.0, "[0.02, inf)", "largest temperature", .log = 1),
    AS_REAL_IN(isogclr, rho, 0.4, "[0, inf)", "radius of the KL ball; below log(2B - 2)", .unit = "nats"),
    AS_REAL(isogclr, gamma, 0.8, 0.0, 1.0, "share of the new estimate in the moving average of g"),
    AS_REAL(isogclr, beta_u, 0.5, 0.0, 1.0, "share of the new gradient in the temperature's momentum"),
    AS_REAL_IN(isogclr, eta, 0.03, "[0, inf)", "learning rate of the temperatures", .log = 1),
    AS_END,
};

typedef struct {
    as_t w1, b1, w2, b2;
    as_t gbar, u, tau; /* [N] */
} self;

static void validate(as_ctx *c, const void *params_)
{
    const isogclr *p = params_;
    if (p->tau_min > p->tau_init || p->tau_init > p->tau_max)
        as_fail(c, "tau_init = %g is outside tau_min = %g to tau_max = %g", p->tau_init, p->tau_min,
                p->tau_max);
}

/* Uniform within 1/sqrt(inputs), as PyTorch starts a linear layer. */
static as_t start(as_ctx *c, as_dims dims, int inputs)
{
    double bound = 1 / sqrt(inputs);
    return as_affine(c, as_rand(c, "init", dims), 2 * bound, -bound);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const isogclr *p = params_;
    self *s = self_;
    as_dims samples = AS_DIMS(p->n_samples);
    s->gbar = as_per_item(c, "gbar", as_zeros(c, samples));
    s->u = as_per_item(c, "u", as_zeros(c, samples));
    s->tau = as_per_item(c, "tau", as_full(c, samples, p->tau_init));
    if (p->hidden == 0)
        return;
    s->w1 = as_parameter(c, "hidden.weight", start(c, AS_DIMS(p->hidden, p->in_dim), p->in_dim));
    s->b1 = as_parameter(c, "hidden.bias", start(c, AS_DIMS(p->hidden), p->in_dim));
    s->w2 = as_parameter(c, "out.weight", start(c, AS_DIMS(p->out_dim, p->hidden), p->hidden));
    s->b2 = as_parameter(c, "out.bias", start(c, AS_DIMS(p->out_dim), p->hidden));
}

/* z = proj(h) / |proj(h)| */
static as_t embed(as_ctx *c, const isogclr *p, const self *s, as_t h)
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

/* state[index] <- x, the others stay */
static void put(as_ctx *c, as_t state, as_t index, as_t old, as_t x)
{
    as_t change = as_scatter_add(c, as_sub(c, x, old), index, 0, as_dim(c, state, 0));
    as_assign(c, state, as_add(c, state, change));
}

static bool batch_fits(as_ctx *c, const isogclr *p, const as_t *in)
{
    int64_t items = as_dim(c, in[VIEW_A], 0);
    if (items < 2) {
        as_fail(c, "a batch of %lld, expected 2 items or more: without others nothing is contrasted",
                (long long)items);
        return false;
    }
    as_t visits = as_scatter_add(c, as_full(c, AS_DIMS(items), 1), in[INDEX], 0, p->n_samples); /* [N] */
    if (as_item(c, as_max(c, visits, AS_ALL)) > 1)
        as_fail(c, "index holds a sample twice: its temperature would depend on the order");
    return as_ok(c);
}

/* Steps 6 and 7: G_a = log ghat_a + rho - mean_b W_ab sim_ab / tau_a, over the views and clipped;
 * u <- (1 - beta_u) u + beta_u G;  tau <- clip(tau - eta u). `pull` [2B,1] is mean_b W_ab sim_ab. */
static void move_tau(as_ctx *c, const isogclr *p, self *s, as_t index, as_t tau, as_t ghat, as_t pull)
{
    int64_t items = as_dim(c, index, 0);
    as_t g =
        as_shift(c, as_sub(c, as_log(c, ghat), as_div(c, pull, twice(c, as_unsqueeze(c, tau, -1)))), p->rho);
    g = as_clamp(c, over_views(c, as_squeeze(c, g, -1), items), -CLIP, CLIP); /* [B] */
    as_t u = as_index_select(c, s->u, index, 0);
    as_t moved = as_add(c, as_scale(c, u, 1 - p->beta_u), as_scale(c, g, p->beta_u));
    as_t next = as_clamp(c, as_sub(c, tau, as_scale(c, moved, p->eta)), p->tau_min, p->tau_max);
    put(c, s->u, index, u, moved);
    put(c, s->tau, index, tau, next);
    as_report(c, "tau", as_mean(c, next, AS_ALL));
    as_report_real(c, "rho too large", p->rho >= log(2.0 * (double)items - 2)); /* then every tau falls */
}

/* loss = mean_i sum_views [ mean_b W_ab sim_ab - pos_a ],   W_ab = E_ab / ghat_a,  E_ab = exp(sim_ab / tau_a)
 * over the n = 2B - 2 negatives b (neither a nor its partner). W carries no gradient. Evaluation leaves the
 * state as it is. */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const isogclr *p = params_;
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
    as_t tau = as_index_select(c, s->tau, in[INDEX], 0);   /* [B] */
    as_t gbar = as_index_select(c, s->gbar, in[INDEX], 0); /* [B] */
    as_t e = as_mul(c, as_exp(c, as_div(c, fixed, twice(c, as_unsqueeze(c, tau, -1)))), negative);
    as_t g = as_scale(c, as_sum(c, e, -1), 1 / n_neg); /* [2B,1] */
    as_t old = twice(c, as_unsqueeze(c, gbar, -1));    /* [2B,1] */
    as_t mixed = as_add(c, as_scale(c, old, 1 - p->gamma), as_scale(c, g, p->gamma));
    as_t ghat = first_epoch ? g : as_where(c, old, mixed, g); /* a sample never seen has gbar 0 */

    as_t w = as_div(c, e, ghat);                                          /* [2B,2B] */
    as_t pull = as_scale(c, as_sum(c, as_mul(c, w, sim), -1), 1 / n_neg); /* [2B,1] */
    as_t loss = as_scale(c, as_sub(c, as_mean(c, pull, AS_ALL), as_mean(c, pos, AS_ALL)), 2);
    if (as_training(c)) {
        put(c, s->gbar, in[INDEX], gbar, over_views(c, as_squeeze(c, ghat, -1), items));
        move_tau(c, p, s, in[INDEX], tau, ghat, as_detach(c, pull));
    }
    return loss;
}

AS_PLUGIN(.kind = "heads", .name = "isogclr", .version = "1.0.0", .paper = "arXiv:2305.11965",
          .doc = "contrastive head with an individual temperature for each training sample", .params = params,
          .signature = "view_a f32[B,in_dim]|items, view_b f32[B,in_dim]|items,"
                       " index i64[B]<n_samples|items, epoch? i64"
                       " -> loss f32|stop",
          .params_size = sizeof(isogclr), .state_size = sizeof(self), .validate = validate, .setup = setup,
          .forward = forward);
