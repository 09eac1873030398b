/* adapters/label_shift: a small network that predicts, from the label distribution of the data at hand, what
 * to change in a classifier's last stage. Park et al. 2023, Label shift adapter for test-time adaptation. It
 * is fitted once on source data (step) and then works on top of another way of adapting (base).
 *
 *   g_phi(d(pi)) -> dg [D], db_h [D], dW [C,D], db [C];   h' = (1 + dg) h + db_h,  f = (W + dW) h' + b + db
 *
 * No code was published. UNVERIFIED, after the summaries there are: the size of g_phi, the form of d, the
 * rate of the estimate and where it starts. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    as_t prior;
    int width, hidden, base, map, input, changes, draw, start;
    double rate, tau;
} label_shift;

enum { NONE, BATCH_STATS, TENT };
enum { LEARNED, LOGIT };
enum { SCALAR, VECTOR };
enum { ALL, NO_WEIGHT, BIAS };
enum { MIXTURE, POWERS };
enum { UNIFORM, SOURCE };

static const as_param params[] = {
    AS_TENSOR(label_shift, prior, "f32[C]", "pi_s: label distribution of the source data; required"),
    AS_INT(label_shift, width, 64, 1, 65536, "D: features of the body"),
    AS_INT(label_shift, hidden, 64, 1, 65536, "units of g_phi"),
    AS_CHOICE(label_shift, base, "batch_stats", "none|batch_stats|tent",
              "what adapts below: nothing, the batch's statistics, these and lower entropy"),
    AS_CHOICE(label_shift, map, "learned", "learned|logit",
              "g_phi, or only f + ln pi - ln pi_s, which needs no fit"),
    AS_CHOICE(label_shift, input, "scalar", "scalar|vector", "d(pi): degree of imbalance, or ln pi, centred"),
    AS_CHOICE(label_shift, changes, "all", "all|no_weight|bias",
              "what g_phi predicts: all four, all but dW, db"),
    AS_CHOICE(label_shift, draw, "mixture", "mixture|powers",
              "pi of a step: pi_s, uniform, reversed or a power pi_s^t, t in [-1, 1]; or always a power"),
    AS_CHOICE(label_shift, start, "uniform", "uniform|source", "the estimate of pi before the first batch"),
    AS_REAL_IN(label_shift, rate, 0.1, "[0, 1]", "a: share of the new batch in the estimate of pi"),
    AS_REAL(label_shift, tau, 1.0, 0.0, 10.0, "logit adjustment of the fit"),
    AS_END,
};

enum { BODY, WEIGHT, HEAD_BIAS, X, LABELS, LEARNER, TARGET, OPTIMIZER };

typedef struct {
    as_t w1, b1, w2, b2; /* phi */
    as_t estimate;       /* [C] of the target's label distribution */
    int steps;           /* of the fit */
} self;

/* ---- label distributions ---- */

static void check_distribution(as_ctx *c, const char *name, as_t pi)
{
    double least = as_item(c, as_min(c, pi, AS_ALL)), sum = as_item(c, as_sum(c, pi, AS_ALL));
    if (!(least >= 0))
        as_fail(c, "%s holds %g, expected frequencies from 0", name, least);
    if (!(fabs(sum - 1) < 1e-3))
        as_fail(c, "%s sums to %g, expected 1", name, sum);
}

static as_t log_frequency(as_ctx *c, as_t pi)
{
    return as_log(c, as_clamp(c, pi, 1e-6, 1));
}

static as_t uniform(as_ctx *c, as_t prior)
{
    return as_full(c, as_dims_of(c, prior), 1 / (double)as_count(c, prior));
}

/* pi_s with the frequencies of its ranks in reverse: the rarest class becomes the most frequent. */
static as_t reversed(as_ctx *c, as_t prior)
{
    as_t order = as_argsort(c, prior, 0, true);
    as_t ascending = as_flip(c, as_gather(c, prior, order, 0), 0);
    return as_scatter_add(c, ascending, order, 0, as_count(c, prior));
}

/* pi_s^t, normalised */
static as_t power_of(as_ctx *c, as_t prior, double t)
{
    return as_softmax(c, as_scale(c, log_frequency(c, prior), t), 0);
}

static as_t drawn(as_ctx *c, const label_shift *p)
{
    double t = 2 * as_item(c, as_rand(c, "t", AS_SCALAR)) - 1;
    int which = p->draw == POWERS ? 3 : (int)as_item(c, as_randint(c, "target", 4, AS_SCALAR));
    return which == 0   ? p->prior
           : which == 1 ? uniform(c, p->prior)
           : which == 2 ? reversed(c, p->prior)
                        : power_of(c, p->prior, t);
}

