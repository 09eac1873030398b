/* Inputs as they should be, as they must not be, and at the ends of what floats hold. */
#include "check/internal.h"

#include "autograd/tape.h"

#include <assay/operations.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void refused_call(subject *s, instance *i, const inputs *in, const char *what)
{
    outputs o = {0};
    if (!i || !subject_call(s, i, in, &o))
        subject_refused(s, what);
    else if (!outputs_finite(&o))
        subject_fail(s, "%s gave a result that is not finite", what);
    outputs_drop(&o);
}

/* What is left out may be refused: of two optional inputs one may be needed. */
static void try_without_optional(subject *s)
{
    outputs o = {0};
    inputs less = s->in;
    bool optional = false;
    for (int k = 0; k < less.n; k++)
        if (s->p->signature->in[k].optional) {
            less.in[k] = (argument){0};
            optional = true;
        }
    instance *i = optional ? subject_instance(s) : NULL;
    if (i) {
        memcpy(i->bound, less.in, sizeof less.in);
        subject_call(s, i, &less, &o);
    }
    subject_forget(s, NULL);
    outputs_drop(&o);
    instance_free(i);
}

/* Other counts of states than the usual: merged, or refused. */
static void try_states(subject *s, int count)
{
    outputs o = {0};
    inputs in;
    if (!inputs_make(s->c, s->p, s->values, (manner){s->manner.sort, count}, &in)) {
        subject_refused(s, "making inputs");
        return;
    }
    instance *i = instance_new(s->c, s->p, s->params, in.in, in.n, 0);
    bool good = i && subject_call(s, i, &in, &o);
    if (good && !outputs_finite(&o))
        subject_fail(s, "%d state%s gave a result that is not finite", count, count > 1 ? "s" : "");
    if (!good && !subject_forget(s, NULL))
        subject_fail(s, "%d state%s: refused without a text", count, count > 1 ? "s" : "");
    outputs_drop(&o);
    instance_free(i);
    inputs_free(&in);
}

static bool same_argument(as_ctx *c, const argument *a, const argument *b)
{
    if (a->tensor && !tensor_equal(c, a->tensor, b->tensor))
        return false;
    for (int j = 0; j < a->state_count; j++)
        for (int i = 0; i < a->states[j]->count; i++)
            if (!tensor_equal(c, a->states[j]->entries[i].tensor, b->states[j]->entries[i].tensor))
                return false;
    return true;
}

/* The caller's tensors and states are not the plugin's to write into. */
static void compare_inputs(subject *s)
{
    inputs again;
    if (!inputs_make(s->c, s->p, s->values, s->manner, &again)) {
        subject_refused(s, "making inputs");
        return;
    }
    for (int k = 0; k < again.n; k++)
        if (!same_argument(s->c, &again.in[k], &s->in.in[k]))
            subject_fail(
                s, "%s: the call changed its input: raw data are written into a copy (as_from, as_zeros)",
                s->p->signature->in[k].name);
    inputs_free(&again);
}

/* The outputs fit: the frame has checked them. */
void check_calls(subject *s)
{
    instance *i = subject_instance(s);
    refused_call(s, i, &s->in, "an ordinary call");
    if (i)
        instance_train(i, false);
    refused_call(s, i, &s->in, "an ordinary call in evaluation");
    instance_free(i);
    if (s->result != CHECK_PASSED)
        return;
    try_without_optional(s);
    bool several = false;
    for (int k = 0; k < s->in.n; k++)
        several |= s->p->signature->in[k].type == SIGNATURE_STATES;
    for (int count = 1; several && count <= CHECK_STATES; count++)
        if (count != s->manner.states)
            try_states(s, count);
    compare_inputs(s);
}

/* ---- one wrong input at a time ---- */

/* The call must fail, with a text, before the plugin sees anything. */
static void expect_refusal(subject *s, int place, as_t wrong, const char *what)
{
    inputs given = s->in;
    outputs o = {0};
    const char *name = s->p->signature->in[place].name;
    char shape[TENSOR_TEXT] = "nothing";
    given.in[place].tensor = wrong;
    instance *i = subject_instance(s);
    if (!i) {
        subject_refused(s, "a new instance");
        return;
    }
    memset(i->bound, 0, sizeof i->bound);
    if (wrong)
        tensor_shape_text(wrong, shape);
    if (subject_call(s, i, &given, &o))
        subject_fail(s, "%s: %s (%s) was taken", name, what, shape);
    else if (!subject_forget(s, NULL))
        subject_fail(s, "%s: %s (%s) was refused without a text", name, what, shape);
    outputs_drop(&o);
    instance_free(i);
}

static as_t another(subject *s, as_t x, as_dtype dtype, as_dims dims)
{
    as_t y = tensor_full(s->c, dtype, dims, 0);
    if (dtype == x->dtype)
        for (int64_t i = 0; context_ok(s->c) && i < y->count && i < x->count; i++)
            tensor_put(y, i, tensor_at(x, i));
    return y;
}

static void wrong_shapes(subject *s, int k, as_t x)
{
    const signature_item *item = &s->p->signature->in[k];
    as_dims dims = tensor_dims(x), more = dims;
    as_dtype other = x->dtype == AS_I64 ? AS_F32 : AS_I64;
    expect_refusal(s, k, another(s, x, other, dims), "another dtype");
    if (item->rest < 0 && dims.rank < AS_MAX_RANK) {
        more.size[more.rank++] = 1;
        expect_refusal(s, k, another(s, x, (as_dtype)x->dtype, more), "one axis more");
    }
    if (item->rest >= 0 && dims.rank > 0) {
        more.rank = item->rank - 1;
        if (more.rank >= 0)
            expect_refusal(s, k, another(s, x, (as_dtype)x->dtype, more), "one axis less");
    }
    for (int a = 0; item->rest < 0 && a < item->rank; a++) {
        bool fixed = item->axis[a].letter_count == 0; /* a number or a parameter */
        if (!fixed)
            continue;
        as_dims wide = dims;
        wide.size[a]++;
        expect_refusal(s, k, another(s, x, (as_dtype)x->dtype, wide), "an axis of another size");
    }
}

