/* What the checks share: a plugin with the inputs the host makes for it, and one way to call every kind. */
#ifndef ASSAY_CHECK_INTERNAL_H
#define ASSAY_CHECK_INTERNAL_H

#include "check/check.h"

enum { CHECK_OUTPUTS = 96, CHECK_REPORTS = 32, CHECK_STATES = 3, CHECK_SEED = 7 };

/* Which numbers floating inputs hold; a plugin that refuses one sort is given the next. */
typedef enum { DRAW_NORMAL, DRAW_UNIFORM, DRAW_SHARES, DRAW_BITS, DRAW_HALVES, DRAW_SORTS } draw_sort;

/* What inputs are like. */
typedef struct {
    draw_sort sort;
    int states; /* how many of them where there may be several: up to CHECK_STATES */
} manner;

/* Inputs for one call, by place. Owned: inputs_free. */
typedef struct {
    int n;
    argument in[SIGNATURE_PLACES];
    as_model *model[SIGNATURE_PLACES];
    as_group *group[SIGNATURE_PLACES];
    as_state *state[SIGNATURE_PLACES][CHECK_STATES];
    instance *dataset[SIGNATURE_PLACES];
} inputs;

typedef struct {
    as_ctx *c;
    plugin *p;
    cJSON *params; /* integers that are sizes made small */
    cJSON *given;  /* the same with tensors for what takes one; NULL where there is no more to try so */
    void *values;  /* the plugin's struct filled from them */
    manner manner;
    inputs in;      /* the ordinary ones, in the working float */
    as_error error; /* what the check under way found */
    check_result result;
    bool usable; /* the ordinary inputs are accepted */
} subject;

/* What a call gave, one reference each: outputs_drop. Of kinds that train, the models' parameters follow. */
typedef struct {
    int count, declared; /* the first `declared` are the call's own, of a soup the state's */
    as_t item[CHECK_OUTPUTS];
    int reports;
    double report[CHECK_REPORTS];
} outputs;

/* A fresh instance and fresh inputs, for calls may train what they are given. */
typedef struct {
    instance *i;
    inputs in;
} fresh;

/* Where an instance and the models it was given stand. Owned: point_drop. */
typedef struct {
    as_state *state;
    as_t parameter[SIGNATURE_PLACES][2]; /* of each model */
} point;

/* ---- inputs.c ---- */

/* The size a letter has in every check: 4 for B, 5 for C, ... */
int64_t inputs_letter(const char *letter);
/* The sizes of a signature's item, `...` as one axis of 3. */
as_dims inputs_dims(const signature *s, const signature_item *item, const void *values);
/* The same numbers each time. Fails in the context. */
bool inputs_make(as_ctx *c, const plugin *p, const void *values, manner how, inputs *in);
/* A fitting value of the k-th tensor among the parameters, as nested lists. Owned: cJSON_Delete. NULL after a
 * failure. */
cJSON *inputs_param(as_ctx *c, const plugin *p, const void *values, draw_sort sort, int k);
void inputs_free(inputs *in);
/* The place of the model whose parameters the group at `place` moves: the one its name begins with
 * ("fake_optimizer"), else as many models on as there are groups before it. -1 without a model. */
int inputs_group_model(const signature *s, const inputs *in, int place);

/* ---- smooth.c ---- */

/* A random smooth network of the shape a signature's item asks for: tanh of random projections of its inputs,
 * times a parameter "weight", plus a parameter "bias"; every tap is what comes before the weight. Owned:
 * smooth_free. NULL after a failure. */
as_model *smooth_new(as_ctx *c, const signature_item *item, const void *values, int place);
void smooth_free(as_model *m);
void smooth_parameters(const as_model *m, as_t out[2]);
extern const char *const smooth_names[2];

/* ---- tensors.c: tensors among the parameters ---- */

const char *tensors_name(const subject *s, int k);

typedef enum { FIT_REFUSED, FIT_NOT_FINITE, FIT_TAKEN } tensor_fit;

/* Adds a value of the k-th to params, drawn in one manner after the other until an ordinary call gives finite
 * numbers; params are as they were where none does. `refusal` is the last. */
tensor_fit tensors_fit(subject *s, cJSON *params, int k, as_error *refusal);
/* The ordinary parameters with a tensor for each that takes one. Owned; NULL where none is taken. */
cJSON *tensors_given(subject *s);

/* ---- partners.c: the host's own plugins, which those under check work with ---- */

/* A sampler that calls hooks at every point there is and weights its items. */
plugin *partner_sampler(as_ctx *c);
/* A data set with splits train and test, fields x f32[N,3] and y i64[N] below 5. */
plugin *partner_dataset(as_ctx *c);
plugin *partner_images(as_ctx *c); /* for transforms whose x has four axes */

/* ---- subject.c ---- */

bool subject_open(subject *s, as_ctx *c, plugin *p);
void subject_close(subject *s);
/* Instance number 0 of the small parameters, so that streams are the same each time. NULL after a failure. */
instance *subject_instance(subject *s);
bool fresh_open(subject *s, fresh *f);
void fresh_close(fresh *f);

/* The check under way failed, or is left out; printf form. Return false. */
bool subject_fail(subject *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool subject_leave(subject *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails with "WHAT: " and the context's text, which is taken. */
bool subject_refused(subject *s, const char *what);
/* Takes the context's text away; false when there was none. */
bool subject_forget(subject *s, as_error *e);

/* A floating item of any layout as double. */
double tensor_at(const struct as_tensor *x, int64_t i);
void tensor_put(as_t x, int64_t i, double value); /* of a dense one */

/* ---- call.c ---- */

/* The plugin's calls of its kind from start to end. False leaves the text in the context. */
bool subject_call(subject *s, instance *i, const inputs *in, outputs *o);
bool subject_call_times(subject *s, const fresh *f, int times);
void outputs_drop(outputs *o);
bool outputs_equal(as_ctx *c, const outputs *a, const outputs *b);
bool outputs_finite(const outputs *o);

/* ---- point.c ---- */

/* Reads or restores; false leaves the text in the context. */
bool point_take(subject *s, instance *i, const inputs *in, point *at);
bool point_restore(subject *s, instance *i, const inputs *in, const point *at);
bool point_restore_models(subject *s, const inputs *in, const point *at);
void point_drop(point *at);
/* Registered state only. */
bool point_same_state(as_ctx *c, const point *a, const point *b);
/* Whether the model at place k moved between the two. */
bool point_moved(as_ctx *c, const point *a, const point *b, int k);

/* ---- the checks; each sets the result, CHECK_PASSED before it ---- */
typedef void check(subject *s);

check check_schema, check_ranges, check_calls, check_wrong_inputs, check_extremes, check_items;
check check_gradient, check_second_gradient;
check check_state, check_repeat, check_reset, check_training, check_splits;
check check_memory, check_leaks, check_guards;

#endif
