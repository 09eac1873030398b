/* heads/isogclr_bimodal: pairs of two kinds, image and text, with a temperature for each image and each text.
 * Qiu et al. 2023, ICML (iSogCLR). The steps are those of SogCLR_DRO_Loss in the authors'
 * bimodal_exps/models/losses.py: unlike the unimodal head's, the positive stays in the sums (UNVERIFIED:
 * later classes of that file leave it out), and a running maximum b bounds the exponentials. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int image_dim, text_dim, out_dim, n_samples;
    double tau_init, tau_min, tau_max, rho, gamma, beta_u, eta;
} isogclr_bimodal;

enum { CLIP = 5 };
enum { IMAGE, TEXT, INDEX, TEXT_INDEX, EPOCH };

static const as_param params[] = {
    AS_INT(isogclr_bimodal, image_dim, 128, 1, 65536, "width of the images' features"),
    AS_INT(isogclr_bimodal, text_dim, 128, 1, 65536, "width of the texts' features"),
    AS_INT(isogclr_bimodal, out_dim, 64, 0, 65536,
           "width of the common embedding; 0 leaves the projections out"),
    AS_INT(isogclr_bimodal, n_samples, 1000, 1, 100000000, "images, and texts: indices lie below it"),
    AS_REAL_IN(isogclr_bimodal, tau_init, 0.01, "(0, inf)", "temperature of the start", .log = 1),
    AS_REAL_IN(isogclr_bimodal, tau_min, 0.005, "[1e-3, inf)", "smallest temperature", .log = 1),
    AS_REAL_IN(isogclr_bimodal, tau_max, 1.0, "(0, inf)", "largest temperature", .log = 1),
    AS_REAL_IN(isogclr_bimodal, rho, 0.1, "[0, inf)", "radius of the KL ball", .unit = "nats"),
    AS_REAL(isogclr_bimodal, gamma, 0.8, 0.0, 1.0, "share of the new estimate in the moving average of g"),
    AS_REAL(isogclr_bimodal, beta_u, 0.5, 0.0, 1.0,
            "share of the new gradient in the temperature's momentum"),
    AS_REAL_IN(isogclr_bimodal, eta, 0.01, "[0, inf)", "learning rate of the temperatures", .log = 1),
    AS_END,
};

typedef struct {
    as_t gbar, b, u, tau; /* [N] */
} anchors;

typedef struct {
    as_t image, text; /* projections [out_dim, dim] */
    anchors of_images, of_texts;
} self;

static void validate(as_ctx *c, const void *params_)
{
    const isogclr_bimodal *p = params_;
    if (p->tau_min > p->tau_init || p->tau_init > p->tau_max)
        as_fail(c, "tau_init = %g is outside tau_min = %g to tau_max = %g", p->tau_init, p->tau_min,
                p->tau_max);
    if (p->out_dim == 0 && p->image_dim != p->text_dim)
        as_fail(c, "image_dim = %d and text_dim = %d differ: out_dim = 0 leaves no projection between them",
                p->image_dim, p->text_dim);
}

/* Uniform within 1/sqrt(inputs), as PyTorch starts a linear layer. */
static as_t start(as_ctx *c, int outputs, int inputs)
{
    double bound = 1 / sqrt(inputs);
    return as_affine(c, as_rand(c, "init", AS_DIMS(outputs, inputs)), 2 * bound, -bound);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const isogclr_bimodal *p = params_;
    self *s = self_;
    as_dims samples = AS_DIMS(p->n_samples);
    s->of_images.gbar = as_per_item(c, "image.gbar", as_zeros(c, samples));
    s->of_images.b = as_per_item(c, "image.b", as_zeros(c, samples));
    s->of_images.u = as_per_item(c, "image.u", as_zeros(c, samples));
    s->of_images.tau = as_per_item(c, "image.tau", as_full(c, samples, p->tau_init));
    s->of_texts.gbar = as_per_item(c, "text.gbar", as_zeros(c, samples));
    s->of_texts.b = as_per_item(c, "text.b", as_zeros(c, samples));
    s->of_texts.u = as_per_item(c, "text.u", as_zeros(c, samples));
    s->of_texts.tau = as_per_item(c, "text.tau", as_full(c, samples, p->tau_init));
    if (p->out_dim == 0)
        return;
    s->image = as_parameter(c, "image.weight", start(c, p->out_dim, p->image_dim));
    s->text = as_parameter(c, "text.weight", start(c, p->out_dim, p->text_dim));
}

/* z = W h / |W h| */
static as_t embed(as_ctx *c, as_t weight, as_t h)
{
    if (weight)
        h = as_matmul(c, h, as_transpose(c, weight));
    as_t norm = as_sqrt(c, as_sum(c, as_square(c, h), -1)); /* [B,1] */
    if (as_item(c, as_min(c, norm, AS_ALL)) == 0)
        return as_fail(c, "an embedding has norm 0, so it has no direction to compare");
    return as_div(c, h, norm);
}

static bool all_distinct(as_ctx *c, const isogclr_bimodal *p, as_t index, const char *name)
{
    as_t visits = as_scatter_add(c, as_full(c, AS_DIMS(as_dim(c, index, 0)), 1), index, 0, p->n_samples);
    if (as_item(c, as_max(c, visits, AS_ALL)) > 1)
        as_fail(c, "%s holds a sample twice: its temperature would depend on the order", name);
    return as_ok(c);
}

