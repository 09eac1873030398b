/* Optimizers: parameters and the rule that moves them, each update one fused pass over memory. An optimizer
 * is also what a plugin's signature calls a group: as_update moves these parameters and no others. */
#ifndef ASSAY_AUTOGRAD_OPTIMIZER_H
#define ASSAY_AUTOGRAD_OPTIMIZER_H

#include "autograd/tape.h"

typedef enum { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_ADAMW, OPTIMIZER_RADAM } optimizer_kind;

typedef struct {
    optimizer_kind kind;
    double rate;         /* learning rate */
    double momentum;     /* sgd: velocity <- momentum * velocity + gradient */
    bool nesterov;       /* sgd */
    double beta1, beta2; /* adam, adamw, radam */
    double eps;          /* the same: added to the root */
    double decay;        /* weight decay: adamw shrinks p by rate * decay, the others add decay * p to g */
} optimizer_options;

typedef struct as_group optimizer;

/* Keeps a reference to each parameter; they must be dense float leaves. Owned: optimizer_free. NULL after a
 * failure. */
optimizer *optimizer_new(as_ctx *c, const optimizer_options *options, const as_t *parameters, int n);
void optimizer_free(optimizer *o);

/* Moves every parameter that has a gradient and drops the gradients: nothing is left to zero. */
bool optimizer_step(as_ctx *c, optimizer *o);

/* Gradient of loss with respect to these parameters only, clipped to global norm `clip` if > 0, then one
 * step. Leaf gradients elsewhere stay as they were. */
bool optimizer_update(as_ctx *c, optimizer *o, as_t loss, double clip);

/* y[i] += weight * (x[i] - y[i]) for n pairs of tensors of one shape and dtype, dense floats, the sums in
 * double: averages of parameters in one pass each. */
bool optimizer_average(as_ctx *c, const as_t *y, const as_t *x, int n, double weight);

/* Scales the gradients at hand so that their joint norm is at most `limit`; returns the norm before. */
double optimizer_clip(as_ctx *c, optimizer *o, double limit);

/* Each item of the gradients at hand into [-limit, limit]. */
bool optimizer_clip_each(as_ctx *c, optimizer *o, double limit);

optimizer_options *optimizer_options_of(optimizer *o); /* schedules change rate between steps */
int64_t optimizer_steps(const optimizer *o);           /* updates made */

/* What is saved beside the parameters: moments and the count of steps, as named tensors ("m.0", "v.0",
 * "steps"). */
int optimizer_state_size(const optimizer *o);
const char *optimizer_state_name(const optimizer *o, int i);
as_t optimizer_state_tensor(as_ctx *c, optimizer *o, int i);
bool optimizer_load(as_ctx *c, optimizer *o, const char *name, as_t value);

#endif
