/* A plugin's descriptor as JSON: what `plugins list`, `show` and `meta` tell about it. */
#include "plugin/index.h"

#include "plugin/param.h"

#include <stdio.h>
#include <string.h>

static void add_text(cJSON *to, const char *name, const char *text)
{
    if (text && *text)
        cJSON_AddStringToObject(to, name, text);
}

static void default_text(const as_param *q, char out[64])
{
    switch (q->type) {
    case AS_PARAM_BOOL:
        snprintf(out, 64, "%s", q->value != 0 ? "true" : "false");
        break;
    case AS_PARAM_CHOICE:
    case AS_PARAM_STRING:
        snprintf(out, 64, "%s", q->text);
        break;
    case AS_PARAM_REALS:
    case AS_PARAM_INTS:
        snprintf(out, 64, "{%.60s}", q->text);
        break;
    case AS_PARAM_TENSOR:
        snprintf(out, 64, "none");
        break;
    default:
        param_number_text(q->value, out);
    }
}

static void limits_text(const as_param *q, char out[256])
{
    param_range range;
    char buffer[160];
    out[0] = 0;
    if (q->type == AS_PARAM_CHOICE || q->type == AS_PARAM_TENSOR)
        snprintf(out, 256, "%s", q->range);
    else if (q->range && param_range_parse(q->range, &range))
        snprintf(out, 256, "%s", param_range_text(&range, buffer));
}

static cJSON *params_json(const as_plugin *d)
{
    static const char *const types[] = {
        [AS_PARAM_REAL] = "real",     [AS_PARAM_INT] = "integer",   [AS_PARAM_BOOL] = "bool",
        [AS_PARAM_CHOICE] = "choice", [AS_PARAM_STRING] = "string", [AS_PARAM_REALS] = "reals",
        [AS_PARAM_INTS] = "integers", [AS_PARAM_TENSOR] = "tensor",
    };
    cJSON *list = cJSON_CreateArray();
    for (const as_param *q = d->params; q && q->type != AS_PARAM_END; q++) {
        char value[64], limits[256];
        default_text(q, value);
        limits_text(q, limits);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", q->name);
        cJSON_AddStringToObject(item, "type", types[q->type]);
        cJSON_AddStringToObject(item, "default", value);
        cJSON_AddStringToObject(item, "limits", limits);
        cJSON_AddStringToObject(item, "doc", q->doc);
        add_text(item, "unit", q->unit);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static cJSON *items_json(const signature_item *items, int n)
{
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < n; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", items[i].name);
        cJSON_AddStringToObject(item, "text", items[i].text);
        cJSON_AddBoolToObject(item, "optional", items[i].optional);
        if (items[i].bounded)
            cJSON_AddStringToObject(item, "below", items[i].bound_text);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

cJSON *index_describe(const plugin *p)
{
    char abi[32];
    snprintf(abi, sizeof abi, "%u.%u", p->module->abi_major, p->module->abi_minor);
    cJSON *row = cJSON_CreateObject();
    add_text(row, "kind", p->d.kind);
    add_text(row, "name", p->d.name);
    add_text(row, "version", p->d.version);
    add_text(row, "paper", p->d.paper);
    add_text(row, "doc", p->d.doc);
    add_text(row, "signature", p->d.signature);
    cJSON_AddItemToObject(row, "inputs", items_json(p->signature->in, p->signature->in_count));
    cJSON_AddItemToObject(row, "outputs", items_json(p->signature->out, p->signature->out_count));
    cJSON_AddItemToObject(row, "params", params_json(&p->d));
    add_text(row, "path", p->module->path);
    add_text(row, "abi", abi);
    add_text(row, "source_hash", p->d.source_hash);
    return row;
}
