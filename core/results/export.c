/* The tables, each row written field by field. */
#include "results/export.h"
#include "results/export_runs.h"
#include "results/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char doing[] = "cannot be exported";

typedef struct {
    char **name;
    size_t n, room;
} name_list;

typedef struct {
    store *s;
    const char *experiment;
    export_format format;
    const export_tables *to;
    name_list params, metrics;             /* the columns of table runs behind its own */
    sqlite3_stmt *param, *last;            /* of one run and name: param, metrics */
    sqlite3_stmt *param_rows, *value_rows; /* of one run */
} export;

/* ---- fields ---- */

static void begin_field(const export *x, const char *name, bool first, FILE *out)
{
    if (x->format == EXPORT_CSV) {
        fputs(first ? "" : ",", out);
    } else {
        fputs(first ? "{" : ", ", out);
        rows_json_string(name, out);
        fputs(": ", out);
    }
}

static void put_text(const export *x, const char *text, FILE *out)
{
    if (x->format == EXPORT_CSV)
        rows_csv_field(text, !*text, out);
    else
        rows_json_string(text, out);
}

static void put_real(const export *x, double value, FILE *out)
{
    char digits[ROWS_DIGITS];
    if (x->format == EXPORT_JSONL) {
        rows_json_number(value, out);
    } else {
        rows_digits(value, digits);
        fputs(digits, out);
    }
}

/* A column of the present row; NULL stands for `null`. */
static void put_column(const export *x, sqlite3_stmt *q, int column, const char *null, FILE *out)
{
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_NULL:
        fputs(null, out);
        break;
    case SQLITE_INTEGER:
        fputs((const char *)sqlite3_column_text(q, column), out);
        break;
    case SQLITE_FLOAT:
        put_real(x, sqlite3_column_double(q, column), out);
        break;
    default:
        put_text(x, (const char *)sqlite3_column_text(q, column), out);
    }
}

static const char *nothing(const export *x)
{
    return x->format == EXPORT_CSV ? "" : "null";
}

static const char *not_a_number(const export *x)
{
    return x->format == EXPORT_CSV ? "NaN" : "null";
}

/* A parameter: columns `column` (JSON) and the next (the text of a string). CSV has no need of the quotes of
 * JSON, JSON takes the value as it is. */
static void put_param(const export *x, sqlite3_stmt *q, int column, FILE *out)
{
    bool string = sqlite3_column_type(q, column + 1) != SQLITE_NULL;
    const char *text = (const char *)sqlite3_column_text(q, column + (string && x->format == EXPORT_CSV));
    if (x->format == EXPORT_CSV)
        put_text(x, text, out);
    else
        fputs(text, out);
}

static void end_row(const export *x, FILE *out)
{
    fputs(x->format == EXPORT_CSV ? "\r\n" : "}\n", out);
}

/* ---- rows ---- */

static void put_columns(const export *x, sqlite3_stmt *q, int from, int to, bool first, FILE *out)
{
    for (int c = from; c < to; c++) {
        begin_field(x, sqlite3_column_name(q, c), first && c == from, out);
        put_column(x, q, c, nothing(x), out);
    }
}

static bool step_of_run(const export *x, sqlite3_stmt *q, int64_t run, const char *name, int *code,
                        as_error *e)
{
    sqlite3_bind_int64(q, 1, run);
    if (name)
        sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    *code = sqlite3_step(q);
    return *code == SQLITE_ROW || *code == SQLITE_DONE || store_fail(x->s, e, doing);
}