/* state[index] of the anchors, [B,1] */
static as_t get(as_ctx *c, as_t state, as_t index)
{
    return as_unsqueeze(c, as_index_select(c, state, index, 0), -1);
}

/* state[index] <- x [B,1], the others stay */
static void put(as_ctx *c, as_t state, as_t index, as_t x)
{
    as_t change = as_squeeze(c, as_sub(c, x, get(c, state, index)), -1);
    as_assign(c, state, as_add(c, state, as_scatter_add(c, change, index, 0, as_dim(c, state, 0))));
}

/* mean_a sum_j W_aj diff_aj / (B - 1),   diff_aj = s(a, j) - s(a, a),   W = E / (ghat + 1e-10),
 * E = exp(diff / tau - b),   b <- max(b, max_j diff_aj / tau),   g = sum_j E_aj / (B - 1),
 * ghat = (1 - gamma) gbar exp(b_old - b) + gamma g. W carries no gradient. In training the state moves:
 * G = log ghat + b + rho - sum_j W diff / tau / (B - 1), clipped; u and tau as in heads/isogclr. */
static as_t one_way(as_ctx *c, const isogclr_bimodal *p, anchors *s, as_t diff, as_t index, bool first_epoch)
{
    double others = (double)as_dim(c, diff, 0) - 1;
    as_t tau = get(c, s->tau, index), gbar = get(c, s->gbar, index), b_old = get(c, s->b, index); /* [B,1] */
    as_t scaled = as_div(c, as_detach(c, diff), tau);                                             /* [B,B] */
    as_t b = as_maximum(c, b_old, as_max(c, scaled, -1));
    as_t e = as_exp(c, as_sub(c, scaled, b));
    as_t g = as_scale(c, as_sum(c, e, -1), 1 / others);
    as_t before = as_mul(c, gbar, as_exp(c, as_sub(c, b_old, b)));
    as_t mixed = as_add(c, as_scale(c, before, 1 - p->gamma), as_scale(c, g, p->gamma));
    as_t ghat = first_epoch ? g : as_where(c, gbar, mixed, g); /* a sample never seen has gbar 0 */

    as_t w = as_div(c, e, as_shift(c, ghat, 1e-10));
    if (as_training(c)) {
        as_t pull = as_scale(c, as_sum(c, as_mul(c, w, scaled), -1), 1 / others);
        as_t slope = as_shift(c, as_sub(c, as_add(c, as_log(c, ghat), b), pull), p->rho);
        slope = as_clamp(c, slope, -CLIP, CLIP);
        as_t u = as_add(c, as_scale(c, get(c, s->u, index), 1 - p->beta_u), as_scale(c, slope, p->beta_u));
        put(c, s->tau, index, as_clamp(c, as_sub(c, tau, as_scale(c, u, p->eta)), p->tau_min, p->tau_max));
        put(c, s->u, index, u);
        put(c, s->b, index, b);
        put(c, s->gbar, index, ghat);
    }
    return as_scale(c, as_mean(c, as_sum(c, as_mul(c, w, diff), -1), AS_ALL), 1 / others);
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const isogclr_bimodal *p = params_;
    self *s = as_self(c);
    int64_t items = as_dim(c, in[IMAGE], 0);
    if (items < 2)
        return as_fail(c, "a batch of %lld, expected 2 pairs or more: without others nothing is contrasted",
                       (long long)items);
    as_t text_index = in[TEXT_INDEX] ? in[TEXT_INDEX] : in[INDEX];
    if (!all_distinct(c, p, in[INDEX], "index") || !all_distinct(c, p, text_index, "text_index"))
        return as_inert(c);
    bool first_epoch = in[EPOCH] && as_item(c, in[EPOCH]) == 0;
    as_t x = embed(c, s->image, in[IMAGE]), t = embed(c, s->text, in[TEXT]); /* [B,D] */
    as_t sim = as_matmul(c, x, as_transpose(c, t));                          /* [B,B], images by texts */
    as_t own = as_sum(c, as_mul(c, x, t), -1);                               /* [B,1], its diagonal */
    as_t of_images = one_way(c, p, &s->of_images, as_sub(c, sim, own), in[INDEX], first_epoch);
    as_t by_text = as_sub(c, as_transpose(c, sim), own);
    return as_add(c, of_images, one_way(c, p, &s->of_texts, by_text, text_index, first_epoch));
}

AS_PLUGIN(.kind = "heads", .name = "isogclr_bimodal", .version = "1.0.0", .paper = "arXiv:2305.11965",
          .doc = "contrastive head for pairs of two kinds with a temperature for each image and each text",
          .params = params,
          .signature = "image f32[B,image_dim]|items, text f32[B,text_dim]|items,"
                       " index i64[B]<n_samples|items, text_index? i64[B]<n_samples|items, epoch? i64"
                       " -> loss f32|stop",
          .params_size = sizeof(isogclr_bimodal), .state_size = sizeof(self), .validate = validate,
          .setup = setup, .forward = forward);
