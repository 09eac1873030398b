/* assay doctor: what Assay finds on this machine, and what to do about what it does not find. */
#include "cli/cli.h"

#include "cli/data_state.h"
#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct {
    const char *db;
    bool json;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"json", 0, OPTION_FLAG, &given.json, NULL, "as one JSON object"},
};

/* ---- facts ---- */

/* What the engine answers, with its path; {"path", "error"} when it cannot be asked. */
static cJSON *engine_facts(void)
{
    as_error e = {0};
    path_text worker = "";
    char *out = NULL, *err = NULL;
    int status = 0;
    cJSON *json = NULL;
    if (path_of_worker(worker, &e) &&
        process_capture((const char *[]){worker, "doctor", NULL}, -1, &out, &err, &status, &e)) {
        json = status == 0 ? cJSON_Parse(out) : NULL;
        if (!json && WIFSIGNALED(status))
            error_set(&e, "%s doctor: killed by signal %d", worker, WTERMSIG(status));
        else if (!json)
            error_set(&e, "%s", err && *err ? strtok(err, "\n") : "the engine answered nothing");
    }
    if (!json) {
        json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "error", e.text);
    }
    cJSON_AddStringToObject(json, "path", worker);
    free(out);
    free(err);
    return json;
}

/* {"path", "exists"}, and "error" or "schema", "schema_known", "bytes", "runs": {status: count}. */
static cJSON *database_facts(void)
{
    const char *path = store_locate(given.db);
    struct stat info;
    as_error e = {0};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "path", path);
    bool exists = stat(path, &info) == 0 || errno != ENOENT;
    cJSON_AddBoolToObject(json, "exists", exists);
    store *s = exists ? store_open(path, STORE_READ, &e) : NULL;
    char *text = NULL;
    size_t size;
    FILE *f = s ? open_memstream(&text, &size) : NULL;
    bool ok = f && query_run(s, "SELECT status, count(*) AS n FROM run GROUP BY status", QUERY_JSON, f, &e);
    ok = f && fclose(f) == 0 && ok;
    if (ok) {
        cJSON *rows = cJSON_Parse(text), *row, *runs = cJSON_AddObjectToObject(json, "runs");
        cJSON_ArrayForEach(row, rows)
            cJSON_AddNumberToObject(runs, cJSON_GetStringValue(cJSON_GetObjectItem(row, "status")),
                                    cJSON_GetNumberValue(cJSON_GetObjectItem(row, "n")));
        cJSON_Delete(rows);
        cJSON_AddNumberToObject(json, "schema", store_version(s));
        cJSON_AddNumberToObject(json, "schema_known", store_version_known());
        cJSON_AddNumberToObject(json, "bytes", (double)info.st_size);
    } else if (exists) {
        cJSON_AddStringToObject(json, "error", e.text[0] ? e.text : "out of memory");
    }
    free(text);
    store_close(s);
    return json;
}

static cJSON *all_facts(void)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "engine", engine_facts());
    cJSON_AddItemToObject(json, "data", data_state_json());
    cJSON_AddItemToObject(json, "database", database_facts());
    return json;
}

/* ---- as text ---- */