static int64_t bound_of(const subject *s, const signature_item *item)
{
    int64_t size = item->bound.number;
    for (int l = 0; l < item->bound.letter_count; l++)
        size *= inputs_letter(s->p->signature->letter[item->bound.letter[l]]);
    if (item->bound.param >= 0)
        size *= *(const int *)((const char *)s->values + item->bound.param);
    return size;
}

static void wrong_values(subject *s, int k, as_t x)
{
    const signature_item *item = &s->p->signature->in[k];
    if (!item->bounded || x->count == 0)
        return;
    as_t high = another(s, x, AS_I64, tensor_dims(x)), low = another(s, x, AS_I64, tensor_dims(x));
    if (!context_ok(s->c))
        return;
    ((int64_t *)high->data)[x->count - 1] = bound_of(s, item);
    ((int64_t *)low->data)[0] = -1;
    expect_refusal(s, k, high, "a value at its bound");
    expect_refusal(s, k, low, "a value of -1");
}

/* A state of another name or shape than the first. */
static void wrong_state(subject *s, int k, const char *name, as_dims dims, const char *what)
{
    as_error e = {{0}};
    outputs o = {0};
    inputs given = s->in;
    as_state *other = state_new();
    as_t x = tensor_full(s->c, AS_F32, dims, 1);
    const as_state *const *states = s->in.in[k].states, *list[CHECK_STATES];
    int count = s->in.in[k].state_count;
    instance *i = subject_instance(s);
    bool good = i && other && context_ok(s->c) && state_put(other, name, x, &e);
    for (int j = 0; j < count; j++)
        list[j] = j + 1 < count ? states[j] : other;
    given.in[k].states = list;
    if (good && subject_call(s, i, &given, &o))
        subject_fail(s, "%s: %s was taken", s->p->signature->in[k].name, what);
    else if (!subject_forget(s, NULL))
        subject_fail(s, "%s: %s was refused without a text", s->p->signature->in[k].name, what);
    outputs_drop(&o);
    instance_free(i);
    state_free(other);
}

static void wrong_states(subject *s, int k)
{
    const state_entry *first = &s->in.in[k].states[0]->entries[0];
    wrong_state(s, k, "no.such.weight", tensor_dims(first->tensor), "a state of other names");
    wrong_state(s, k, first->name, (as_dims){1, {2}}, "a state of another shape");
}

void check_wrong_inputs(subject *s)
{
    const signature *sig = s->p->signature;
    int tried = 0;
    as_scope scope = scope_open(s->c);
    for (int k = 0; k < sig->in_count && s->result == CHECK_PASSED; k++) {
        as_t x = s->in.in[k].tensor;
        bool states = sig->in[k].type == SIGNATURE_STATES && s->in.in[k].state_count > 1;
        tried += states || x;
        if (states)
            wrong_states(s, k);
        if (!x)
            continue;
        wrong_shapes(s, k, x);
        wrong_values(s, k, x);
        if (!sig->in[k].optional)
            expect_refusal(s, k, NULL, "no tensor");
    }
    scope_close(s->c, scope, NULL);
    if (!context_ok(s->c))
        subject_refused(s, "making inputs");
    if (tried == 0)
        subject_leave(s, "it takes no tensor, and no two states");
}

/* ---- extremes ---- */

/* Every floating input's items by `factor`, or all `value` where factor is 0. */
static void try_extreme(subject *s, double factor, double value, const char *what)
{
    inputs in;
    outputs o = {0};
    if (!inputs_make(s->c, s->p, s->values, s->manner, &in)) {
        subject_refused(s, "making inputs");
        return;
    }
    for (int k = 0; k < in.n; k++) {
        as_t x = in.in[k].tensor;
        for (int64_t i = 0; x && tensor_is_float(x) && i < x->count; i++)
            tensor_put(x, i, factor != 0 ? factor * tensor_at(x, i) : value);
    }
    instance *i = instance_new(s->c, s->p, s->params, in.in, in.n, 0);
    bool good = i && subject_call(s, i, &in, &o);
    if (good && isnan(value) == outputs_finite(&o))
        subject_fail(s,
                     isnan(value) ? "%s gave a finite result: a NaN must be seen or refused"
                                  : "%s gave a result that is not finite, and were not refused",
                     what);
    if (!good && !subject_forget(s, NULL))
        subject_fail(s, "%s: refused without a text", what);
    outputs_drop(&o);
    instance_free(i);
    inputs_free(&in);
}

void check_extremes(subject *s)
{
    bool any = false;
    for (int k = 0; k < s->in.n; k++)
        any |= s->in.in[k].tensor && tensor_is_float(s->in.in[k].tensor);
    if (!any) {
        subject_leave(s, "it takes no floating tensor");
        return;
    }
    try_extreme(s, 0, 0, "inputs that are all 0");
    try_extreme(s, 0, 1, "inputs that are all 1");
    try_extreme(s, 1e4, 0, "inputs of size 1e4");
    try_extreme(s, 1e15, 0, "inputs of size 1e15");
    try_extreme(s, -1e15, 0, "inputs of size -1e15");
    try_extreme(s, 1e-30, 0, "inputs of size 1e-30");
    if (s->p->d.forward && s->p->signature->out_count > 0)
        try_extreme(s, 0, NAN, "inputs that are NaN");
}
