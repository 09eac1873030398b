/* assay plugins check: each plugin in a process of its own, which it may take along; the report is kept. */
#include "cli/plugins_check.h"

#include "cli/check_process.h"
#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <cjson/cJSON.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPEC_ALL_PENDING = 77 }; /* lua/assay/spec.lua's exit code */

typedef struct {
    char kind[48], name[48], version[32], hash[80], path[PATH_MAX];
    cJSON *rows;    /* [{"check", "result", "text"}] */
    bool stops;     /* its signature says that gradients are stopped */
    char begun[64]; /* the check under way */
    int passed, failed, left;
} report;

/* ---- the report ---- */

static void add_row(report *p, const char *check, const char *result, const char *text)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "check", check);
    cJSON_AddStringToObject(row, "result", result);
    if (*text)
        cJSON_AddStringToObject(row, "text", text);
    cJSON_AddItemToArray(p->rows, row);
    p->passed += strcmp(result, "pass") == 0;
    p->failed += strcmp(result, "fail") == 0;
    p->left += strcmp(result, "left") == 0;
}

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static void take_name(report *p, const char *kind_name)
{
    int kind = (int)strcspn(kind_name, "/");
    snprintf(p->kind, sizeof p->kind, "%.*s", kind, kind_name);
    copy(p->name, sizeof p->name, kind_name[kind] ? kind_name + kind + 1 : "");
}

/* "gradient: 20 derivatives ..." -> the part behind the colon; what is in front ends there. */
static char *take_apart(char *text)
{
    char *colon = strstr(text, ": ");
    if (!colon)
        return text + strlen(text);
    *colon = 0;
    return colon + 2;
}

static void take_result(report *p, const char *word, char *text)
{
    const char *rest = take_apart(text);
    add_row(p, text, word, rest);
}

/* Known answers: the plugin's spec in the tree, or NAME_spec.lua beside it. False when there is none. */
static bool find_spec(const report *p, path_text out)
{
    char local[PATH_MAX], folder[PATH_MAX];
    as_error ignored = {0};
    snprintf(local, sizeof local, "tests/plugins/%s/%s.lua", p->kind, p->name);
    copy(folder, sizeof folder, p->path);
    if (access(local, R_OK) == 0)
        copy(out, sizeof(path_text), local);
    else if (snprintf(out, sizeof(path_text), "%s/%s_spec.lua", dirname(folder), p->name) > 0 &&
             access(out, R_OK) == 0)
        return true;
    else
        return path_of_shared(local, out, &ignored);
    return true;
}

/* Specs of a build tree may use its test plugins, as under ctest, and start the engine themselves. Where the
 * tests were not built there are those in Lua. */
static void set_spec_environment(void)
{
    as_error ignored = {0};
    path_text folder, plugins;
    if (!path_of_program(folder, &ignored))
        return;
    setenv("ASSAY_BUILD", folder, 0);
    if ((path_join(plugins, folder, "tests/plugins", &ignored) && access(plugins, R_OK) == 0) ||
        path_of_shared("tests/plugins_good", plugins, &ignored))
        setenv("ASSAY_PLUGIN_PATH", plugins, 0);
}

