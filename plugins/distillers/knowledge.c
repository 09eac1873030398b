/* distillers/knowledge: a student learns the teacher's softened class probabilities beside the labels.
 * Hinton, Vinyals & Dean 2015. */
#include <assay/plugin.h>

typedef struct {
    double temperature, alpha;
} knowledge;

static const as_param params[] = {
    AS_REAL_IN(knowledge, temperature, 4.0, "(0, inf)", "softens both distributions", .log = 1),
    AS_REAL(knowledge, alpha, 0.9, 0.0, 1.0, "weight of the teacher; 0 is plain cross-entropy"),
    AS_END,
};

enum { X, LABELS, STUDENT, TEACHER, OPTIMIZER };

/* loss = alpha T^2 KL(softmax(t / T) || softmax(s / T)) + (1 - alpha) CE(softmax(s), labels), means over the
 * batch; T^2 keeps the two gradients' sizes comparable as T changes. */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const knowledge *p = params_;
    double T = p->temperature;
    bool before = as_no_grad(c);
    as_t t = as_call1(c, as_model_in(c, TEACHER), in[X]); /* [B,C] */
    as_no_grad_end(c, before);
    as_t s = as_call1(c, as_model_in(c, STUDENT), in[X]); /* [B,C] */

    as_t log_q = as_log_softmax(c, as_scale(c, t, 1 / T), -1);
    as_t log_p = as_log_softmax(c, as_scale(c, s, 1 / T), -1);
    as_t kl = as_mean(c, as_sum(c, as_mul(c, as_exp(c, log_q), as_sub(c, log_q, log_p)), -1), AS_ALL);
    as_t ce = as_neg(c, as_mean(c, as_gather(c, as_log_softmax(c, s, -1), in[LABELS], -1), AS_ALL));
    as_t loss = as_add(c, as_scale(c, kl, p->alpha * T * T), as_scale(c, ce, 1 - p->alpha));

    as_update(c, as_group_in(c, OPTIMIZER), loss, 0);
    as_report(c, "kl", kl);
    as_report(c, "cross_entropy", ce);
    return loss;
}

AS_PLUGIN(.kind = "distillers", .name = "knowledge", .version = "1.0.0", .paper = "arXiv:1503.02531",
          .doc = "a student learns the teacher's softened probabilities beside the labels", .params = params,
          .signature = "x f32[B,...], labels i64[B], student model(f32[B,...] -> f32[B,C]),"
                       " teacher model(f32[B,...] -> f32[B,C]), optimizer group -> loss f32",
          .params_size = sizeof(knowledge), .step = step);
