/* Plugins as Lua objects: as.loss { "poly1", epsilon = 2 } makes one; its parameters, state, modes. */
#include "lua/plugin_object.h"

#include "lua/job_json.h"
#include "lua/state.h"
#include "plugin/param.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METATABLE "assay.plugin"

plugin_object *plugin_at(lua_State *L, int index)
{
    return luaL_testudata(L, index, METATABLE);
}

plugin_object *plugin_check(lua_State *L)
{
    plugin_object *o = luaL_checkudata(L, 1, METATABLE);
    if (!o->i)
        lua_host_raise(L, "this plugin was closed before");
    return o;
}

static bool is_kind(const plugin_object *o, const char *kind)
{
    return strcmp(o->i->plugin->d.kind, kind) == 0;
}

/* ---- making ---- */

/* Pulls `reduction` out of the table of parameters at the top. */
static reduction take_reduction(lua_State *L, const plugin *p)
{
    static const char *const words[] = {"mean", "sum", "none"};
    if (strcmp(p->d.kind, "losses") != 0 || param_find(&p->d, "reduction"))
        return REDUCE_MEAN;
    int type = lua_getfield(L, -1, "reduction");
    const char *word = type == LUA_TNIL ? words[0] : lua_tostring(L, -1);
    const signature_item *loss = &p->signature->out[0];
    if (word && strcmp(word, "none") == 0 && loss->rank == 0 && loss->rest < 0)
        lua_host_raise(L, "%s: reduction is none, but its loss is one number of a whole batch", p->name);
    for (int i = 0; i < 3; i++)
        if (word && strcmp(word, words[i]) == 0) {
            lua_pop(L, 1);
            lua_pushnil(L);
            lua_setfield(L, -2, "reduction");
            return (reduction)i;
        }
    return (reduction)lua_host_raise(L, "%s: reduction is %s, expected \"mean\", \"sum\" or \"none\"",
                                     p->name, luaL_tolstring(L, -1, NULL));
}

/* Neither parameter nor input: names what there is. */
static void no_such_name(lua_State *L, const plugin *p, const char *key)
{
    enum { NAMES = 64 };
    const char *names[NAMES + SIGNATURE_PLACES + 1],
        *own = strcmp(p->d.kind, "samplers") == 0 ? "hooks" : NULL;
    size_t n = 0;
    for (const as_param *q = p->d.params; q && q->type != AS_PARAM_END && n < NAMES; q++)
        names[n++] = q->name;
    for (int k = 0; k < p->signature->in_count; k++)
        names[n++] = p->signature->in[k].name;
    if (strcmp(p->d.kind, "losses") == 0)
        own = "reduction";
    if (own)
        names[n++] = own;
    char nearest[128], list[256] = "";
    const char *meant = lua_host_suggest(key, names, n, nearest, sizeof nearest);
    for (size_t k = 0, used = 0; !*meant && k < n && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "; it has ", names[k]);
    lua_host_raise(L, "%s: no parameter \"%s\"%s%s", p->name, key, meant, list);
}

/* A hook gets nothing from the sampler's call: its inputs are given where it is made. */
static void check_hook_inputs(lua_State *L, const plugin_object *o)
{
    const signature *s = o->i->plugin->signature;
    for (int k = 0; k < s->in_count; k++)
        if (!o->names[k] && !s->in[k].optional)
            lua_host_raise(L,
                           "%s: %s was not given, expected %s: a hook's inputs stand beside its parameters,"
                           " { \"%s\", %s = ... }",
                           o->i->plugin->name, s->in[k].name, s->in[k].text, o->i->plugin->d.name,
                           s->in[k].name);
}

/* A sampler's hooks, a list of plugin objects or of { "name", ... }, in the script's order; the list at index
 * `value` becomes one of objects, held by the sampler's table. */
static void read_hooks(lua_State *L, const plugin *p, plugin_object *o, int bound, int value)
{
    if (!lua_istable(L, value) || lua_rawlen(L, value) > INSTANCE_HOOKS)
        lua_host_raise(L, "%s: hooks is a %s, expected a list of at most %d hooks", p->name,
                       luaL_typename(L, value), INSTANCE_HOOKS);
    int n = (int)lua_rawlen(L, value);
    lua_createtable(L, n, 0);
    for (int k = 1; k <= n; k++) {
        lua_rawgeti(L, value, k);
        if (!plugin_at(L, -1)) {
            lua_pushcfunction(L, plugin_new);
            lua_pushliteral(L, "hooks");
            lua_rotate(L, -3, -1);
            lua_call(L, 2, 1);
        }
        plugin_object *hook = plugin_at(L, -1);
        if (!hook || !hook->i || !is_kind(hook, "hooks"))
            lua_host_raise(L, "%s: hooks[%d] is no hook", p->name, k);
        else
            check_hook_inputs(L, hook);
        o->hooks[o->hook_count++] = hook->i;
        lua_rawseti(L, -2, k);
    }
    lua_setfield(L, bound, "hooks");
}

