/* One way to call every kind, and comparing what came out. */
#include "check/internal.h"

#include <math.h>
#include <string.h>

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

/* What training has made of the models, as copies: the next call moves the tensors themselves. */
static bool keep_models(as_ctx *c, outputs *o, const inputs *in)
{
    for (int k = 0; k < in->n; k++) {
        as_t parameter[2];
        if (!in->model[k])
            continue;
        smooth_parameters(in->model[k], parameter);
        for (int j = 0; j < 2; j++) {
            as_t copy = tensor_new(c, (as_dtype)parameter[j]->dtype, tensor_dims(parameter[j]));
            if (!context_ok(c) || !tensor_assign(c, copy, parameter[j]))
                return false;
            keep(o, &copy, 1);
        }
    }
    return true;
}

static void keep_reports(outputs *o, const instance *i)
{
    for (int k = 0; k < i->report_count && o->reports < CHECK_REPORTS; k++)
        o->report[o->reports++] = i->reports[k].value;
}

/* ---- by kind ---- */

static bool sample(instance *i, const argument *in, int n, as_t *out)
{
    sampling at;
    if (!call_start(i, in, n, &at))
        return false;
    bool good = true;
    for (int k = 0; good && k < at.at.steps; k++)
        good = call_advance(&at, k);
    good = good && call_finish(&at, out);
    call_sampling_release(&at);
    return good;
}

/* A hook acts in the host's sampler, on a sample of the shape its signature says it gives. */
static bool sample_with(subject *s, instance *hook, const inputs *in, as_t *out)
{
    const signature *sig = s->p->signature;
    const signature_item *item = &sig->out[0];
    bool shaped = sig->out_count > 0 && item->type == SIGNATURE_TENSOR && (item->rank > 0 || item->rest >= 0);
    as_dims dims = shaped ? inputs_dims(sig, item, s->values) : (as_dims){2, {inputs_letter("B"), 3}};
    memcpy(hook->bound, in->in, sizeof in->in);
    instance *sampler = instance_new(s->c, partner_sampler(s->c), NULL, NULL, 0, 0);
    if (!sampler)
        return false;
    sampler->hooks[sampler->hook_count++] = hook;
    argument noise = {.tensor = tensor_full(s->c, context_of(s->c)->working, dims, 0)};
    for (int64_t k = 0; context_ok(s->c) && k < noise.tensor->count; k++)
        tensor_put(noise.tensor, k, sin(1.7 * (double)k + 0.3));
    bool good = context_ok(s->c) && sample(sampler, &noise, 1, out);
    instance_free(sampler);
    return good;
}

/* Used as it is, given a batch of what it learns beforehand, adapted, used again. */
static bool adapt(instance *i, const inputs *in, outputs *o, int n)
{
    const as_plugin *d = &i->plugin->d;
    as_t out[SIGNATURE_PLACES];
    struct {
        bool given;
        bool (*call)(instance *i, const argument *in, int n, as_t *out);
    } calls[] = {
        {d->forward, call_forward}, {d->step, call_step}, {true, call_adapt}, {d->forward, call_forward}};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        memset(out, 0, sizeof out);
        if (!calls[k].given)
            continue;
        if (!calls[k].call(i, in->in, in->n, out))
            return false;
        keep(o, out, n);
    }
    return true;
}

static bool read_splits(instance *i, outputs *o)
{
    bool good = call_open(i);
    for (int k = 0; good && k < i->split_count; k++)
        good = keep_state(o, call_read(i, i->splits[k]));
    return good;
}

static bool call_tensors(subject *s, instance *i, const inputs *in, outputs *o)
{
    const as_plugin *d = &s->p->d;
    int n = s->p->signature->out_count;
    as_t out[SIGNATURE_PLACES] = {0};
    bool good;
    if (d->adapt)
        return adapt(i, in, o, n);
    if (d->forward)
        good = call_forward(i, in->in, in->n, out);
    else if (d->score)
        good = call_score(i, in->in, in->n, out);
    else if (d->step)
        good = call_step(i, in->in, in->n, out);
    else if (d->draw)
        good = call_draw(i, in->in, in->n, out);
    else if (d->advance)
        good = sample(i, in->in, in->n, out);
    else if (sample_with(s, i, in, out))
        return keep(o, out, 3), true; /* of the sampler: items, weights, origins */
    else
        return false;
    if (good)
        keep(o, out, n);
    return good;
}

bool subject_call(subject *s, instance *i, const inputs *in, outputs *o)
{
    const as_plugin *d = &s->p->d;
    bool good;
    as_t out[SIGNATURE_PLACES] = {0};
    *o = (outputs){0};
    as_scope scope = scope_open(s->c);
    if (d->merge)
        good = keep_state(o, call_merge(i, in->in, in->n, out));
    else if (d->read)
        good = read_splits(i, o);
    else
        good = call_tensors(s, i, in, o);
    o->declared = o->count;
    if (good && d->merge)
        keep(o, out, s->p->signature->out_count); /* places of states among them */
    if (good && (d->step || d->adapt))
        good = keep_models(s->c, o, in);
    keep_reports(o, i);
    scope_close(s->c, scope, NULL);
    return good;
}

bool subject_call_times(subject *s, const fresh *f, int times)
{
    bool good = true;
    for (int k = 0; good && k < times; k++) {
        outputs o;
        good = subject_call(s, f->i, &f->in, &o);
        outputs_drop(&o);
    }
    return good;
}

/* ---- what came out ---- */

void outputs_drop(outputs *o)
{
    for (int k = 0; k < o->count; k++)
        tensor_unref(o->item[k]);
    *o = (outputs){0};
}

bool outputs_equal(as_ctx *c, const outputs *a, const outputs *b)
{
    bool same = a->count == b->count && a->reports == b->reports &&
                memcmp(a->report, b->report, (size_t)a->reports * sizeof *a->report) == 0;
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
