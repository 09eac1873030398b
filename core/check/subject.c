/* The plugin under check: its small parameters, its instances, what the check under way found. */
#include "check/internal.h"

#include "plugin/param.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reporting ---- */

static void say(subject *s, check_result result, const char *format, va_list args)
{
    if (s->result == CHECK_FAILED)
        return; /* the first finding stands */
    s->result = result;
    vsnprintf(s->error.text, sizeof s->error.text, format, args);
}

bool subject_fail(subject *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(s, CHECK_FAILED, format, args);
    va_end(args);
    return false;
}

bool subject_leave(subject *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(s, CHECK_LEFT, format, args);
    va_end(args);
    return false;
}

bool subject_forget(subject *s, as_error *e)
{
    as_error ignored;
    return context_take_error(s->c, e ? e : &ignored);
}

bool subject_refused(subject *s, const char *what)
{
    as_error e = {{0}};
    subject_forget(s, &e);
    return subject_fail(s, "%s: %.900s", what, e.text);
}

/* ---- numbers ---- */

double tensor_at(const struct as_tensor *x, int64_t i)
{
    int64_t index[AS_MAX_RANK] = {0};
    for (int k = x->rank - 1; k >= 0; k--) {
        index[k] = i % x->size[k];
        i /= x->size[k];
    }
    return tensor_get(x, index);
}

void tensor_put(as_t x, int64_t i, double value)
{
    if (x->dtype == AS_F32)
        ((float *)x->data)[i] = (float)value;
    else if (x->dtype == AS_F64)
        ((double *)x->data)[i] = value;
    else
        ((int64_t *)x->data)[i] = (int64_t)value;
}

/* ---- the plugin ---- */

/* Integer parameters that stand for sizes get a small value, so that differences need few calls. */
static cJSON *small_params(const plugin *p)
{
    static const int wanted[] = {6, 5, 4, 7, 3, 8};
    cJSON *params = cJSON_CreateObject();
    int used = 0;
    for (const as_param *q = p->d.params; q && q->type != AS_PARAM_END; q++) {
        bool is_size = false;
        for (int k = 0; k < p->signature->in_count + p->signature->out_count; k++) {
            const signature_item *item = k < p->signature->in_count
                                             ? &p->signature->in[k]
                                             : &p->signature->out[k - p->signature->in_count];
            is_size |= item->bounded && item->bound.param == (int32_t)q->offset;
            for (int a = 0; item->type == SIGNATURE_TENSOR && a < item->rank; a++)
                is_size |= item->axis[a].param == (int32_t)q->offset;
        }
        param_range r;
        int value = wanted[used % 6];
        if (!is_size || q->type != AS_PARAM_INT || !param_range_parse(q->range, &r) ||
            !param_range_holds(&r, value))
            continue;
        cJSON_AddNumberToObject(params, q->name, value);
        used++;
    }
    return params;
}

static bool fill_values(subject *s, as_error *e)
{
    if (!s->params || !s->values)
        return error_set(e, "out of memory");
    return param_fill(&s->p->d, s->params, s->values, e);
}

/* Whether inputs of this manner are taken, and give finite numbers. */
static bool try_manner(subject *s, manner how, bool *finite)
{
    outputs o = {0};
    s->manner = how;
    if (!inputs_make(s->c, s->p, s->values, how, &s->in))
        return false;
    instance *i = subject_instance(s);
    bool good = i && subject_call(s, i, &s->in, &o);
    *finite = good && outputs_finite(&o);
    outputs_drop(&o);
    instance_free(i);
    return good;
}

/* The first manner that gives finite numbers, else the first that is taken; the last refusal stays. */
static bool find_manner(subject *s)
{
    manner taken = {.states = 0};
    bool finite = false;
    int fewest = s->p->d.merge ? 1 : CHECK_STATES;
    for (int states = CHECK_STATES; states >= fewest && !finite; states--)
        for (int sort = DRAW_NORMAL; sort < DRAW_SORTS && !finite; sort++) {
            manner how = {(draw_sort)sort, states};
            subject_forget(s, NULL);
            if (try_manner(s, how, &finite) && !taken.states)
                taken = how;
            if (!finite)
                inputs_free(&s->in);
        }
    s->usable = finite || taken.states;
    if (s->usable)
        subject_forget(s, NULL);
    if (s->usable && !finite)
        s->usable = try_manner(s, taken, &finite);
    return s->usable;
}

/* What works with its tensors only: all of them, drawn in one manner. */
static void find_with_tensors(subject *s)
{
    const signature *sig = s->p->signature;
    cJSON *without = s->params;
    for (int sort = DRAW_NORMAL; sort < DRAW_SORTS && !s->usable; sort++) {
        s->params = cJSON_Duplicate(without, true);
        subject_forget(s, NULL); /* nothing is made after a failure */
        for (int k = 0; k < sig->param_count; k++)
            cJSON_AddItemToObject(s->params, tensors_name(s, k),
                                  inputs_param(s->c, s->p, s->values, (draw_sort)sort, k));
        if (!find_manner(s)) {
            cJSON_Delete(s->params);
            s->params = NULL;
        }
    }
    if (s->usable)
        cJSON_Delete(without);
    else
        s->params = without;
}

bool subject_open(subject *s, as_ctx *c, plugin *p)
{
    *s = (subject){.c = c, .p = p, .params = small_params(p)};
    s->values = calloc(1, p->d.params_size ? p->d.params_size : 1);
    as_error e = {{0}};
    if (!fill_values(s, &e)) {
        context_fail(c, "%s", e.text);
        return false;
    }
    if (find_manner(s))
        s->given = tensors_given(s);
    else if (p->signature->param_count)
        find_with_tensors(s);
    return s->usable;
}

void subject_close(subject *s)
{
    inputs_free(&s->in);
    if (s->values)
        param_release(&s->p->d, s->values);
    free(s->values);
    cJSON_Delete(s->params);
    cJSON_Delete(s->given);
}

instance *subject_instance(subject *s)
{
    return instance_new(s->c, s->p, s->params, s->in.in, s->in.n, 0);
}

bool fresh_open(subject *s, fresh *f)
{
    *f = (fresh){0};
    if (!inputs_make(s->c, s->p, s->values, s->manner, &f->in))
        return false;
    f->i = instance_new(s->c, s->p, s->params, f->in.in, f->in.n, 0);
    return f->i != NULL;
}

void fresh_close(fresh *f)
{
    instance_free(f->i);
    inputs_free(&f->in);
}
