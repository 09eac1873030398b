#include "data/csv_record.h"
#include "data/raw.h"

#include "base/suggest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file being read: which of its columns are wanted, and the rows so far. */
typedef struct {
    const csv_options *o;
    csv_reader r;
    char **names; /* of the header, n_columns of them; NULL without one */
    size_t n_columns;
    long first_line; /* the one that says how many columns there are */
    size_t *wanted;  /* columns of x, from 0 */
    size_t n_wanted;
    size_t label; /* from 0; n_columns if there is none */
    data_array x;
    csv_field *labels; /* one a row, into the file's text; NULL without a label */
    long *lines;       /* where each label stands */
    int64_t rows;
} csv_work;

/* ---- which columns ---- */

/* 'column 3 ("petal_length")' */
static const char *column_text(const csv_work *w, size_t column, char *text, size_t room)
{
    if (w->names)
        snprintf(text, room, "column %zu (\"%s\")", column + 1, w->names[column]);
    else
        snprintf(text, room, "column %zu", column + 1);
    return text;
}

static bool find_named(const csv_work *w, const char *name, size_t *column, as_error *e)
{
    if (!w->names)
        return error_set(e, "%s: column \"%s\", but the file has no header: columns are numbers, from 1",
                         w->r.path, name);
    size_t hits = 0;
    for (size_t i = 0; i < w->n_columns; i++)
        if (strcmp(w->names[i], name) == 0) {
            if (hits++ == 0)
                *column = i;
            else
                return error_set(e, "%s: two columns are named \"%s\", %zu and %zu: give the number",
                                 w->r.path, name, *column + 1, i + 1);
        }
    if (hits)
        return true;
    const char *near = suggest(name, (const char *const *)w->names, w->n_columns);
    return near ? error_set(e, "%s: no column \"%s\"; did you mean \"%s\"?", w->r.path, name, near)
                : error_set(e, "%s: no column \"%s\"; the first of %zu is \"%s\"", w->r.path, name,
                            w->n_columns, w->names[0]);
}

static bool find_column(const csv_work *w, const csv_column *c, size_t *column, as_error *e)
{
    if (c->name)
        return find_named(w, c->name, column, e);
    if (c->number < 1 || c->number > (int64_t)w->n_columns)
        return error_set(e, "%s: no column %" PRId64 ", there are 1 to %zu", w->r.path, c->number,
                         w->n_columns);
    *column = (size_t)c->number - 1;
    return true;
}

static bool choose_columns(csv_work *w, as_error *e)
{
    const csv_options *o = w->o;
    w->label = w->n_columns;
    if (o->label && !find_column(w, o->label, &w->label, e))
        return false;
    w->wanted = calloc((o->columns ? o->n_columns : w->n_columns) + 1, sizeof *w->wanted);
    if (!w->wanted)
        return error_set(e, "%s: out of memory", w->r.path);
    for (size_t i = 0; !o->columns && i < w->n_columns; i++)
        if (i != w->label)
            w->wanted[w->n_wanted++] = i;
    for (size_t i = 0; o->columns && i < o->n_columns; i++)
        if (!find_column(w, &o->columns[i], &w->wanted[w->n_wanted++], e))
            return false;
    return w->n_wanted > 0 || error_set(e, "%s: no columns beside the label", w->r.path);
}

/* ---- the header ---- */

static bool wants_names(const csv_options *o)
{
    bool names = o->label && o->label->name;
    for (size_t i = 0; i < o->n_columns; i++)
        names = names || o->columns[i].name;
    return names;
}

/* None of the fields is a number: then they are names. */
static bool is_words(const csv_reader *r)
{
    bool some = false;
    for (size_t i = 0; i < r->n; i++) {
        double ignored;
        if (csv_number(&r->fields[i], &ignored))
            return false;
        some = some || r->fields[i].length > 0;
    }
    return some;
}

/* Reads the first record; on return the reader holds the first row. False with an empty e: there is none. */
static bool take_header(csv_work *w, as_error *e)
{
    csv_reader *r = &w->r;
    if (!csv_next(r, e))
        return false;
    w->n_columns = r->n;
    w->first_line = r->line;
    bool header = w->o->header == CSV_HEADER ||
                  (w->o->header == CSV_HEADER_IF_WORDS && (wants_names(w->o) || is_words(r)));
    if (!header)
        return true;
    w->names = calloc(r->n, sizeof *w->names);
    if (!w->names)
        return error_set(e, "%s: out of memory", r->path);
    for (size_t i = 0; i < r->n; i++)
        w->names[i] = r->fields[i].text;
    return csv_next(r, e);
}

/* ---- rows ---- */

static bool no_number(const csv_work *w, size_t column, const char *expected, as_error *e)
{
    char where[160];
    const csv_field *f = &w->r.fields[column];
    column_text(w, column, where, sizeof where);
    if (f->length == 0)
        return error_set(e, "%s:%ld: %s is empty, expected %s", w->r.path, w->r.line, where, expected);
    return error_set(e, "%s:%ld: %s is \"%.40s\", expected %s", w->r.path, w->r.line, where, f->text,
                     expected);
}

/* Whole numbers beyond 2^53 are read as such. */
static bool whole_number(const csv_field *f, int64_t *value)
{
    double real;
    if (!csv_number(f, &real) || real != floor(real))
        return false;
    if (fabs(real) < 0x1p53) {
        *value = (int64_t)real;
        return true;
    }
    char *end;
    *value = strtoll(f->text, &end, 10);
    return end == f->text + f->length && *value != INT64_MAX && *value != INT64_MIN;
}

