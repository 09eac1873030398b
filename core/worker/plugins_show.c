/* plugins show KIND/NAME | FILE: one plugin's page, from the index; none is loaded here. */
#include "worker/plugins.h"

#include "base/hash.h"
#include "results/store.h"
#include "worker/worker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rows of cells, each column as wide as its widest, the last one as it comes. */
enum { CELLS = 5, CELL = 512, ROWS = 64 };

typedef struct {
    char cell[ROWS][CELLS][CELL];
    int n;
} sheet;

static void sheet_print(const sheet *s)
{
    int width[CELLS] = {0};
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < CELLS; k++)
            width[k] = (int)strlen(s->cell[i][k]) > width[k] ? (int)strlen(s->cell[i][k]) : width[k];
    for (int i = 0; i < s->n; i++) {
        int last = CELLS - 1;
        while (last > 0 && !s->cell[i][last][0])
            last--;
        printf("  ");
        for (int k = 0; k < last; k++)
            if (width[k])
                printf("%-*s   ", width[k], s->cell[i][k]);
        printf("%s\n", s->cell[i][last]);
    }
}

/* A new row; the last one is written over when there are too many. */
static char (*sheet_row(sheet *s))[CELL]
{
    if (s->n < ROWS)
        s->n++;
    memset(s->cell[s->n - 1], 0, sizeof s->cell[0]);
    return s->cell[s->n - 1];
}

static void print_items(const cJSON *row)
{
    static sheet s;
    s.n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(row, "inputs"))
    {
        char(*cell)[CELL] = sheet_row(&s);
        bool optional = cJSON_IsTrue(cJSON_GetObjectItem(item, "optional"));
        snprintf(cell[0], CELL, "%s%s", index_text(item, "name"), optional ? "?" : "");
        snprintf(cell[1], CELL, "%s", index_text(item, "text"));
        if (cJSON_HasObjectItem(item, "below"))
            snprintf(cell[2], CELL, "0 <= value < %s", index_text(item, "below"));
    }
    bool by_item = strcmp(index_text(row, "kind"), "losses") == 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(row, "outputs"))
    {
        char(*cell)[CELL] = sheet_row(&s);
        snprintf(cell[0], CELL, "-> %s", index_text(item, "name"));
        snprintf(cell[1], CELL, "%s", index_text(item, "text"));
        if (by_item && strchr(index_text(item, "text"), '['))
            snprintf(cell[2], CELL, "then reduction = mean | sum | none");
        by_item = false;
    }
    sheet_print(&s);
}

static void print_params(const cJSON *row)
{
    static sheet s;
    s.n = 0;
    const cJSON *q;
    cJSON_ArrayForEach(q, cJSON_GetObjectItem(row, "params"))
    {
        static const char *const columns[] = {"name", "type", "default", "limits"};
        char(*cell)[CELL] = sheet_row(&s);
        for (int k = 0; k < 4; k++)
            snprintf(cell[k], CELL, "%s", index_text(q, columns[k]));
        const char *unit = index_text(q, "unit");
        snprintf(cell[4], CELL, "%s%s%s%s", index_text(q, "doc"), *unit ? " [" : "", unit, *unit ? "]" : "");
    }
    sheet_print(&s);
}

/* Known answers of a plugin in ROOT/plugins or ROOT/build/NAME/plugins: ROOT/tests/plugins/KIND/NAME.lua. */
static void print_known_answers(const cJSON *row)
{
    static const char *const roots[] = {"..", "../../.."};
    const char *path = index_text(row, "path"), *kind = index_text(row, "kind");
    const char *name = index_text(row, "name");
    const char *dot = strrchr(path, '.');
    size_t n = strlen(path), tail = strlen(kind) + strlen(name) + strlen("//") + (dot ? strlen(dot) : 0);
    for (size_t i = 0; n > tail && i < sizeof roots / sizeof *roots; i++) {
        char folder[PATH_MAX], file[PATH_MAX];
        int length = snprintf(folder, sizeof folder, "%.*s/%s/tests/plugins/%s/%s.lua", (int)(n - tail), path,
                              roots[i], kind, name);
        if (length < (int)sizeof folder && realpath(folder, file)) {
            printf("  known answers   %s\n", engine_short_path(file));
            return;
        }
    }
}

/* The last report of this very source, in the database that runs go into: what passed, failed, was left out.
 */
static cJSON *stored_report(const cJSON *row)
{
    const char *path = store_locate(NULL);
    as_error e = {0};
    char *text = NULL, *at = NULL;
    if (access(path, R_OK) != 0)
        return NULL;
    store *s = store_open(path, STORE_READ, &e);
    if (s && !store_plugin_report(s, index_text(row, "kind"), index_text(row, "name"),
                                  index_text(row, "source_hash"), &text, &at, &e))
        worker_say(0, "%s", e.text);
    store_close(s);
    cJSON *report = text ? cJSON_CreateObject() : NULL;
    if (report) {
        cJSON_AddStringToObject(report, "at", at);
        cJSON_AddItemToObject(report, "checks", cJSON_Parse(text));
    }
    free(text);
    free(at);
    return report;
}

