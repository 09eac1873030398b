#include "lua/run_log.h"

#include "lua/host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_HERE 32 /* as many need no memory of their own */
#define SCRATCH "assay.scratch"

/* Where a run object keeps its session: this address is the key. */
static const char session_key;

run_session *run_log_session(lua_State *L, int index)
{
    run_session *s = NULL;
    if (lua_istable(L, index)) {
        lua_rawgetp(L, index, &session_key);
        s = lua_touserdata(L, -1);
        lua_pop(L, 1);
    }
    if (!s)
        lua_host_raise(L, "expected a run, found %s; methods of a run are called with a colon: run:log(...)",
                       luaL_typename(L, index));
    return s;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const store_value *)a)->name, ((const store_value *)b)->name);
}

static void read_value(lua_State *L, store_value *v)
{
    if (lua_type(L, -2) != LUA_TSTRING)
        lua_host_raise(L, "run:log: expected names of metrics as keys, found a %s", luaL_typename(L, -2));
    v->name = lua_tostring(L, -2);
    if (lua_type(L, -1) == LUA_TNUMBER)
        v->value = lua_tonumber(L, -1);
    else if (lua_type(L, -1) == LUA_TSTRING || !lua_host_number(L, -1, &v->value))
        lua_host_raise(L, "run:log: metric \"%s\": expected a number or a tensor with one item, found %s",
                       v->name, luaL_tolstring(L, -1, NULL));
}

/* The table at 3 in `values`, by name; how many. */
static size_t read_values(lua_State *L, store_value *values)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1))
        read_value(L, &values[n++]);
    qsort(values, n, sizeof *values, by_name);
    return n;
}

static store_value *room(lua_State *L, store_value *here)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1))
        n++;
    return n <= VALUES_HERE ? here : lua_newuserdatauv(L, n * sizeof *here, 0);
}

static void refuse_nan(lua_State *L, const store_value *values, size_t n, long long step)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i].value))
            lua_host_raise(
                L, "metric \"%s\" is %s at step %lld; %sallow_nan = true in the experiment lets a run go on",
                values[i].name, isnan(values[i].value) ? "NaN" : "infinite", step,
                isnan(values[i].value) ? "--trace-nan finds what made it, " : "");
}

int run_log(lua_State *L)
{
    run_session *s = run_log_session(L, 1);
    int exact = 0;
    lua_Integer step = lua_type(L, 2) == LUA_TNUMBER ? lua_tointegerx(L, 2, &exact) : 0;
    if (!exact)
        return lua_host_raise(L, "run:log(step, values): step: expected an integer, found %s",
                              luaL_tolstring(L, 2, NULL));
    if (!lua_istable(L, 3))
        return lua_host_raise(L, "run:log(step, values): values: expected a table { name = value }, found %s",
                              luaL_tolstring(L, 3, NULL));
    store_value here[VALUES_HERE], *values = room(L, here);
    size_t n = read_values(L, values);
    if (!s->allow_nan)
        refuse_nan(L, values, n, step);
    if (s->crumb && atomic_load(&s->crumb->total) == 0)
        atomic_store(&s->crumb->step, step); /* a loop that counts by itself */
    as_error e = {0};
    if (s->store && !store_log(s->store, s->id, s->attempt, step, values, n, &e))
        return lua_host_raise(L, "%s", e.text);
    return 0;
}

/* ---- run objects ---- */

void run_module_push(lua_State *L, run_session *s)
{
    lua_createtable(L, 0, 8);
    lua_pushlightuserdata(L, s);
    lua_rawsetp(L, -2, &session_key);
    lua_pushinteger(L, s->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, s->arm);
    lua_setfield(L, -2, "arm");
    lua_pushstring(L, s->stage);
    lua_setfield(L, -2, "stage");
    if (s->has_seed) {
        lua_pushinteger(L, s->seed);
        lua_setfield(L, -2, "seed");
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.run");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "wrap");
    lua_insert(L, -3);
    lua_pop(L, 1);
    lua_call(L, 1, 1);
}

static int end_scratch(lua_State *L)
{
    run_session *s = lua_touserdata(L, 1);
    as_error ignored = {0}; /* nothing depends on how a trial ends */
    run_session_finish(s, "done", NULL, &ignored);
    store_close(s->store);
    run_session_free(s);
    return 0;
}

static bool open_scratch(run_session *s, const char *path, as_error *e)
{
    s->store = store_open(path, STORE_WRITE, e);
    if (!s->store)
        return false;
    store_experiment_info x = {.name = "scratch", .script = "scratch", .source = ""};
    store_run_info r = {.stage = "run", .arm = "scratch", .has_seed = true, .seed = 1, .identity = "scratch"};
    s->attempt = 1;
    s->has_seed = true;
    s->seed = 1;
    strcpy(s->stage, "run");
    s->arm = strdup(r.arm);
    s->artifacts = strdup(store_artifacts(s->store));
    return s->arm && s->artifacts && store_experiment(s->store, &x, &r.experiment, e) &&
           store_create_run(s->store, &r, &s->id, s->uuid, e);
}

int run_scratch(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    run_session *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (run_session){0};
    if (luaL_newmetatable(L, SCRATCH)) {
        lua_pushcfunction(L, end_scratch);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    as_error e = {0};
    if (!open_scratch(s, path, &e))
        return lua_host_raise(L, "%s", e.text);
    run_module_push(L, s);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "session"); /* keeps it alive */
    return 1;
}
