/* The calls of each kind, from the host's side. Inputs stand by their place in the signature; places bound at
 * construction may be left empty. Outputs lie in the caller's scope. Failures are left in the context, named
 * ("losses/poly1: forward: ..."); instance->reports holds what the last call reported. */
#ifndef ASSAY_PLUGIN_CALL_H
#define ASSAY_PLUGIN_CALL_H

#include "plugin/frame.h"

/* losses, heads: out has room for the signature's outputs (at least 1). */
bool call_forward(instance *i, const argument *in, int n, as_t *out);

/* scores */
bool call_score(instance *i, const argument *in, int n, as_t *out);

/* distillers: one batch; recording is on inside, the outputs carry no history. */
bool call_step(instance *i, const argument *in, int n, as_t *out);

/* soups: the merged state. Owned: state_free. NULL after a failure. States are compared by name first:
 * missing, extra and other shapes are errors, another order is not. out[0] is the state's place and stays
 * NULL; the signature's outputs behind it follow. */
as_state *call_merge(instance *i, const argument *in, int n, as_t *out);

/* A sampler's run from start to finish. Keeps its tensors; operations are recorded inside a call, x carries
 * no history from one to the next. */
typedef struct {
    instance *owner; /* NULL: not started */
    as_sample at;    /* one reference each */
    argument in[SIGNATURE_PLACES];
    signature_bound bound;
} sampling;

/* index samplers: places of items */
bool call_draw(instance *i, const argument *in, int n, as_t *out);

/* adapters: a batch's outputs, the model changed on the way; one batch of learning beforehand. Recording is
 * on inside, the outputs carry no history. A call without adapting is call_forward. */
bool call_adapt(instance *i, const argument *in, int n, as_t *out);

/* samplers: s need not be set before; call_sampling_release after a start that went well. */
bool call_start(instance *i, const argument *in, int n, sampling *s);
/* From grid point `index` (0 <= index < s->at.steps) to the next. */
bool call_advance(sampling *s, int index);
/* out: the signature's outputs, [0] is s->at.x. */
bool call_finish(sampling *s, as_t *out);
void call_sampling_release(sampling *s);

/* datasets: declares the splits (instance->splits), once. */
bool call_open(instance *i);
/* The fields of a split by name, axis 0 the items. Owned: state_free. NULL after a failure; an unknown split
 * fails "datasets/x: no split \"tset\"; did you mean \"test\"?" */
as_state *call_read(instance *i, const char *split);

#endif
