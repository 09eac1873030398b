#include "supervisor/sweep.h"

#include "results/sweeps.h"

#include <stdlib.h>
#include <string.h>

/* The last word of a name with what it is of, for people: "arm.loss.params.lam" is "loss.lam". */
static void short_name(const char *column, char *out, size_t size)
{
    if (strncmp(column, "arm.", 4) == 0)
        column += 4;
    const char *params = strstr(column, ".params.");
    if (params)
        snprintf(out, size, "%.*s%s", (int)(params - column), column, params + strlen(".params"));
    else
        snprintf(out, size, "%s", column);
}

static void number_item(item *it)
{
    const char *arm = cJSON_GetObjectItemCaseSensitive(it->arm, "name")->valuestring;
    if (it->seed)
        snprintf(it->prefix, sizeof it->prefix, "[%.80s#%d/%.0f] ", arm, it->number, it->seed->valuedouble);
    else
        snprintf(it->prefix, sizeof it->prefix, "[%.80s#%d/pool] ", arm, it->number);
}

void sweep_add_item(session *s, const cJSON *cell, const cJSON *seed)
{
    item *it = session_add_item(s, cJSON_GetObjectItemCaseSensitive(cell, "arm"), seed);
    it->params = cJSON_GetObjectItemCaseSensitive(cell, "params");
    it->values = cJSON_GetObjectItemCaseSensitive(cell, "values");
    it->number = cJSON_GetObjectItemCaseSensitive(cell, "number")->valueint;
    number_item(it);
    const cJSON *value;
    cJSON_ArrayForEach(value, it->values)
    {
        char name[64], *text = cJSON_PrintUnformatted(value);
        size_t at = strlen(it->label);
        short_name(value->string, name, sizeof name);
        snprintf(it->label + at, sizeof it->label - at, " %s=%s", name, text ? text : "");
        cJSON_free(text);
    }
}

bool sweep_describe(session *s, as_error *e)
{
    if (!s->plan.sweep)
        return true;
    cJSON *copy = cJSON_Duplicate(s->plan.sweep, true);
    bool ok = copy && cJSON_AddItemToObject(copy, "seeds", cJSON_Duplicate(s->plan.seeds, true)) &&
              cJSON_AddItemToObject(copy, "arms", cJSON_CreateArray());
    s->outcome->definition = copy;
    cJSON *arms = cJSON_GetObjectItemCaseSensitive(copy, "arms");
    const cJSON *arm;
    cJSON_ArrayForEach(arm, s->plan.arms)
    {
        const char *name = cJSON_GetObjectItemCaseSensitive(arm, "name")->valuestring;
        ok = ok && cJSON_AddItemToArray(arms, cJSON_CreateString(name));
    }
    return ok || error_set(e, "out of memory");
}

static bool record_sweep(session *s, as_error *e)
{
    const cJSON *sweep = s->plan.sweep, *seed = cJSON_GetObjectItemCaseSensitive(sweep, "seed");
    char *axes = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(sweep, "axes"));
    store_sweep_info info = {
        .experiment = s->experiment,
        .purpose = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sweep, "purpose")),
        .method = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sweep, "method")),
        .draw_seed = seed ? (int64_t)seed->valuedouble : 0,
        .definition = axes,
    };
    bool ok = (axes && info.purpose && info.method) ||
              error_set(e, "the planner's answer has an incomplete sweep; are assay and assay-worker of one "
                           "build?");
    ok = ok && store_sweep(s->store, &info, &s->outcome->sweep, e);
    cJSON_free(axes);
    return ok;
}

bool sweep_record(session *s, as_error *e)
{
    if (!s->plan.sweep)
        return true;
    bool ok = record_sweep(s, e);
    for (int i = 0; i < s->n_items && ok; i++) {
        item *it = &s->items[i];
        char *values = cJSON_PrintUnformatted(it->values);
        ok = values ? store_sweep_point(s->store, s->outcome->sweep,
                                        cJSON_GetObjectItemCaseSensitive(it->arm, "name")->valuestring,
                                        values, &it->number, &it->point, e)
                    : error_set(e, "out of memory");
        number_item(it);
        cJSON_free(values);
    }
    return ok;
}

bool sweep_record_run(session *s, const item *it, as_error *e)
{
    return !it->point || store_sweep_run(s->store, it->point, it->run, e);
}
