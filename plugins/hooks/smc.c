/* hooks/smc: resamples a weighted sample when few items carry the weight. Skreta et al. 2025, section 4:
 * systematic resampling where ESS = (sum W)^2 / sum W^2 falls below a share of the items. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    double threshold;
} smc;

static const as_param params[] = {
    AS_REAL_IN(smc, threshold, 0.5, "(0, 1]", "share of the items the effective number must not fall below"),
    AS_END,
};

typedef struct {
    as_t logz; /* of the resamplings so far */
    int resampled;
} self;

static void setup(as_ctx *c, const void *params_, void *self_)
{
    self *s = self_;
    (void)params_;
    s->logz = as_buffer(c, "logz", as_zeros(c, AS_SCALAR));
    as_counter(c, "resampled", &s->resampled);
}

static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)params_, (void)in;
    if (as_dim(c, s->x, 0) < 2)
        as_fail(c, "%lld item, expected 2 or more: one item carries all the weight",
                (long long)as_dim(c, s->x, 0));
    as_assign(c, ((self *)as_self(c))->logz, as_zeros(c, AS_SCALAR));
}

/* u_k = (u + k) / K, ancestor = first j with cumsum_j >= u_k; sums in double, the last one is 1 */
static void ancestors(const double *w, double sum, double u, int64_t *out, int64_t K)
{
    double reached = w[0] / sum;
    for (int64_t k = 0, j = 0; k < K; k++) {
        while (j < K - 1 && reached < (u + (double)k) / (double)K)
            reached += w[++j] / sum;
        out[k] = j;
    }
}

static void refuse_infinite(as_ctx *c, as_t logw, int step)
{
    as_t wide = as_contiguous(c, as_cast(c, logw, AS_F64));
    const double *v = as_finite(c, logw) ? NULL : as_data_f64(c, wide);
    for (int64_t k = 0; v && k < as_count(c, logw) && as_ok(c); k++)
        if (!isfinite(v[k]))
            as_fail(c, "logw = %g of item %lld at step %d, expected a finite number", v[k], (long long)k,
                    step);
}

/* logZ = sum over resamplings of log mean exp(logw), and of what has gathered since */
static void post_step(as_ctx *c, const void *params_, const as_t *in, const as_point *at, as_sample *s)
{
    const smc *p = params_;
    self *own = as_self(c);
    (void)in;
    if (!s->logw) {
        as_fail(c, "the sampler weights nothing (logw)");
        return;
    }
    refuse_infinite(c, s->logw, at->index);
    int64_t K = as_count(c, s->logw);
    as_t top = as_max(c, s->logw, 0); /* W = exp(logw - max) */
    as_t weights = as_contiguous(c, as_cast(c, as_exp(c, as_sub(c, s->logw, top)), AS_F64));
    const double *w = as_data_f64(c, weights);
    as_t chosen = as_arange(c, K);
    int64_t *out = as_data_i64(c, chosen);
    double sum = 0, squares = 0;
    for (int64_t k = 0; w && k < K; k++) {
        sum += w[k];
        squares += w[k] * w[k];
    }
    double logz = as_item(c, own->logz) + as_item(c, top) + log(sum / (double)K);
    as_report_real(c, "ess", sum * sum / squares);
    as_report_real(c, "logz", logz);
    if (!w || !out || sum * sum / squares >= p->threshold * (double)K)
        return;
    ancestors(w, sum, as_item(c, as_rand(c, "u", AS_SCALAR)), out, K);
    as_resample(c, s, chosen);
    s->logw = as_scale(c, s->logw, 0);
    as_assign(c, own->logz, as_full(c, AS_SCALAR, logz));
    own->resampled++;
}

AS_PLUGIN(.kind = "hooks", .name = "smc", .version = "1.1.0", .paper = "arXiv:2503.02819",
          .doc = "systematic resampling of a weighted sample", .params = params,
          .signature = "-> x f32[B,...]", .params_size = sizeof(smc), .state_size = sizeof(self),
          .setup = setup, .start = start, .post_step = post_step);
