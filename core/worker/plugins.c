/* plugins list | show KIND/NAME: what is installed, from the plugins' own descriptors. */
#include "worker/plugins.h"

#include "worker/worker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- list ---- */

static void print_rows(const cJSON *rows)
{
    int width = 0, version = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        int n = (int)strlen(plugins_text(row, "kind")) + 1 + (int)strlen(plugins_text(row, "name"));
        int v = (int)strlen(plugins_text(row, "version"));
        width = n > width ? n : width;
        version = v > version ? v : version;
    }
    cJSON_ArrayForEach(row, rows)
    {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", plugins_text(row, "kind"), plugins_text(row, "name"));
        if (!cJSON_HasObjectItem(row, "error"))
            printf("%-*s  %-*s  %s\n", width, name, version, plugins_text(row, "version"),
                   plugins_text(row, "doc"));
    }
}

static int list(bool as_json)
{
    as_error e = {0};
    cJSON *rows = plugins_scan(&e);
    if (!rows)
        return worker_say(WORKER_FAILED, "%s", e.text);
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_HasObjectItem(row, "error"))
            worker_say(0, "%s", plugins_text(row, "error"));
    }
    if (as_json) {
        char *text = cJSON_Print(rows);
        printf("%s\n", text ? text : "[]");
        cJSON_free(text);
    } else {
        print_rows(rows);
    }
    cJSON_Delete(rows);
    return WORKER_OK;
}

/* ---- show ---- */

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
        snprintf(cell[0], CELL, "%s%s", plugins_text(item, "name"), optional ? "?" : "");
        snprintf(cell[1], CELL, "%s", plugins_text(item, "text"));
        if (cJSON_HasObjectItem(item, "below"))
            snprintf(cell[2], CELL, "0 <= value < %s", plugins_text(item, "below"));
    }
    bool by_item = strcmp(plugins_text(row, "kind"), "losses") == 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(row, "outputs"))
    {
        char(*cell)[CELL] = sheet_row(&s);
        snprintf(cell[0], CELL, "-> %s", plugins_text(item, "name"));
        snprintf(cell[1], CELL, "%s", plugins_text(item, "text"));
        if (by_item && strchr(plugins_text(item, "text"), '['))
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
            snprintf(cell[k], CELL, "%s", plugins_text(q, columns[k]));
        const char *unit = plugins_text(q, "unit");
        snprintf(cell[4], CELL, "%s%s%s%s", plugins_text(q, "doc"), *unit ? " [" : "", unit,
                 *unit ? "]" : "");
    }
    sheet_print(&s);
}

/* Known answers of a plugin in ROOT/plugins or ROOT/build/NAME/plugins: ROOT/tests/plugins/KIND/NAME.lua. */
static void print_known_answers(const cJSON *row)
{
    static const char *const roots[] = {"..", "../../.."};
    const char *path = plugins_text(row, "path"), *kind = plugins_text(row, "kind");
    const char *name = plugins_text(row, "name");
    size_t tail = strlen(kind) + strlen(name) + strlen("//.so"), n = strlen(path);
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

static int show(const char *name, bool as_json)
{
    as_error e = {0};
    plugin *p = load_plugin_named(name, &e);
    const char *sha256 = p ? load_so_sha256(p, &e) : NULL;
    if (!sha256)
        return worker_say(WORKER_MISUSE, "%s", e.text);
    cJSON *row = plugins_describe(p);
    cJSON_AddStringToObject(row, "so_sha256", sha256);
    if (as_json) {
        char *text = cJSON_Print(row);
        printf("%s\n", text ? text : "{}");
        cJSON_free(text);
    } else {
        const char *paper = plugins_text(row, "paper");
        printf("%s %s   %s%s%s\n", p->name, p->d.version, p->d.doc, *paper ? "   " : "", paper);
        print_items(row);
        print_params(row);
        print_known_answers(row);
        printf("  %s   abi %s   sha256 %.12s...\n", engine_short_path(p->module->path),
               plugins_text(row, "abi"), sha256);
    }
    cJSON_Delete(row);
    return WORKER_OK;
}

/* The files of a new plugin, by lua/assay/scaffold.lua. */
static int new_plugin(int argc, char **argv)
{
    engine n;
    as_error e = {0};
    char script[4096 + 32];
    bool found = engine_open(&n, 0, 1, &e);
    snprintf(script, sizeof script, "%s/assay/scaffold.lua", n.library);
    engine_close(&n);
    if (!found)
        return worker_say(WORKER_FAILED, "%s", e.text);
    char *words[] = {script, argv[0], argc > 1 ? argv[1] : NULL, NULL};
    return mode_script(1 + argc, words);
}

static int run_words(int argc, char **argv)
{
    bool as_json = argc > 1 && strcmp(argv[argc - 1], "--json") == 0;
    int words = argc - as_json;
    if (words == 1 && strcmp(argv[0], "list") == 0)
        return list(as_json);
    if (words == 2 && strcmp(argv[0], "show") == 0)
        return show(argv[1], as_json);
    if (words >= 2 && words <= 3 && !as_json && strcmp(argv[0], "new") == 0)
        return new_plugin(words - 1, argv + 1);
    if (!as_json && words >= 1 && words <= 2 && strcmp(argv[0], "meta") == 0)
        return plugins_meta(words == 2 ? argv[1] : "lua/meta");
    return worker_say(
        WORKER_MISUSE,
        "usage: assay-worker plugins list [--json] | show KIND/NAME [--json] | new KIND/NAME [--lua] | "
        "meta [DIR]");
}

int mode_plugins(int argc, char **argv)
{
    engine n;
    engine_on_demand(&n);
    int code = run_words(argc, argv);
    engine_close(&n);
    return code;
}
