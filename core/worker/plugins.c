/* plugins list | show | new | meta: what is installed, from the plugins' own descriptors. */
#include "worker/plugins.h"

#include "worker/worker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- list ---- */

void plugins_print_doubts(const cJSON *row)
{
    const cJSON *path;
    if (cJSON_HasObjectItem(row, "stale"))
        printf("    older than %s; build it again: %s\n", engine_short_path(index_text(row, "stale")),
               index_text(row, "rebuild"));
    cJSON_ArrayForEach(path, cJSON_GetObjectItem(row, "hides"))
    {
        printf("    %s is used, not %s\n", engine_short_path(index_text(row, "path")),
               engine_short_path(path->valuestring));
    }
}

static void print_rows(const cJSON *rows)
{
    int width = 0, version = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        int n = (int)strlen(index_text(row, "kind")) + 1 + (int)strlen(index_text(row, "name"));
        int v = (int)strlen(index_text(row, "version"));
        width = n > width ? n : width;
        version = v > version ? v : version;
    }
    cJSON_ArrayForEach(row, rows)
    {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", index_text(row, "kind"), index_text(row, "name"));
        if (cJSON_HasObjectItem(row, "error"))
            continue;
        printf("%-*s  %-*s  %s\n", width, name, version, index_text(row, "version"), index_text(row, "doc"));
        plugins_print_doubts(row);
    }
}

static int list(bool as_json)
{
    as_error e = {0};
    cJSON *rows = index_rows(NULL, &e);
    if (!rows)
        return worker_say(WORKER_FAILED, "%s", e.text);
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_HasObjectItem(row, "error"))
            worker_say(0, "%s", index_text(row, "error"));
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
        return plugins_show(argv[1], as_json);
    if (words >= 2 && words <= 3 && !as_json && strcmp(argv[0], "new") == 0)
        return new_plugin(words - 1, argv + 1);
    if (!as_json && words >= 1 && words <= 2 && strcmp(argv[0], "meta") == 0)
        return plugins_meta(words == 2 ? argv[1] : "lua/meta");
    return worker_say(WORKER_MISUSE, "usage: assay-worker plugins list [--json] | show KIND/NAME | FILE "
                                     "[--json] | new KIND/NAME [--lua] | "
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
