/* distillers/ict: consistency training from data alone, improved (Song & Dhariwal 2023, the defaults) or as
 * it was first (Song et al. 2023: curriculum = "root", levels = "uniform", weight = "one", metric = "square",
 * s0 = 2, s1 = 150 and a teacher). The student is a consistency function F(x, sigma), F(x, sigma_min) = x.
 * Without a teacher it is its own; a teacher that lags behind is the script's nn.ema of the student, moved
 * after each step at the rate reported as "ema". Masks of dropout must be the same in the two calls as in
 * the paper: docs/plugins/distillers.md says how a script repeats them. */
#define AS_MINOR 1
#include <assay/distil.h>

typedef struct {
    int iterations, s0, s1, curriculum, levels, weight, metric;
    double sigma_min, sigma_max, rho, mean, deviation, c, mu0, clip;
} ict;

enum { DOUBLING, ROOT };
enum { LOGNORMAL, UNIFORM };
enum { INVERSE, ONE };
enum { PSEUDO_HUBER, SQUARE };

static const as_param params[] = {
    AS_INT(ict, iterations, 400000, 1, 2000000000, "K, steps of the whole training"),
    AS_INT(ict, s0, 10, 1, 100000, "intervals of the first grid"),
    AS_INT(ict, s1, 1280, 1, 100000, "intervals of the last grid"),
    AS_CHOICE(ict, curriculum, "doubling", "doubling|root", "how the grid gets finer; root is CT's"),
    AS_CHOICE(ict, levels, "lognormal", "lognormal|uniform", "how the interval is drawn; uniform is CT's"),
    AS_CHOICE(ict, weight, "inverse", "inverse|one", "1 / (sigma_{i+1} - sigma_i), or 1 as in CT"),
    AS_CHOICE(ict, metric, "pseudo_huber", "pseudo_huber|square", "square is |r|^2, CT's"),
    AS_REAL_IN(ict, sigma_min, 0.002, "(0, inf)", "smallest noise level", .log = 1),
    AS_REAL_IN(ict, sigma_max, 80.0, "(0, inf)", "largest noise level", .log = 1),
    AS_REAL_IN(ict, rho, 7.0, "[1, 100]", "how much the levels crowd towards sigma_min"),
    AS_REAL_IN(ict, mean, -1.1, "(-inf, inf)", "of the lognormal: P_mean"),
    AS_REAL_IN(ict, deviation, 2.0, "(0, inf)", "of the lognormal: P_std"),
    AS_REAL_IN(ict, c, 0.00054, "(0, inf)", "of the pseudo-Huber loss, times the root of the numbers an item",
               .log = 1),
    AS_REAL_IN(ict, mu0, 0.9, "(0, 1)", "rate of the teacher's average on a grid of s0 levels"),
    AS_REAL_IN(ict, clip, 0.0, "[0, inf)", "largest norm of the gradient; 0 does not clip"),
    AS_END,
};

typedef struct {
    int step;
} self;

enum { X, STUDENT, TEACHER, OPTIMIZER };

/* K' = floor(K / (log2 floor(s1 / s0) + 1)), steps before the grid doubles */
static int stage(const ict *p)
{
    return (int)floor(p->iterations / (log2(p->s1 / p->s0) + 1));
}

static void validate(as_ctx *c, const void *params_)
{
    const ict *p = params_;
    if (p->sigma_min >= p->sigma_max)
        as_fail(c, "sigma_min = %g is not below sigma_max = %g", p->sigma_min, p->sigma_max);
    if (p->s1 < p->s0)
        as_fail(c, "s1 = %d is below s0 = %d", p->s1, p->s0);
    else if (p->curriculum == DOUBLING && stage(p) < 1)
        as_fail(c, "iterations = %d are fewer than the %g grids from s0 = %d to s1 = %d", p->iterations,
                log2(p->s1 / p->s0) + 1, p->s0, p->s1);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    as_counter(c, "step", &((self *)self_)->step);
}

/* iCT: N(k) = min(s0 2^floor(k / K'), s1) + 1
 * CT:  N(k) = ceil(sqrt(k / K ((s1 + 1)^2 - s0^2) + s0^2) - 1) + 1;  after K as at K */
