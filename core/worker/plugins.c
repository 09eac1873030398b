/* plugins list | show KIND/NAME: what is installed, from the plugins' own descriptors. */
#include "worker/plugins.h"

#include "worker/worker.h"

#include "plugin/param.h"

#include <stdio.h>
#include <string.h>

/* ---- list ---- */

static void print_rows(const cJSON *rows)
{
    int width = 0, version = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        int n = (int)strlen(plugins_text(row, "kind")) + 1 + (int)strlen(plugins_text(row, "name"));
        int v = (int)strlen(plugins_text(row, "version"));
        width = n > width ? n : width;
        version = v > version ? v : version;
    }
    cJSON_ArrayForEach(row, rows)
    {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", plugins_text(row, "kind"), plugins_text(row, "name"));
        if (!cJSON_HasObjectItem(row, "error"))
            printf("%-*s  %-*s  %s\n", width, name, version, plugins_text(row, "version"),
                   plugins_text(row, "doc"));
    }
}

static int list(bool as_json)
{
    as_error e = {0};
    cJSON *rows = plugins_scan(&e);
    if (!rows)
        return worker_say(WORKER_FAILED, "%s", e.text);
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_HasObjectItem(row, "error"))
            worker_say(0, "%s", plugins_text(row, "error"));
    }
    if (as_json) {
        char *text = cJSON_Print(rows);
        printf("%s\n", text ? text : "[]");
        cJSON_free(text);
    } else {
        print_rows(rows);
    }
    cJSON_Delete(rows);
    return WORKER_OK;
}

/* ---- show ---- */

static void print_items(const plugin *p)
{
    const signature *s = p->signature;
    for (int i = 0; i < s->in_count; i++) {
        const signature_item *in = &s->in[i];
        printf("  %s%s  %s", in->name, in->optional ? "?" : "", in->text);
        if (in->bounded)
            printf("    0 <= value < %s", in->bound_text);
        printf("\n");
    }
    for (int i = 0; i < s->out_count; i++)
        printf("  -> %s%s%s%s\n", s->out[i].name, *s->out[i].name ? " " : "", s->out[i].text,
               strcmp(p->d.kind, "losses") == 0 && i == 0 && s->out[i].rank == 1
                   ? "    then reduction = mean | sum | none"
                   : "");
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
    default:
        param_number_text(q->value, out);
    }
}

static void limits_text(const as_param *q, char out[256])
{
    param_range range;
    char buffer[160];
    out[0] = 0;
    if (q->type == AS_PARAM_CHOICE)
        snprintf(out, 256, "%s", q->range);
    else if (q->range && param_range_parse(q->range, &range))
        snprintf(out, 256, "%s", param_range_text(&range, buffer));
}

static void print_params(const plugin *p)
{
    static const char *const types[] = {
        [AS_PARAM_REAL] = "real",     [AS_PARAM_INT] = "integer",   [AS_PARAM_BOOL] = "bool",
        [AS_PARAM_CHOICE] = "choice", [AS_PARAM_STRING] = "string",
    };
    for (const as_param *q = p->d.params; q && q->type != AS_PARAM_END; q++) {
        char value[64], limits[256];
        default_text(q, value);
        limits_text(q, limits);
        printf("  %-12s %-8s %-8s %-20s %s%s%s%s\n", q->name, types[q->type], value, limits, q->doc,
               q->unit ? " [" : "", q->unit ? q->unit : "", q->unit ? "]" : "");
    }
}

static cJSON *params_json(const plugin *p)
{
    cJSON *list = cJSON_CreateArray();
    for (const as_param *q = p->d.params; q && q->type != AS_PARAM_END; q++) {
        char value[64], limits[256];
        default_text(q, value);
        limits_text(q, limits);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", q->name);
        cJSON_AddStringToObject(item, "default", value);
        cJSON_AddStringToObject(item, "limits", limits);
        cJSON_AddStringToObject(item, "doc", q->doc);
        if (q->unit)
            cJSON_AddStringToObject(item, "unit", q->unit);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static int show(const char *name, bool as_json)
{
    as_error e = {0};
    plugin *p = load_plugin_named(name, &e);
    const char *sha256 = p ? load_so_sha256(p, &e) : NULL;
    if (!sha256)
        return worker_say(WORKER_MISUSE, "%s", e.text);
    if (as_json) {
        cJSON *row = plugins_describe(p);
        cJSON_AddStringToObject(row, "so_sha256", sha256);
        cJSON_AddItemToObject(row, "params", params_json(p));
        char *text = cJSON_Print(row);
        printf("%s\n", text);
        cJSON_free(text);
        cJSON_Delete(row);
        return WORKER_OK;
    }
    printf("%s %s   %s%s%s\n", p->name, p->d.version, p->d.doc, p->d.paper ? "   " : "",
           p->d.paper ? p->d.paper : "");
    print_items(p);
    print_params(p);
    printf("  %s abi %u.%u sha256 %s\n", p->module->path, p->module->abi_major, p->module->abi_minor, sha256);
    return WORKER_OK;
}

int mode_plugins(int argc, char **argv)
{
    bool as_json = argc > 1 && strcmp(argv[argc - 1], "--json") == 0;
    int words = argc - as_json;
    if (words == 1 && strcmp(argv[0], "list") == 0)
        return list(as_json);
    if (words == 2 && strcmp(argv[0], "show") == 0)
        return show(argv[1], as_json);
    return worker_say(WORKER_MISUSE, "usage: assay plugins list [--json] | show KIND/NAME [--json]");
}
