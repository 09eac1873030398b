/* Plain scalars to typed values, by the core schema of YAML 1.2 (section 10.3.2). */
#include "config/node.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static size_t digits(const char *text, const char *allowed)
{
    return strspn(text, allowed);
}

/* The base of an integer and where its digits begin; 0 when the text is no integer. */
static int integer_base(const char *text, const char **start)
{
    static const struct {
        const char *prefix, *digits;
        int base;
    } forms[] = {{"0o", "01234567", 8}, {"0x", "0123456789abcdefABCDEF", 16}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        *start = text + 2;
        if (strncmp(text, forms[i].prefix, 2) == 0 && **start && !(*start)[digits(*start, forms[i].digits)])
            return forms[i].base;
    }
    *start = text;
    text += *text == '-' || *text == '+';
    return *text && !text[digits(text, "0123456789")] ? 10 : 0;
}

/* [-+]? ( \.[0-9]+ | [0-9]+ (\.[0-9]*)? ) ([eE][-+]?[0-9]+)? */
static bool is_real(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = digits(text, "0123456789"), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = digits(++text, "0123456789");
        text += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        size_t exponent = digits(text, "0123456789");
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == 0;
}

/* .inf, .nan and their spellings; NAN has no sign. */
static bool special(const char *text, double *value)
{
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL}, *const infs[] = {".inf", ".Inf", ".INF",
                                                                                       NULL};
    if (is_one_of(text, nans)) {
        *value = NAN;
        return true;
    }
    if (!is_one_of(text + (*text == '-' || *text == '+'), infs))
        return false;
    *value = *text == '-' ? -INFINITY : INFINITY;
    return true;
}

bool config_quote(config_node *node, const char *text, as_error *e)
{
    node->kind = CONFIG_STRING;
    node->string = config_copy(text, strlen(text), e);
    return node->string != NULL;
}

bool config_resolve(config_node *node, const char *text, as_error *e)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (is_one_of(text, nulls)) {
        node->kind = CONFIG_NULL;
        return true;
    }
    if (is_one_of(text, trues) || is_one_of(text, falses)) {
        node->kind = CONFIG_BOOL;
        node->boolean = is_one_of(text, trues);
        return true;
    }
    const char *start;
    int base = integer_base(text, &start);
    errno = 0;
    if (base) {
        node->kind = CONFIG_INTEGER;
        node->integer = strtoll(start, NULL, base);
        node->real = (double)node->integer;
        return errno == 0 || error_set(e, "%s: %.60s does not fit 64 bits", node->source, text);
    }
    if (special(text, &node->real)) {
        node->kind = CONFIG_REAL;
        return true;
    }
    if (is_real(text)) {
        node->kind = CONFIG_REAL;
        node->real = strtod(text, NULL);
        return !isinf(node->real) || error_set(e, "%s: %.60s is too large for a number", node->source, text);
    }
    return config_quote(node, text, e);
}
