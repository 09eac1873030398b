/* Parameters that are lists of numbers. */
#include "plugin/param.h"

#include <stdlib.h>

cJSON *param_list_default(const as_param *q)
{
    cJSON *list = cJSON_CreateArray();
    const char *at = q->text ? q->text : "";
    while (list && *at) {
        char *end;
        double value = strtod(at, &end);
        if (end == at || !cJSON_AddItemToArray(list, cJSON_CreateNumber(value)))
            break;
        at = end;
        while (*at == ' ' || *at == ',')
            at++;
    }
    if (list && !*at)
        return list;
    cJSON_Delete(list);
    return NULL;
}

bool param_list_write(const as_param *q, const cJSON *value, void *field)
{
    cJSON *own = value ? NULL : param_list_default(q);
    const cJSON *list = value ? value : own, *item;
    int n = cJSON_GetArraySize(list), at = 0;
    bool reals = q->type == AS_PARAM_REALS;
    void *numbers = calloc((size_t)n + 1, reals ? sizeof(double) : sizeof(int));
    if (!numbers)
        list = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (reals)
            ((double *)numbers)[at++] = item->valuedouble;
        else
            ((int *)numbers)[at++] = (int)item->valuedouble;
    }
    cJSON_Delete(own);
    if (reals)
        *(as_reals *)field = (as_reals){numbers, at};
    else
        *(as_ints *)field = (as_ints){numbers, at};
    return numbers;
}

void param_list_release(const as_param *q, void *field)
{
    if (q->type == AS_PARAM_REALS) {
        free((void *)((as_reals *)field)->at);
        *(as_reals *)field = (as_reals){0};
    } else {
        free((void *)((as_ints *)field)->at);
        *(as_ints *)field = (as_ints){0};
    }
}

cJSON *param_list_json(const as_param *q, const void *field)
{
    if (q->type == AS_PARAM_INTS)
        return cJSON_CreateIntArray(((const as_ints *)field)->at, ((const as_ints *)field)->n);
    return cJSON_CreateDoubleArray(((const as_reals *)field)->at, ((const as_reals *)field)->n);
}
