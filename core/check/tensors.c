/* Tensors among the parameters: which ones a plugin takes, so that what is behind them is checked too. */
#include "check/internal.h"

#include "plugin/param.h"

const char *tensors_name(const subject *s, int k)
{
    const as_param *q = s->p->d.params;
    while (q->type != AS_PARAM_TENSOR || k-- > 0)
        q++;
    return q->name;
}

static tensor_fit try_with(subject *s, const cJSON *params, as_error *refusal)
{
    outputs o = {0};
    tensor_fit fit = FIT_REFUSED;
    instance *i = instance_new(s->c, s->p, params, s->in.in, s->in.n, 0);
    if (i && subject_call(s, i, &s->in, &o))
        fit = outputs_finite(&o) ? FIT_TAKEN : FIT_NOT_FINITE;
    else
        subject_forget(s, refusal);
    outputs_drop(&o);
    instance_free(i);
    return fit;
}

tensor_fit tensors_fit(subject *s, cJSON *params, int k, as_error *refusal)
{
    const char *name = tensors_name(s, k);
    tensor_fit best = FIT_REFUSED;
    for (int sort = DRAW_NORMAL; sort < DRAW_SORTS; sort++) {
        cJSON *value = inputs_param(s->c, s->p, s->values, (draw_sort)sort, k);
        cJSON_DeleteItemFromObject(params, name);
        cJSON_AddItemToObject(params, name, value);
        tensor_fit fit = value ? try_with(s, params, refusal) : FIT_REFUSED;
        if (fit == FIT_TAKEN)
            return fit;
        best = fit > best ? fit : best;
    }
    cJSON_DeleteItemFromObject(params, name);
    return best;
}

cJSON *tensors_given(subject *s)
{
    as_error refusal;
    cJSON *given = cJSON_Duplicate(s->params, true);
    int taken = 0;
    for (int k = 0; k < s->p->signature->param_count; k++)
        taken += tensors_fit(s, given, k, &refusal) == FIT_TAKEN;
    if (taken)
        return given;
    cJSON_Delete(given);
    return NULL;
}
