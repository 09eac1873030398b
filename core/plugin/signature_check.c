/* The check of a call's inputs and outputs against the parsed signature. Texts are made only when it fails.
 */
#include "plugin/signature.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const signature *s;
    as_ctx *ctx;
    const void *params;
    signature_bound *bound;
    const char *name; /* of what is being looked at */
    bool deferred;    /* a product had more than one unknown letter */
} checker;

enum { REST = -1, DTYPE = -2 }; /* what is wrong with an item, where it is not an axis */

/* The known part of a size; *unknown is a letter without a value, or -1; false when there are several. */
static bool known_part(const checker *k, const signature_size *z, int64_t *product, int *unknown)
{
    *product = z->number;
    *unknown = -1;
    if (z->param >= 0) {
        int value;
        memcpy(&value, (const char *)k->params + z->param, sizeof value);
        *product *= value;
    }
    for (int i = 0; i < z->letter_count; i++) {
        int64_t size = k->bound->size[z->letter[i]];
        if (size >= 0)
            *product *= size;
        else if (*unknown >= 0)
            return false;
        else
            *unknown = z->letter[i];
    }
    return true;
}

static bool match_size(checker *k, const signature_size *z, int64_t actual)
{
    int64_t product;
    int unknown;
    if (!known_part(k, z, &product, &unknown)) {
        k->deferred = true;
        return true;
    }
    if (unknown < 0)
        return actual == product;
    if (product == 0)
        return actual == 0; /* the letter may be anything */
    if (actual % product != 0)
        return false;
    k->bound->size[unknown] = actual / product;
    k->bound->from[unknown] = k->name;
    return true;
}

static bool match_rest(checker *k, const int64_t *size, int rank)
{
    signature_bound *b = k->bound;
    if (b->rest_rank < 0) {
        b->rest_rank = (int8_t)rank;
        b->rest_from = k->name;
        memcpy(b->rest, size, (size_t)rank * sizeof *size);
        return true;
    }
    if (rank != b->rest_rank)
        return false;
    for (int i = 0; i < rank; i++)
        if (size[i] != b->rest[i])
            return false;
    return true;
}

/* Whether x has the dtype, rank and sizes of the item; else *wrong is the axis of the item, REST or DTYPE. */
static bool match_tensor(checker *k, const signature_item *item, const struct as_tensor *x, int *wrong)
{
    as_dtype dtype = item->dtype == AS_F32 ? context_of(k->ctx)->working : item->dtype;
    int rest = item->rest >= 0 ? x->rank - item->rank : 0; /* axes `...` stands for */
    *wrong = DTYPE;
    if (x->dtype != dtype || x->rank != item->rank + rest || rest < 0)
        return false;
    for (int a = 0; a < item->rank; a++) {
        *wrong = a;
        if (!match_size(k, &item->axis[a], x->size[item->rest >= 0 && a >= item->rest ? a + rest : a]))
            return false;
    }
    *wrong = REST;
    return item->rest < 0 || match_rest(k, x->size + item->rest, rest);
}

/* ---- texts ---- */

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t room, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, room - used, format, args);
    va_end(args);
}

/* What a model takes and gives has no names. */
static const char *name_of(const signature_item *item, int place, bool output)
{
    static const char *const takes[SIGNATURE_PLACES] = {
        "its input 1",  "its input 2",  "its input 3",  "its input 4",  "its input 5",  "its input 6",
        "its input 7",  "its input 8",  "its input 9",  "its input 10", "its input 11", "its input 12",
        "its input 13", "its input 14", "its input 15", "its input 16",
    };
    return *item->name ? item->name : output ? "its output" : takes[place];
}

/* " with B = 64 from logits": what was known of the size that does not fit. */
static void describe_known(const checker *k, const signature_item *item, int wrong, char *text, size_t room)
{
    const signature_bound *b = k->bound;
    if (wrong == DTYPE && item->dtype == AS_F32 && context_of(k->ctx)->working == AS_F64)
        append(text, room, " in f64");
    if (wrong == REST && b->rest_from != k->name) {
        append(text, room, " with ... =");
        for (int i = 0; i < b->rest_rank; i++)
            append(text, room, "%s%lld", i ? "," : " ", (long long)b->rest[i]);
        append(text, room, " from %s", b->rest_from);
    }
    if (wrong < 0)
        return;
    const signature_size *z = &item->axis[wrong];
    const char *joint = " with";
    for (int i = 0; i < z->letter_count; i++) {
        int l = z->letter[i];
        if (b->size[l] < 0)
            continue;
        append(text, room, "%s %s = %lld from %s", joint, k->s->letter[l], (long long)b->size[l], b->from[l]);
        joint = ",";
    }
    if (z->param >= 0) {
        int value;
        memcpy(&value, (const char *)k->params + z->param, sizeof value);
        append(text, room, "%s a parameter of %d", joint, value);
    }
}