/* Whether the spec compares a gradient: what is meant to be constant shows nowhere else. */
static bool compares_gradient(const char *spec)
{
    char line[1024];
    FILE *f = fopen(spec, "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, ":backward(") || strstr(line, "as.grad");
    if (f)
        fclose(f);
    return found;
}

/* "2 passed, 0 failed, 1 pending\nPENDING a: why\n" -> "2 passed, 0 failed, 1 pending; a: why" */
static void join_pending(char *text)
{
    static const char mark[] = "\nPENDING ";
    char *at;
    while ((at = strstr(text, mark))) {
        const char *rest = at + sizeof mark - 1;
        memcpy(at, "; ", 2);
        memmove(at + 2, rest, strlen(rest) + 1);
    }
    text[strcspn(text, "\n")] = 0;
}

static bool run_answers(report *p, const char *worker, const char *limit, const char *spec, as_error *e)
{
    path_text library;
    check_end r;
    if (!path_of_shared("lua/assay/spec.lua", library, e))
        return false;
    const char *argv[] = {worker, "check", limit, "--spec", library, spec, NULL};
    bool own_path = getenv("ASSAY_PLUGIN_PATH") != NULL;
    check_process process;
    set_spec_environment();
    bool ran = check_process_start(&process, argv, e) && check_process_end(&process, &r, e);
    if (!own_path) /* the checks themselves must not find test plugins */
        unsetenv("ASSAY_PLUGIN_PATH");
    if (!ran)
        return false;
    int code = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : -1;
    const char *result = code == 0 ? "pass" : code == SPEC_ALL_PENDING ? "left" : "fail";
    join_pending(r.text);
    add_row(p, "known answers", result, *r.where ? r.where : r.text);
    free(r.text);
    return true;
}

static bool check_answers(report *p, const char *worker, const char *limit, as_error *e)
{
    path_text spec;
    if (find_spec(p, spec)) {
        if (!p->stops || compares_gradient(spec))
            return run_answers(p, worker, limit, spec, e);
        add_row(p, "known answers", "fail",
                "the signature says |stop, and the spec compares no gradient (:backward() or as.grad):"
                " nothing else sees a missing detach");
    } else if (p->stops) {
        add_row(p, "known answers", "fail",
                "the signature says |stop, so answers with a gradient are needed:"
                " tests/plugins/KIND/NAME.lua or NAME_spec.lua beside the plugin");
    } else {
        add_row(p, "known answers", "left",
                "no spec: tests/plugins/KIND/NAME.lua or NAME_spec.lua beside it");
    }
    return true;
}

static void print_report(const report *p, bool all_rows)
{
    const cJSON *row;
    printf("%s/%s %s: %s, %d passed, %d failed, %d left out\n", p->kind, p->name, p->version,
           p->failed ? "FAILED" : "passed", p->passed, p->failed, p->left);
    cJSON_ArrayForEach(row, p->rows)
    {
        const char *result = cJSON_GetObjectItem(row, "result")->valuestring;
        const cJSON *text = cJSON_GetObjectItem(row, "text");
        bool failed = strcmp(result, "fail") == 0;
        const char *check = cJSON_GetObjectItem(row, "check")->valuestring;
        if ((all_rows || failed) && text)
            printf("  %-4s  %-16s %s\n", result, check, text->valuestring);
        else if (all_rows || failed)
            printf("  %-4s  %s\n", result, check);
    }
    if (p->failed)
        printf("  docs/checks.md says what each check does; the report is in the table plugin_check\n");
}

static bool keep_report(const report *p, store *s, as_error *e)
{
    char *text = cJSON_PrintUnformatted(p->rows);
    bool ok = text || error_set(e, "out of memory");
    ok = ok && (!*p->hash || store_plugin_check(s,
                                                &(store_check_info){.kind = p->kind,
                                                                    .name = p->name,
                                                                    .source_hash = p->hash,
                                                                    .version = p->version,
                                                                    .passed = p->failed == 0,
                                                                    .report = text},
                                                e));
    cJSON_free(text);
    return ok;
}

/* ---- one plugin or file ---- */

typedef struct {
    const char *worker;
    char limit[16]; /* seconds a process may take */
    const plugins_check_options *given;
    store *store;
    cJSON *all; /* --json */
    int failed;
} session;

static bool finish_report(session *s, report *p, as_error *e)
{
    bool ok = check_answers(p, s->worker, s->limit, e) && keep_report(p, s->store, e);
    s->failed += p->failed > 0;
    if (ok && s->given->json) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "kind", p->kind);
        cJSON_AddStringToObject(row, "name", p->name);
        cJSON_AddStringToObject(row, "version", p->version);
        cJSON_AddStringToObject(row, "source_hash", p->hash);
        cJSON_AddStringToObject(row, "result", p->failed ? "failed" : "passed");
        cJSON_AddItemToObject(row, "checks", p->rows);
        cJSON_AddItemToArray(s->all, row);
    } else {
        if (ok)
            print_report(p, !s->given->all);
        cJSON_Delete(p->rows);
    }
    fflush(stdout);
    *p = (report){0};
    return ok;
}