/* One of the columns behind the own ones, "param.lr": empty in CSV, left out in JSON, if the run has none. */
static bool put_extra(const export *x, sqlite3_stmt *q, int64_t run, const char *prefix, const char *name,
                      FILE *out, as_error *e)
{
    int code = SQLITE_ERROR;
    char *title = sqlite3_mprintf("%s.%s", prefix, name);
    bool ok = title ? step_of_run(x, q, run, name, &code, e) : error_set(e, "%s: out of memory", x->s->path);
    if (ok && (code == SQLITE_ROW || x->format == EXPORT_CSV))
        begin_field(x, title, false, out);
    if (ok && code == SQLITE_ROW && q == x->param)
        put_param(x, q, 0, out);
    else if (ok && code == SQLITE_ROW)
        put_column(x, q, 0, not_a_number(x), out);
    sqlite3_reset(q);
    sqlite3_free(title);
    return ok;
}

static bool put_run(const export *x, sqlite3_stmt *run, as_error *e)
{
    FILE *out = x->to->runs;
    int64_t id = sqlite3_column_int64(run, EXPORT_ID);
    bool ok = true;
    put_columns(x, run, 0, sqlite3_column_count(run), true, out);
    for (size_t i = 0; i < x->params.n && ok; i++)
        ok = put_extra(x, x->param, id, "param", x->params.name[i], out, e);
    for (size_t i = 0; i < x->metrics.n && ok; i++)
        ok = put_extra(x, x->last, id, "last", x->metrics.name[i], out, e);
    end_row(x, out);
    return ok;
}

static bool put_params(const export *x, sqlite3_stmt *run, as_error *e)
{
    int code;
    bool ok;
    FILE *out = x->to->params;
    sqlite3_stmt *q = x->param_rows;
    while ((ok = step_of_run(x, q, sqlite3_column_int64(run, EXPORT_ID), NULL, &code, e)) &&
           code == SQLITE_ROW) {
        put_columns(x, run, EXPORT_ID, EXPORT_ID + 1, true, out);
        put_columns(x, q, 0, 1, false, out);
        begin_field(x, "value", false, out);
        put_param(x, q, 1, out);
        end_row(x, out);
    }
    sqlite3_reset(q);
    return ok;
}

static bool put_values(const export *x, sqlite3_stmt *run, as_error *e)
{
    int code;
    bool ok;
    FILE *out = x->to->metrics;
    sqlite3_stmt *q = x->value_rows;
    while ((ok = step_of_run(x, q, sqlite3_column_int64(run, EXPORT_ID), NULL, &code, e)) &&
           code == SQLITE_ROW && !ferror(out)) {
        put_columns(x, run, EXPORT_ID, EXPORT_STATUS + 1, true, out);
        put_columns(x, q, 0, 2, false, out);
        begin_field(x, "value", false, out);
        put_column(x, q, 2, not_a_number(x), out);
        put_columns(x, q, 3, 5, false, out);
        end_row(x, out);
    }
    sqlite3_reset(q);
    return ok;
}

/* ---- the whole ---- */

static bool add_name(name_list *list, const char *name)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        char **more = realloc(list->name, room * sizeof *more);
        if (!more)
            return false;
        list->name = more;
        list->room = room;
    }
    list->name[list->n] = strdup(name);
    return list->name[list->n] && ++list->n;
}

static void free_names(name_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->name[i]);
    free(list->name);
}