static bool fail_value(const checker *k, const signature_item *item, const struct as_tensor *x,
                       const int64_t *index, int64_t value, int64_t limit)
{
    char place[160] = "";
    for (int a = 0; a < x->rank; a++)
        append(place, sizeof place, "%s%lld", a ? "," : "", (long long)index[a]);
    bool number = item->bound.letter_count == 0 && item->bound.param < 0;
    context_fail(k->ctx, "%s: value %lld at [%s], expected 0 <= value < %lld%s%s%s", k->name,
                 (long long)value, place, (long long)limit, number ? "" : " (",
                 number ? "" : item->bound_text, number ? "" : ")");
    return false;
}

/* ---- values ---- */

static bool inside_dense(const int64_t *v, int64_t n, int64_t limit)
{
    uint64_t outside = 0; /* no early way out, so that it becomes vector code */
    for (int64_t i = 0; i < n; i++)
        outside |= (uint64_t)v[i] >= (uint64_t)limit;
    return !outside;
}

static bool check_values(checker *k, const signature_item *item, const struct as_tensor *x)
{
    int64_t limit;
    int unknown;
    if (!known_part(k, &item->bound, &limit, &unknown) || unknown >= 0)
        return true;
    if (limit < 0)
        limit = 0;
    if (x->dense && inside_dense(x->data, x->count, limit))
        return true;
    int64_t index[AS_MAX_RANK] = {0};
    for (int64_t i = 0; i < x->count; i++) {
        int64_t at = 0;
        for (int a = 0; a < x->rank; a++)
            at += index[a] * x->stride[a];
        int64_t value = ((const int64_t *)x->data)[at];
        if (value < 0 || value >= limit)
            return fail_value(k, item, x, index, value, limit);
        for (int a = x->rank - 1; a >= 0 && ++index[a] == x->size[a]; a--)
            index[a] = 0;
    }
    return true;
}

/* ---- inputs ---- */

static bool check_model(const checker *k, const signature_item *item, const as_model *m)
{
    static const char *const lacks[] = {"parameters", "buffers", "taps", "clone", "modes", "groups"};
    unsigned missing = item->needs & ~m->offers;
    if (!missing)
        return true;
    int first = __builtin_ctz(missing);
    context_fail(k->ctx, "%s is a model without %s, expected %s", k->name, lacks[first], item->text);
    return false;
}

static bool is_given(const signature_item *item, const argument *a)
{
    switch (item->type) {
    case SIGNATURE_TENSOR:
        return a->tensor;
    case SIGNATURE_MODEL:
    case SIGNATURE_FUNCTION:
        return a->model;
    case SIGNATURE_GROUP:
        return a->group;
    case SIGNATURE_STATE:
    case SIGNATURE_STATES:
        return a->states && a->state_count > 0;
    case SIGNATURE_DATASET:
        return a->dataset;
    }
    return false;
}

static bool fail_shape(const checker *k, const signature_item *item, const struct as_tensor *x, int wrong)
{
    char shape[TENSOR_TEXT], known[256] = "";
    describe_known(k, item, wrong, known, sizeof known);
    context_fail(k->ctx, "%s %s, expected %s%s", k->name, tensor_shape_text(x, shape), item->text, known);
    return false;
}

static bool check_item(checker *k, const signature_item *item, const argument *a)
{
    int wrong;
    if (!is_given(item, a)) {
        if (!item->optional)
            context_fail(k->ctx, "%s was not given, expected %s", k->name, item->text);
        return item->optional;
    }
    if (item->type == SIGNATURE_MODEL)
        return check_model(k, item, a->model);
    if (item->type == SIGNATURE_STATE && a->state_count != 1) {
        context_fail(k->ctx, "%s: %d states, expected one", k->name, a->state_count);
        return false;
    }
    if (item->type != SIGNATURE_TENSOR)
        return true;
    return match_tensor(k, item, a->tensor, &wrong) || fail_shape(k, item, a->tensor, wrong);
}

static bool too_many(const signature *s, as_ctx *c, int n)
{
    char names[256] = "";
    for (int i = 0; i < s->in_count; i++)
        append(names, sizeof names, "%s%s", i ? ", " : "", *s->in[i].name ? s->in[i].name : s->in[i].text);
    context_fail(c, "%d inputs, expected %d (%s)", n, s->in_count, names);
    return false;
}

bool signature_check_in(const signature *s, as_ctx *c, const void *params, const argument *in, int n,
                        signature_bound *b)
{
    return signature_check_call(s, c, params, in, n, b, NULL);
}

void signature_share(const signature *s, const char *model, const signature_bound *b, signature_bound *outer)
{
    for (int i = 0; i < s->letter_count; i++) {
        int at = s->outer[i] - 1;
        if (at >= 0 && outer->size[at] < 0) {
            outer->size[at] = b->size[i];
            outer->from[at] = model;
        }
    }
}

/* ---- the tensors among the parameters ---- */

