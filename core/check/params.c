/* The descriptor, and the ends of what every parameter may be. */
#include "check/internal.h"

#include "plugin/param.h"
#include "tensor/alloc.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void check_schema(subject *s)
{
    as_error e = {{0}};
    signature *again = NULL;
    if (!load_check(&s->p->d, &again, &e) || !param_check_table(&s->p->d, &e))
        subject_fail(s, "%.900s", e.text);
    signature_free(again);
    cJSON *wrong = cJSON_CreateObject();
    cJSON_AddNumberToObject(wrong, "no such parameter", 1);
    instance *i = instance_new(s->c, s->p, wrong, NULL, 0, 0);
    if (i)
        subject_fail(s, "a parameter that it does not have was taken");
    subject_forget(s, NULL);
    instance_free(i);
    cJSON_Delete(wrong);
}

/* ---- one value ---- */

/* An instance with this value, which is taken over, in place of the usual one. */
static instance *with_value(subject *s, const as_param *q, cJSON *value)
{
    cJSON *params = cJSON_Duplicate(s->params, true);
    cJSON_DeleteItemFromObject(params, q->name);
    cJSON_AddItemToObject(params, q->name, value);
    instance *i = instance_new(s->c, s->p, params, s->in.in, s->in.n, 0);
    cJSON_Delete(params);
    return i;
}

/* A value that may be given: `text` says it. A rule between parameters, or memory, may refuse it by name; an
 * ordinary call, where one is affordable, gives finite numbers or is refused. */
static void try_inside(subject *s, const as_param *q, cJSON *value, const char *text, bool calls)
{
    as_error e = {{0}};
    outputs o = {0};
    instance *i = with_value(s, q, value);
    if (!i) {
        subject_forget(s, &e);
        if (!s->p->d.validate && !strstr(e.text, "out of memory") && !strstr(e.text, "setup: "))
            subject_fail(s, "%s = %s may be given and was refused: %.600s", q->name, text, e.text);
        return;
    }
    if (calls && s->usable && subject_call(s, i, &s->in, &o) && !outputs_finite(&o))
        subject_fail(s, "%s = %s may be given, and ordinary inputs give a result that is not finite", q->name,
                     text);
    subject_forget(s, NULL);
    outputs_drop(&o);
    instance_free(i);
}

static void try_outside(subject *s, const as_param *q, cJSON *value, const char *text)
{
    as_error e = {{0}};
    instance *i = with_value(s, q, value);
    if (i)
        subject_fail(s, "%s = %s may not be given and was taken", q->name, text);
    else if (!subject_forget(s, &e) || !strstr(e.text, q->name))
        subject_fail(s, "%s = %s was refused with a text that does not name it: %.600s", q->name, text,
                     e.text);
    instance_free(i);
}

/* ---- numbers and lists of them ---- */

static bool is_list(const as_param *q)
{
    return q->type == AS_PARAM_REALS || q->type == AS_PARAM_INTS;
}

static bool is_whole(const as_param *q)
{
    return q->type == AS_PARAM_INT || q->type == AS_PARAM_INTS;
}

/* The number, or a list of it as long as the default's. */
static cJSON *value_of(const as_param *q, double number)
{
    if (!is_list(q))
        return cJSON_CreateNumber(number);
    cJSON *usual = param_list_default(q), *list = cJSON_CreateArray();
    int n = cJSON_GetArraySize(usual);
    for (int k = 0; k < (n > 0 ? n : 1); k++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(number));
    cJSON_Delete(usual);
    return list;
}

static void try_number(subject *s, const as_param *q, double number, bool inside)
{
    enum { MOST_CALLED = 64 }; /* an integer may be a count of steps */
    char text[64], digits[32];
    snprintf(text, sizeof text, is_list(q) ? "{ %s, ... }" : "%s", param_number_text(number, digits));
    if (inside)
        try_inside(s, q, value_of(q, number), text, !is_whole(q) || fabs(number) <= MOST_CALLED);
    else
        try_outside(s, q, value_of(q, number), text);
}

static void try_end(subject *s, const as_param *q, double end, bool open, double outwards)
{
    bool whole = is_whole(q);
    if (!isfinite(end))
        return;
    if (whole && (end + outwards < INT_MIN || end + outwards > INT_MAX))
        return;
    double outside = whole ? end + outwards : nextafter(end, outwards * INFINITY);
    /* a range that excludes 0 does not promise 5e-324 */
    double inside = end - outwards * (whole ? 1 : 1e-3 * fmax(1, fabs(end)));
    try_number(s, q, open ? inside : end, true);
    try_number(s, q, open ? end : outside, false);
}

static int try_range(subject *s, const as_param *q)
{
    param_range r;
    if (!param_range_parse(q->range, &r))
        return 0;
    try_end(s, q, r.low, r.low_open, -1);
    try_end(s, q, r.high, r.high_open, 1);
    return isfinite(r.low) + isfinite(r.high);
}

/* ---- words ---- */

static int try_choices(subject *s, const as_param *q)
{
    char word[96];
    const char *text;
    int n = 0, length;
    for (; (text = param_word(q, n, &length)) != NULL; n++) {
        snprintf(word, sizeof word, "%.*s", length, text);
        try_inside(s, q, cJSON_CreateString(word), word, true);
    }
    try_outside(s, q, cJSON_CreateString("no such word"), "no such word");
    return n;
}

static int try_bools(subject *s, const as_param *q)
{
    try_inside(s, q, cJSON_CreateFalse(), "false", true);
    try_inside(s, q, cJSON_CreateTrue(), "true", true);
    return 2;
}

/* ---- tensors ---- */

/* A tensor of its type works; one of an axis more is refused. */
static int try_tensor(subject *s, const as_param *q)
{
    as_error refusal = {{0}};
    cJSON *params = cJSON_Duplicate(s->params, true);
    int k = 0;
    while (strcmp(tensors_name(s, k), q->name) != 0)
        k++;
    cJSON_DeleteItemFromObject(params, q->name);
    tensor_fit fit = s->usable ? tensors_fit(s, params, k, &refusal) : FIT_TAKEN;
    if (fit == FIT_NOT_FINITE)
        subject_fail(s, "%s may be given, and ordinary inputs give a result that is not finite", q->name);
    if (fit == FIT_REFUSED)
        subject_leave(s, "%s: no tensor made from its type was taken, so only known answers see it: %.600s",
                      q->name, refusal.text);
    cJSON_Delete(params);
    if (s->p->signature->param[k].type.rest < 0) {
        cJSON *wide = cJSON_CreateArray();
        cJSON_AddItemToArray(wide, inputs_param(s->c, s->p, s->values, DRAW_NORMAL, k));
        try_outside(s, q, wide, "a tensor with one axis more");
    }
    return 1;
}

void check_ranges(subject *s)
{
    enum { MOST_BYTES = 256 << 20 };
    int tried = 0;
    alloc_limit(alloc_in_use() + alloc_kept() + MOST_BYTES);
    for (const as_param *q = s->p->d.params; q && q->type != AS_PARAM_END; q++)
        switch (q->type) {
        case AS_PARAM_REAL:
        case AS_PARAM_INT:
        case AS_PARAM_REALS:
        case AS_PARAM_INTS:
            tried += try_range(s, q);
            break;
        case AS_PARAM_CHOICE:
            tried += try_choices(s, q);
            break;
        case AS_PARAM_BOOL:
            tried += try_bools(s, q);
            break;
        case AS_PARAM_TENSOR:
            tried += try_tensor(s, q);
            break;
        default:
            break;
        }
    alloc_limit(0);
    if (tried == 0)
        subject_leave(s, "no parameter has limits");
}
