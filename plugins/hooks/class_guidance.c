/* hooks/class_guidance: samples of one class from an unconditional model: the score plus the gradient of a
 * classifier trained on noisy inputs. Song et al. 2021, section 5. */
#include <assay/plugin.h>

typedef struct {
    double w;
} class_guidance;

static const as_param params[] = {
    AS_REAL(class_guidance, w, 1.0, 0.0, 1000.0, "strength of the classifier; 1 is Bayes' rule"),
    AS_END,
};

enum { CLASSIFIER, LABELS };

/* s + w grad_x log p_t(y|x) */
static as_t guide(as_ctx *c, const void *params_, const as_t *in, const as_point *at, as_t x, as_t score)
{
    const class_guidance *p = params_;
    bool before = as_record(c);
    as_t point = as_leaf(c, x);                                               /* [B,...] */
    as_t times = as_full(c, AS_DIMS(as_dim(c, x, 0)), at->t);                 /* [B] */
    as_t logits = as_call2(c, as_model_in(c, CLASSIFIER), point, times);      /* [B,C] */
    as_t log_p = as_gather(c, as_log_softmax(c, logits, -1), in[LABELS], -1); /* [B] */
    as_t g = as_grad(c, as_sum(c, log_p, AS_ALL), point, false);
    as_no_grad_end(c, before);
    return as_add(c, score, as_scale(c, g, p->w));
}

AS_PLUGIN(.kind = "hooks", .name = "class_guidance", .version = "1.0.0", .paper = "arXiv:2011.13456",
          .doc = "steers samples towards a class by a classifier's gradient", .params = params,
          .signature = "classifier model(f32[B,...], f32[B] -> f32[B,C]), labels i64[B] -> score f32[B,...]",
          .params_size = sizeof(class_guidance), .guide = guide);
