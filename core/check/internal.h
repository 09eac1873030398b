/* What the checks share: a plugin with the inputs the host makes for it, and one way to call every kind. */
#ifndef ASSAY_CHECK_INTERNAL_H
#define ASSAY_CHECK_INTERNAL_H

#include "check/check.h"

enum { CHECK_OUTPUTS = 64, CHECK_STATES = 3, CHECK_SEED = 7 };

/* Which numbers floating inputs hold; a plugin that refuses one sort is given the next. */
typedef enum { DRAW_NORMAL, DRAW_UNIFORM, DRAW_SHARES, DRAW_SORTS } draw_sort;

/* Inputs for one call, by place. Owned: inputs_free. */
typedef struct {
    int n;
    argument in[SIGNATURE_PLACES];
    as_model *model[SIGNATURE_PLACES];
    as_group *group[SIGNATURE_PLACES];
    as_state *state[SIGNATURE_PLACES][CHECK_STATES];
} inputs;

typedef struct {
    as_ctx *c;
    plugin *p;
    cJSON *params; /* integers that are sizes made small */
    void *values;  /* the plugin's struct filled from them */
    draw_sort sort;
    inputs in;      /* the ordinary ones, in the working float */
    as_error error; /* what the check under way found */
    check_result result;
    bool usable; /* the ordinary inputs are accepted */
} subject;

/* What a call gave, one reference each: outputs_drop. */
typedef struct {
    int count;
    as_t item[CHECK_OUTPUTS];
} outputs;

/* ---- inputs.c ---- */

/* The size a letter has in every check: 4 for B, 5 for C, ... */
int64_t inputs_letter(const char *letter);
/* `same` fixes the numbers drawn. Fails in the context. */
bool inputs_make(as_ctx *c, const plugin *p, const void *values, draw_sort sort, inputs *in);
void inputs_free(inputs *in);

/* ---- smooth.c ---- */

/* A random smooth network of the shape a signature's item asks for: tanh of random projections of its inputs,
 * times a parameter "scale", plus a parameter "shift". Owned: smooth_free. NULL after a failure. */
as_model *smooth_new(as_ctx *c, const signature_item *item, const void *values, int place);
void smooth_free(as_model *m);
void smooth_parameters(const as_model *m, as_t out[2]);

/* ---- subject.c ---- */

bool subject_open(subject *s, as_ctx *c, plugin *p);
void subject_close(subject *s);
/* Instance number 0 of the small parameters, so that streams are the same each time. NULL after a failure. */
instance *subject_instance(subject *s);
/* One call of the plugin's kind from start to end. False leaves the text in the context. */
bool subject_call(subject *s, instance *i, const inputs *in, outputs *o);
void outputs_drop(outputs *o);
bool outputs_equal(as_ctx *c, const outputs *a, const outputs *b);
bool outputs_finite(const outputs *o);
/* A copy of the state, not shared. Owned: state_free. NULL after a failure. */
as_state *subject_snapshot(subject *s, instance *i);
bool states_equal(as_ctx *c, const as_state *a, const as_state *b);

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

/* ---- the checks; each sets the result, CHECK_PASSED before it ---- */
typedef void check(subject *s);

check check_schema, check_ranges, check_calls, check_wrong_inputs, check_extremes, check_items;
check check_gradient, check_second_gradient;
check check_state, check_repeat, check_memory, check_leaks, check_guards;

#endif