/* Goes through the lines of assay-worker check; a report without its end died in what it began last. */
static bool take_lines(session *s, check_end *r, as_error *e)
{
    report p = {0};
    char *rest = NULL;
    bool ok = true;
    for (char *line = strtok_r(r->text, "\n", &rest); ok && line; line = strtok_r(NULL, "\n", &rest)) {
        char *text = line + strcspn(line, " ");
        if (*text)
            *text++ = 0;
        if (strcmp(line, "plugin") == 0) {
            p.rows = cJSON_CreateArray();
            take_name(&p, text);
        } else if (strcmp(line, "version") == 0)
            copy(p.version, sizeof p.version, text);
        else if (strcmp(line, "hash") == 0)
            copy(p.hash, sizeof p.hash, text);
        else if (strcmp(line, "path") == 0)
            copy(p.path, sizeof p.path, text);
        else if (strcmp(line, "stops") == 0)
            p.stops = true;
        else if (strcmp(line, "begin") == 0)
            copy(p.begun, sizeof p.begun, text);
        else if (strcmp(line, "end") == 0)
            ok = finish_report(s, &p, e);
        else if (p.rows)
            take_result(&p, line, text);
    }
    if (!ok || !p.rows)
        return ok;
    add_row(&p, p.begun, "fail", *r->where ? r->where : "the process ended");
    return finish_report(s, &p, e);
}

/* ---- plugins side by side ---- */

enum { SIDE_BY_SIDE = 16 };

static bool finish_one(session *s, check_process *p, as_error *e)
{
    check_end r;
    if (!check_process_end(p, &r, e))
        return false;
    bool nothing = !strstr(r.text, "plugin ");
    bool ok = take_lines(s, &r, e);
    if (nothing) /* the worker has said why */
        s->failed++;
    free(r.text);
    return ok;
}

/* As many processes as there are cores; reports come in the order of the list. */
static bool check_each(session *s, const char *const *what, size_t n, as_error *e)
{
    check_process under_way[SIDE_BY_SIDE];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = cores < 1 ? 1 : cores > SIDE_BY_SIDE ? SIDE_BY_SIDE : (size_t)cores, begun = 0;
    bool ok = true;
    for (size_t ended = 0; ended < n && (ok || ended < begun); ended++) {
        for (; ok && begun < n && begun < ended + most; begun += ok) {
            const char *argv[] = {s->worker, "check", s->limit, what[begun], NULL};
            ok = check_process_start(&under_way[begun % most], argv, e);
        }
        as_error later = {0};
        if (ended < begun)
            ok = finish_one(s, &under_way[ended % most], ok ? e : &later) && ok;
    }
    return ok;
}

/* The names of all plugins that can be found; those that cannot be loaded are told. Owned: free each, then
 * the list. NULL after a failure. */
static char **find_plugins(session *s, size_t *n, as_error *e)
{
    const char *argv[] = {s->worker, "plugins", "list", "--json", NULL};
    char *out, *err;
    int status;
    if (!process_capture(argv, -1, &out, &err, &status, e))
        return NULL;
    cJSON *list = cJSON_Parse(out);
    const cJSON *row;
    char **names = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *names);
    if (!cJSON_IsArray(list) || !names)
        error_set(e, "assay plugins list gave no list: %.200s", err);
    *n = 0;
    cJSON_ArrayForEach(row, list)
    {
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(row, "kind"));
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(row, "name"));
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(row, "error"));
        if (text) {
            printf("%s/%s: FAILED to load: %s\n", kind, name, text);
            s->failed++;
        } else if (names && asprintf(&names[*n], "%s/%s", kind, name) > 0) {
            (*n)++;
        }
    }
    cJSON_Delete(list);
    free(out);
    free(err);
    return names;
}

static bool check_all(session *s, as_error *e)
{
    size_t n = 0;
    char **names = find_plugins(s, &n, e);
    bool ok = names && !e->text[0] && check_each(s, (const char *const *)names, n, e);
    for (size_t i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
    return ok;
}

int plugins_check(const plugins_check_options *given)
{
    as_error e = {0};
    /* blocks that glibc keeps for itself would not be filled (M_PERTURB, in check_repeat) */
    setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0);
    path_text worker;
    session s = {.worker = worker, .given = given};
    snprintf(s.limit, sizeof s.limit, "%d", given->seconds);
    if (!path_of_worker(worker, &e))
        return command_failed(&e);
    s.store = store_open(store_locate(given->db), STORE_WRITE, &e);
    if (!s.store)
        return command_failed(&e);
    s.all = given->json ? cJSON_CreateArray() : NULL;
    bool ok = given->all ? check_all(&s, &e) : check_each(&s, given->what, given->n, &e);
    store_close(s.store);
    if (ok && given->json) {
        char *text = cJSON_Print(s.all);
        printf("%s\n", text ? text : "[]");
        cJSON_free(text);
    }
    cJSON_Delete(s.all);
    return ok ? (s.failed ? EXIT_FAILED : EXIT_OK) : command_failed(&e);
}