static const argument *param_value(const signature_param *p, const void *params, argument *a)
{
    *a = (argument){0};
    memcpy(&a->tensor, (const char *)params + p->offset, sizeof a->tensor);
    return a->tensor ? a : NULL;
}

static bool check_params(checker *k, bool values)
{
    argument a;
    for (int i = 0; i < k->s->param_count; i++) {
        const signature_param *p = &k->s->param[i];
        k->name = p->type.name;
        if (param_value(p, k->params, &a) &&
            !(values ? !p->type.bounded || check_values(k, &p->type, a.tensor) : check_item(k, &p->type, &a)))
            return false;
    }
    return true;
}

bool signature_check_params(const signature *s, as_ctx *c, const void *params)
{
    signature_bound b;
    signature_unbind(s, NULL, NULL, &b);
    checker k = {.s = s, .ctx = c, .params = params, .bound = &b};
    return check_params(&k, false) && check_params(&k, true);
}

void signature_unbind(const signature *s, as_ctx *c, const void *params, signature_bound *b)
{
    for (int i = 0; i < s->letter_count; i++)
        b->size[i] = -1;
    b->rest_rank = -1;
    checker k = {.s = s, .ctx = c, .params = params, .bound = b};
    if (params)
        check_params(&k, false); /* went well at construction */
}

/* ---- a call ---- */

static bool check_inputs(checker *k, const argument *in, int n)
{
    static const argument nothing;
    for (int i = 0; i < k->s->in_count; i++) {
        k->name = name_of(&k->s->in[i], i, false);
        if (!check_item(k, &k->s->in[i], i < n ? &in[i] : &nothing))
            return false;
    }
    return true;
}

bool signature_check_call(const signature *s, as_ctx *c, const void *params, const argument *in, int n,
                          signature_bound *b, const signature_bound *outer)
{
    signature_unbind(s, NULL, NULL, b);
    for (int i = 0; outer && i < s->letter_count; i++)
        if (s->outer[i]) {
            b->size[i] = outer->size[s->outer[i] - 1];
            b->from[i] = outer->from[s->outer[i] - 1];
        }
    if (n > s->in_count)
        return too_many(s, c, n);
    checker k = {.s = s, .ctx = c, .params = params, .bound = b};
    for (int pass = 0; pass == 0 || (pass == 1 && k.deferred); pass++)
        if (!check_params(&k, false) || !check_inputs(&k, in, n))
            return false;
    for (int i = 0; i < n; i++) {
        k.name = name_of(&s->in[i], i, false);
        if (s->in[i].bounded && in[i].tensor && !check_values(&k, &s->in[i], in[i].tensor))
            return false;
    }
    return check_params(&k, true);
}

const char *signature_tap_path(const signature_tap *tap, const void *params)
{
    const char *path = NULL;
    if (tap->param < 0)
        return tap->path;
    memcpy(&path, (const char *)params + tap->param, sizeof path);
    return path ? path : "";
}

bool signature_check_tap(const signature *s, as_ctx *c, const void *params, const char *path, as_t x,
                         signature_bound *b)
{
    for (int i = 0; i < s->tap_count; i++) {
        const signature_tap *tap = &s->tap[i];
        checker k = {.s = s, .ctx = c, .params = params, .bound = b, .name = tap->type.name};
        if (strcmp(signature_tap_path(tap, params), path) == 0 &&
            !check_item(&k, &tap->type, &(argument){.tensor = x}))
            return false;
    }
    return true;
}

static bool fail_absent(as_ctx *c, const signature_item *item, int place)
{
    const char *space = *item->name ? " " : "";
    if (place == 0)
        context_fail(c, "returned no tensor, expected %s%s%s", item->name, space, item->text);
    else
        context_fail(c, "output %d was not given, expected %s%s%s", place, item->name, space, item->text);
    return false;
}

bool signature_check_out(const signature *s, as_ctx *c, const void *params, int place, as_t x,
                         signature_bound *b)
{
    if (place >= s->out_count || s->out[place].type != SIGNATURE_TENSOR)
        return true;
    const signature_item *item = &s->out[place];
    const char *space = *item->name ? " " : "";
    if (!x)
        return item->optional || fail_absent(c, item, place);
    checker k = {.s = s, .ctx = c, .params = params, .bound = b, .name = name_of(item, place, true)};
    int wrong;
    if (!match_tensor(&k, item, x, &wrong)) {
        char shape[TENSOR_TEXT], known[256] = "";
        describe_known(&k, item, wrong, known, sizeof known);
        tensor_shape_text(x, shape);
        if (place == 0)
            context_fail(c, "returned %s, expected %s%s%s%s", shape, item->name, space, item->text, known);
        else
            context_fail(c, "output %d is %s, expected %s%s%s%s", place, shape, item->name, space, item->text,
                         known);
        return false;
    }
    return !item->bounded || check_values(&k, item, x);
}
