/* "assay.runtime": what lua/assay/{experiment,plan,run}.lua ask of C. */
#include "base/suggest.h"
#include "lua/host.h"
#include "lua/job_json.h"
#include "lua/plan_axes.h"
#include "lua/run_log.h"
#include "lua/results_module.h"
#include "lua/statistics_module.h"
#include "lua/run_session.h"
#include "plugin/instance.h"
#include "plugin/param.h"
#include "results/query.h"
#include "results/upkeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- words, lists, time ---- */

/* runtime.suggest(word, list of names) -> the nearest name, or nil */
static int suggest_word(lua_State *L)
{
    const char *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 2), filled = 0;
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    for (size_t i = 1; i <= n; i++) {
        if (lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TSTRING)
            names[filled++] = lua_tostring(L, -1); /* the list keeps it */
        lua_pop(L, 1);
    }
    lua_pushstring(L, suggest(word, names, filled));
    return 1;
}

/* runtime.list(t) -> t, marked as a list also when empty */
static int mark_list(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    job_json_list(L);
    return 1;
}

static int is_list(lua_State *L)
{
    lua_pushboolean(L, lua_istable(L, 1) && job_json_is_list(L, 1));
    return 1;
}

/* runtime.clock() -> seconds on the machine's monotonic clock, the same in every process */
static int clock_now(lua_State *L)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (lua_Number)t.tv_sec + 1e-9 * (lua_Number)t.tv_nsec);
    return 1;
}

static int call_upvalue(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* runtime.through_c(f) -> a function that calls f and, being C, keeps its caller's line also in a tail call
 */
static int through_c(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_upvalue, 1);
    return 1;
}

/* ---- plugins of a plan ---- */

static const char *const reductions[] = {"mean", "sum", "none"};

/* The host's own option of a loss beside the plugin's parameters: taken out of `given`, kept apart. */
static bool take_reduction(const plugin *p, cJSON *given, cJSON **reduction, as_error *e)
{
    if (strcmp(p->d.kind, "losses") != 0 || param_find(&p->d, "reduction"))
        return true;
    *reduction = cJSON_DetachItemFromObjectCaseSensitive(given, "reduction");
    const char *word = cJSON_GetStringValue(*reduction);
    for (size_t i = 0; word && i < sizeof reductions / sizeof *reductions; i++)
        if (strcmp(word, reductions[i]) == 0)
            return true;
    return !*reduction || error_set(e, "%s: reduction is %s, expected \"mean\", \"sum\" or \"none\"", p->name,
                                    word ? word : "no word");
}

static void push_identity(lua_State *L, plugin *p, const char *so_sha256)
{
    const char *const fields[][2] = {
        {"kind", p->d.kind},
        {"name", p->d.name},
        {"version", p->d.version},
        {"path", p->module->path},
        {"source_hash", p->d.source_hash},
        {"so_sha256", so_sha256},
    };
    lua_createtable(L, 0, sizeof fields / sizeof *fields);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        lua_pushstring(L, fields[i][1]);
        lua_setfield(L, -2, fields[i][0]);
    }
}

static cJSON *resolve_plugin(lua_State *L, const char *kind, const char *name, plugin **p,
                             const char **so_sha256, as_error *e)
{
    *p = load_plugin(kind, name, e);
    *so_sha256 = *p ? load_so_sha256(*p, e) : NULL;
    cJSON *given = *so_sha256 ? job_json_from(L, 3, e) : NULL, *reduction = NULL, *all = NULL;
    if (given && take_reduction(*p, given, &reduction, e))
        all = param_resolve(&(*p)->d, given, e);
    cJSON_Delete(given);
    if (all && reduction)
        cJSON_AddItemToObject(all, "reduction", reduction);
    else
        cJSON_Delete(reduction);
    return all;
}

/* runtime.plugin(kind, name, params) -> all parameters, identity; or nil, text */
static int resolve(lua_State *L)
{
    const char *kind = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    as_error e = {0};
    plugin *p;
    const char *so_sha256;
    cJSON *all = resolve_plugin(L, kind, name, &p, &so_sha256, &e);
    if (!all) {
        lua_pushnil(L);
        lua_pushstring(L, e.text);
        return 2;
    }
    job_json_push(L, all);
    cJSON_Delete(all);
    push_identity(L, p, so_sha256);
    return 2;
}

/* runtime.check_plugin("losses/poly1", params) -> nil, or what is wrong with all of them together. The
 * planner is a process of its own, which a plugin's validate may take along. */
static int check_plugin(lua_State *L)
{
    as_error e = {0};
    as_ctx *c = lua_host_context(L);
    cJSON *params = job_json_from(L, 2, &e), *reduction = NULL;
    plugin *p = params ? load_plugin_named(luaL_checkstring(L, 1), &e) : NULL;
    if (p && take_reduction(p, params, &reduction, &e) && !instance_would_take(c, p, params))
        context_take_error(c, &e);
    cJSON_Delete(reduction);
    cJSON_Delete(params);
    if (!e.text[0])
        return 0;
    lua_pushstring(L, e.text);
    return 1;
}

