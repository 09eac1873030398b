#include "plugin/param.h"

#include "base/suggest.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 80 }; /* of a wrong value in a message */

int param_count(const as_plugin *p)
{
    int n = 0;
    while (p->params && p->params[n].type != AS_PARAM_END)
        n++;
    return n;
}

const as_param *param_find(const as_plugin *p, const char *name)
{
    for (int i = 0, n = param_count(p); i < n; i++)
        if (strcmp(p->params[i].name, name) == 0)
            return &p->params[i];
    return NULL;
}

const char *param_word(const as_param *q, int k, int *length)
{
    const char *word = q->range;
    for (; k > 0 && word; k--) {
        word = strchr(word, '|');
        word = word ? word + 1 : NULL;
    }
    if (word)
        *length = (int)strcspn(word, "|");
    return word;
}

/* The place of a word among a choice's, or -1. */
static int word_place(const as_param *q, const char *text)
{
    int length;
    const char *word;
    for (int k = 0; (word = param_word(q, k, &length)); k++)
        if ((size_t)length == strlen(text) && memcmp(word, text, (size_t)length) == 0)
            return k;
    return -1;
}

/* A value as the message shows it: what was written, cut to a line's share. */
static const char *shown(const cJSON *value, char buffer[SHOWN])
{
    if (cJSON_IsNumber(value))
        return param_number_text(value->valuedouble, buffer);
    char *text = cJSON_PrintUnformatted(value);
    snprintf(buffer, SHOWN, "%s", text ? text : "?");
    free(text);
    return buffer;
}

static bool wrong_type(const as_plugin *p, const as_param *q, const cJSON *value, const char *wanted,
                       as_error *e)
{
    char text[SHOWN];
    return error_set(e, "%s/%s: %s = %s is %s", p->kind, p->name, q->name, shown(value, text), wanted);
}

/* JSON has no infinity: "inf" and "-inf" stand for it. NaN for what is no number. */
static double number_of(const cJSON *value)
{
    if (cJSON_IsNumber(value))
        return value->valuedouble;
    if (cJSON_IsString(value) && strcmp(value->valuestring, "inf") == 0)
        return INFINITY;
    if (cJSON_IsString(value) && strcmp(value->valuestring, "-inf") == 0)
        return -INFINITY;
    return NAN;
}

static cJSON *number_json(double value)
{
    if (isinf(value))
        return cJSON_CreateString(value > 0 ? "inf" : "-inf");
    return cJSON_CreateNumber(value);
}

static bool check_number(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e)
{
    double v = number_of(value);
    if (isnan(v))
        return wrong_type(p, q, value, "not a number", e);
    bool whole = q->type == AS_PARAM_INT || q->type == AS_PARAM_INTS;
    if (whole && v != floor(v))
        return wrong_type(p, q, value, "not an integer", e);
    param_range r;
    if (!param_range_parse(q->range, &r))
        return error_set(e, "%s/%s: %s has no valid range (\"%s\")", p->kind, p->name, q->name, q->range);
    if (whole) { /* the field is an int */
        r.low = fmax(r.low, INT_MIN);
        r.high = fmin(r.high, INT_MAX);
    }
    if (param_range_holds(&r, v))
        return true;
    char number[32], range[160];
    if (isinf(v)) /* "inf is outside 0 to inf" would be no help */
        return wrong_type(p, q, value, "not finite", e);
    return error_set(e, "%s/%s: %s = %s is outside %s", p->kind, p->name, q->name,
                     param_number_text(v, number), param_range_text(&r, range));
}

static bool check_list(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e)
{
    const cJSON *item;
    if (!cJSON_IsArray(value) && !(cJSON_IsObject(value) && !value->child)) /* {} of Lua is no list yet */
        return wrong_type(p, q, value, "not a list of numbers", e);
    cJSON_ArrayForEach(item, value)
    {
        if (!check_number(p, q, item, e))
            return false;
    }
    return true;
}

