#include "cli/options.h"

#include "base/suggest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool option_list_add(option_list *list, const char *text)
{
    const char **bigger = realloc(list->item, (list->n + 1) * sizeof *bigger);
    if (!bigger)
        return false;
    list->item = bigger;
    list->item[list->n++] = text;
    return true;
}

void option_list_free(option_list *list)
{
    free(list->item);
    *list = (option_list){0};
}

const char *option_spelling(const option *o, char *out, size_t size)
{
    const char *gap = o->value ? " " : "", *value = o->value ? o->value : "";
    if (o->name && o->letter)
        snprintf(out, size, "-%c, --%s%s%s", o->letter, o->name, gap, value);
    else if (o->name)
        snprintf(out, size, "--%s%s%s", o->name, gap, value);
    else
        snprintf(out, size, "-%c%s%s", o->letter, gap, value);
    return out;
}

/* `word` is what was typed between the dashes and an optional "=", `length` long. */
static bool unknown(const char *word, size_t length, const option *table, size_t n, as_error *e)
{
    enum { NAMES_MAX = 32 };
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < n && count < NAMES_MAX; i++)
        if (table[i].name)
            names[count++] = table[i].name;
    char *typed = strndup(word, length);
    const char *near = typed ? suggest(typed, names, count) : NULL;
    free(typed);
    if (near)
        return error_set(e, "unknown option --%.*s; did you mean --%s?", (int)length, word, near);
    return error_set(e, "unknown option --%.*s", (int)length, word);
}

static bool store_value(const option *o, const char *as_typed, const char *value, as_error *e)
{
    if (o->kind == OPTION_TEXT) {
        *(const char **)o->to = value;
        return true;
    }
    if (o->kind == OPTION_LIST)
        return option_list_add(o->to, value) || error_set(e, "out of memory");
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (end == value || *end || errno || number < 1 || number > INT_MAX)
        return error_set(e, "%s needs a whole number from 1, not \"%s\"", as_typed, value);
    *(int *)o->to = (int)number;
    return true;
}

/* One option that was found at argv[*at]; `inline_value` is what follows "=" or the letter, or NULL. */
static bool take(const option *o, const char *as_typed, const char *inline_value, int argc, char **argv,
                 int *at, as_error *e)
{
    if (o->kind == OPTION_FLAG) {
        if (inline_value)
            return error_set(e, "%s takes no value", as_typed);
        *(bool *)o->to = true;
        return true;
    }
    if (inline_value)
        return store_value(o, as_typed, inline_value, e);
    if (*at + 1 >= argc)
        return error_set(e, "%s needs a value: %s", as_typed, o->value);
    return store_value(o, as_typed, argv[++*at], e);
}

static bool take_long(int argc, char **argv, int *at, const option *table, size_t n, as_error *e)
{
    const char *word = argv[*at] + 2, *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < n; i++) {
        const option *o = &table[i];
        if (!o->name || strlen(o->name) != length || memcmp(o->name, word, length) != 0)
            continue;
        char typed[80];
        snprintf(typed, sizeof typed, "--%s", o->name);
        return take(o, typed, equals ? equals + 1 : NULL, argc, argv, at, e);
    }
    return unknown(word, length, table, n, e);
}

static bool take_short(int argc, char **argv, int *at, const option *table, size_t n, as_error *e)
{
    const char *word = argv[*at] + 1;
    for (size_t i = 0; i < n; i++) {
        if (table[i].letter != word[0])
            continue;
        char typed[] = {'-', word[0], 0};
        return take(&table[i], typed, word[1] ? word + 1 : NULL, argc, argv, at, e);
    }
    return error_set(e, "unknown option -%s", word);
}

bool options_read(int argc, char **argv, const option *table, size_t n, option_list *operands, as_error *e)
{
    bool only_operands = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
            continue;
        }
        if (!only_operands && word[0] == '-' && word[1]) {
            bool ok = word[1] == '-' ? take_long(argc, argv, &i, table, n, e)
                                     : take_short(argc, argv, &i, table, n, e);
            if (!ok)
                return false;
            continue;
        }
        if (!operands)
            return error_set(e, "unexpected argument \"%s\"", word);
        if (!option_list_add(operands, word))
            return error_set(e, "out of memory");
    }
    return true;
}