/* A tensor given for a parameter is written down as lists: it is part of the run's rows. */
static void list_tensor(lua_State *L, const plugin *p, const char *key)
{
    const as_param *q = param_find(&p->d, key);
    if (!q || q->type != AS_PARAM_TENSOR || !tensor_at(L, -1))
        return;
    lua_getfield(L, -1, "tolist");
    lua_rotate(L, -2, 1);
    lua_call(L, 1, 1);
}

/* Splits the table at index 2 into what is bound by the signature's names (into o and its table at `bound`)
 * and the parameters, which are left as a new table at the top. */
static void split_spec(lua_State *L, plugin *p, plugin_object *o, int bound)
{
    lua_newtable(L);
    int parameters = lua_gettop(L);
    lua_Integer spare = SIGNATURE_PLACES;
    for (lua_pushnil(L); lua_next(L, 2); lua_settop(L, parameters + 1)) {
        if (lua_isinteger(L, -2) && lua_tointeger(L, -2) == 1)
            continue;
        if (lua_type(L, -2) != LUA_TSTRING)
            lua_host_raise(L, "%s: expected parameters by name beside the plugin's name at [1]", p->name);
        const char *key = lua_tostring(L, -2);
        int place = param_find(&p->d, key) ? -1 : signature_place(p->signature, key);
        if (place < 0 && strcmp(p->d.kind, "samplers") == 0 && strcmp(key, "hooks") == 0) {
            read_hooks(L, p, o, bound, lua_gettop(L));
            continue;
        }
        bool reduces = strcmp(p->d.kind, "losses") == 0 && strcmp(key, "reduction") == 0;
        if (place < 0 && !reduces && !param_find(&p->d, key))
            no_such_name(L, p, key);
        if (place < 0) {
            lua_pushvalue(L, -2);
            lua_pushvalue(L, -2);
            list_tensor(L, p, key);
            lua_rawset(L, parameters);
            continue;
        }
        /* what the reading leaves on the stack goes with the value into the table, so that it lives on */
        lua_pushvalue(L, -1);
        lua_rawseti(L, bound, place + 1);
        int first = lua_gettop(L) + 1;
        lua_pushvalue(L, -1);
        argument_read(L, p, &o->bound, place, first);
        model_bind(L, &o->bound.models[place], first);
        o->names[place] = 1;
        for (int top = lua_gettop(L); top >= first; top--) {
            if (handle_at(L, top))
                handle_keep(handle_at(L, top));
            lua_rawseti(L, bound, ++spare);
        }
    }
}

/* Resolves "poly1" or "losses/poly1". */
static plugin *find_plugin(lua_State *L, const char *kind, const char *name)
{
    as_error e = {{0}};
    plugin *p = strchr(name, '/') ? load_plugin_named(name, &e) : load_plugin(kind, name, &e);
    if (!p)
        lua_host_raise(L, "%s", e.text);
    else if (strcmp(p->d.kind, kind) != 0)
        lua_host_raise(L, "%s is no plugin of kind %s", name, kind);
    return p;
}

/* How the models and optimizers of the spec at index 2 are now, as a function that brings it back: kept with
 * the object at index 4. */
static void remember_models(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.snapshot");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    lua_setiuservalue(L, 4, 3);
}

