/* The services that reach what a call was given: models, groups, states. */
#include "plugin/call.h"
#include "plugin/services.h"

static as_t inert(as_ctx *c)
{
    return context_of(c)->inert;
}

/* The input at a place of the signature, which must be of one of two types. */
static const argument *input(as_ctx *c, int index, signature_type type, signature_type or_type,
                             const char *what)
{
    frame *f = frame_here(c);
    if (!f)
        return NULL;
    const signature *s = f->owner->plugin->signature;
    if (index >= 0 && index < s->in_count && (s->in[index].type == type || s->in[index].type == or_type))
        return &f->in[index];
    context_fail(c, "input %d of the signature is no %s", index, what);
    return NULL;
}

static as_model *service_model_in(as_ctx *c, int index)
{
    const argument *a = input(c, index, SIGNATURE_MODEL, SIGNATURE_FUNCTION, "model");
    return a ? a->model : NULL;
}

static as_group *service_group_in(as_ctx *c, int index)
{
    const argument *a = input(c, index, SIGNATURE_GROUP, SIGNATURE_GROUP, "group");
    return a ? a->group : NULL;
}

/* What the signature says of a model of this call; NULL when it says nothing. */
static const signature_item *item_of(const frame *f, const as_model *m)
{
    const signature *s = f->owner->plugin->signature;
    for (int k = 0; k < s->in_count; k++)
        if (f->in[k].model == m)
            return s->in[k].call ? &s->in[k] : NULL;
    return NULL;
}

/* The model's name in front of what is wrong with its inputs or output. */
static as_t name_model(as_ctx *c, const char *name)
{
    as_error e;
    if (context_take_error(c, &e))
        context_fail(c, "%s: %.900s", name, e.text);
    return inert(c);
}

static as_t call_model(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n)
{
    frame *f = frame_here(c);
    if (!f)
        return inert(c);
    if (!m)
        return context_fail(c, "call of a model that was not given");
    if (theta && !m->call_with)
        return context_fail(c, "call_with: the model has no parameters to replace");
    const signature_item *item = item_of(f, m);
    signature_bound bound;
    if (item) {
        argument given[SIGNATURE_PLACES] = {{0}};
        for (int k = 0; k < n && k < SIGNATURE_PLACES; k++)
            given[k].tensor = in[k];
        if (!signature_check_call(item->call, c, f->owner->params, given, n, &bound, &f->bound))
            return name_model(c, item->name);
    }
    as_t out = theta ? m->call_with(c, m, theta, in, n) : m->call(c, m, in, n);
    if (!context_ok(c))
        return inert(c);
    if (item && (!signature_check_out(item->call, c, f->owner->params, 0, out, &bound)))
        return name_model(c, item->name);
    if (item)
        signature_share(item->call, item->name, &bound, &f->bound);
    return out;
}

static as_t service_call(as_ctx *c, as_model *m, const as_t *in, int n)
{
    return call_model(c, m, NULL, in, n);
}

static as_t service_call_with(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n)
{
    if (context_ok(c) && !theta)
        return context_fail(c, "call_with: no state was given");
    return call_model(c, m, theta, in, n);
}

static void service_update(as_ctx *c, as_group *g, as_t loss, double clip)
{
    if (!frame_here(c))
        return;
    if (g)
        optimizer_update(c, g, loss, clip);
    else
        context_fail(c, "update of a group that was not given");
}

/* ---- more of models ---- */

/* True where the model does what is asked of it. */
static bool offers(as_ctx *c, const as_model *m, bool has, const char *what)
{
    if (!frame_here(c))
        return false;
    if (!m)
        context_fail(c, "%s: of a model that was not given", what);
    else if (!has)
        context_fail(c, "%s: this model has no such thing: ask for it in the signature, model{params, modes}",
                     what);
    return context_ok(c);
}

static const as_state *service_model_state(as_ctx *c, as_model *m)
{
    if (!offers(c, m, m, "model_state"))
        return NULL;
    as_state *s = frame_own_state(frame_here(c), state_new());
    return s && (!m->state || m->state(c, m, s)) ? s : NULL; /* a bare function has no parameters */
}

/* The first mode set is the one to come back to. */
static void service_model_mode(as_ctx *c, as_model *m, as_mode mode)
{
    if (!offers(c, m, m && m->mode, "model_mode"))
        return;
    frame *f = frame_here(c);
    as_mode before = m->mode(c, m, mode);
    for (int k = 0; k < f->mode_count; k++)
        if (f->mode[k].model == m)
            return;
    f->mode[f->mode_count].model = m;
    f->mode[f->mode_count++].before = before;
}

/* Inputs and replaced taps against the signature. */
static bool check_asked(as_ctx *c, const signature_item *item, const as_request *r, signature_bound *bound)
{
    const frame *f = context_of(c)->frame;
    argument given[SIGNATURE_PLACES] = {{0}};
    for (int k = 0; k < r->in_count && k < SIGNATURE_PLACES; k++)
        given[k].tensor = r->in[k];
    bool good = signature_check_call(item->call, c, f->owner->params, given, r->in_count, bound, &f->bound);
    for (int k = 0; good && k < r->replace_count; k++)
        good = signature_check_tap(item->call, c, f->owner->params, r->replace[k], r->with[k], bound);
    return good;
}

/* Outputs and taps that were read. */
static bool check_answered(as_ctx *c, const signature_item *item, const as_request *r, signature_bound *bound)
{
    frame *f = context_of(c)->frame;
    bool good = true;
    for (int k = 0; good && k < r->out_count; k++)
        good = signature_check_out(item->call, c, f->owner->params, k, r->out[k], bound);
    for (int k = 0; good && k < r->read_count; k++)
        good = signature_check_tap(item->call, c, f->owner->params, r->read[k], r->value[k], bound);
    if (good)
        signature_share(item->call, item->name, bound, &f->bound);
    return good;
}