/* Numbers, nested in lists; the shape is checked where the tensor is made. */
static bool check_nested(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e)
{
    const cJSON *item;
    if (!isnan(number_of(value)))
        return true;
    if (!cJSON_IsArray(value))
        return wrong_type(p, q, value, "not a tensor or lists of numbers", e);
    cJSON_ArrayForEach(item, value)
    {
        if (!check_nested(p, q, item, e))
            return false;
    }
    return true;
}

static bool check_choice(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e)
{
    if (cJSON_IsString(value) && word_place(q, value->valuestring) >= 0)
        return true;
    enum { WORDS = 32 };
    char words[256] = "", copy[256], text[SHOWN];
    const char *list[WORDS];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", q->range);
    for (char *rest, *word = strtok_r(copy, "|", &rest); word && n < WORDS;
         word = strtok_r(NULL, "|", &rest)) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, "%s%s", n ? ", " : "", word);
        list[n++] = word;
    }
    const char *meant = cJSON_IsString(value) ? suggest(value->valuestring, list, n) : NULL;
    shown(value, text);
    if (meant)
        return error_set(e, "%s/%s: %s = %s is none of %s; did you mean \"%s\"?", p->kind, p->name, q->name,
                         text, words, meant);
    return error_set(e, "%s/%s: %s = %s is none of %s", p->kind, p->name, q->name, text, words);
}

bool param_check(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e)
{
    switch (q->type) {
    case AS_PARAM_REAL:
    case AS_PARAM_INT:
        return check_number(p, q, value, e);
    case AS_PARAM_BOOL:
        return cJSON_IsBool(value) || wrong_type(p, q, value, "neither true nor false", e);
    case AS_PARAM_CHOICE:
        return check_choice(p, q, value, e);
    case AS_PARAM_STRING:
        return cJSON_IsString(value) || wrong_type(p, q, value, "not a string", e);
    case AS_PARAM_REALS:
    case AS_PARAM_INTS:
        return check_list(p, q, value, e);
    case AS_PARAM_TENSOR:
        return check_nested(p, q, value, e);
    case AS_PARAM_END:
        break;
    }
    return error_set(e, "%s/%s: %s has type %d, which this assay does not know", p->kind, p->name, q->name,
                     (int)q->type);
}

