/* The plugin under check: small parameters, one way to call every kind, comparing what came out. */
#include "check/internal.h"

#include "plugin/param.h"

#include <math.h>
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

static void find_sort(subject *s)
{
    for (int sort = DRAW_NORMAL; sort < DRAW_SORTS && !s->usable; sort++) {
        outputs o = {0};
        s->sort = (draw_sort)sort;
        if (!inputs_make(s->c, s->p, s->values, s->sort, &s->in))
            break;
        instance *i = subject_instance(s);
        s->usable = i && subject_call(s, i, &s->in, &o);
        outputs_drop(&o);
        instance_free(i);
        if (!s->usable)
            inputs_free(&s->in);
        if (sort + 1 < DRAW_SORTS && !s->usable)
            subject_forget(s, NULL);
    }
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
    find_sort(s);
    return s->usable;
}

void subject_close(subject *s)
{
    inputs_free(&s->in);
    if (s->values)
        param_release(&s->p->d, s->values);
    free(s->values);
    cJSON_Delete(s->params);
}

instance *subject_instance(subject *s)
{
    return instance_new(s->c, s->p, s->params, s->in.in, s->in.n, 0);
}

/* ---- calls ---- */

/* Keeps outputs over the end of the scope they lie in; those left out are skipped. */
static void keep(outputs *o, as_t const *out, int n)
{
    for (int k = 0; k < n && o->count < CHECK_OUTPUTS; k++)
        if (out[k])
            o->item[o->count++] = tensor_ref(out[k]);
}

static bool keep_state(outputs *o, as_state *s)
{
    for (int k = 0; s && k < s->count && o->count < CHECK_OUTPUTS; k++)
        o->item[o->count++] = tensor_ref(s->entries[k].tensor);
    state_free(s);
    return s != NULL;
}

static bool sample(instance *i, const inputs *in, as_t *out)
{
    sampling at;
    if (!call_start(i, in->in, in->n, &at))
        return false;
    bool good = true;
    for (int k = 0; good && k < at.at.steps; k++)
        good = call_advance(&at, k);
    good = good && call_finish(&at, out);
    call_sampling_release(&at);
    return good;
}

static bool read_all(instance *i, outputs *o)
{
    bool good = call_open(i);
    for (int k = 0; good && k < i->split_count; k++)
        good = keep_state(o, call_read(i, i->splits[k]));
    return good;
}

static bool refuse_kind(subject *s)
{
    context_fail(s->c, "the %s act inside of another plugin: not called alone", s->p->d.kind);
    return false;
}

bool subject_call(subject *s, instance *i, const inputs *in, outputs *o)
{
    const as_plugin *d = &s->p->d;
    as_t out[SIGNATURE_PLACES] = {0};
    bool good;
    *o = (outputs){0};
    if (d->merge)
        return keep_state(o, call_merge(i, in->in, in->n));
    if (d->read)
        return read_all(i, o);
    as_scope scope = scope_open(s->c);
    if (d->forward)
        good = call_forward(i, in->in, in->n, out);
    else if (d->score)
        good = call_score(i, in->in, in->n, out);
    else if (d->step)
        good = call_step(i, in->in, in->n, out);
    else if (d->draw)
        good = call_draw(i, in->in, in->n, out);
    else if (d->start && d->advance)
        good = sample(i, in, out);
    else
        good = refuse_kind(s);
    if (good)
        keep(o, out, s->p->signature->out_count);
    scope_close(s->c, scope, NULL);
    return good;
}

void outputs_drop(outputs *o)
{
    for (int k = 0; k < o->count; k++)
        tensor_unref(o->item[k]);
    o->count = 0;
}

bool outputs_equal(as_ctx *c, const outputs *a, const outputs *b)
{
    bool same = a->count == b->count;
    for (int k = 0; same && k < a->count; k++)
        same = tensor_equal(c, a->item[k], b->item[k]);
    return same;
}

bool outputs_finite(const outputs *o)
{
    for (int k = 0; k < o->count; k++)
        for (int64_t i = 0; i < o->item[k]->count; i++)
            if (!isfinite(tensor_at(o->item[k], i)))
                return false;
    return true;
}

/* ---- states ---- */

as_state *subject_snapshot(subject *s, instance *i)
{
    as_ctx *c = s->c;
    as_state *shared = instance_state(i), *copy = shared ? state_new() : NULL;
    as_error e = {{0}};
    as_scope scope = scope_open(c);
    for (int k = 0; copy && context_ok(c) && k < shared->count; k++) {
        as_t x = shared->entries[k].tensor;
        as_t y = tensor_new(c, (as_dtype)x->dtype, tensor_dims(x));
        if (context_ok(c) && tensor_assign(c, y, x) && !state_put(copy, shared->entries[k].name, y, &e))
            context_fail(c, "%s", e.text);
    }
    scope_close(c, scope, NULL);
    state_free(shared);
    if (context_ok(c))
        return copy;
    state_free(copy);
    return NULL;
}

bool states_equal(as_ctx *c, const as_state *a, const as_state *b)
{
    bool same = a->count == b->count;
    for (int k = 0; same && k < a->count; k++) {
        as_t other = state_find(b, a->entries[k].name);
        same = other && tensor_equal(c, a->entries[k].tensor, other);
    }
    return same;
}