static int grid_size(const ict *p, int k)
{
    if (p->curriculum == DOUBLING)
        return (int)fmin(ldexp(p->s0, k / stage(p)), p->s1) + 1;
    double first = (double)p->s0 * p->s0, last = (p->s1 + 1.0) * (p->s1 + 1.0);
    double share = fmin((double)k / p->iterations, 1);
    return (int)fmax(ceil(sqrt(share * (last - first) + first) - 1), 1) + 1;
}

/* sigma_i = (smin^(1/rho) + (i-1)/(N-1) (smax^(1/rho) - smin^(1/rho)))^rho, i = 1 ... N: f64[N] */
static as_t grid(as_ctx *c, const ict *p, int N)
{
    double low = pow(p->sigma_min, 1 / p->rho), high = pow(p->sigma_max, 1 / p->rho);
    as_t i = as_cast(c, as_arange(c, N), AS_F64);
    return as_power(c, as_affine(c, i, (high - low) / (N - 1), low), p->rho);
}

/* Phi-like: erf((ln sigma - P_mean) / (sqrt 2 P_std)) */
static as_t mass_below(as_ctx *c, const ict *p, as_t sigma)
{
    double scale = 1 / (sqrt(2) * p->deviation);
    return as_erf(c, as_affine(c, as_log(c, sigma), scale, -p->mean * scale));
}

/* B intervals i, from 0: with odds p(i) = erf(sigma_{i+1}) - erf(sigma_i), or evenly. low, high f64[N-1] */
static as_t draw(as_ctx *c, const ict *p, as_t low, as_t high, int64_t B)
{
    if (p->levels == UNIFORM)
        return as_randint(c, "level", as_dim(c, low, 0), AS_DIMS(B));
    as_t odds = as_sub(c, mass_below(c, p, high), mass_below(c, p, low));
    return as_categorical(c, "level", odds, B);
}

/* F(x0 + sigma z, sigma), sigma [B] */
static as_t denoised(as_ctx *c, as_model *F, as_t x0, as_t z, as_t sigma)
{
    as_t x = as_add(c, x0, as_mul(c, as_beside(c, sigma, x0), z));
    return as_call2(c, F, x, sigma);
}

/* loss = mean_b lambda(sigma_i) d(F_theta(x0 + sigma_{i+1} z, sigma_{i+1}), F_theta-(x0 + sigma_i z,
 * sigma_i)), the same z in both, the second without history */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const ict *p = params_;
    self *s = as_self(c);
    int N = grid_size(p, s->step);
    int64_t B = as_dim(c, in[X], 0);
    as_dtype working = as_dtype_of(c, in[X]);
    as_t sigma = grid(c, p, N);
    as_t low = as_slice(c, sigma, 0, 0, N - 1, 1), high = as_slice(c, sigma, 0, 1, N, 1); /* [N-1] */
    as_t i = draw(c, p, low, high, B);
    as_t gap = as_cast(c, as_index_select(c, as_sub(c, high, low), i, 0), working); /* [B] */
    low = as_cast(c, as_index_select(c, low, i, 0), working);
    high = as_cast(c, as_index_select(c, high, i, 0), working);

    as_model *student = as_model_in(c, STUDENT), *teacher = as_model_in(c, TEACHER);
    as_t z = as_randn(c, "noise", as_dims_of(c, in[X]));
    bool before = as_no_grad(c);
    as_t target = denoised(c, teacher ? teacher : student, in[X], z, low);
    as_no_grad_end(c, before);
    as_t miss = as_sub(c, denoised(c, student, in[X], z, high), target);

    as_t d = p->metric == SQUARE ? as_item_squares(c, miss) : as_pseudo_huber(c, miss, p->c); /* [B] */
    as_t loss = as_mean(c, p->weight == INVERSE ? as_div(c, d, gap) : d, AS_ALL);
    as_update(c, as_group_in(c, OPTIMIZER), loss, p->clip);
    as_report_real(c, "levels", N);
    as_report_real(c, "ema", exp(p->s0 * log(p->mu0) / N)); /* mu(k) of theta- */
    s->step++;
    return loss;
}

AS_PLUGIN(.kind = "distillers", .name = "ict", .version = "1.0.0", .paper = "arXiv:2310.14189",
          .doc = "consistency training from data alone, improved or as it was first", .params = params,
          .signature = "x f32[B,...], student model(f32[B,...], f32[B] -> f32[B,...]),"
                       " teacher? model(f32[B,...], f32[B] -> f32[B,...]), optimizer group -> loss f32",
          .params_size = sizeof(ict), .state_size = sizeof(self), .validate = validate, .setup = setup,
          .step = step);
