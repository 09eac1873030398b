#include "results/rows.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void rows_digits(double x, char out[ROWS_DIGITS])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, ROWS_DIGITS, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    if (isfinite(x) && !strpbrk(out, ".e"))
        strcat(out, ".0");
}

/* For people: six digits, and no exponent where a plain number is as short. */
static void few_digits(double x, char out[ROWS_DIGITS])
{
    if (fabs(x) >= 1e6 && fabs(x) < 1e15)
        snprintf(out, ROWS_DIGITS, "%.0f", x);
    else
        snprintf(out, ROWS_DIGITS, "%.6g", x);
}

/* The value of a column as text, NULL as an empty one; `room` holds what SQLite does not. */
static const char *text_of(sqlite3_stmt *q, int column, bool people, char room[ROWS_DIGITS])
{
    if (sqlite3_column_type(q, column) != SQLITE_FLOAT) {
        const char *text = (const char *)sqlite3_column_text(q, column);
        return text ? text : "";
    }
    (people ? few_digits : rows_digits)(sqlite3_column_double(q, column), room);
    return room;
}

/* ---- csv ---- */

void rows_csv_field(const char *text, bool quote, FILE *out)
{
    if (!quote && !strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static int write_csv(sqlite3_stmt *q, FILE *out)
{
    int columns = sqlite3_column_count(q), code;
    char room[ROWS_DIGITS];
    for (int c = 0; c < columns; c++) {
        fputs(c ? "," : "", out);
        rows_csv_field(sqlite3_column_name(q, c), false, out);
    }
    fputs("\r\n", out);
    while ((code = sqlite3_step(q)) == SQLITE_ROW && !ferror(out)) {
        for (int c = 0; c < columns; c++) {
            bool empty_text = sqlite3_column_type(q, c) == SQLITE_TEXT && sqlite3_column_bytes(q, c) == 0;
            fputs(c ? "," : "", out);
            rows_csv_field(text_of(q, c, false, room), empty_text, out);
        }
        fputs("\r\n", out);
    }
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

/* ---- json ---- */

void rows_json_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter == '"' || letter == '\\')
            fprintf(out, "\\%c", letter);
        else if (letter == '\n')
            fputs("\\n", out);
        else if (letter == '\t')
            fputs("\\t", out);
        else if (letter < 0x20)
            fprintf(out, "\\u%04x", letter);
        else
            fputc(letter, out);
    }
    fputc('"', out);
}

void rows_json_number(double x, FILE *out)
{
    char digits[ROWS_DIGITS];
    rows_digits(x, digits);
    fputs(isinf(x) ? x > 0 ? "9e999" : "-9e999" : digits, out);
}

static void json_value(sqlite3_stmt *q, int column, FILE *out)
{
    switch (sqlite3_column_type(q, column)) {
    case SQLITE_NULL:
        fputs("null", out);
        break;
    case SQLITE_INTEGER:
        fputs((const char *)sqlite3_column_text(q, column), out);
        break;
    case SQLITE_FLOAT:
        rows_json_number(sqlite3_column_double(q, column), out);
        break;
    default:
        rows_json_string((const char *)sqlite3_column_text(q, column), out);
    }
}

