/* Settings from YAML files and `--set NAME=VALUE`, as a tree of typed values that remember where they were
 * written, so that a later error can say "sweep.yaml:12: ...". What the names mean is the caller's business.
 */
#ifndef ASSAY_CONFIG_CONFIG_H
#define ASSAY_CONFIG_CONFIG_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CONFIG_NULL,
    CONFIG_BOOL,
    CONFIG_INTEGER,
    CONFIG_REAL,
    CONFIG_STRING,
    CONFIG_LIST,
    CONFIG_MAP,
} config_kind;

typedef struct config_node {
    config_kind kind;
    char *key;    /* its name in the map it stands in, else NULL */
    char *source; /* "sweep.yaml:12" or "--set" */
    bool boolean;
    int64_t integer;
    double real;                       /* of an integer too, rounded */
    char *string;                      /* NULL unless CONFIG_STRING */
    size_t count;                      /* of a list's or map's children */
    struct config_node *child, **tail; /* a list's or map's, in the order they were written */
    struct config_node *next;          /* the parent's next child */
} config_node;

/* A YAML file, always a map; an empty file is an empty map. Plain scalars follow YAML 1.2's core schema (true
 * and false, not yes and no; 12, 0x1f, 0o17, 1e-3, .inf, .nan; null and ~), quoted ones are strings. Refused
 * with a line that names the place: duplicate keys, several documents, anchors, aliases, tags, binary data,
 * nesting deeper than 64, more than 10000 values, numbers that do not fit. Owned: config_free. NULL with `e`
 * set. */
config_node *config_read(const char *path, as_error *e);

/* The same from n bytes in memory; `name` is what errors and sources call them. */
config_node *config_parse(const char *text, size_t n, const char *name, as_error *e);

/* "arms.ce.loss.lam0=2" as the map {arms: {ce: {loss: {lam0: 2}}}}. The value is one plain scalar, or YAML's
 * flow style when it begins with [ { " or '. Owned: config_free. NULL with `e` set. */
config_node *config_set(const char *assignment, as_error *e);

/* Lays one map over another and takes it over (`from` is gone): maps are merged key by key, anything else is
 * replaced by the later one, source included. */
void config_merge(config_node *into, config_node *from);

/* The child of a map with this key, or NULL; of NULL, NULL. */
const config_node *config_get(const config_node *map, const char *key);

/* The node at "arms.ce.loss" below a map, or NULL. */
const config_node *config_find(const config_node *root, const char *path);

/* "true or false", "an integer", "a map", ...: for "expected ..., found ...". */
const char *config_kind_name(config_kind kind);

/* Owned: cJSON_Delete. NULL with `e` set for what JSON has no number for (.inf, .nan). Integers beyond 2^53
 * are printed exactly, as raw items. */
cJSON *config_to_json(const config_node *node, as_error *e);

void config_free(config_node *node);

#endif
