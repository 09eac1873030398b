/* YAML through libyaml's events: libyaml knows the syntax, this file what of it settings may use. */
#include "config/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 64, VALUES_MAX = 10000, FILE_MAX = 1 << 20 };

typedef struct {
    yaml_parser_t parser;
    const char *name, *text; /* what errors call the text, and the text */
    size_t n;
    bool numbered; /* sources are name:line, not name alone */
    int values;
    as_error *e;
} reader;

static void place(const reader *r, size_t line, char out[512])
{
    if (r->numbered)
        snprintf(out, 512, "%.480s:%zu", r->name, line + 1);
    else
        snprintf(out, 512, "%.480s", r->name);
}

static void *fail_at(reader *r, size_t line, const char *what)
{
    char where[512];
    place(r, line, where);
    error_set(r->e, "%s: %s", where, what);
    return NULL;
}

/* Whether the 0-based line is indented with a tab, which libyaml reports as a character out of place. */
static bool has_tab_indent(const reader *r, size_t line)
{
    const char *at = r->text, *end = r->text + r->n;
    for (; line > 0 && at; line--) {
        at = memchr(at, '\n', end - at);
        at = at ? at + 1 : NULL;
    }
    while (at && at < end && *at == ' ')
        at++;
    return at && at < end && *at == '\t';
}

static void syntax_error(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "out of memory";
    size_t line = p->problem_mark.line;
    char what[300];
    if (p->error == YAML_READER_ERROR) {
        line = 0;
        for (size_t i = 0; i < p->problem_offset && i < r->n; i++)
            line += r->text[i] == '\n';
        snprintf(what, sizeof what, "not a text file: %s (byte %zu)", problem, p->problem_offset + 1);
    } else if (has_tab_indent(r, line)) {
        snprintf(what, sizeof what, "%s; indent with spaces, not with a tab", problem);
    } else if (r->numbered && p->context && p->context_mark.line != line) {
        snprintf(what, sizeof what, "%s (%s that begins at line %zu)", problem, p->context,
                 p->context_mark.line + 1);
    } else {
        snprintf(what, sizeof what, "%s", problem);
    }
    fail_at(r, line, what);
}

static bool next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    syntax_error(r);
    return false;
}

/* What YAML has and settings do not: nothing may change a value from afar. */
static bool is_plain_yaml(reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor || event->type == YAML_ALIAS_EVENT)
        fail_at(r, event->start_mark.line,
                "anchors and aliases (&name, *name) are not supported; repeat the value");
    else if (tag)
        fail_at(r, event->start_mark.line,
                "tags (!name) are not supported; quote a value to make it a string");
    else
        return true;
    return false;
}

static const char *scalar_text(reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) == event->data.scalar.length)
        return text;
    return fail_at(r, event->start_mark.line, "a string with a zero byte in it");
}

static config_node *read_node(reader *r, yaml_event_t *event, int depth);

/* Reads the value of one key and puts it into the map. The event is the key's. */
static bool read_entry(reader *r, config_node *map, const yaml_event_t *event, int depth)
{
    size_t line = event->start_mark.line;
    char what[512];
    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(r, line, "a key has to be a name, not a list or a map");
    const char *text = scalar_text(r, event);
    if (!text || !is_plain_yaml(r, event))
        return false;
    if (!*text)
        return fail_at(r, line, "a value without a name before the \":\"");
    const config_node *first = config_get(map, text);
    if (first) {
        snprintf(what, sizeof what, "\"%.100s\" a second time; it stands at %.200s already", text,
                 first->source);
        return fail_at(r, line, what);
    }
    yaml_event_t value_event;
    if (!next_event(r, &value_event))
        return false;
    config_node *value = read_node(r, &value_event, depth + 1);
    char where[512];
    place(r, line, where);
    char *key = value ? config_copy(text, strlen(text), r->e) : NULL;
    char *source = key ? config_copy(where, strlen(where), r->e) : NULL;
    if (!source) {
        free(key);
        config_free(value);
        return false;
    }
    free(value->source);
    value->key = key;
    value->source = source; /* the key's line: where one looks for a setting */
    config_append(map, value);
    return true;
}

