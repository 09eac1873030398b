/* doctor: what the engine finds on this machine, as one line of JSON. assay doctor prints it for people. */
#include "worker/worker.h"

#include "plugin/find.h"
#include "tensor/cpu.h"
#include "tensor/pool.h"
#include "worker/build_info.h"
#include "worker/facts.h"
#include "worker/plugins.h"

#include <png.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include <zlib.h>

static void add_text(cJSON *to, const char *name, const char *text)
{
    if (text)
        cJSON_AddStringToObject(to, name, text);
    else
        cJSON_AddNullToObject(to, name);
}

static void add_build(cJSON *to)
{
    char compiler[64];
    cJSON *build = cJSON_AddObjectToObject(to, "build");
    add_text(build, "version", build_version);
    add_text(build, "commit", build_git_commit);
    cJSON_AddBoolToObject(build, "changed", build_dirty_diff[0] != 0);
    add_text(build, "type", build_type);
    add_text(build, "compiler", facts_compiler(compiler, sizeof compiler));
}

static void add_libraries(cJSON *to)
{
    char blas[64];
    cJSON *libraries = cJSON_AddObjectToObject(to, "libraries");
    add_text(libraries, "Lua", LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE);
    const char *version = strrchr(facts_blas(blas, sizeof blas), ' ');
    add_text(libraries, "OpenBLAS", version ? version + 1 : blas);
    add_text(libraries, "SQLite", sqlite3_libversion());
    add_text(libraries, "libyaml", yaml_get_version_string());
    add_text(libraries, "zlib", zlibVersion());
    add_text(libraries, "libpng", png_get_libpng_ver(NULL));
    add_text(libraries, "cJSON", cJSON_Version());
}

/* The features of the processor that Assay's and OpenBLAS's kernels look at. */
static void add_features(cJSON *cpu)
{
    __builtin_cpu_init();
    const struct {
        const char *name;
        int here;
    } features[] = {
        {"sse4.2", __builtin_cpu_supports("sse4.2")},
        {"avx", __builtin_cpu_supports("avx")},
        {"fma", __builtin_cpu_supports("fma")},
        {"avx2", __builtin_cpu_supports("avx2")},
        {"bmi2", __builtin_cpu_supports("bmi2")},
        {"avx512f", __builtin_cpu_supports("avx512f")},
        {"avx512dq", __builtin_cpu_supports("avx512dq")},
        {"avx512bw", __builtin_cpu_supports("avx512bw")},
        {"avx512vl", __builtin_cpu_supports("avx512vl")},
        {"avx512vnni", __builtin_cpu_supports("avx512vnni")},
    };
    cJSON *list = cJSON_AddArrayToObject(cpu, "features");
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (features[i].here)
            cJSON_AddItemToArray(list, cJSON_CreateString(features[i].name));
}

static void add_machine(cJSON *to)
{
    char warning[512];
    cJSON *cpu = cJSON_AddObjectToObject(to, "cpu");
    add_text(cpu, "name", cpu_name());
    cJSON_AddNumberToObject(cpu, "cores", cpu_cores());
    add_features(cpu);
    cJSON *kernels = cJSON_AddObjectToObject(to, "kernels");
    add_text(kernels, "isa", cpu_isa_name(cpu_isa()));
    add_text(kernels, CPU_ISA_ENV, getenv(CPU_ISA_ENV));
    cJSON *blas = cJSON_AddObjectToObject(to, "blas");
    add_text(blas, "kernel", cpu_blas_kernel());
    add_text(blas, "isa", cpu_isa_name(cpu_blas_isa()));
    add_text(blas, "OPENBLAS_CORETYPE", getenv("OPENBLAS_CORETYPE"));
    add_text(blas, "warning", facts_blas_warning(warning, sizeof warning));
    cJSON_AddNumberToObject(to, "threads", pool_threads());
}

/* ---- plugins ---- */