static bool take_number(csv_work *w, size_t column, int64_t place, as_error *e)
{
    const csv_field *f = &w->r.fields[column];
    if (w->x.dtype == AS_I64)
        return whole_number(f, (int64_t *)w->x.items + place) || no_number(w, column, "a whole number", e);
    double value;
    if (!csv_number(f, &value))
        return no_number(w, column, "a number", e);
    if (w->x.dtype == AS_F32)
        ((float *)w->x.items)[place] = (float)value;
    else
        ((double *)w->x.items)[place] = value;
    return true;
}

static bool take_row(csv_work *w, as_error *e)
{
    csv_reader *r = &w->r;
    if (r->n != w->n_columns)
        return error_set(e, "%s:%ld: %zu fields, line %ld has %zu", r->path, r->line, r->n, w->first_line,
                         w->n_columns);
    for (size_t i = 0; i < w->n_wanted; i++)
        if (!take_number(w, w->wanted[i], w->rows * (int64_t)w->n_wanted + (int64_t)i, e))
            return false;
    if (w->labels) {
        if (r->fields[w->label].length == 0)
            return no_number(w, w->label, "a label", e);
        w->labels[w->rows] = r->fields[w->label];
        w->lines[w->rows] = r->line;
    }
    w->rows++;
    return true;
}

/* Room for as many rows as there are lines left, the present one included. */
static bool make_room(csv_work *w, as_error *e)
{
    int64_t lines = 2;
    for (const char *at = w->r.at; at < w->r.end && (at = memchr(at, '\n', (size_t)(w->r.end - at))); at++)
        lines++;
    as_dims dims = {2, {lines, (int64_t)w->n_wanted}};
    if (!raw_make(w->r.path, w->o->dtype, dims, &w->x, e))
        return false;
    if (!w->o->label)
        return true;
    w->labels = calloc((size_t)lines, sizeof *w->labels);
    w->lines = calloc((size_t)lines, sizeof *w->lines);
    return (w->labels && w->lines) || error_set(e, "%s: out of memory", w->r.path);
}

/* ---- labels ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The distinct labels, sorted, as texts of their own. */
static bool make_classes(const csv_work *w, csv_table *out, as_error *e)
{
    char **all = calloc((size_t)w->rows + 1, sizeof *all);
    if (!all)
        return error_set(e, "%s: out of memory", w->r.path);
    for (int64_t i = 0; i < w->rows; i++)
        all[i] = w->labels[i].text;
    qsort(all, (size_t)w->rows, sizeof *all, by_text);
    size_t n = 0;
    for (int64_t i = 0; i < w->rows; i++)
        if (n == 0 || strcmp(all[n - 1], all[i]) != 0)
            all[n++] = all[i];
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        all[i] = strdup(all[i]);
        ok = ok && all[i];
    }
    out->classes = all;
    out->n_classes = n;
    return ok || error_set(e, "%s: out of memory", w->r.path);
}

/* Labels are whole numbers as they stand, or words that are counted. Numbers with a fraction are neither. */
static bool make_labels(const csv_work *w, csv_table *out, as_error *e)
{
    if (!raw_make(w->r.path, AS_I64, (as_dims){1, {w->rows}}, &out->y, e))
        return false;
    int64_t *y = out->y.items, fraction = -1, i;
    bool whole = true, numbers = true;
    for (i = 0; i < w->rows && numbers; i++) {
        double ignored;
        numbers = csv_number(&w->labels[i], &ignored);
        if (numbers && !whole_number(&w->labels[i], &y[i])) {
            whole = false;
            fraction = fraction < 0 ? i : fraction;
        }
    }
    if (numbers && whole)
        return true;
    char where[160];
    if (numbers)
        return error_set(e,
                         "%s:%ld: %s is \"%s\", no label: a target that is any number is read with columns = "
                         "{ ... }",
                         w->r.path, w->lines[fraction], column_text(w, w->label, where, sizeof where),
                         w->labels[fraction].text);
    if (!make_classes(w, out, e))
        return false;
    for (i = 0; i < w->rows; i++) {
        char **hit = bsearch(&w->labels[i].text, out->classes, out->n_classes, sizeof *hit, by_text);
        y[i] = hit - out->classes;
    }
    return true;
}

/* ---- the whole ---- */

static bool read_rows(csv_work *w, csv_table *out, as_error *e)
{
    if (!take_header(w, e))
        return error_set(e, "%s: no rows", w->r.path);
    if (!choose_columns(w, e) || !make_room(w, e))
        return false;
    do {
        if (!take_row(w, e))
            return false;
    } while (csv_next(&w->r, e));
    if (e->text[0] || (w->labels && !make_labels(w, out, e)))
        return false;
    w->x.dims.size[0] = w->rows;
    w->x.count = w->rows * (int64_t)w->n_wanted;
    out->x = w->x;
    w->x.items = NULL;
    return true;
}

bool csv_read(const char *path, const csv_options *o, csv_table *out, file_origin *origin, as_error *e)
{
    size_t size;
    *out = (csv_table){0};
    char *text = (char *)file_read(path, &size, origin, e);
    if (!text)
        return false;
    size_t mark =
        size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* what spreadsheets begin with */
    csv_work w = {
        .o = o,
        .r = {
            .path = path, .at = text + mark, .end = text + size, .separator = o->separator, .next_line = 1}};
    bool ok = read_rows(&w, out, e);
    if (!ok)
        csv_free(out);
    data_array_free(&w.x);
    free(w.labels);
    free(w.lines);
    free(w.wanted);
    free(w.names);
    free(w.r.fields);
    free(text);
    return ok;
}

void csv_free(csv_table *t)
{
    data_array_free(&t->x);
    data_array_free(&t->y);
    for (size_t i = 0; i < t->n_classes; i++)
        free(t->classes[i]);
    free(t->classes);
    *t = (csv_table){0};
}
