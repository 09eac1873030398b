/* plan SCRIPT: runs the top level of an experiment's script and writes what there is to run as one line of
 * JSON. */
#include "worker/worker.h"

#include "base/hash.h"
#include "config/config.h"
#include "lua/job_json.h"
#include "lua/plan_overrides.h"
#include "worker/facts.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *script;
    config_node *overrides, *sweep; /* the second may be NULL */
} request;

/* The options of the plan, as the table at the top of the stack. */
static void begin_options(lua_State *L)
{
    lua_createtable(L, 0, 8);
    lua_pushliteral(L, "run");
    lua_setfield(L, -2, "mode");
    lua_newtable(L);
    lua_setfield(L, -2, "seeds");
    lua_newtable(L);
    lua_setfield(L, -2, "arms");
}

static void append(lua_State *L, const char *list)
{
    lua_getfield(L, -2, list);
    lua_insert(L, -2);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    lua_pop(L, 1);
}

static bool integer_option(const char *option, const char *text, long long least, long long *value,
                           as_error *e)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (end != text && !*end && !errno && *value >= least)
        return true;
    return error_set(e, "%s %s: expected an integer from %lld on", option, text, least);
}

static bool merge(request *r, config_node *more)
{
    if (!more)
        return false;
    config_merge(r->overrides, more);
    return true;
}

/* --mode run | sweep | tune, --sweep FILE, --marked yes */
static bool take_sweep_option(lua_State *L, request *r, const char *option, const char *value, as_error *e)
{
    if (strcmp(option, "--mode") == 0) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, "mode");
        return true;
    }
    if (strcmp(option, "--marked") == 0) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "marked");
        return true;
    }
    if (strcmp(option, "--sweep") != 0)
        return error_set(
            e,
            "plan: unknown option %s; there are --config, --set, --seed, --seeds, --arm, --smoke,"
            " --mode, --sweep, --marked",
            option);
    config_free(r->sweep);
    r->sweep = config_read(value, e);
    return r->sweep != NULL;
}

static bool take_option(lua_State *L, request *r, const char *option, const char *value, as_error *e)
{
    long long number;
    if (strcmp(option, "--config") == 0)
        return merge(r, config_read(value, e));
    if (strcmp(option, "--set") == 0)
        return merge(r, config_set(value, e));
    if (strcmp(option, "--arm") == 0) {
        lua_pushstring(L, value);
        append(L, "arms");
        return true;
    }
    if (strcmp(option, "--seed") == 0) {
        if (!integer_option(option, value, 0, &number, e))
            return false;
        lua_pushinteger(L, number);
        append(L, "seeds");
        return true;
    }
    if (strcmp(option, "--smoke") == 0) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "smoke");
        return true;
    }
    if (strcmp(option, "--seeds") == 0) {
        if (!integer_option(option, value, 1, &number, e))
            return false;
        lua_pushinteger(L, number);
        lua_setfield(L, -2, "count");
        return true;
    }
    return take_sweep_option(L, r, option, value, e);
}

/* Leaves the table of options at the top. */
static bool take_options(lua_State *L, request *r, int argc, char **argv, as_error *e)
{
    begin_options(L);
    for (int i = 0; i < argc; i += 2) {
        if (i + 1 == argc)
            return error_set(e, "plan: %s needs a value", argv[i]);
        if (!take_option(L, r, argv[i], argv[i + 1], e))
            return false;
    }
    plan_overrides_push(L, r->overrides);
    lua_setfield(L, -2, "overrides");
    if (r->sweep) {
        plan_overrides_push(L, r->sweep);
        lua_setfield(L, -2, "sweep");
    }
    lua_pushstring(L, engine_short_path(r->script));
    lua_setfield(L, -2, "script");
    return true;
}

/* What the script returned is at the top: replaced by whether it is an experiment. */
static bool check_experiment(engine *n, const char *script, as_error *e)
{
    lua_State *L = n->L;
    if (luaL_dostring(L, "return require('assay.experiment').is") != LUA_OK)
        return error_set(e, "%s", lua_tostring(L, -1));
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    bool is = lua_toboolean(L, -1);
    lua_pop(L, 1);
    const char *found = lua_isnil(L, -1) ? "nothing" : luaL_typename(L, -1);
    return is ||
           error_set(
               e, "%s: an experiment's script ends with return as.experiment { ... }; this one returned %s",
               engine_short_path(script), found);
}

static cJSON *sources_json(const run_sources *sources)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < sources->n; i++) {
        const run_source *s = &sources->list[i];
        if (s->own)
            continue;
        char sha256[HASH_TEXT];
        hash_bytes(s->text, s->size, sha256);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "path", s->path);
        cJSON_AddStringToObject(item, "sha256", sha256);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

