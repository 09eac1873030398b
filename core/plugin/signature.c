/* The parser: recursive descent over one line, each function leaves `at` behind what it read. */
#include "plugin/signature.h"

#include "base/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct parser {
    const char *start, *at;
    const as_param *params;
    as_error *error;
    signature *s;          /* being filled */
    size_t used;           /* of s->words */
    const char *what;      /* is being read: "signature" */
    bool of_model;         /* within a model's brackets: names may be left out */
    struct parser *around; /* there: the parser of the whole, for its letters; else NULL */
} parser;

typedef struct {
    const char *text;
    int length;
} word;

static const struct {
    const char *word;
    signature_type type;
    as_dtype dtype;
} types[] = {
    {"f32", SIGNATURE_TENSOR, AS_F32},        {"f64", SIGNATURE_TENSOR, AS_F64},
    {"i64", SIGNATURE_TENSOR, AS_I64},        {"model", SIGNATURE_MODEL, AS_F32},
    {"function", SIGNATURE_FUNCTION, AS_F32}, {"group", SIGNATURE_GROUP, AS_F32},
    {"state", SIGNATURE_STATE, AS_F32},       {"dataset", SIGNATURE_DATASET, AS_F32},
};
enum { TYPES = sizeof types / sizeof *types };

static bool new_signature(parser *p, bool with_params);
static bool parse_signature(parser *p);
static bool parse_plain_type(parser *p, signature_item *item);

__attribute__((format(printf, 3, 4))) static bool fail(const parser *p, const char *at, const char *format,
                                                       ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(p->error, "%s: column %d: %s", p->what, (int)(at - p->start) + 1, text);
}

/* "expected X" and what stands there instead. */
static bool fail_expected(const parser *p, const char *what)
{
    const char *at = p->at;
    while (*at == ' ')
        at++;
    if (!*at)
        return fail(p, at, "expected %s, the text ends here", what);
    return fail(p, at, "expected %s, found \"%.12s\"", what, at);
}

static void blanks(parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool take(parser *p, const char *symbol)
{
    blanks(p);
    size_t n = strlen(symbol);
    if (strncmp(p->at, symbol, n) != 0)
        return false;
    p->at += n;
    return true;
}

static bool word_follows(parser *p)
{
    blanks(p);
    return isalpha((unsigned char)*p->at) || *p->at == '_';
}

/* Length 0 when no word follows. */
static word take_word(parser *p)
{
    word w = {p->at, 0};
    if (!word_follows(p))
        return w;
    w.text = p->at;
    while (isalnum((unsigned char)*p->at) || *p->at == '_')
        p->at++;
    w.length = (int)(p->at - w.text);
    return w;
}

static bool word_is(word w, const char *text)
{
    return (size_t)w.length == strlen(text) && memcmp(w.text, text, (size_t)w.length) == 0;
}

static int type_of(word w)
{
    for (int k = 0; k < TYPES; k++)
        if (word_is(w, types[k].word))
            return k;
    return -1;
}

/* Each text of the line is stored at most three times: as name or letter, as text, as bound. */
static const char *keep(parser *p, const char *text, size_t n)
{
    char *out = p->s->words + p->used;
    while (n > 0 && isspace((unsigned char)text[n - 1])) /* what looking for a "*" or "(" went over */
        n--;
    memcpy(out, text, n);
    out[n] = '\0';
    p->used += n + 1;
    return out;
}

/* "parameter mask", "tap h": as messages name it. */
static const char *keep_named(parser *p, const char *what, const char *name)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%s %.100s", what, name);
    return keep(p, text, (size_t)n);
}

/* The place of a letter, new or seen before; of a model's own letters and those of the whole (outer = place
 * there + 1) each has its own. -1 when there are too many. */
static int letter_place(parser *p, word w, int outer)
{
    signature *s = p->s;
    int k = 0;
    while (k < s->letter_count && (!word_is(w, s->letter[k]) || s->outer[k] != outer))
        k++;
    if (k < s->letter_count)
        return k;
    if (k == SIGNATURE_LETTERS)
        return fail(p, w.text, "more than %d different letters", SIGNATURE_LETTERS), -1;
    s->outer[k] = (int8_t)outer;
    s->letter[s->letter_count++] = keep(p, w.text, (size_t)w.length);
    return k;
}