/* d(pi) = <pi - u, pi_s - u> / |pi_s - u|^2, 1 for pi_s and 0 for u; or ln pi less its mean. [1,I] */
static as_t degree(as_ctx *c, const label_shift *p, as_t pi)
{
    if (p->input == VECTOR) {
        as_t log_pi = log_frequency(c, pi);
        return as_unsqueeze(c, as_sub(c, log_pi, as_mean(c, log_pi, AS_ALL)), 0);
    }
    as_t u = uniform(c, p->prior), source = as_sub(c, p->prior, u);
    as_t along = as_sum(c, as_mul(c, as_sub(c, pi, u), source), AS_ALL);
    as_t d = as_div(c, along, as_sum(c, as_square(c, source), AS_ALL));
    as_report(c, "degree", d);
    return as_reshape(c, d, AS_DIMS(1, 1));
}

/* ---- the instance ---- */

static void validate(as_ctx *c, const void *params_)
{
    const label_shift *p = params_;
    if (!p->prior) {
        as_fail(c, "prior was not given, expected the label distribution of the source data");
        return;
    }
    check_distribution(c, "prior", p->prior);
    double least = as_item(c, as_min(c, p->prior, AS_ALL)), most = as_item(c, as_max(c, p->prior, AS_ALL));
    if (least == 0)
        as_fail(c, "prior has a class of frequency 0, which no source item can teach");
    if (p->map == LEARNED && p->input == SCALAR && most - least < 1e-6)
        as_fail(c, "prior is uniform, from which no degree of imbalance can be measured; input = \"vector\"");
}

/* w [O,I] and b [O], uniform in +- 1/sqrt(I) or zero */
static void layer(as_ctx *c, const char *const names[2], int64_t O, int64_t I, bool zero, as_t out[2])
{
    as_dims dims[2] = {AS_DIMS(O, I), AS_DIMS(O)};
    double bound = 1 / sqrt((double)I);
    for (int k = 0; k < 2; k++) {
        as_t x = zero ? as_zeros(c, dims[k]) : as_affine(c, as_rand(c, "init", dims[k]), 2 * bound, -bound);
        out[k] = as_parameter(c, names[k], x);
    }
}

static int64_t outputs_of(const label_shift *p, int64_t C)
{
    int64_t D = p->width;
    return C + (p->changes != BIAS ? 2 * D : 0) + (p->changes == ALL ? C * D : 0);
}

static void setup(as_ctx *c, const void *params_, void *self_)
{
    const label_shift *p = params_;
    self *s = self_;
    int64_t C = as_count(c, p->prior);
    if (p->map == LEARNED) {
        as_t first[2], last[2];
        layer(c, (const char *const[]){"w1", "b1"}, p->hidden, p->input == VECTOR ? C : 1, false, first);
        layer(c, (const char *const[]){"w2", "b2"}, outputs_of(p, C), p->hidden, true, last);
        s->w1 = first[0], s->b1 = first[1], s->w2 = last[0], s->b2 = last[1];
    }
    s->estimate = as_buffer(c, "estimate", p->start == SOURCE ? p->prior : uniform(c, p->prior));
    as_counter(c, "steps", &s->steps);
}

/* ---- the model ---- */

static as_t features(as_ctx *c, const label_shift *p, as_t x)
{
    if (p->base != NONE && as_dim(c, x, 0) < 2)
        return as_fail(c, "a batch of %lld items has no statistics, expected 2 or more",
                       (long long)as_dim(c, x, 0));
    as_model_mode(c, as_model_in(c, BODY), p->base == NONE ? AS_EVAL : AS_BATCH_STATS);
    return as_call1(c, as_model_in(c, BODY), x); /* [B,D] */
}

/* The next n of g_phi's outputs. */
static as_t take(as_ctx *c, as_t all, int64_t *at, int64_t n)
{
    *at += n;
    return as_slice(c, all, 1, *at - n, *at, 1); /* [1,n] */
}

/* f [B,C] of h [B,D] for the label distribution pi [C] */
static as_t logits_of(as_ctx *c, const label_shift *p, const as_t *in, as_t h, as_t pi)
{
    const self *s = as_self(c);
    as_t W = in[WEIGHT], b = in[HEAD_BIAS];
    if (p->map == LOGIT) {
        as_t shift = as_sub(c, log_frequency(c, pi), log_frequency(c, p->prior));
        return as_add(c, as_linear(c, h, W, b), shift);
    }
    int64_t C = as_dim(c, W, 0), D = p->width, at = 0;
    as_t unit = as_relu(c, as_linear(c, degree(c, p, pi), s->w1, s->b1)); /* [1,hidden] */
    as_t all = as_linear(c, unit, s->w2, s->b2);                          /* [1,O] */
    if (p->changes != BIAS) {
        h = as_mul(c, h, as_shift(c, take(c, all, &at, D), 1)); /* (1 + dg) h */
        h = as_add(c, h, take(c, all, &at, D));                 /* + db_h */
    }
    if (p->changes == ALL)
        W = as_add(c, W, as_reshape(c, take(c, all, &at, C * D), AS_DIMS(C, D)));
    b = as_add(c, b, as_squeeze(c, take(c, all, &at, C), 0));
    return as_linear(c, h, W, b);
}

