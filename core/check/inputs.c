/* Inputs made from a signature: each letter has one size, integers lie in their bounds, models are smooth. */
#include "check/internal.h"

#include "tensor/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t inputs_letter(const char *letter)
{
    return 3 + (letter[0] - 'A') % 5; /* neighbours differ, so that mixed-up axes are seen */
}

static int64_t size_of(const signature *s, const signature_size *z, const void *values)
{
    int64_t size = z->number;
    for (int l = 0; l < z->letter_count; l++)
        size *= inputs_letter(s->letter[z->letter[l]]);
    if (z->param >= 0)
        size *= *(const int *)((const char *)values + z->param);
    return size;
}

as_dims inputs_dims(const signature *s, const signature_item *item, const void *values)
{
    as_dims dims = {0};
    for (int a = 0; a <= item->rank; a++) {
        if (a == item->rest)
            dims.size[dims.rank++] = 3;
        if (a < item->rank)
            dims.size[dims.rank++] = size_of(s, &item->axis[a], values);
    }
    return dims;
}

static random_stream stream_of(int place, int k)
{
    char purpose[32];
    snprintf(purpose, sizeof purpose, "input %d", k);
    return random_named(CHECK_SEED, "check/inputs", (uint64_t)place, purpose);
}

/* Distinct ones where there are enough: an index may not stand twice in a batch. Without a bound the count of
 * items is one, and 2 where that is refused: the integers may be classes of which there are few. */
static void draw_integers(as_t x, int64_t below, draw_sort sort, random_stream r)
{
    int64_t *v = x->data;
    if (below <= 0)
        below = sort == DRAW_NORMAL && x->count > 2 ? x->count : 2;
    if (x->count > below || below > 1 << 20) {
        random_below(&r, (uint64_t)below, v, x->count);
        return;
    }
    int64_t *all = malloc((size_t)below * sizeof *all);
    if (all)
        random_permutation(&r, all, below);
    for (int64_t i = 0; i < x->count; i++)
        v[i] = all ? all[i] : i;
    free(all);
}

/* A normal number stays, a uniform one goes where the sort's numbers lie. */
static double drawn(draw_sort sort, double v)
{
    if (sort == DRAW_NORMAL)
        return v;
    if (sort == DRAW_BITS)
        return v < 0.5;
    return sort == DRAW_HALVES ? 0.55 + 0.4 * v : 0.1 + 0.8 * v;
}

static void draw_reals(as_t x, draw_sort sort, random_stream r)
{
    int64_t last = x->rank ? x->size[x->rank - 1] : 1;
    double sum = 0;
    for (int64_t i = 0; i < x->count; i++) {
        double v;
        if (sort == DRAW_NORMAL)
            random_normal_f64(&r, &v, 1);
        else
            random_uniform_f64(&r, &v, 1);
        tensor_put(x, i, drawn(sort, v));
    }
    for (int64_t i = 0; sort == DRAW_SHARES && last > 0 && i < x->count; i++) {
        if (i % last == 0) {
            sum = 0;
            for (int64_t k = 0; k < last; k++)
                sum += tensor_at(x, i + k);
        }
        tensor_put(x, i, tensor_at(x, i) / sum);
    }
}

/* Of an input, or of a parameter: `place` names the numbers drawn. */
static as_t make_tensor(as_ctx *c, const plugin *p, const void *values, const signature_item *item, int place,
                        draw_sort sort)
{
    const signature *s = p->signature;
    as_dtype dtype = item->dtype == AS_F32 ? context_of(c)->working : item->dtype;
    as_scope scope = scope_open(c);
    as_t x = tensor_new(c, dtype, inputs_dims(s, item, values));
    if (context_ok(c)) {
        tensor_ref(x);
        if (dtype == AS_I64)
            draw_integers(x, item->bounded ? size_of(s, &item->bound, values) : 0, sort, stream_of(place, 0));
        else
            draw_reals(x, sort, stream_of(place, 0));
    }
    scope_close(c, scope, NULL);
    return context_ok(c) ? x : NULL;
}

static cJSON *nested(const struct as_tensor *x, int axis, int64_t *at)
{
    if (axis == x->rank)
        return cJSON_CreateNumber(tensor_at(x, (*at)++));
    cJSON *list = cJSON_CreateArray();
    for (int64_t k = 0; k < x->size[axis]; k++)
        cJSON_AddItemToArray(list, nested(x, axis + 1, at));
    return list;
}

cJSON *inputs_param(as_ctx *c, const plugin *p, const void *values, draw_sort sort, int k)
{
    int64_t at = 0;
    as_t x = make_tensor(c, p, values, &p->signature->param[k].type, SIGNATURE_PLACES + k, sort);
    cJSON *list = x ? nested(x, 0, &at) : NULL;
    tensor_unref(x);
    return list;
}

static bool add_entry(as_ctx *c, as_state *s, const char *name, as_t x, int place, int k)
{
    as_error e = {{0}};
    if (context_ok(c) && tensor_is_float(x))
        draw_reals(x, DRAW_NORMAL, stream_of(place, 2 * k + s->count));
    if (context_ok(c) && !state_put(s, name, x, &e))
        context_fail(c, "%s", e.text);
    return context_ok(c);
}