static void print_checks(const cJSON *checks, const char *result, const char *word)
{
    const cJSON *check;
    const char *joint = "";
    cJSON_ArrayForEach(check, checks)
    {
        if (strcmp(index_text(check, "result"), result) != 0)
            continue;
        printf("%s%s", *joint ? joint : "  checked   ", index_text(check, "check"));
        joint = ", ";
    }
    if (*joint)
        printf(": %s\n", word);
}

static void print_report(const cJSON *row, const char *name)
{
    const cJSON *checks = cJSON_GetObjectItem(cJSON_GetObjectItem(row, "checked"), "checks");
    if (!checks) {
        printf("  not checked: assay plugins check %s\n", name);
        return;
    }
    print_checks(checks, "fail", "FAIL");
    print_checks(checks, "pass", "pass");
}

static void print_page(const cJSON *row)
{
    char name[256];
    const char *paper = index_text(row, "paper");
    snprintf(name, sizeof name, "%s/%s", index_text(row, "kind"), index_text(row, "name"));
    printf("%s %s   %s%s%s\n", name, index_text(row, "version"), index_text(row, "doc"), *paper ? "   " : "",
           paper);
    print_items(row);
    print_params(row);
    print_known_answers(row);
    print_report(row, name);
    printf("  %s   abi %s   sha256 %.12s...\n", engine_short_path(index_text(row, "path")),
           index_text(row, "abi"), index_text(row, "so_sha256"));
    plugins_print_doubts(row);
}

static int show_row(cJSON *row, bool as_json)
{
    as_error e = {0};
    char sha256[HASH_TEXT];
    if (cJSON_HasObjectItem(row, "error"))
        return worker_say(WORKER_MISUSE, "%s", index_text(row, "error"));
    if (!hash_file(index_text(row, "path"), sha256, &e))
        return worker_say(WORKER_FAILED, "%s", e.text);
    cJSON_AddStringToObject(row, "so_sha256", sha256);
    cJSON *report = stored_report(row);
    if (report)
        cJSON_AddItemToObject(row, "checked", report);
    if (!as_json) {
        print_page(row);
        return WORKER_OK;
    }
    char *text = cJSON_Print(row);
    printf("%s\n", text ? text : "{}");
    cJSON_free(text);
    return WORKER_OK;
}

/* All plugins of a file: what assay build asks of the one it made. */
static int show_file(const char *path, bool as_json)
{
    as_error e = {0};
    char copy[FIND_PATH];
    char *paths[] = {copy};
    cJSON *rows[1] = {NULL}, *row;
    int code = WORKER_OK;
    snprintf(copy, sizeof copy, "%s%s", strchr(path, '/') ? "" : "./", path);
    if (!index_scan(paths, rows, 1, &e))
        code = worker_say(WORKER_FAILED, "%s", e.text);
    cJSON_ArrayForEach(row, rows[0])
    {
        code = code == WORKER_OK ? show_row(row, as_json) : code;
    }
    cJSON_Delete(rows[0]);
    return code;
}

/* The row that as.loss { "name" } would load: of the file of its name, else the first in another. */
static cJSON *row_of(cJSON *rows, const char *kind, const char *name)
{
    char path[FIND_PATH];
    cJSON *row, *found = NULL;
    if (!find_path(kind, name, path))
        path[0] = 0;
    cJSON_ArrayForEach(row, rows)
    {
        if (strcmp(index_text(row, "kind"), kind) != 0 || strcmp(index_text(row, "name"), name) != 0)
            continue;
        if (strcmp(index_text(row, "path"), path) == 0)
            return row;
        found = found ? found : row;
    }
    return found;
}

static int show_missing(const cJSON *rows, const char *kind, const char *name)
{
    as_error e = {0};
    int n = 0;
    const char **names = calloc((size_t)cJSON_GetArraySize(rows) + 1, sizeof *names);
    const cJSON *row;
    if (names)
        cJSON_ArrayForEach(row, rows) names[n++] = index_text(row, "name");
    find_missing(kind, name, names, n, &e);
    free(names);
    return worker_say(WORKER_MISUSE, "%s", e.text);
}

int plugins_show(const char *what, bool as_json)
{
    as_error e = {0};
    const char *slash = strchr(what, '/'), *dot = strrchr(what, '.');
    char kind[32];
    if (dot && (strcmp(dot, ".so") == 0 || strcmp(dot, ".lua") == 0))
        return show_file(what, as_json);
    snprintf(kind, sizeof kind, "%.*s", slash ? (int)(slash - what) : 0, what);
    if (!slash)
        return worker_say(WORKER_MISUSE, "\"%s\" is no plugin: write KIND/NAME, as losses/poly1", what);
    cJSON *rows = find_kind(kind, &e) ? index_rows(kind, &e) : NULL;
    if (!rows)
        return worker_say(WORKER_MISUSE, "%s", e.text);
    cJSON *row = row_of(rows, kind, slash + 1);
    int code = row ? show_row(row, as_json) : show_missing(rows, kind, slash + 1);
    cJSON_Delete(rows);
    return code;
}