static int write_json(sqlite3_stmt *q, FILE *out)
{
    int columns = sqlite3_column_count(q), code;
    const char *before = "[";
    while ((code = sqlite3_step(q)) == SQLITE_ROW && !ferror(out)) {
        fprintf(out, "%s\n  {", before);
        before = ",";
        for (int c = 0; c < columns; c++) {
            fputs(c ? ", " : "", out);
            rows_json_string(sqlite3_column_name(q, c), out);
            fputs(": ", out);
            json_value(q, c, out);
        }
        fputc('}', out);
    }
    fputs(before[0] == '[' ? "[]\n" : "\n]\n", out);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

/* ---- table, markdown: all cells first, then their widths ---- */

typedef struct {
    char **cell; /* rows * columns, the names first */
    size_t n, room;
    size_t *width;
    bool *left; /* a column holding a text goes to the left */
} grid;

/* Letters, not bytes, of UTF-8. Wide and combining ones are counted as one. */
static size_t letters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* One line a cell: a line break reads as a blank, and Markdown's own bar is escaped. Owned. */
static char *one_line(const char *text, bool markdown)
{
    char *out = malloc(2 * strlen(text) + 1), *p = out;
    for (; out && *text; text++) {
        if (markdown && *text == '|')
            *p++ = '\\';
        *p++ = (unsigned char)*text < 0x20 ? ' ' : *text;
    }
    if (out)
        *p = 0;
    return out;
}

static bool add_cell(grid *g, int column, const char *text, bool markdown)
{
    if (g->n == g->room) {
        size_t room = g->room ? 2 * g->room : 256;
        char **more = realloc(g->cell, room * sizeof *more);
        if (!more)
            return false;
        g->cell = more;
        g->room = room;
    }
    char *copy = one_line(text, markdown);
    if (!copy)
        return false;
    g->cell[g->n++] = copy;
    size_t width = letters(copy);
    if (width > g->width[column])
        g->width[column] = width;
    return true;
}

static int fill(grid *g, sqlite3_stmt *q, int columns, bool markdown)
{
    char room[ROWS_DIGITS];
    int code;
    for (int c = 0; c < columns; c++)
        if (!add_cell(g, c, sqlite3_column_name(q, c), markdown))
            return SQLITE_NOMEM;
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        for (int c = 0; c < columns; c++) {
            g->left[c] |= sqlite3_column_type(q, c) == SQLITE_TEXT;
            if (!add_cell(g, c, text_of(q, c, true, room), markdown))
                return SQLITE_NOMEM;
        }
    return code;
}

static void pad(char letter, size_t n, FILE *out)
{
    while (n--)
        fputc(letter, out);
}

/* A cell in its column; the last column of a table has no blanks behind it. */
static void put_cell(const grid *g, int column, const char *text, bool behind, FILE *out)
{
    size_t blanks = g->width[column] - letters(text);
    pad(' ', g->left[column] ? 0 : blanks, out);
    fputs(text, out);
    pad(' ', g->left[column] && behind ? blanks : 0, out);
}

static void put_rule(const grid *g, int columns, bool markdown, FILE *out)
{
    for (int c = 0; c < columns; c++) {
        fputs(markdown ? "|" : c ? "  " : "", out);
        if (markdown) /* one dash and a colon say the side; the blanks beside a cell are dashes here */
            pad('-', g->width[c] + (g->left[c] ? 2 : 1), out);
        else
            pad('-', g->width[c], out);
        fputs(markdown && !g->left[c] ? ":" : "", out);
    }
    fputs(markdown ? "|\n" : "\n", out);
}

static void put_grid(const grid *g, int columns, bool markdown, FILE *out)
{
    for (size_t row = 0; row * (size_t)columns < g->n; row++) {
        for (int c = 0; c < columns; c++) {
            fputs(markdown ? c ? " | " : "| " : c ? "  " : "", out);
            put_cell(g, c, g->cell[row * (size_t)columns + (size_t)c], markdown || c < columns - 1, out);
        }
        fputs(markdown ? " |\n" : "\n", out);
        if (row == 0)
            put_rule(g, columns, markdown, out);
    }
}

static int write_grid(sqlite3_stmt *q, bool markdown, FILE *out)
{
    int columns = sqlite3_column_count(q), code = SQLITE_NOMEM;
    grid g = {.width = calloc((size_t)columns, sizeof(size_t)),
              .left = calloc((size_t)columns, sizeof(bool))};
    if (g.width && g.left)
        code = fill(&g, q, columns, markdown);
    if (code == SQLITE_DONE)
        put_grid(&g, columns, markdown, out);
    for (size_t i = 0; i < g.n; i++)
        free(g.cell[i]);
    free(g.cell);
    free(g.width);
    free(g.left);
    return code;
}

int rows_write(sqlite3_stmt *q, query_format format, FILE *out)
{
    switch (format) {
    case QUERY_CSV:
        return write_csv(q, out);
    case QUERY_JSON:
        return write_json(q, out);
    case QUERY_TABLE:
    case QUERY_MARKDOWN:
        break;
    }
    return write_grid(q, format == QUERY_MARKDOWN, out);
}