/* Other values of a model's parameters, where the signature has one that is called with them; else two
 * floating tensors and a count that is the same in all. */
static as_state *make_state(as_ctx *c, const as_model *like, int place, int k)
{
    as_state *s = state_new();
    as_dtype working = context_of(c)->working;
    as_scope scope = scope_open(c);
    if (s && like) {
        as_t parameter[2];
        smooth_parameters(like, parameter);
        for (int j = 0; j < 2; j++)
            add_entry(c, s, smooth_names[j], tensor_new(c, working, tensor_dims(parameter[j])), place, k);
    } else if (s) {
        add_entry(c, s, "linear.weight", tensor_new(c, working, (as_dims){2, {3, 4}}), place, k);
        add_entry(c, s, "linear.bias", tensor_new(c, working, (as_dims){1, {3}}), place, k);
        add_entry(c, s, "steps", tensor_full(c, AS_I64, (as_dims){0}, 12), place, k);
    } else {
        context_fail(c, "out of memory");
    }
    scope_close(c, scope, NULL);
    if (context_ok(c))
        return s;
    state_free(s);
    return NULL;
}

static bool make_states(as_ctx *c, const signature *s, int place, int count, inputs *in)
{
    const as_model *like = NULL;
    argument *a = &in->in[place];
    for (int k = 0; k < in->n; k++)
        if (in->model[k] && s->in[k].needs & MODEL_PARAMS)
            like = in->model[k];
    a->state_count = s->in[place].type == SIGNATURE_STATES ? count : 1;
    for (int j = 0; j < a->state_count; j++)
        if (!(in->state[place][j] = make_state(c, like, place, j)))
            return false;
    a->states = (const as_state *const *)in->state[place];
    return true;
}

static bool begins_with(const char *text, const char *word)
{
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 && (text[n] == '_' || !text[n]);
}

int inputs_group_model(const signature *s, const inputs *in, int place)
{
    int nth = 0, models = 0, found[SIGNATURE_PLACES];
    for (int k = 0; k < in->n; k++) {
        if (in->model[k] && s->in[k].type == SIGNATURE_MODEL)
            found[models++] = k;
        if (in->model[k] && begins_with(s->in[place].name, s->in[k].name))
            return k;
        nth += k < place && s->in[k].type == SIGNATURE_GROUP;
    }
    return models ? found[nth % models] : -1;
}

static as_group *make_group(as_ctx *c, const signature *s, const inputs *in, int place)
{
    as_t parameter[2];
    int model = inputs_group_model(s, in, place);
    if (model < 0) {
        context_fail(c, "%s: a group without a model in the signature", s->in[place].name);
        return NULL;
    }
    smooth_parameters(in->model[model], parameter);
    optimizer_options o = {.kind = OPTIMIZER_SGD, .rate = 0.1};
    return optimizer_new(c, &o, parameter, 2);
}

static instance *make_dataset(as_ctx *c, const signature *s)
{
    bool images = false;
    for (int k = 0; k < s->out_count; k++)
        images |= strcmp(s->out[k].name, "x") == 0 && s->out[k].rank == 4;
    plugin *p = images ? partner_images(c) : partner_dataset(c);
    return p ? instance_new(c, p, NULL, NULL, 0, 0) : NULL;
}

static bool make_place(as_ctx *c, const plugin *p, const void *values, draw_sort sort, int k, inputs *in)
{
    const signature_item *item = &p->signature->in[k];
    argument *a = &in->in[k];
    switch (item->type) {
    case SIGNATURE_TENSOR:
        return (a->tensor = make_tensor(c, p, values, item, k, sort)) != NULL;
    case SIGNATURE_MODEL:
    case SIGNATURE_FUNCTION:
        return (a->model = in->model[k] = smooth_new(c, item, values, k)) != NULL;
    case SIGNATURE_GROUP:
    case SIGNATURE_STATE:
    case SIGNATURE_STATES:
        return true; /* after the models */
    case SIGNATURE_DATASET:
        return (a->dataset = in->dataset[k] = make_dataset(c, p->signature)) != NULL;
    }
    return false;
}

bool inputs_make(as_ctx *c, const plugin *p, const void *values, manner how, inputs *in)
{
    const signature *s = p->signature;
    *in = (inputs){.n = s->in_count};
    bool good = context_ok(c);
    for (int k = 0; good && k < s->in_count; k++)
        good = make_place(c, p, values, how.sort, k, in);
    for (int k = 0; good && k < s->in_count; k++) {
        signature_type type = s->in[k].type;
        if (type == SIGNATURE_GROUP)
            good = (in->in[k].group = in->group[k] = make_group(c, s, in, k)) != NULL;
        if (type == SIGNATURE_STATE || type == SIGNATURE_STATES)
            good = make_states(c, s, k, how.states, in);
    }
    if (!good)
        inputs_free(in);
    return good;
}

void inputs_free(inputs *in)
{
    for (int k = 0; k < in->n; k++) {
        tensor_unref(in->in[k].tensor);
        if (in->group[k])
            optimizer_free(in->group[k]);
        smooth_free(in->model[k]);
        instance_free(in->dataset[k]);
        for (int j = 0; j < CHECK_STATES; j++)
            state_free(in->state[k][j]);
    }
    *in = (inputs){0};
}
