/* A run's identity: a hash over canonical JSON, that is sorted keys, no spaces, numbers as cJSON prints them.
 */
#include "supervisor/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

static cJSON *canonical(const cJSON *value);

static bool canonical_children(const cJSON *value, cJSON *out)
{
    bool object = cJSON_IsObject(value);
    size_t n = (size_t)cJSON_GetArraySize(value), at = 0;
    const cJSON **child = calloc(n + 1, sizeof *child);
    if (!child)
        return false;
    for (const cJSON *c = value->child; c; c = c->next)
        child[at++] = c;
    if (object)
        qsort(child, n, sizeof *child, by_name);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        cJSON *copy = canonical(child[i]);
        ok = copy &&
             (object ? cJSON_AddItemToObject(out, child[i]->string, copy) : cJSON_AddItemToArray(out, copy));
    }
    free(child);
    return ok;
}

/* A copy with every object's keys in sorted order; NULL when memory is out. */
static cJSON *canonical(const cJSON *value)
{
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return cJSON_Duplicate(value, false);
    cJSON *out = cJSON_IsObject(value) ? cJSON_CreateObject() : cJSON_CreateArray();
    if (out && !canonical_children(value, out)) {
        cJSON_Delete(out);
        return NULL;
    }
    return out;
}

/* {"losses/cross_entropy": source hash, ...}; where a plugin was found does not matter. */
static cJSON *plugin_hashes(const plan *p)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *plugin;
    cJSON_ArrayForEach(plugin, p->plugins)
    {
        char key[256];
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "kind"));
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "name"));
        const char *hash = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "source_hash"));
        snprintf(key, sizeof key, "%s/%s", kind ? kind : "", name ? name : "");
        cJSON_AddStringToObject(out, key, hash ? hash : "");
    }
    return out;
}

bool plan_identity(const plan *p, const plan_part *part, char out[HASH_TEXT])
{
    const cJSON *seed = part->seed;
    char script[HASH_TEXT];
    hash_bytes(p->source, strlen(p->source), script);
    cJSON *all = cJSON_CreateObject();
    bool ok = cJSON_AddStringToObject(all, "experiment", p->name) &&
              cJSON_AddStringToObject(all, "stage", seed ? "run" : "pool") &&
              cJSON_AddStringToObject(all, "script", script) &&
              cJSON_AddItemToObject(all, "params", cJSON_Duplicate(part->params, true)) &&
              cJSON_AddItemToObject(all, "arm", cJSON_Duplicate(part->arm, true)) &&
              cJSON_AddItemToObject(all, "seed", seed ? cJSON_Duplicate(seed, true) : cJSON_CreateNull()) &&
              cJSON_AddItemToObject(all, "plugins", plugin_hashes(p));
    if (ok && part->members)
        ok = cJSON_AddItemToObject(all, "members", cJSON_Duplicate(part->members, true));
    cJSON *sorted = ok ? canonical(all) : NULL;
    char *text = sorted ? cJSON_PrintUnformatted(sorted) : NULL;
    if (text)
        hash_bytes(text, strlen(text), out);
    cJSON_free(text);
    cJSON_Delete(sorted);
    cJSON_Delete(all);
    return text != NULL;
}
