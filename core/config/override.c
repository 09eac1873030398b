/* `--set a.b=value`. */
#include "config/node.h"

#include <string.h>

static const char source[] = "--set";

static config_node *read_value(const char *text, as_error *e)
{
    if (*text && strchr("[{\"'", *text))
        return config_parse_value(text, source, e);
    config_node *value = config_new(source, e);
    if (value && !config_resolve(value, text, e)) {
        config_free(value);
        return NULL;
    }
    return value;
}

/* {key: value}, which owns the value; on failure the value is freed. */
static config_node *wrap(config_node *value, const char *key, size_t n, as_error *e)
{
    config_node *map = config_new(source, e);
    value->key = map ? config_copy(key, n, e) : NULL;
    if (!value->key) {
        config_free(value);
        config_free(map);
        return NULL;
    }
    map->kind = CONFIG_MAP;
    config_append(map, value);
    return map;
}

config_node *config_set(const char *assignment, as_error *e)
{
    const char *end = strchr(assignment, '=');
    if (!end || end == assignment) {
        error_set(e, "--set %.200s: expected NAME=VALUE, as in --set params.lr=0.01", assignment);
        return NULL;
    }
    size_t n = (size_t)(end - assignment);
    if (*assignment == '.' || end[-1] == '.' || memmem(assignment, n, "..", 2)) {
        error_set(e, "--set %.*s: a name between the dots is missing", (int)n, assignment);
        return NULL;
    }
    as_error inner = {0};
    config_node *node = read_value(end + 1, &inner);
    while (node && n > 0) { /* from the last name outwards */
        size_t start = n;
        while (start > 0 && assignment[start - 1] != '.')
            start--;
        node = wrap(node, assignment + start, n - start, &inner);
        n = start > 0 ? start - 1 : 0;
    }
    if (!node)
        error_set(e, "%s (in --set %.200s)", inner.text, assignment);
    return node;
}