/* ---- runs ---- */

/* runtime.allow_nan(run, on) */
static int allow_nan(lua_State *L)
{
    run_log_session(L, 1)->allow_nan = lua_toboolean(L, 2);
    return 0;
}

/* runtime.note(run, text) */
static int note(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    const char *text = luaL_checkstring(L, 2);
    as_error e = {0};
    if (s->store && !store_event(s->store, s->id, s->attempt, -1, "note", text, &e))
        return lua_host_raise(L, "run:note: %s", e.text);
    return 0;
}

/* runtime.target(run, file) -> the path to write the run's file to; makes its folder */
static int target(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    const char *file = luaL_checkstring(L, 2);
    const char *folder = lua_pushfstring(L, "%s/%s", s->artifacts, s->uuid);
    mkdir(s->artifacts, 0777);
    mkdir(folder, 0777); /* if it cannot be made, writing the file says why */
    lua_pushfstring(L, "%s/%s", folder, file);
    return 1;
}

/* runtime.record(run, name, kind, file): the file at target(run, file) is complete */
static int record(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    const char *name = luaL_checkstring(L, 2), *kind = luaL_checkstring(L, 3);
    const char *path = lua_pushfstring(L, "%s/%s", s->uuid, luaL_checkstring(L, 4));
    as_error e = {0};
    if (s->store && !store_artifact(s->store, s->id, s->attempt, name, kind, path, &e))
        return lua_host_raise(L, "run:save: %s", e.text);
    return 0;
}

/* runtime.find(run, id of a run, name) -> path of its artifact */
static int find(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    int64_t id = luaL_checkinteger(L, 2);
    const char *name = luaL_checkstring(L, 3);
    if (!s->store) {
        lua_pushfstring(L, "%s/%s/%s.safetensors", s->artifacts, s->uuid, name);
        return 1;
    }
    as_error e = {0};
    char *path;
    if (!store_artifact_path(s->store, id, name, &path, &e))
        return lua_host_raise(L, "run:load: %s", e.text);
    lua_pushstring(L, path);
    free(path);
    return 1;
}

/* runtime.checkpoint(run) -> path of the checkpoint this attempt goes on from, or nil */
static int checkpoint(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    char *path = NULL;
    as_error e = {0};
    if (s->store && s->attempt > 1 && !store_intact_artifact(s->store, s->id, "checkpoint", &path, &e))
        return lua_host_raise(L, "run:resume: %s", e.text);
    lua_pushstring(L, path);
    free(path);
    return 1;
}

/* runtime.event(run, step, kind, text) */
static int event(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    int64_t step = luaL_checkinteger(L, 2);
    const char *kind = luaL_checkstring(L, 3), *text = luaL_checkstring(L, 4);
    as_error e = {0};
    if (s->store && !store_event(s->store, s->id, s->attempt, step, kind, text, &e))
        return lua_host_raise(L, "%s", e.text);
    return 0;
}

/* One run's row of the view `runs` as JSON: [{"seed":..., "arm":...}]. */
static cJSON *read_run(store *s, int64_t id, as_error *e)
{
    char sql[128], *text = NULL;
    size_t size;
    snprintf(sql, sizeof sql, "SELECT id, arm, seed, headline FROM runs WHERE id = %lld", (long long)id);
    FILE *out = open_memstream(&text, &size);
    bool ok = out && query_run(s, sql, QUERY_JSON, out, e);
    if (out)
        fclose(out);
    cJSON *rows = ok ? cJSON_Parse(text) : NULL;
    free(text);
    if (!rows)
        error_set(e, "cannot read run %lld", (long long)id);
    return rows;
}

/* runtime.members(run) -> list of { id =, arm =, seed =, headline = } */
static int members(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    lua_createtable(L, (int)s->n_members, 0);
    for (size_t i = 0; i < s->n_members; i++) {
        as_error e = {0};
        cJSON *rows = s->store ? read_run(s->store, s->members[i], &e) : NULL;
        if (!rows)
            return lua_host_raise(L, "run:members: %s", e.text);
        job_json_push(L, cJSON_GetArrayItem(rows, 0));
        cJSON_Delete(rows);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int open_module(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"suggest", suggest_word},
        {"list", mark_list},
        {"is_list", is_list},
        {"clock", clock_now},
        {"plugin", resolve},
        {"check_plugin", check_plugin},
        {"parameter", plan_axes_parameter},
        {"uniform", plan_axes_uniform},
        {"log", run_log},
        {"allow_nan", allow_nan},
        {"note", note},
        {"target", target},
        {"checkpoint", checkpoint},
        {"event", event},
        {"record", record},
        {"find", find},
        {"members", members},
        {"through_c", through_c},
        {"scratch", run_scratch},
        {0},
    };
    luaL_newlib(L, functions);
    return 1;
}

void run_module_install(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "assay.runtime");
    lua_pop(L, 1);
    results_module_install(L);
    statistics_module_install(L);
}