/* core.plugin(kind, { name, parameter = ..., input = ... }) */
int plugin_new(lua_State *L)
{
    lua_settop(L, 2);
    const char *kind = luaL_checkstring(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, 1);
        lua_replace(L, 2);
    }
    if (!lua_istable(L, 2))
        return lua_host_raise(L, "expected { \"name\", parameter = ... } for a plugin of %s, got a %s", kind,
                              luaL_typename(L, 2));
    if (lua_rawgeti(L, 2, 1) != LUA_TSTRING)
        return lua_host_raise(L, "[1] of a plugin of %s is a %s, expected its name", kind,
                              luaL_typename(L, -1));
    plugin *p = find_plugin(L, kind, lua_tostring(L, 3));
    plugin_object *o = lua_newuserdatauv(L, sizeof *o, 3); /* 4 */
    memset(o, 0, sizeof *o);
    luaL_setmetatable(L, METATABLE);
    lua_newtable(L); /* 5 */
    lua_pushvalue(L, 5);
    lua_setiuservalue(L, 4, 1);
    lua_newtable(L);
    lua_setiuservalue(L, 4, 2);
    split_spec(L, p, o, 5);
    o->reduction = take_reduction(L, p);
    luaL_checkstack(L, 32, p->name);
    as_error e = {{0}};
    as_ctx *c = host_of(L)->c;
    cJSON *params = job_json_from(L, 6, &e);
    border b;
    border_enter(L, &b, 4);
    as_scope s = scope_open(c);
    if (params)
        o->i = instance_new(c, p, params, o->bound.in, p->signature->in_count, -1);
    else
        context_fail(c, "%s: %s", p->name, e.text);
    scope_close(c, s, NULL);
    cJSON_Delete(params);
    border_leave(L, &b);
    if (!o->i)
        return border_raise(L, &b);
    memcpy(o->i->hooks, o->hooks, sizeof o->hooks);
    o->i->hook_count = o->hook_count;
    if (is_kind(o, "adapters"))
        remember_models(L);
    if (is_kind(o, "datasets")) {
        border_enter(L, &b, 4);
        bool opened = call_open(o->i);
        border_leave(L, &b);
        if (!opened)
            return border_raise(L, &b);
    }
    lua_settop(L, 4);
    return 1;
}

static int collected(lua_State *L)
{
    plugin_object *o = luaL_checkudata(L, 1, METATABLE);
    instance_free(o->i);
    o->i = NULL;
    return 0;
}

/* ---- parameters and state ---- */

/* :parameters() -> the trained tensors of its registered state */
static int parameters(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    int n = instance_parameter_count(o->i);
    as_t *list = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof *list, 0);
    instance_parameters(o->i, list);
    lua_createtable(L, n, 0);
    for (int k = 0; k < n; k++) {
        lua_host_push_tensor(L, list[k]);
        handle_keep(handle_at(L, -1));
        lua_rawseti(L, -2, k + 1);
    }
    return 1;
}

/* (as_state) -> the state in Lua, its tensors copied */
static int push_copies(lua_State *L)
{
    const as_state *s = lua_touserdata(L, 1);
    as_ctx *c = host_of(L)->c;
    state_push(L, s->count);
    for (int k = 0; k < s->count; k++) {
        as_t x = tensor_dense(c, s->entries[k].tensor);
        if (context_ok(c))
            x = tensor_from(c, (as_dtype)x->dtype, tensor_dims(x), x->data);
        if (!context_ok(c))
            return lua_host_raise_context(L);
        state_add(L, k + 1, s->entries[k].name, x);
    }
    return 1;
}

int plugin_push_state(lua_State *L, as_state *s, lua_CFunction push, as_scope scope)
{
    lua_pushcfunction(L, push);
    lua_pushlightuserdata(L, s);
    int status = lua_pcall(L, 1, 1, 0);
    state_free(s);
    scope_close(host_of(L)->c, scope, NULL);
    return status == LUA_OK ? 1 : lua_error(L);
}

/* :state() -> parameters, buffers, counters and random streams, copied */
static int state(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    as_ctx *c = host_of(L)->c;
    as_scope scope = scope_open(c);
    as_state *s = instance_state(o->i);
    if (s)
        return plugin_push_state(L, s, push_copies, scope);
    scope_close(c, scope, NULL);
    return lua_host_raise_context(L);
}

