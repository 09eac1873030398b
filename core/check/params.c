/* The descriptor and both ends of every range. */
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

static instance *with_value(subject *s, const as_param *q, double value)
{
    cJSON *params = cJSON_Duplicate(s->params, true);
    cJSON_DeleteItemFromObject(params, q->name);
    cJSON_AddNumberToObject(params, q->name, value);
    instance *i = instance_new(s->c, s->p, params, s->in.in, s->in.n, 0);
    cJSON_Delete(params);
    return i;
}

/* An end that belongs to the range. A rule between parameters, or memory, may refuse it by name; an ordinary
 * call at it gives finite numbers or is refused. */
static void try_inside(subject *s, const as_param *q, double value)
{
    as_error e = {{0}};
    outputs o = {0};
    char number[32];
    instance *i = with_value(s, q, value);
    param_number_text(value, number);
    if (!i) {
        subject_forget(s, &e);
        if (!s->p->d.validate && !strstr(e.text, "out of memory") && !strstr(e.text, "setup: "))
            subject_fail(s, "%s = %s is in its range and was refused: %.600s", q->name, number, e.text);
        return;
    }
    if (q->type == AS_PARAM_REAL && subject_call(s, i, &s->in, &o) && !outputs_finite(&o))
        subject_fail(s, "%s = %s is in its range, and ordinary inputs give a result that is not finite",
                     q->name, number);
    subject_forget(s, NULL);
    outputs_drop(&o);
    instance_free(i);
}

static void try_outside(subject *s, const as_param *q, double value)
{
    as_error e = {{0}};
    char number[32];
    instance *i = with_value(s, q, value);
    param_number_text(value, number);
    if (i)
        subject_fail(s, "%s = %s is outside its range and was taken", q->name, number);
    else if (!subject_forget(s, &e) || !strstr(e.text, q->name))
        subject_fail(s, "%s = %s was refused with a text that does not name it: %.600s", q->name, number,
                     e.text);
    instance_free(i);
}

static void try_end(subject *s, const as_param *q, double end, bool open, double outwards)
{
    bool whole = q->type == AS_PARAM_INT;
    if (!isfinite(end))
        return;
    if (whole && (end + outwards < INT_MIN || end + outwards > INT_MAX))
        return;
    double outside = whole ? end + outwards : nextafter(end, outwards * INFINITY);
    /* a range that excludes 0 does not promise 5e-324 */
    double inside = end - outwards * (whole ? 1 : 1e-3 * fmax(1, fabs(end)));
    try_inside(s, q, open ? inside : end);
    try_outside(s, q, open ? end : outside);
}

void check_ranges(subject *s)
{
    enum { MOST_BYTES = 256 << 20 };
    int ends = 0;
    alloc_limit(alloc_in_use() + alloc_kept() + MOST_BYTES);
    for (const as_param *q = s->p->d.params; q && q->type != AS_PARAM_END; q++) {
        param_range r;
        if ((q->type != AS_PARAM_REAL && q->type != AS_PARAM_INT) || !param_range_parse(q->range, &r))
            continue;
        try_end(s, q, r.low, r.low_open, -1);
        try_end(s, q, r.high, r.high_open, 1);
        ends += isfinite(r.low) + isfinite(r.high);
    }
    alloc_limit(0);
    if (ends == 0)
        subject_leave(s, "no parameter has a range");
}