static bool add_letter(parser *p, word w, signature_size *size, bool of_whole)
{
    int outer = of_whole ? letter_place(p->around, w, 0) + 1 : 0;
    int k = of_whole && outer == 0 ? -1 : letter_place(p, w, outer);
    if (k < 0)
        return false;
    if (size->letter_count == SIGNATURE_FACTORS)
        return fail(p, w.text, "more than %d letters in one product", SIGNATURE_FACTORS);
    size->letter[size->letter_count++] = (int8_t)k;
    return true;
}

static bool add_param(parser *p, word w, signature_size *size)
{
    for (const as_param *q = p->params; q && q->type != AS_PARAM_END; q++)
        if (q->type == AS_PARAM_INT && q->name && word_is(w, q->name)) {
            if (size->param >= 0)
                return fail(p, w.text, "two parameters in one product");
            size->param = (int32_t)q->offset;
            return true;
        }
    return fail(p, w.text, "\"%.*s\" is no integer parameter (letters of axes are upper case)", w.length,
                w.text);
}

/* "B", "10", "M*B", "2*n_samples" */
static bool parse_size(parser *p, signature_size *size)
{
    *size = (signature_size){.number = 1, .param = -1};
    do {
        blanks(p);
        if (isdigit((unsigned char)*p->at)) {
            char *end;
            long long n = strtoll(p->at, &end, 10);
            if (n > INT32_MAX)
                return fail(p, p->at, "a size beyond %d", INT32_MAX);
            size->number *= n;
            p->at = end;
        } else if (word_follows(p) || *p->at == '^') {
            const char *at = p->at;
            bool of_whole = take(p, "^");
            word w = take_word(p);
            if (of_whole && (!p->around || !w.length || !isupper((unsigned char)*w.text)))
                return fail(p, at, "\"^\" stands before a letter within a model's brackets");
            if (!(isupper((unsigned char)*w.text) ? add_letter(p, w, size, of_whole) : add_param(p, w, size)))
                return false;
        } else {
            return fail_expected(p, "a letter, a number or an integer parameter");
        }
    } while (take(p, "*"));
    return true;
}

static bool parse_axes(parser *p, signature_item *item)
{
    if (!take(p, "[") || take(p, "]"))
        return true;
    do {
        blanks(p);
        const char *at = p->at;
        if (take(p, "...")) {
            if (item->rest >= 0)
                return fail(p, at, "\"...\" twice in one shape");
            item->rest = item->rank;
        } else if (item->rank == AS_MAX_RANK) {
            return fail(p, at, "more than %d axes", AS_MAX_RANK);
        } else if (!parse_size(p, &item->axis[item->rank++])) {
            return false;
        }
    } while (take(p, ","));
    return take(p, "]") || fail_expected(p, "\",\" or \"]\"");
}

static bool parse_bound(parser *p, signature_item *item)
{
    blanks(p);
    const char *at = p->at;
    if (!take(p, "<"))
        return true;
    if (item->type != SIGNATURE_TENSOR || item->dtype != AS_I64)
        return fail(p, at, "only i64 values have a bound");
    blanks(p);
    at = p->at;
    if (!parse_size(p, &item->bound))
        return false;
    item->bounded = true;
    item->bound_text = keep(p, at, (size_t)(p->at - at));
    return true;
}

static int32_t string_param(const as_param *params, const char *name)
{
    for (const as_param *q = params; q && q->type != AS_PARAM_END; q++)
        if (q->type == AS_PARAM_STRING && q->name && strcmp(q->name, name) == 0)
            return (int32_t)q->offset;
    return -1;
}

