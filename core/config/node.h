/* What the readers of this folder share: making nodes and typing plain scalars. */
#ifndef ASSAY_CONFIG_NODE_H
#define ASSAY_CONFIG_NODE_H

#include "config/config.h"

/* An empty node (CONFIG_NULL) that says where it stands. NULL with `e` set when memory is out. */
config_node *config_new(const char *source, as_error *e);

/* A copy of n bytes, ended by 0. NULL with `e` set when memory is out. */
char *config_copy(const char *text, size_t n, as_error *e);

/* Puts a child at the end of a list or map, which owns it then. */
void config_append(config_node *parent, config_node *child);

/* Gives the node kind and value of a plain scalar by the core schema. Fails "sweep.yaml:3: 1e999 is too
 * large". */
bool config_resolve(config_node *node, const char *text, as_error *e);

/* Makes the node a string. */
bool config_quote(config_node *node, const char *text, as_error *e);

/* One YAML value of any kind; every node's source is `source` itself, without a line. Errors come without it.
 */
config_node *config_parse_value(const char *text, const char *source, as_error *e);

#endif