static const cJSON *at(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_at(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(at(object, name));
    return text ? text : "";
}

static int number_at(const cJSON *object, const char *name)
{
    return (int)cJSON_GetNumberValue(at(object, name));
}

/* Prints "what        format..."; what is "" for a further line. */
static void line(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%-10s  ", what);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static void print_build(const cJSON *engine)
{
    const cJSON *build = at(engine, "build"), *library;
    line("assay", "%s, %s%.12s%s, %s build by %s", text_at(build, "version"),
         *text_at(build, "commit") ? "commit " : "no commit", text_at(build, "commit"),
         cJSON_IsTrue(at(build, "changed")) ? " with changes" : "", text_at(build, "type"),
         text_at(build, "compiler"));
    line("engine", "%s", text_at(engine, "path"));
    printf("%-10s  ", "libraries");
    cJSON_ArrayForEach(library, at(engine, "libraries"))
        printf("%s %s%s", library->string, cJSON_GetStringValue(library), library->next ? ", " : "\n");
}

static void print_machine(const cJSON *engine)
{
    const cJSON *cpu = at(engine, "cpu"), *kernels = at(engine, "kernels"), *blas = at(engine, "blas"),
                *feature;
    printf("%-10s  %s:", "processor", text_at(cpu, "name"));
    cJSON_ArrayForEach(feature, at(cpu, "features")) printf(" %s", cJSON_GetStringValue(feature));
    putchar('\n');
    const char *limit = text_at(kernels, "ASSAY_ISA"), *forced = text_at(blas, "OPENBLAS_CORETYPE");
    line("kernels", "%s%s%s", text_at(kernels, "isa"), *limit ? ", limited by ASSAY_ISA=" : "", limit);
    line("BLAS", "OpenBLAS's %s (%s)%s%s", text_at(blas, "kernel"), text_at(blas, "isa"),
         *forced ? ", forced by OPENBLAS_CORETYPE=" : "", forced);
    line("threads", "%d, of %d cores", number_at(engine, "threads"), number_at(cpu, "cores"));
}

static void print_plugins(const cJSON *engine)
{
    const cJSON *plugins = at(engine, "plugins"), *item;
    int total = 0;
    cJSON_ArrayForEach(item, at(plugins, "counts")) total += (int)cJSON_GetNumberValue(item);
    printf("%-10s  %d", "plugins", total);
    const char *gap = ": ";
    cJSON_ArrayForEach(item, at(plugins, "counts"))
    {
        if (cJSON_GetNumberValue(item) > 0) {
            printf("%s%d %s", gap, (int)cJSON_GetNumberValue(item), item->string);
            gap = ", ";
        }
    }
    putchar('\n');
}

static void print_data(void)
{
    for (size_t i = 0; i < data_set_count; i++) {
        data_state s = data_state_of(&data_sets[i]);
        char where[DATA_PATH + 64], size[32];
        line(i ? "" : "data", "%s, %s, %s", data_sets[i].name, data_size_text(s.bytes, size),
             data_state_text(&data_sets[i], &s, where, sizeof where));
    }
}

static void print_database(const cJSON *database)
{
    const cJSON *runs = at(database, "runs"), *item;
    if (!runs) {
        line("database", "%s%s", text_at(database, "path"),
             cJSON_IsTrue(at(database, "exists")) ? "" : ", made by the first assay run");
        return;
    }
    char size[32];
    int total = 0;
    cJSON_ArrayForEach(item, runs) total += (int)cJSON_GetNumberValue(item);
    printf("%-10s  %s, schema %d, %s, %d runs", "database", text_at(database, "path"),
           number_at(database, "schema"),
           data_size_text((size_t)cJSON_GetNumberValue(at(database, "bytes")), size), total);
    const char *gap = ": ";
    cJSON_ArrayForEach(item, runs)
    {
        printf("%s%d %s", gap, (int)cJSON_GetNumberValue(item), item->string);
        gap = ", ";
    }
    putchar('\n');
}

/* ---- what is wrong ---- */

/* One line each on stderr. What stops work makes the exit code 1; what only deserves a look does not. */
static int print_troubles(const cJSON *facts)
{
    const cJSON *engine = at(facts, "engine"), *database = at(facts, "database"), *item;
    int code = EXIT_OK;
    if (at(engine, "error")) {
        fprintf(stderr, "engine: %s\n", text_at(engine, "error"));
        code = EXIT_FAILED;
    }
    if (at(database, "error")) {
        fprintf(stderr, "database: %s\n", text_at(database, "error"));
        code = EXIT_FAILED;
    }
    if (number_at(database, "schema") > number_at(database, "schema_known"))
        fprintf(stderr, "database: %s was written by a newer assay, which alone can add runs to it\n",
                text_at(database, "path"));
    if (*text_at(at(engine, "blas"), "warning"))
        fprintf(stderr, "BLAS: %s\n", text_at(at(engine, "blas"), "warning"));
    cJSON_ArrayForEach(item, at(at(engine, "plugins"), "errors"))
    {
        fprintf(stderr, "plugin: %s\n", cJSON_GetStringValue(item));
        code = EXIT_FAILED;
    }
    cJSON_ArrayForEach(item, at(at(engine, "plugins"), "clashes"))
        fprintf(stderr, "plugin: %s is taken from %s; the one in %s is not used\n", text_at(item, "plugin"),
                text_at(item, "used"), text_at(item, "hidden"));
    return code;
}

static int run(const command *self, int argc, char **argv)
{
    if (!command_read(self, argc, argv, NULL))
        return EXIT_USAGE;
    cJSON *facts = all_facts();
    const cJSON *engine = at(facts, "engine");
    if (given.json) {
        char *text = cJSON_Print(facts);
        puts(text ? text : "{}");
        cJSON_free(text);
    } else {
        if (!at(engine, "error")) {
            print_build(engine);
            print_machine(engine);
            print_plugins(engine);
        }
        print_data();
        print_database(at(facts, "database"));
    }
    fflush(stdout);
    int code = print_troubles(facts);
    cJSON_Delete(facts);
    return code;
}

const command command_doctor = {
    .name = "doctor",
    .doc = "what Assay finds here: versions, processor, BLAS, plugins, data, database",
    .operands = "",
    .example = "assay doctor --json",
    .more =
        "What is wrong is told on stderr, a line each. Exit code: 1 if the engine, the database or a plugin\n"
        "cannot be used.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