static bool no_such_param(const as_plugin *p, const char *name, as_error *e)
{
    enum { NAMES = 64 };
    const char *names[NAMES];
    size_t n = 0;
    for (int i = 0, count = param_count(p); i < count && n < NAMES; i++)
        names[n++] = p->params[i].name;
    if (n == 0)
        return error_set(e, "%s/%s: no parameter \"%s\": it has none", p->kind, p->name, name);
    const char *meant = suggest(name, names, n);
    if (meant)
        return error_set(e, "%s/%s: no parameter \"%s\"; did you mean \"%s\"?", p->kind, p->name, name,
                         meant);
    char list[256] = "";
    for (size_t i = 0, used = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    return error_set(e, "%s/%s: no parameter \"%s\"; it has %s", p->kind, p->name, name, list);
}

/* Writes one value, given or default, into its field. */
static bool write_value(const as_param *q, const cJSON *value, void *values)
{
    void *field = (char *)values + q->offset;
    switch (q->type) {
    case AS_PARAM_REAL:
        *(double *)field = value ? number_of(value) : q->value;
        return true;
    case AS_PARAM_INT:
        *(int *)field = (int)(value ? number_of(value) : q->value);
        return true;
    case AS_PARAM_BOOL:
        *(bool *)field = value ? cJSON_IsTrue(value) : q->value != 0;
        return true;
    case AS_PARAM_CHOICE:
        *(int *)field = word_place(q, value ? value->valuestring : q->text);
        return true;
    case AS_PARAM_STRING: {
        const char *text = value ? value->valuestring : q->text;
        *(char **)field = text ? strdup(text) : NULL;
        return !text || *(char **)field;
    }
    case AS_PARAM_REALS:
    case AS_PARAM_INTS:
        return param_list_write(q, value, field);
    case AS_PARAM_TENSOR: /* the instance's part */
        return true;
    case AS_PARAM_END:
        break;
    }
    return false;
}

static bool check_given(const as_plugin *p, const cJSON *given, as_error *e)
{
    const cJSON *item;
    if (given && !cJSON_IsObject(given))
        return error_set(e, "%s/%s: parameters must be named", p->kind, p->name);
    cJSON_ArrayForEach(item, given)
    {
        const as_param *q = param_find(p, item->string);
        if (!q)
            return no_such_param(p, item->string, e);
        if (!param_check(p, q, item, e))
            return false;
    }
    return true;
}

bool param_fill(const as_plugin *p, const cJSON *given, void *values, as_error *e)
{
    if (!check_given(p, given, e))
        return false;
    for (int i = 0, n = param_count(p); i < n; i++) {
        const as_param *q = &p->params[i];
        if (!write_value(q, cJSON_GetObjectItemCaseSensitive(given, q->name), values))
            return error_set(e, "%s/%s: out of memory for %s", p->kind, p->name, q->name);
    }
    return true;
}

void param_release(const as_plugin *p, void *values)
{
    for (int i = 0, n = param_count(p); i < n; i++) {
        void *field = (char *)values + p->params[i].offset;
        if (p->params[i].type == AS_PARAM_REALS || p->params[i].type == AS_PARAM_INTS)
            param_list_release(&p->params[i], field);
        if (p->params[i].type == AS_PARAM_STRING) {
            free(*(char **)field);
            *(char **)field = NULL;
        }
    }
}

static cJSON *value_json(const as_param *q, const void *values)
{
    const void *field = (const char *)values + q->offset;
    switch (q->type) {
    case AS_PARAM_REAL:
        return number_json(*(const double *)field);
    case AS_PARAM_INT:
        return cJSON_CreateNumber(*(const int *)field);
    case AS_PARAM_BOOL:
        return cJSON_CreateBool(*(const bool *)field);
    case AS_PARAM_CHOICE: {
        char word[256];
        int length = 0;
        const char *text = param_word(q, *(const int *)field, &length);
        snprintf(word, sizeof word, "%.*s", length, text ? text : "");
        return cJSON_CreateString(word);
    }
    case AS_PARAM_STRING: {
        const char *text = *(const char *const *)field;
        return text ? cJSON_CreateString(text) : cJSON_CreateNull();
    }
    case AS_PARAM_REALS:
    case AS_PARAM_INTS:
        return param_list_json(q, field);
    case AS_PARAM_TENSOR: /* the given value stands in for it, where it is known */
        return cJSON_CreateNull();
    case AS_PARAM_END:
        break;
    }
    return NULL;
}

cJSON *param_json(const as_plugin *p, const void *values)
{
    cJSON *object = cJSON_CreateObject();
    for (int i = 0, n = param_count(p); object && i < n; i++) {
        cJSON *value = value_json(&p->params[i], values);
        if (!value || !cJSON_AddItemToObject(object, p->params[i].name, value)) {
            cJSON_Delete(value);
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}

void param_json_tensors(const as_plugin *p, const cJSON *given, cJSON *object)
{
    for (int i = 0, n = param_count(p); object && i < n; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(given, p->params[i].name);
        if (p->params[i].type == AS_PARAM_TENSOR && value)
            cJSON_ReplaceItemInObjectCaseSensitive(object, p->params[i].name, cJSON_Duplicate(value, true));
    }
}

cJSON *param_resolve(const as_plugin *p, const cJSON *given, as_error *e)
{
    void *values = calloc(1, p->params_size ? p->params_size : 1);
    cJSON *object = NULL;
    if (!values) {
        error_set(e, "%s/%s: out of memory for parameters", p->kind, p->name);
        return NULL;
    }
    if (param_fill(p, given, values, e)) {
        object = param_json(p, values);
        param_json_tensors(p, given, object);
        if (!object)
            error_set(e, "%s/%s: out of memory for parameters", p->kind, p->name);
    }
    param_release(p, values);
    free(values);
    return object;
}
