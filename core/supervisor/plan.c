#include "supervisor/plan.h"

#include "base/breadcrumb.h"
#include "supervisor/process.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef cJSON_bool (*json_test)(const cJSON *);

static const cJSON *member(const cJSON *object, const char *name, json_test is, const char *wanted,
                           as_error *e)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!value || !is(value)) {
        error_set(e, "the planner's answer has no %s \"%s\"; are assay and assay-worker of one build?",
                  wanted, name);
        return NULL;
    }
    return value;
}

static const char *optional_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static double optional_number(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static bool check_arm(const cJSON *arm, as_error *e)
{
    return member(arm, "name", cJSON_IsString, "string", e) &&
           member(arm, "config", cJSON_IsObject, "object", e);
}

static bool check_arms(const plan *p, as_error *e)
{
    if (cJSON_GetArraySize(p->arms) == 0 || cJSON_GetArraySize(p->seeds) == 0)
        return error_set(e, "%s: nothing to run: %d arms, %d seeds", p->name, cJSON_GetArraySize(p->arms),
                         cJSON_GetArraySize(p->seeds));
    const cJSON *item;
    cJSON_ArrayForEach(item, p->arms)
    {
        if (!check_arm(item, e))
            return false;
    }
    cJSON_ArrayForEach(item, p->cells)
    {
        const cJSON *arm = member(item, "arm", cJSON_IsObject, "object", e);
        if (!arm || !check_arm(arm, e) || !member(item, "params", cJSON_IsObject, "object", e) ||
            !member(item, "values", cJSON_IsObject, "object", e) ||
            !member(item, "number", cJSON_IsNumber, "number", e))
            return false;
    }
    cJSON_ArrayForEach(item, p->seeds)
    {
        if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble))
            return error_set(e, "the planner's answer has a seed that is no whole number");
    }
    return true;
}

bool plan_read(const char *text, plan *out, as_error *e)
{
    *out = (plan){.json = cJSON_Parse(text)};
    if (!out->json || !cJSON_IsObject(out->json)) {
        plan_free(out);
        return error_set(e, "the planner's answer is no JSON object: \"%.60s\"", text);
    }
    const cJSON *name = member(out->json, "name", cJSON_IsString, "string", e);
    const cJSON *script = member(out->json, "script", cJSON_IsString, "string", e);
    const cJSON *source = member(out->json, "source", cJSON_IsString, "string", e);
    out->params = member(out->json, "params", cJSON_IsObject, "object", e);
    out->arms = member(out->json, "arms", cJSON_IsArray, "list", e);
    out->seeds = member(out->json, "seeds", cJSON_IsArray, "list", e);
    out->plugins = member(out->json, "plugins", cJSON_IsArray, "list", e);
    out->claims = cJSON_GetObjectItemCaseSensitive(out->json, "claims");
    if (e->text[0]) {
        plan_free(out);
        return false;
    }
    out->name = name->valuestring;
    out->source = source->valuestring;
    out->paper = optional_text(out->json, "paper");
    out->doc = optional_text(out->json, "doc");
    out->headline = optional_text(out->json, "headline");
    out->trial = optional_text(out->json, "trial");
    out->time_limit = optional_number(out->json, "time_limit");
    out->memory_limit = optional_number(out->json, "memory_limit");
    out->build = cJSON_GetObjectItemCaseSensitive(out->json, "build");
    out->sweep = cJSON_GetObjectItemCaseSensitive(out->json, "sweep");
    out->cells = out->sweep ? cJSON_GetObjectItemCaseSensitive(out->json, "cells") : NULL;
    out->pool = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(out->json, "pool"));
    bool ok = check_arms(out, e);
    if (ok && !realpath(script->valuestring, out->script))
        ok = error_set(e, "cannot find %s: %s", script->valuestring, strerror(errno));
    if (!ok)
        plan_free(out);
    return ok;
}

void plan_free(plan *p)
{
    cJSON_Delete(p->json);
    *p = (plan){0};
}

static void trim_end(char *text)
{
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]); n--)
        text[n - 1] = 0;
}

/* ", in losses/poly1 validate", where a signal met the planner inside a plugin. */
static void tell_plugin(const breadcrumb *crumb, char *out, size_t size)
{
    const breadcrumb_frame *at = breadcrumb_top(crumb);
    *out = 0;
    if (at)
        snprintf(out, size, ", in %s %s", at->plugin, at->call);
}

/* The planner ended with `status`: turns anything but success into a line. */
static bool planner_ended(int status, const breadcrumb *crumb, const char *said, const char *script,
                          bool *misuse, as_error *e)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    char name[32], where[96];
    tell_plugin(crumb, where, sizeof where);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return error_set(e, "%s: the planner did not come to an end in time%s", script, where);
    if (WIFSIGNALED(status))
        return error_set(e, "%s: the planner was killed by %s while reading it%s%s%s", script,
                         process_signal_name(WTERMSIG(status), name, sizeof name), where, *said ? ": " : "",
                         said);
    *misuse = WEXITSTATUS(status) == 2;
    if (*said)
        return error_set(e, "%s", said);
    return error_set(e, "%s: the planner exited with code %d%s and said nothing", script, WEXITSTATUS(status),
                     where);
}

/* The plan is the last line of the planner's stdout; what a script printed before it goes to `talk`. */
static bool take_answer(char *answer, const char *said, const char *script, plan *out, char **talk,
                        as_error *e)
{
    trim_end(answer);
    char *last = strrchr(answer, '\n');
    const char *line = last ? last + 1 : answer, *printed = "";
    if (last) {
        *last = 0;
        printed = answer;
    }
    if (!*line)
        return error_set(e, "%s: the planner's answer is empty; are assay and assay-worker of one build?",
                         script);
    if (*printed || *said) {
        size_t size = strlen(printed) + strlen(said) + 2;
        *talk = malloc(size);
        if (*talk)
            snprintf(*talk, size, "%s%s%s", printed, *printed && *said ? "\n" : "", said);
    }
    return plan_read(line, out, e);
}

bool plan_make(const char *worker, const char *script, const char *const *args, size_t n_args, plan *out,
               char **talk, bool *misuse, as_error *e)
{
    *talk = NULL;
    *misuse = false;
    const char **argv = calloc(n_args + 4, sizeof *argv);
    if (!argv)
        return error_set(e, "out of memory");
    argv[0] = worker;
    argv[1] = "plan";
    argv[2] = script;
    for (size_t i = 0; i < n_args; i++)
        argv[3 + i] = args[i];
    char *answer, *said;
    int status, shared;
    breadcrumb *crumb;
    bool ok = (shared = breadcrumb_share(&crumb, e)) >= 0;
    ok = ok && process_capture(argv, shared, &answer, &said, &status, e);
    free(argv);
    if (ok) {
        trim_end(said);
        ok = planner_ended(status, crumb, said, script, misuse, e) &&
             take_answer(answer, said, script, out, talk, e);
        free(answer);
        free(said);
    }
    if (shared >= 0) {
        close(shared);
        munmap(crumb, sizeof *crumb);
    }
    return ok;
}
