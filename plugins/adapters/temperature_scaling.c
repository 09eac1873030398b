/* adapters/temperature_scaling: one temperature for a trained classifier's logits, fitted on held-out data.
 * Guo et al. 2017. adapt(logits, labels) fits; a call afterwards scales. */
#include <assay/plugin.h>

#include <math.h>

typedef struct {
    int steps;
} temperature_scaling;

typedef struct {
    as_t log_temperature;
} self;

static const as_param params[] = {
    AS_INT(temperature_scaling, steps, 50, 1, 10000, "Newton steps at most; it ends when the slope is 0"),
    AS_END,
};

enum { MODEL, X, LABELS };

static void setup(as_ctx *c, const void *params_, void *self_)
{
    (void)params_;
    ((self *)self_)->log_temperature = as_buffer(c, "log_temperature", as_zeros(c, AS_SCALAR));
}

/* softmax(f / T), T = exp(log_temperature) */
static as_t scaled(as_ctx *c, as_t logits)
{
    const self *s = as_self(c);
    return as_mul(c, logits, as_exp(c, as_neg(c, s->log_temperature)));
}

static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    (void)params_;
    return scaled(c, as_call1(c, as_model_in(c, MODEL), in[X]));
}

/* Newton's method on b = 1/T, in which the mean cross-entropy is convex:
 *   d/db = mean(E_p[f] - f_y),  d2/db2 = mean Var_p[f],  p = softmax(b f) */
static as_t adapt(as_ctx *c, const void *params_, const as_t *in)
{
    const temperature_scaling *p = params_;
    const self *s = as_self(c);
    bool before = as_no_grad(c);
    as_t f = as_call1(c, as_model_in(c, MODEL), in[X]); /* [B,C] */
    if (!in[LABELS]) {
        as_no_grad_end(c, before);
        return scaled(c, f);
    }
    as_t right = as_gather(c, f, in[LABELS], -1); /* [B] */
    double b = exp(-as_item(c, s->log_temperature));
    for (int k = 0; k < p->steps && as_ok(c); k++) {
        as_t prob = as_softmax(c, as_scale(c, f, b), -1);
        as_t mean = as_sum(c, as_mul(c, prob, f), -1); /* [B,1] */
        as_t variance = as_sum(c, as_mul(c, prob, as_square(c, as_sub(c, f, mean))), -1);
        double slope = as_item(c, as_mean(c, as_sub(c, as_squeeze(c, mean, -1), right), AS_ALL));
        double curve = as_item(c, as_mean(c, variance, AS_ALL));
        double next = b - slope / (curve > 1e-12 ? curve : 1e-12);
        next = next > 10 * b ? 10 * b : next < b / 10 ? b / 10 : next; /* stays positive */
        bool done = fabs(next - b) < 1e-9 * b;
        b = next;
        if (done)
            break;
    }
    as_assign(c, s->log_temperature, as_full(c, AS_SCALAR, -log(b)));
    as_report_real(c, "temperature", 1 / b);
    as_no_grad_end(c, before);
    return scaled(c, f);
}

AS_PLUGIN(.kind = "adapters", .name = "temperature_scaling", .version = "1.0.0", .paper = "arXiv:1706.04599",
          .doc = "one temperature for the logits, fitted on labelled held-out batches", .params = params,
          .signature =
              "model model(f32[B,...] -> f32[B,^C]), x f32[B,...], labels? i64[B] -> logits f32[B,C]",
          .params_size = sizeof(temperature_scaling), .state_size = sizeof(self), .setup = setup,
          .forward = forward, .adapt = adapt);
