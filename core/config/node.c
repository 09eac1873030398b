/* The tree: making, joining, searching and freeing it, and its form in JSON. */
#include "config/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *config_copy(const char *text, size_t n, as_error *e)
{
    char *copy = malloc(n + 1);
    if (!copy) {
        error_set(e, "out of memory reading settings");
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

config_node *config_new(const char *source, as_error *e)
{
    config_node *node = calloc(1, sizeof *node);
    if (!node) {
        error_set(e, "out of memory reading settings");
        return NULL;
    }
    node->tail = &node->child;
    node->source = config_copy(source, strlen(source), e);
    if (!node->source) {
        free(node);
        return NULL;
    }
    return node;
}

void config_free(config_node *node)
{
    while (node) {
        config_node *next = node->next;
        config_free(node->child);
        free(node->key);
        free(node->source);
        free(node->string);
        free(node);
        node = next;
    }
}

void config_append(config_node *parent, config_node *child)
{
    *parent->tail = child;
    parent->tail = &child->next;
    parent->count++;
}

static config_node *child_of(const config_node *map, const char *key, size_t n)
{
    if (!map || map->kind != CONFIG_MAP)
        return NULL;
    for (config_node *c = map->child; c; c = c->next)
        if (strlen(c->key) == n && memcmp(c->key, key, n) == 0)
            return c;
    return NULL;
}

const config_node *config_get(const config_node *map, const char *key)
{
    return child_of(map, key, strlen(key));
}

const config_node *config_find(const config_node *root, const char *path)
{
    const config_node *node = root;
    while (node) {
        size_t n = strcspn(path, ".");
        node = child_of(node, path, n);
        if (!path[n])
            return node;
        path += n + 1;
    }
    return NULL;
}

/* Moves the value and the source of `from` into `to`, which keeps its key and its place. */
static void replace(config_node *to, config_node *from)
{
    config_node old = *to, *next = to->next;
    *to = *from;
    to->key = old.key;
    to->next = next;
    if (!to->child)
        to->tail = &to->child;
    old.key = from->key;
    old.next = NULL;
    *from = old;
    config_free(from);
}

void config_merge(config_node *into, config_node *from)
{
    config_node *c = from->child;
    from->child = NULL;
    while (c) {
        config_node *next = c->next, *old = child_of(into, c->key, strlen(c->key));
        c->next = NULL;
        if (!old)
            config_append(into, c);
        else if (old->kind == CONFIG_MAP && c->kind == CONFIG_MAP)
            config_merge(old, c);
        else
            replace(old, c);
        c = next;
    }
    config_free(from);
}

const char *config_kind_name(config_kind kind)
{
    switch (kind) {
    case CONFIG_NULL:
        return "null";
    case CONFIG_BOOL:
        return "true or false";
    case CONFIG_INTEGER:
        return "an integer";
    case CONFIG_REAL:
        return "a number";
    case CONFIG_STRING:
        return "a string";
    case CONFIG_LIST:
        return "a list";
    case CONFIG_MAP:
        return "a map";
    }
    return "nothing";
}

static cJSON *integer_to_json(int64_t value)
{
    const int64_t exact = INT64_C(1) << 53; /* cJSON keeps numbers as doubles */
    if (value >= -exact && value <= exact)
        return cJSON_CreateNumber((double)value);
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return cJSON_CreateRaw(text);
}

static cJSON *children_to_json(const config_node *node, as_error *e)
{
    bool map = node->kind == CONFIG_MAP;
    cJSON *out = map ? cJSON_CreateObject() : cJSON_CreateArray();
    for (const config_node *c = node->child; c && out; c = c->next) {
        cJSON *item = config_to_json(c, e);
        bool ok = item && (map ? cJSON_AddItemToObject(out, c->key, item) : cJSON_AddItemToArray(out, item));
        if (!ok) {
            cJSON_Delete(item);
            cJSON_Delete(out);
            out = NULL;
        }
    }
    return out;
}

cJSON *config_to_json(const config_node *node, as_error *e)
{
    cJSON *out = NULL;
    switch (node->kind) {
    case CONFIG_NULL:
        out = cJSON_CreateNull();
        break;
    case CONFIG_BOOL:
        out = cJSON_CreateBool(node->boolean);
        break;
    case CONFIG_INTEGER:
        out = integer_to_json(node->integer);
        break;
    case CONFIG_REAL:
        if (isfinite(node->real))
            out = cJSON_CreateNumber(node->real);
        else
            error_set(e, "%s: %s: JSON has no such number", node->source,
                      isnan(node->real) ? ".nan" : ".inf");
        break;
    case CONFIG_STRING:
        out = cJSON_CreateString(node->string);
        break;
    case CONFIG_LIST:
    case CONFIG_MAP:
        out = children_to_json(node, e);
        break;
    }
    if (!out)
        error_set(e, "out of memory writing settings as JSON");
    return out;
}