static int load(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    const as_state *s = state_from(L, 2, o->i->plugin->name);
    if (!instance_load(o->i, s))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

static int train(lua_State *L)
{
    instance_train(plugin_check(L)->i, true);
    lua_settop(L, 1);
    return 1;
}

static int evaluate(lua_State *L)
{
    instance_train(plugin_check(L)->i, false);
    lua_settop(L, 1);
    return 1;
}

/* :reset() -> as newly made; it works again after a failure */
static int reset(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    border b;
    border_enter(L, &b, 1);
    bool good = instance_reset(o->i);
    border_leave(L, &b);
    if (!good)
        return border_raise(L, &b);
    lua_settop(L, 1);
    if (lua_getiuservalue(L, 1, 3) == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    lua_settop(L, 1);
    return 1;
}

/* ---- properties ---- */

static int push_reports(lua_State *L, const instance *i)
{
    lua_createtable(L, 0, i->report_count);
    for (int k = 0; k < i->report_count; k++) {
        lua_pushnumber(L, i->reports[k].value);
        lua_setfield(L, -2, i->reports[k].name);
    }
    return 1;
}

static int push_params(lua_State *L)
{
    job_json_push(L, lua_touserdata(L, 1));
    return 1;
}

static int read_params(lua_State *L, const instance *i)
{
    lua_pushcfunction(L, push_params);
    cJSON *json = instance_params_json(i);
    lua_pushlightuserdata(L, json);
    int status = lua_pcall(L, 1, 1, 0);
    cJSON_Delete(json);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int push_splits(lua_State *L, const instance *i)
{
    lua_createtable(L, i->split_count, 0);
    for (int k = 0; k < i->split_count; k++) {
        lua_pushstring(L, i->splits[k]);
        lua_rawseti(L, -2, k + 1);
    }
    return 1;
}

/* A data set's split as a plain table of tensors; read when first asked for. */
static int push_fields(lua_State *L)
{
    const as_state *s = lua_touserdata(L, 1);
    lua_createtable(L, 0, s->count);
    for (int k = 0; k < s->count; k++) {
        lua_host_push_tensor(L, s->entries[k].tensor);
        handle_keep(handle_at(L, -1));
        lua_setfield(L, -2, s->entries[k].name);
    }
    return 1;
}

static int read_split(lua_State *L, plugin_object *o, const char *name)
{
    lua_getiuservalue(L, 1, 2);
    if (lua_getfield(L, -1, name) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    border b;
    border_enter(L, &b, 1);
    as_ctx *c = host_of(L)->c;
    as_scope scope = scope_open(c);
    as_state *s = call_read(o->i, name);
    border_leave(L, &b);
    if (!s) {
        scope_close(c, scope, NULL);
        return border_raise(L, &b);
    }
    lua_settop(L, b.error - 1);
    plugin_push_state(L, s, push_fields, scope);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    return 1;
}

static int no_such_property(lua_State *L, const plugin_object *o, const char *key)
{
    const char *names[32] = {"name", "params", "reports"};
    size_t n = 3;
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)) && n < 32; lua_pop(L, 1))
        names[n++] = lua_tostring(L, -2);
    char nearest[128];
    return lua_host_raise(L, "%s has no method or property \"%s\"%s", o->i->plugin->name, key,
                          lua_host_suggest(key, names, n, nearest, sizeof nearest));
}

static bool is_split(const plugin_object *o, const char *name)
{
    for (int k = 0; k < o->i->split_count; k++)
        if (strcmp(o->i->splits[k], name) == 0)
            return true;
    return false;
}

static int read_property(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    const char *key = luaL_checkstring(L, 2);
    if (is_split(o, key)) /* before the methods: train is both */
        return read_split(L, o, key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    if (strcmp(key, "reports") == 0)
        return push_reports(L, o->i);
    if (strcmp(key, "name") == 0) {
        lua_pushstring(L, o->i->plugin->name);
        return 1;
    }
    if (strcmp(key, "params") == 0)
        return read_params(L, o->i);
    if (is_kind(o, "datasets"))
        return strcmp(key, "splits") == 0 ? push_splits(L, o->i) : read_split(L, o, key);
    return no_such_property(L, o, key);
}

static int to_text(lua_State *L)
{
    plugin_object *o = luaL_checkudata(L, 1, METATABLE);
    lua_pushstring(L, o->i ? o->i->plugin->name : "plugin (closed)");
    return 1;
}

void core_open_plugins(lua_State *L)
{
    static const luaL_Reg methods[] = {{"parameters", parameters},
                                       {"state", state},
                                       {"load", load},
                                       {"train", train},
                                       {"eval", evaluate},
                                       {"reset", reset},
                                       {0}};
    static const luaL_Reg events[] = {{"__gc", collected}, {"__tostring", to_text}, {0}};
    luaL_newmetatable(L, METATABLE);
    luaL_setfuncs(L, events, 0);
    luaL_newlib(L, methods);
    plugin_open_calls(L);
    lua_pushcclosure(L, read_property, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, plugin_call);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
    lua_pushcfunction(L, plugin_new);
    lua_setfield(L, -2, "plugin");
}
