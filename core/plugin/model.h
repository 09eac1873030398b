/* What a call can be given besides tensors: models, groups, states. The script's side (Lua) implements
 * models; plugins reach them through the services. */
#ifndef ASSAY_PLUGIN_MODEL_H
#define ASSAY_PLUGIN_MODEL_H

#include "autograd/optimizer.h"

/* What a model offers, and what a signature's `model{...}` asks for. */
enum {
    MODEL_PARAMS = 1,  /* named parameters, call_with */
    MODEL_BUFFERS = 2, /* named buffers */
    MODEL_TAPS = 4,    /* named taps */
    MODEL_CLONE = 8,   /* can be cloned */
    MODEL_MODES = 16,  /* train, eval, batch_stats */
    MODEL_GROUPS = 32, /* groups of parameters: head apart from body */
};

/* A model as the host sees it. Whoever makes one keeps it alive while an instance or call holds it. */
struct as_model {
    const char *name; /* for messages; may be NULL */
    void *self;       /* the maker's */
    unsigned offers;  /* MODEL_... */
    /* in: borrowed. Returns a tensor in the current scope, or inert after a failure. */
    as_t (*call)(as_ctx *c, as_model *m, const as_t *in, int n);
    /* The same with the parameters replaced by theta's tensors of the same names; NULL when not offered. */
    as_t (*call_with)(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n);
    /* Several outputs, taps; fails where it is not offered. */
    bool (*request)(as_ctx *c, as_model *m, const as_request *r);
    /* The trained tensors themselves, appended to `out`. NULL when not offered. */
    bool (*state)(as_ctx *c, as_model *m, as_state *out);
    /* Sets the mode, returns the one before. NULL when not offered. */
    as_mode (*mode)(as_ctx *c, as_model *m, as_mode mode);
    /* The number it makes of a state; NaN after a failure. */
    double (*evaluate)(as_ctx *c, as_model *m, const as_state *theta);
};

/* A state: named tensors in order. Keeps one reference to each. */
typedef struct {
    char *name;
    as_t tensor;
} state_entry;

struct as_state {
    int count, capacity;
    state_entry *entries;
};

as_state *state_new(void); /* NULL when out of memory */
void state_free(as_state *s);
/* Appends; false for a name that is there already, or when out of memory (e says which). */
bool state_put(as_state *s, const char *name, as_t x, as_error *e);
/* The same, but a name that is there gets the new tensor. */
bool state_set(as_state *s, const char *name, as_t x, as_error *e);
as_t state_find(const as_state *s, const char *name); /* borrowed; NULL when there is none */

struct instance;

/* One input of a call, at its place in the signature; the field of the place's type is set, or none for an
 * optional input that is left out. All borrowed until the call returns. */
typedef struct {
    as_t tensor;
    as_model *model;               /* model, function */
    as_group *group;               /* group: an optimizer */
    const as_state *const *states; /* state: one; state[]: state_count */
    int state_count;
    struct instance *dataset; /* dataset */
} argument;

#endif