/* "h f32[B,^H]": types go into the model's own signature, whose letters they share. */
static bool parse_tap(parser *p, parser *model)
{
    blanks(p);
    size_t n = strcspn(p->at, "|,} ");
    if (n == 0)
        return fail_expected(p, "the name of a tap");
    const char *path = keep(p, p->at, n);
    p->at += n;
    if (!word_follows(p))
        return true;
    signature *s = model->s;
    signature_tap *more = realloc(s->tap, (size_t)(s->tap_count + 1) * sizeof *more);
    if (!more)
        return error_set(p->error, "signature: out of memory");
    s->tap = more;
    signature_tap *tap = &s->tap[s->tap_count++];
    *tap = (signature_tap){.path = path, .param = string_param(p->params, path)};
    tap->type.name = keep_named(model, "tap", path);
    model->at = p->at;
    bool good = parse_plain_type(model, &tap->type);
    p->at = model->at;
    return good && (tap->type.type == SIGNATURE_TENSOR || fail(p, p->at, "a tap is a tensor"));
}

/* "{params, taps:h|g}" */
static bool parse_needs(parser *p, parser *model, signature_item *item)
{
    static const char *const needs[] = {"params", "buffers", "taps", "clone", "modes", "groups"};
    enum { NEEDS = sizeof needs / sizeof *needs };
    if (!take(p, "{"))
        return true;
    do {
        word w = take_word(p);
        int k = 0;
        while (k < NEEDS && !word_is(w, needs[k]))
            k++;
        if (k == NEEDS) {
            p->at = w.text;
            return fail_expected(p, "one of params, buffers, taps, clone, modes, groups");
        }
        item->needs |= 1u << k;
        if (1u << k == MODEL_TAPS && take(p, ":"))
            do
                if (!parse_tap(p, model))
                    return false;
            while (take(p, "|"));
    } while (take(p, ","));
    return take(p, "}") || fail_expected(p, "\",\" or \"}\"");
}

/* What a model needs, takes and gives: a signature of its own with its own letters. */
static bool parse_model(parser *p, signature_item *item)
{
    parser inner = *p;
    inner.of_model = true;
    inner.around = p;
    if (!new_signature(&inner, false))
        return false;
    item->call = inner.s;
    if (item->type == SIGNATURE_MODEL && !parse_needs(p, &inner, item))
        return false;
    if (!take(p, "(")) {
        if (inner.s->tap_count)
            return fail_expected(p, "\"(\" and what the model takes, for the types of its taps");
        signature_free(item->call);
        item->call = NULL;
        return true;
    }
    if (p->of_model)
        return fail(p, p->at, "a model within a model");
    inner.at = p->at;
    bool good = parse_signature(&inner);
    p->at = inner.at;
    return good && (take(p, ")") || fail_expected(p, "\",\" or \")\""));
}

/* "|items|stop" */
static bool parse_marks(parser *p, signature_item *item, bool output)
{
    output = output && !p->of_model;
    while (take(p, "|")) {
        word w = take_word(p);
        if (word_is(w, "items"))
            item->items = p->s->items = true;
        else if (output && word_is(w, "stop"))
            item->stops = true;
        else
            return fail(p, w.text, output ? "expected \"|items\" or \"|stop\"" : "expected \"|items\"");
    }
    return true;
}

static bool parse_plain_type(parser *p, signature_item *item)
{
    blanks(p);
    const char *at = p->at;
    word w = take_word(p);
    int k = type_of(w);
    if (k < 0) {
        p->at = at;
        return fail_expected(p, "a type (f32, f64, i64, model, function, group, state, dataset)");
    }
    item->type = types[k].type;
    item->dtype = types[k].dtype;
    item->rest = -1;
    bool callable = item->type == SIGNATURE_MODEL || item->type == SIGNATURE_FUNCTION;
    if (item->type == SIGNATURE_TENSOR && !parse_axes(p, item))
        return false;
    if (item->type == SIGNATURE_STATE && take(p, "[")) {
        if (!take(p, "]"))
            return fail_expected(p, "\"]\"");
        item->type = SIGNATURE_STATES;
    }
    if (callable && !parse_model(p, item))
        return false;
    item->text = keep(p, at, (size_t)(p->at - at));
    return true;
}

static bool parse_type(parser *p, signature_item *item, bool output)
{
    return parse_plain_type(p, item) && parse_bound(p, item) && parse_marks(p, item, output);
}