/* What the runs will be made with, by the columns of table build; of the uncommitted changes the hash. */
static cJSON *build_json(void)
{
    store_build_info b;
    char dirty[HASH_TEXT];
    facts_build(&b);
    if (b.dirty_diff) {
        hash_bytes(b.dirty_diff, strlen(b.dirty_diff), dirty);
        b.dirty_diff = dirty;
    }
    const char *const fields[][2] = {
        {"version", b.version},         {"git_commit", b.git_commit}, {"dirty_diff", b.dirty_diff},
        {"compiler", b.compiler},       {"build_type", b.build_type}, {"blas", b.blas},
        {"blas_kernel", b.blas_kernel},
    };
    cJSON *out = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i][1])
            cJSON_AddStringToObject(out, fields[i][0], fields[i][1]);
    return out;
}

/* The plan as Lua made it, at the top of the stack, completed and printed. */
static int print_plan(engine *n, const char *script)
{
    as_error e = {0};
    cJSON *json = job_json_from(n->L, -1, &e);
    if (!json)
        return worker_say(WORKER_FAILED, "%s: %s", script, e.text);
    static const char *const texts[] = {"paper", "doc", "headline", "trial"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!cJSON_HasObjectItem(json, texts[i]))
            cJSON_AddNullToObject(json, texts[i]);
    cJSON_AddStringToObject(json, "script", script);
    cJSON_AddStringToObject(json, "source", n->sources.list[0].text); /* the first file loaded */
    cJSON_AddItemToObject(json, "sources", sources_json(&n->sources));
    cJSON_AddItemToObject(json, "build", build_json());
    char *line = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (!line)
        return worker_say(WORKER_FAILED, "out of memory");
    printf("%s\n", line);
    cJSON_free(line);
    return WORKER_OK;
}

/* What engine_call left at the top, told; wrong overrides are a table { refused = text }. */
static int say_problem(lua_State *L)
{
    if (!lua_istable(L, -1))
        return worker_say(WORKER_FAILED, "%s", lua_tostring(L, -1));
    lua_getfield(L, -1, "refused");
    const char *text = lua_tostring(L, -1);
    return worker_say(text ? WORKER_MISUSE : WORKER_FAILED, "%s",
                      text ? text : "the error's value is a table");
}

#define PLAN_BYTES 1e9 /* what declarations may hold */

/* Seconds for declarations: $ASSAY_PLAN_SECONDS, else a minute. */
static unsigned plan_seconds(void)
{
    enum { SECONDS = 60 };
    const char *given = getenv("ASSAY_PLAN_SECONDS");
    int wanted = given ? atoi(given) : 0;
    return wanted > 0 ? (unsigned)wanted : SECONDS;
}

/* The script's top level. */
static bool read_script(engine *n)
{
    limit_memory(PLAN_BYTES);
    bool good = engine_call(n, 0, 1);
    limit_lift();
    return good;
}

static int say_out_of_memory(const char *script)
{
    return worker_say(
        WORKER_FAILED,
        "%s: its top level holds more than %g GB of memory: it only declares; load data and make"
        " tensors in run",
        engine_short_path(script), PLAN_BYTES / 1e9);
}

static int make_plan(engine *n, request *r, int argc, char **argv)
{
    lua_State *L = n->L;
    as_error e = {0};
    bool missing;
    if (!engine_load(n, r->script, &missing, &e))
        return worker_say(missing ? WORKER_MISUSE : WORKER_FAILED, "%s", e.text);
    limit_time(n, plan_seconds());
    if (!read_script(n)) {
        bool full = lua_isstring(L, -1) && limit_was_met(lua_tostring(L, -1));
        return full ? say_out_of_memory(r->script) : say_problem(L);
    }
    if (!check_experiment(n, r->script, &e))
        return worker_say(WORKER_FAILED, "%s", e.text);
    if (luaL_dostring(L, "return require('assay.plan').make") != LUA_OK)
        return say_problem(L);
    lua_insert(L, -2);
    if (!take_options(L, r, argc, argv, &e))
        return worker_say(WORKER_MISUSE, "%s", e.text);
    if (!engine_call(n, 2, 1))
        return say_problem(L);
    return print_plan(n, r->script);
}

int mode_plan(int argc, char **argv)
{
    if (argc < 1)
        return worker_say(WORKER_MISUSE, "usage: assay-worker plan SCRIPT [--config FILE] [--set NAME=VALUE] "
                                         "[--seed N] [--seeds COUNT] [--arm NAME] [--mode run|sweep|tune] "
                                         "[--sweep FILE] [--smoke yes]");
    as_error e = {0};
    request r = {.script = argv[0], .overrides = config_parse("", 0, "overrides", &e)};
    engine n = {0};
    int code;
    if (r.overrides && engine_open(&n, 0, 0, &e))
        code = make_plan(&n, &r, argc - 1, argv + 1);
    else
        code = worker_say(WORKER_FAILED, "%s", e.text);
    engine_close(&n);
    config_free(r.overrides);
    config_free(r.sweep);
    return code;
}