static bool read_children(reader *r, config_node *node, int depth)
{
    yaml_event_type_t end = node->kind == CONFIG_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        if (event.type == end) {
            yaml_event_delete(&event);
            return true;
        }
        if (node->kind == CONFIG_MAP) {
            bool ok = read_entry(r, node, &event, depth);
            yaml_event_delete(&event);
            if (!ok)
                return false;
        } else {
            config_node *item = read_node(r, &event, depth + 1);
            if (!item)
                return false;
            config_append(node, item);
        }
    }
}

static bool read_value(reader *r, config_node *node, const yaml_event_t *event, int depth)
{
    if (event->type == YAML_SCALAR_EVENT) {
        const char *text = scalar_text(r, event);
        bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return text && (plain ? config_resolve(node, text, r->e) : config_quote(node, text, r->e));
    }
    node->kind = event->type == YAML_MAPPING_START_EVENT ? CONFIG_MAP : CONFIG_LIST;
    return read_children(r, node, depth);
}

/* The value that begins with this event, which is deleted here. */
static config_node *read_node(reader *r, yaml_event_t *event, int depth)
{
    config_node *node = NULL;
    char where[512];
    place(r, event->start_mark.line, where);
    if (depth > DEPTH_MAX)
        fail_at(r, event->start_mark.line, "nested deeper than 64 levels");
    else if (++r->values > VALUES_MAX)
        fail_at(r, event->start_mark.line, "more than 10000 values; settings are not the place for data");
    else if (is_plain_yaml(r, event))
        node = config_new(where, r->e);
    if (node && !read_value(r, node, event, depth)) {
        config_free(node);
        node = NULL;
    }
    yaml_event_delete(event);
    return node;
}

/* The one document of a stream; an empty one is null. */
static config_node *read_stream(reader *r)
{
    yaml_event_t event;
    config_node *root = NULL;
    while (next_event(r, &event)) {
        yaml_event_type_t type = event.type;
        size_t line = event.start_mark.line;
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            return root ? root : config_new(r->name, r->e);
        }
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT ||
            (type == YAML_DOCUMENT_START_EVENT && !root)) {
            yaml_event_delete(&event);
            continue;
        }
        if (root) {
            yaml_event_delete(&event);
            fail_at(r, line, "a second document (---); a settings file is one");
            break;
        }
        root = read_node(r, &event, 0);
        if (!root)
            break;
    }
    config_free(root);
    return NULL;
}

static config_node *read_text(const char *text, size_t n, const char *name, bool numbered, as_error *e)
{
    reader r = {.name = name, .text = text, .n = n, .numbered = numbered, .e = e};
    if (!yaml_parser_initialize(&r.parser)) {
        error_set(e, "out of memory reading settings");
        return NULL;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    config_node *root = read_stream(&r);
    yaml_parser_delete(&r.parser);
    return root;
}

config_node *config_parse_value(const char *text, const char *source, as_error *e)
{
    return read_text(text, strlen(text), source, false, e);
}

config_node *config_parse(const char *text, size_t n, const char *name, as_error *e)
{
    config_node *root = read_text(text, n, name, true, e);
    if (root && root->kind == CONFIG_NULL)
        root->kind = CONFIG_MAP;
    if (root && root->kind != CONFIG_MAP) {
        error_set(e, "%s: %s where settings (name: value) were expected", root->source,
                  config_kind_name(root->kind));
        config_free(root);
        root = NULL;
    }
    return root;
}

config_node *config_read(const char *path, as_error *e)
{
    config_node *root = NULL;
    FILE *f = fopen(path, "rb");
    char *text = malloc(FILE_MAX + 1);
    if (!f || !text) {
        error_set(e, "cannot read %s: %s", path, strerror(errno));
    } else {
        errno = 0;
        size_t n = fread(text, 1, FILE_MAX + 1, f);
        if (ferror(f))
            error_set(e, "cannot read %s: %s", path, strerror(errno));
        else if (n > FILE_MAX)
            error_set(e, "%s: larger than 1 MiB: no settings file", path);
        else
            root = config_parse(text, n, path, e);
    }
    free(text);
    if (f)
        fclose(f);
    return root;
}