/* "losses/poly1: A is used, B is hidden" for each file that an earlier folder hides. */
static bool add_hidden(cJSON *clashes, as_error *e)
{
    find_list files = {0};
    if (!find_all(NULL, &files, e))
        return false;
    const find_hit *used = NULL;
    for (int i = 0; i < files.count; i++) {
        const find_hit *hit = &files.hits[i];
        if (!hit->hidden) {
            used = hit;
            continue;
        }
        char name[256];
        cJSON *clash = cJSON_CreateObject();
        snprintf(name, sizeof name, "%s/%s", hit->kind, hit->name);
        add_text(clash, "plugin", name);
        add_text(clash, "used", used ? used->path : NULL);
        add_text(clash, "hidden", hit->path);
        cJSON_AddItemToArray(clashes, clash);
    }
    find_free(&files);
    return true;
}

/* Two files that hold a plugin of the same kind and name: which is found depends on how it is asked for. */
static void add_doubled(cJSON *clashes, const cJSON *rows)
{
    const cJSON *a, *b;
    cJSON_ArrayForEach(a, rows)
    {
        for (b = a->next; b; b = b->next) {
            if (cJSON_HasObjectItem(a, "error") || cJSON_HasObjectItem(b, "error") ||
                strcmp(index_text(a, "kind"), index_text(b, "kind")) != 0 ||
                strcmp(index_text(a, "name"), index_text(b, "name")) != 0)
                continue;
            char name[256];
            cJSON *clash = cJSON_CreateObject();
            snprintf(name, sizeof name, "%s/%s", index_text(a, "kind"), index_text(a, "name"));
            add_text(clash, "plugin", name);
            add_text(clash, "used", index_text(a, "path"));
            add_text(clash, "hidden", index_text(b, "path"));
            cJSON_AddItemToArray(clashes, clash);
        }
    }
}

static bool add_plugins(cJSON *to, as_error *e)
{
    cJSON *plugins = cJSON_AddObjectToObject(to, "plugins");
    cJSON *counts = cJSON_AddObjectToObject(plugins, "counts");
    cJSON *errors = cJSON_AddArrayToObject(plugins, "errors");
    cJSON *clashes = cJSON_AddArrayToObject(plugins, "clashes");
    cJSON *rows = index_rows(NULL, e);
    if (!rows)
        return false;
    int count[FIND_KINDS] = {0};
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_HasObjectItem(row, "error"))
            cJSON_AddItemToArray(errors, cJSON_CreateString(index_text(row, "error")));
        for (int k = 0; !cJSON_HasObjectItem(row, "error") && k < FIND_KINDS; k++)
            count[k] += strcmp(find_kinds[k], index_text(row, "kind")) == 0;
    }
    for (int k = 0; k < FIND_KINDS; k++)
        cJSON_AddNumberToObject(counts, find_kinds[k], count[k]);
    add_doubled(clashes, rows);
    cJSON_Delete(rows);
    return add_hidden(clashes, e);
}

int mode_doctor(int argc, char **argv)
{
    (void)argv;
    if (argc != 0)
        return worker_say(WORKER_MISUSE, "usage: assay-worker doctor");
    engine n = {0};
    as_error e = {0};
    cJSON *json = cJSON_CreateObject();
    int code = WORKER_OK;
    if (!cpu_check(&e) || !engine_open(&n, 0, 0, &e)) {
        code = worker_say(WORKER_FAILED, "%s", e.text);
    } else {
        add_build(json);
        add_libraries(json);
        add_machine(json);
        add_text(json, "lua_library", n.library);
        if (!add_plugins(json, &e))
            code = worker_say(WORKER_FAILED, "%s", e.text);
    }
    char *line = code == WORKER_OK ? cJSON_PrintUnformatted(json) : NULL;
    if (line)
        printf("%s\n", line);
    cJSON_free(line);
    cJSON_Delete(json);
    engine_close(&n);
    return code;
}
