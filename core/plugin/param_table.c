/* Whether a plugin's parameter table is in order, tried once when the file is loaded: after this every
 * default is legal and every field lies within the struct. */
#include "plugin/param.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static size_t field_size(as_param_type type)
{
    switch (type) {
    case AS_PARAM_REAL:
        return sizeof(double);
    case AS_PARAM_INT:
    case AS_PARAM_CHOICE:
        return sizeof(int);
    case AS_PARAM_BOOL:
        return sizeof(bool);
    case AS_PARAM_STRING:
    case AS_PARAM_TENSOR:
        return sizeof(char *);
    case AS_PARAM_REALS:
        return sizeof(as_reals);
    case AS_PARAM_INTS:
        return sizeof(as_ints);
    case AS_PARAM_END:
        break;
    }
    return 0;
}

static bool valid_name(const char *name)
{
    if (!name || !islower((unsigned char)*name))
        return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static bool check_field(const as_plugin *p, const as_param *q, as_error *e)
{
    size_t size = field_size(q->type);
    if (size == 0)
        return error_set(e, "parameter %s: type %d is unknown", q->name, (int)q->type);
    if (q->offset > p->params_size || size > p->params_size - q->offset)
        return error_set(e,
                         "parameter %s: at %zu with %zu bytes lies outside params_size = %zu "
                         "(forgot .params_size = sizeof(...)?)",
                         q->name, q->offset, size, p->params_size);
    if (q->offset % (size < sizeof(void *) ? size : sizeof(void *)) != 0)
        return error_set(e, "parameter %s: offset %zu is not aligned", q->name, q->offset);
    return true;
}

/* The default goes through the same check as a given value. */
static bool check_default(const as_plugin *p, const as_param *q, as_error *e)
{
    as_error inner = {{0}};
    cJSON *value = NULL;
    if (q->type == AS_PARAM_REAL || q->type == AS_PARAM_INT)
        value = cJSON_CreateNumber(q->value);
    else if (q->type == AS_PARAM_CHOICE)
        value = cJSON_CreateString(q->text ? q->text : "");
    else if (q->type == AS_PARAM_REALS || q->type == AS_PARAM_INTS)
        value = param_list_default(q);
    else
        return true;
    bool good = value && param_check(p, q, value, &inner);
    cJSON_Delete(value);
    const char *text = inner.text;
    size_t name = strlen(p->kind) + strlen(p->name) + 3; /* "losses/poly1: " */
    return good ||
           error_set(e, "default of parameter %s", strlen(text) > name ? text + name : "is out of memory");
}

static bool check_range(const as_param *q, as_error *e)
{
    param_range r;
    if (q->type == AS_PARAM_REAL || q->type == AS_PARAM_INT || q->type == AS_PARAM_REALS ||
        q->type == AS_PARAM_INTS) {
        if (!param_range_parse(q->range, &r))
            return error_set(e, "parameter %s: range \"%s\" does not read like \"[-1, 10]\" or \"(0, inf)\"",
                             q->name, q->range);
        if (q->log && r.low < 0)
            return error_set(e, "parameter %s: .log = 1 with a range that goes below 0", q->name);
    }
    if (q->type == AS_PARAM_TENSOR && !q->range)
        return error_set(e, "parameter %s: a tensor without a type (\"f32[C]\")", q->name);
    cJSON *list = q->type == AS_PARAM_REALS || q->type == AS_PARAM_INTS ? param_list_default(q) : NULL;
    if ((q->type == AS_PARAM_REALS || q->type == AS_PARAM_INTS) && !list)
        return error_set(e, "parameter %s: default \"%s\" does not read like \"0.5, 1\"", q->name, q->text);
    cJSON_Delete(list);
    if (q->type == AS_PARAM_CHOICE) {
        int length;
        const char *word;
        if (!q->range || !*q->range)
            return error_set(e, "parameter %s: a choice without words (\"mean|sum|none\")", q->name);
        for (int k = 0; (word = param_word(q, k, &length)); k++)
            if (length == 0)
                return error_set(e, "parameter %s: an empty word in \"%s\"", q->name, q->range);
    }
    return true;
}

bool param_check_table(const as_plugin *p, as_error *e)
{
    if (!p->params && p->params_size)
        return error_set(e, "params_size = %zu but no .params table", p->params_size);
    for (int i = 0, n = param_count(p); i < n; i++) {
        const as_param *q = &p->params[i];
        if (!valid_name(q->name))
            return error_set(e, "parameter %d: name \"%s\" is not lower_case", i + 1, q->name ? q->name : "");
        if (!q->doc || !*q->doc || strchr(q->doc, '\n'))
            return error_set(e, "parameter %s: needs one line of text that says what it does", q->name);
        for (int k = 0; k < i; k++)
            if (strcmp(p->params[k].name, q->name) == 0)
                return error_set(e, "parameter %s stands twice", q->name);
        if (!check_field(p, q, e) || !check_range(q, e) || !check_default(p, q, e))
            return false;
    }
    return true;
}