static bool request(as_ctx *c, as_model *m, const as_request *r)
{
    if (!offers(c, m, m && m->request, "model_request"))
        return false;
    const signature_item *item = item_of(context_of(c)->frame, m);
    signature_bound bound;
    if (item && !check_asked(c, item, r, &bound))
        return name_model(c, item->name), false;
    if (!m->request(c, m, r) || !context_ok(c))
        return false;
    if (item && !check_answered(c, item, r, &bound))
        return name_model(c, item->name), false;
    return true;
}

static void service_request(as_ctx *c, as_model *m, const as_request *r)
{
    for (int k = 0; k < r->out_count; k++)
        r->out[k] = NULL;
    bool good = request(c, m, r);
    for (int k = 0; k < r->out_count && !good; k++)
        r->out[k] = inert(c);
    for (int k = 0; k < r->read_count && !good; k++)
        r->value[k] = inert(c);
}

static double service_evaluate(as_ctx *c, as_model *m, const as_state *theta)
{
    if (context_ok(c) && !theta)
        context_fail(c, "evaluate: no state was given");
    if (!offers(c, m, m && m->evaluate, "evaluate"))
        return __builtin_nan("");
    return m->evaluate(c, m, theta);
}

/* ---- the data set a data set is made from ---- */

static struct instance *source(as_ctx *c, int index)
{
    const argument *a = input(c, index, SIGNATURE_DATASET, SIGNATURE_DATASET, "data set");
    if (a && a->dataset && call_open(a->dataset))
        return a->dataset;
    if (a && !a->dataset)
        context_fail(c, "the data set to be made from was not given (source = as.dataset { ... })");
    return NULL;
}

static int service_source_count(as_ctx *c, int index)
{
    const struct instance *i = source(c, index);
    return i ? i->split_count : 0;
}

static const char *service_source_split(as_ctx *c, int index, int k)
{
    const struct instance *i = source(c, index);
    if (i && k >= 0 && k < i->split_count)
        return i->splits[k];
    if (i)
        context_fail(c, "split %d of %d", k, i->split_count);
    return "";
}

static const as_state *service_source_read(as_ctx *c, int index, const char *split)
{
    struct instance *i = source(c, index);
    as_state *fields = i ? call_read(i, split) : NULL;
    return fields ? frame_own_state(frame_here(c), fields) : NULL;
}

/* ---- states ---- */

static as_state *service_state_new(as_ctx *c)
{
    frame *f = frame_here(c);
    return f ? frame_own_state(f, state_new()) : NULL;
}

static void service_state_set(as_ctx *c, as_state *s, const char *name, as_t x)
{
    as_error e = {{0}};
    const frame *f = frame_here(c);
    bool mine = false;
    for (int k = 0; f && k < f->state_count; k++)
        mine |= f->states[k] == s;
    if (f && !mine)
        context_fail(c, "state_set \"%s\": the state is not one of as_state_new", name);
    else if (f && !state_set(s, name, x, &e))
        context_fail(c, "%s", e.text);
}

static as_t service_state_find(as_ctx *c, const as_state *s, const char *name)
{
    return context_ok(c) && s ? state_find(s, name) : NULL;
}

static int service_state_count(as_ctx *c, int index)
{
    const argument *a = input(c, index, SIGNATURE_STATE, SIGNATURE_STATES, "state");
    return a ? a->state_count : 0;
}

static const as_state *service_state_in(as_ctx *c, int index, int k)
{
    const argument *a = input(c, index, SIGNATURE_STATE, SIGNATURE_STATES, "state");
    if (a && k >= 0 && k < a->state_count)
        return a->states[k];
    if (a)
        context_fail(c, "state %d of %d", k, a->state_count);
    return NULL;
}

static const state_entry *entry_of(as_ctx *c, const as_state *s, int i)
{
    if (!context_ok(c))
        return NULL;
    if (s && i >= 0 && i < s->count)
        return &s->entries[i];
    context_fail(c, "tensor %d of a state of %d", i, s ? s->count : 0);
    return NULL;
}

static int service_state_size(as_ctx *c, const as_state *s)
{
    return context_ok(c) && s ? s->count : 0;
}

static const char *service_state_name(as_ctx *c, const as_state *s, int i)
{
    const state_entry *entry = entry_of(c, s, i);
    return entry ? entry->name : "";
}

/* Without history where the script gave it: its values are what a method starts from, not what it
 * differentiates. A model's own tensors and what the plugin set are given as they are. */
static as_t service_state_tensor(as_ctx *c, const as_state *s, int i)
{
    const state_entry *entry = entry_of(c, s, i);
    const frame *f = context_of(c)->frame;
    if (!entry)
        return inert(c);
    for (int k = 0; f && k < f->state_count; k++)
        if (f->states[k] == s)
            return entry->tensor;
    return tape_detach(c, entry->tensor);
}

void services_inputs(as_services *table)
{
    table->model_in = service_model_in;
    table->group_in = service_group_in;
    table->call = service_call;
    table->call_with = service_call_with;
    table->update = service_update;
    table->state_count = service_state_count;
    table->state_in = service_state_in;
    table->state_size = service_state_size;
    table->state_name = service_state_name;
    table->state_tensor = service_state_tensor;
    table->state_new = service_state_new;
    table->state_set = service_state_set;
    table->state_find = service_state_find;
    table->model_state = service_model_state;
    table->model_mode = service_model_mode;
    table->request = service_request;
    table->evaluate = service_evaluate;
    table->source_count = service_source_count;
    table->source_split = service_source_split;
    table->source_read = service_source_read;
}