static bool read_names(const export *x, const char *sql, name_list *list, as_error *e)
{
    sqlite3_stmt *q = sql_prepare(x->s, doing, sql, BINDINGS(bind_text(x->experiment)), e);
    bool ok = q != NULL;
    int code = SQLITE_DONE;
    while (ok && (code = sqlite3_step(q)) == SQLITE_ROW)
        ok = add_name(list, (const char *)sqlite3_column_text(q, 0)) ||
             error_set(e, "%s: out of memory", x->s->path);
    if (ok && code != SQLITE_DONE)
        ok = store_fail(x->s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

/* A title of CSV: "param.lr". */
static void put_title(const char *prefix, const char *name, bool first, FILE *out)
{
    char *title = sqlite3_mprintf("%s%s", prefix, name);
    fputs(first ? "" : ",", out);
    rows_csv_field(title ? title : "", false, out);
    sqlite3_free(title);
}

static void put_titles(const export *x, sqlite3_stmt *run)
{
    static const char *const of_value[] = {"name", "step", "value", "at", "attempt"};
    const export_tables *to = x->to;
    for (int c = 0; to->runs && c < sqlite3_column_count(run); c++)
        put_title("", sqlite3_column_name(run, c), c == 0, to->runs);
    for (size_t i = 0; i < x->params.n; i++)
        put_title("param.", x->params.name[i], false, to->runs);
    for (size_t i = 0; i < x->metrics.n; i++)
        put_title("last.", x->metrics.name[i], false, to->runs);
    for (int c = 0; to->metrics && c <= EXPORT_STATUS; c++)
        put_title("", sqlite3_column_name(run, c), c == 0, to->metrics);
    for (size_t i = 0; to->metrics && i < sizeof of_value / sizeof *of_value; i++)
        put_title("", of_value[i], false, to->metrics);
    if (to->runs)
        end_row(x, to->runs);
    if (to->metrics)
        end_row(x, to->metrics);
    if (to->params)
        fputs("run,name,value\r\n", to->params);
}

static bool begin(void *self, sqlite3_stmt *run, as_error *e)
{
    export *x = self;
    bool ok = true;
    if (x->to->runs)
        ok = read_names(x,
                        "SELECT DISTINCT p.name FROM experiment x JOIN run r ON r.experiment_id = x.id"
                        " JOIN param p ON p.run_id = r.id WHERE ?1 IS NULL OR x.name = ?1 ORDER BY 1",
                        &x->params, e) &&
             read_names(x,
                        "SELECT DISTINCT n.name FROM experiment x JOIN run r ON r.experiment_id = x.id"
                        " JOIN run_metric u ON u.run_id = r.id JOIN metric_name n ON n.id = u.name_id"
                        " WHERE ?1 IS NULL OR x.name = ?1 ORDER BY 1",
                        &x->metrics, e);
    if (ok && x->format == EXPORT_CSV)
        put_titles(x, run);
    return ok;
}

static bool take(void *self, sqlite3_stmt *run, as_error *e)
{
    const export *x = self;
    return (!x->to->runs || put_run(x, run, e)) && (!x->to->params || put_params(x, run, e)) &&
           (!x->to->metrics || put_values(x, run, e));
}

static bool prepare(export *x, as_error *e)
{
    return (x->param = sql_prepare(
                x->s, doing, "SELECT value, text FROM param WHERE run_id = ?1 AND name = ?2", NULL, 0, e)) &&
           (x->last = sql_prepare(
                x->s, doing, "SELECT value FROM last_metric WHERE run_id = ?1 AND name = ?2", NULL, 0, e)) &&
           (x->param_rows = sql_prepare(x->s, doing,
                                        "SELECT name, value, text FROM param WHERE run_id = ?1 ORDER BY name",
                                        NULL, 0, e)) &&
           (x->value_rows = sql_prepare(x->s, doing,
                                        "SELECT name, step, value, at, attempt FROM curve WHERE run_id = ?1"
                                        " ORDER BY step, name",
                                        NULL, 0, e));
}

static bool written(FILE *out, as_error *e)
{
    return !out || (fflush(out) == 0 && !ferror(out)) ||
           error_set(e, "the export cannot be written: %s", strerror(errno));
}

bool export_write(store *s, const char *experiment, export_format format, const export_tables *tables,
                  int64_t *runs, as_error *e)
{
    export x = {.s = s, .experiment = experiment, .format = format, .to = tables};
    bool ok = prepare(&x, e) && export_runs(s, experiment, begin, take, &x, runs, e) &&
              written(tables->runs, e) && written(tables->params, e) && written(tables->metrics, e);
    sqlite3_finalize(x.param);
    sqlite3_finalize(x.last);
    sqlite3_finalize(x.param_rows);
    sqlite3_finalize(x.value_rows);
    free_names(&x.params);
    free_names(&x.metrics);
    return ok;
}