static bool parse_item(parser *p, signature_item *item, bool output)
{
    blanks(p);
    const char *at = p->at;
    word w = take_word(p);
    if (!w.length)
        return fail_expected(p, output ? "an output" : "the name of an input");
    bool optional = take(p, "?");
    bool named = type_of(w) < 0 || optional || word_follows(p);
    if (!named && !output && !p->of_model)
        return fail(p, at, "an input without a name (\"name %.*s...\")", w.length, w.text);
    if (!named)
        p->at = at;
    item->name = named ? keep(p, w.text, (size_t)w.length) : "";
    item->optional = optional;
    return parse_type(p, item, output);
}

static bool parse_list(parser *p, signature_item *items, int *count, bool output)
{
    do {
        blanks(p);
        const char *at = p->at;
        if (*count == SIGNATURE_PLACES)
            return fail(p, at, "more than %d %s", SIGNATURE_PLACES, output ? "outputs" : "inputs");
        signature_item *item = &items[(*count)++];
        if (!parse_item(p, item, output))
            return false;
        for (int k = 0; k + 1 < *count; k++)
            if (*item->name && strcmp(items[k].name, item->name) == 0)
                return fail(p, at, "\"%s\" stands twice", item->name);
    } while (take(p, ","));
    return true;
}

/* The types of the tensors among the parameters, behind the signature whose letters they share. */
static bool parse_params(parser *p)
{
    char what[96];
    for (const as_param *q = p->params; q && q->type != AS_PARAM_END; q++) {
        if (q->type != AS_PARAM_TENSOR)
            continue;
        signature_param *param = &p->s->param[p->s->param_count++];
        snprintf(what, sizeof what, "parameter %.64s: type", q->name);
        p->what = what;
        p->start = p->at = q->range;
        param->offset = q->offset;
        param->type.name = keep_named(p, "parameter", q->name);
        if (!parse_type(p, &param->type, false))
            return false;
        if (param->type.type != SIGNATURE_TENSOR)
            return fail(p, p->start, "expected a tensor (f32, f64, i64), found \"%.12s\"", q->range);
        blanks(p);
        if (*p->at)
            return fail_expected(p, "the end");
    }
    return true;
}

/* An empty one into p->s, with room for what is to be parsed. */
static bool new_signature(parser *p, bool with_params)
{
    size_t room = 4 * strlen(p->start) + 64, params = 0;
    for (const as_param *q = p->params; with_params && q && q->type != AS_PARAM_END; q++)
        if (q->type == AS_PARAM_TENSOR) {
            room += 4 * strlen(q->range) + 128;
            params++;
        }
    p->used = 0;
    p->s = calloc(1, sizeof *p->s);
    if (p->s && (p->s->words = malloc(room)) &&
        (!params || (p->s->param = calloc(params, sizeof *p->s->param))))
        return true;
    signature_free(p->s);
    p->s = NULL;
    return error_set(p->error, "signature: out of memory");
}

/* "inputs -> outputs" into the new p->s. */
static bool parse_signature(parser *p)
{
    if (!take(p, "->")) {
        if (!parse_list(p, p->s->in, &p->s->in_count, false))
            return false;
        if (!take(p, "->"))
            return fail_expected(p, "\",\" or \"->\"");
    }
    return parse_list(p, p->s->out, &p->s->out_count, true);
}

signature *signature_parse(const char *text, const as_param *params, as_error *e)
{
    const char *line = text ? text : "";
    parser p = {.start = line, .at = line, .params = params, .error = e, .what = "signature"};
    bool good = new_signature(&p, true) && (!text || parse_signature(&p));
    blanks(&p);
    if (good && *p.at)
        good = fail_expected(&p, "\",\" or the end");
    good = good && parse_params(&p);
    if (good && text && !(p.s->text = strdup(text)))
        good = error_set(e, "signature: out of memory");
    if (good)
        return p.s;
    signature_free(p.s);
    return NULL;
}

void signature_free(signature *s)
{
    if (!s)
        return;
    for (int i = 0; i < SIGNATURE_PLACES; i++) {
        signature_free(s->in[i].call);
        signature_free(s->out[i].call);
    }
    free(s->param);
    free(s->tap);
    free(s->words);
    free(s->text);
    free(s);
}

int signature_place(const signature *s, const char *input_name)
{
    for (int i = 0; i < s->in_count; i++)
        if (strcmp(s->in[i].name, input_name) == 0)
            return i;
    return -1;
}