/* The label distribution that is known, else the one estimated so far. */
static as_t target_of(as_ctx *c, const as_t *in)
{
    const self *s = as_self(c);
    if (in[TARGET])
        check_distribution(c, "target", in[TARGET]);
    as_t pi = in[TARGET] ? in[TARGET] : s->estimate;
    as_output(c, 1, pi);
    return pi;
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    as_t pi = target_of(c, in);
    return logits_of(c, params_, in, features(c, params_, in[X]), pi);
}

/* One step of the fit: L_GLA = CE(f + tau (ln pi_s - ln pi), y) for the pi drawn, or given as `target`; only
 * phi moves. The features are normalised as they will be in use. */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const label_shift *p = params_;
    self *s = as_self(c);
    if (p->map == LOGIT)
        return as_fail(c, "map = \"logit\" has nothing to fit");
    if (!in[LABELS] || !as_group_in(c, LEARNER))
        return as_fail(c, "the fit needs labels and an optimizer of this adapter's parameters");
    as_t pi = in[TARGET] ? target_of(c, in) : drawn(c, p);
    as_t f = logits_of(c, p, in, as_detach(c, features(c, p, in[X])), pi);
    as_t shift = as_sub(c, log_frequency(c, p->prior), log_frequency(c, pi)); /* [C] */
    as_t adjusted = as_add(c, f, as_scale(c, shift, p->tau));
    as_t loss = as_mean(c, as_cross_entropy(c, adjusted, in[LABELS], 0), AS_ALL);
    as_output(c, 1, pi);
    as_report(c, "loss", loss);
    as_update(c, as_group_in(c, LEARNER), loss, 0);
    if (as_ok(c))
        s->steps++;
    return f;
}

/* Mean entropy of the predictions: what Tent lowers. */
static as_t mean_entropy(as_ctx *c, as_t f)
{
    as_t log_p = as_log_softmax(c, f, -1);
    as_t sums = as_sum(c, as_mul(c, as_exp(c, log_p), log_p), -1); /* [B,1] */
    return as_neg(c, as_mean(c, sums, AS_ALL));
}

/* 1. f with the estimate so far; 2. the estimate moves towards the mean prediction; 3. the base's own step;
 * 4. f again, of the features of 1 with the estimate of 2. */
static as_t adapt(as_ctx *c, const void *params_, const as_t *in)
{
    const label_shift *p = params_;
    const self *s = as_self(c);
    if (p->map == LEARNED && s->steps == 0)
        return as_fail(c, "adapt before the fit: give labelled source batches to step first");
    if (p->base == TENT && !as_group_in(c, OPTIMIZER))
        return as_fail(c, "base = \"tent\" needs an optimizer of the batch norms' scales and shifts");
    as_t pi = target_of(c, in), h = features(c, p, in[X]);
    as_t f = logits_of(c, p, in, h, pi);
    as_t seen = as_squeeze(c, as_mean(c, as_softmax(c, as_detach(c, f), -1), 0), 0); /* [C] */
    seen = as_add(c, as_scale(c, s->estimate, 1 - p->rate), as_scale(c, seen, p->rate));
    if (p->base == TENT) {
        as_t entropy = mean_entropy(c, f);
        as_report(c, "entropy", entropy);
        as_update(c, as_group_in(c, OPTIMIZER), entropy, 0);
    }
    if (!in[TARGET])
        as_assign(c, s->estimate, seen);
    return logits_of(c, p, in, as_detach(c, h), target_of(c, in));
}

AS_PLUGIN(.kind = "adapters", .name = "label_shift", .version = "1.0.0", .paper = "arXiv:2308.08810",
          .doc = "changes a classifier's last stage by the label distribution it estimates, batch by batch",
          .params = params,
          .signature = "body model{modes}(f32[B,...] -> f32[B,width]), weight f32[C,width], bias f32[C],"
                       " x f32[B,...], labels? i64[B]<C, learner? group, target? f32[C], optimizer? group"
                       " -> logits f32[B,C], target f32[C]",
          .params_size = sizeof(label_shift), .state_size = sizeof(self), .validate = validate,
          .setup = setup, .forward = forward, .step = step, .adapt = adapt);
