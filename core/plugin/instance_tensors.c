#include "plugin/instance_tensors.h"

#include "plugin/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of nested lists in a row; their sizes by the first item at each depth. False for ragged ones. */
static bool flatten(const cJSON *value, as_dims *dims, int depth, double *out, int64_t *at)
{
    if (!cJSON_IsArray(value)) {
        if (depth != dims->rank)
            return false;
        out[(*at)++] = cJSON_IsNumber(value)        ? value->valuedouble
                       : *value->valuestring == '-' ? -INFINITY
                                                    : INFINITY;
        return true;
    }
    if (depth == dims->rank || cJSON_GetArraySize(value) != dims->size[depth])
        return false;
    for (const cJSON *item = value->child; item; item = item->next)
        if (!flatten(item, dims, depth + 1, out, at))
            return false;
    return true;
}

static void fill(as_ctx *c, as_t x, const double *numbers)
{
    char digits[32];
    for (int64_t k = 0; k < x->count; k++) {
        double v = numbers[k];
        if (x->dtype == AS_F32)
            ((float *)x->data)[k] = (float)v;
        else if (x->dtype == AS_F64)
            ((double *)x->data)[k] = v;
        else if (v == floor(v) && fabs(v) <= 0x1p53)
            ((int64_t *)x->data)[k] = (int64_t)v;
        else {
            context_fail(c, "%s is not an integer", param_number_text(v, digits));
            return;
        }
    }
}

static as_t tensor_of(as_ctx *c, const cJSON *value, as_dtype dtype)
{
    as_dims dims = {0, {0}};
    int64_t count = 1, at = 0;
    for (const cJSON *v = value; cJSON_IsArray(v) && dims.rank < AS_MAX_RANK; v = v->child)
        count *= dims.size[dims.rank++] = cJSON_GetArraySize(v);
    double *numbers = malloc((size_t)(count ? count : 1) * sizeof *numbers);
    as_t x = context_of(c)->inert;
    if (!numbers)
        context_fail(c, "out of memory");
    else if (!flatten(value, &dims, 0, numbers, &at))
        context_fail(c, "ragged lists");
    else
        x = tensor_new(c, dtype, dims);
    if (context_ok(c))
        fill(c, x, numbers);
    free(numbers);
    return x;
}

/* The tensor of a value, one reference, into the parameters. */
static bool fill_one(instance *i, const signature_param *p, const cJSON *value)
{
    as_ctx *c = i->ctx;
    as_error e = {{0}};
    as_scope scope = scope_open(c);
    as_t x = tensor_of(c, value, p->type.dtype == AS_F32 ? context_of(c)->working : p->type.dtype);
    if (context_ok(c))
        *(as_t *)((char *)i->params + p->offset) = tensor_ref(x);
    scope_close(c, scope, NULL);
    if (context_take_error(c, &e))
        context_fail(c, "%s: %.900s", p->type.name, e.text);
    return context_ok(c);
}

bool instance_fill_tensors(instance *i)
{
    const as_plugin *d = &i->plugin->d;
    const signature *s = i->plugin->signature;
    as_error e = {{0}};
    bool good = true;
    for (int k = 0, at = 0, n = param_count(d); k < n && good; k++) {
        if (d->params[k].type != AS_PARAM_TENSOR)
            continue;
        const signature_param *p = &s->param[at++];
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(i->given, d->params[k].name);
        good = !value || fill_one(i, p, value);
    }
    if (good && signature_check_params(s, i->ctx, i->params))
        return true;
    context_take_error(i->ctx, &e);
    context_fail(i->ctx, "%s: %.900s", i->plugin->name, e.text);
    return false;
}

void instance_drop_tensors(instance *i)
{
    const signature *s = i->plugin->signature;
    for (int k = 0; k < s->param_count; k++)
        tensor_unref(*(as_t *)((char *)i->params + s->param[k].offset));
}
