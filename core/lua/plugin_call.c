/* Calling plugins from Lua. */
#include "lua/plugin_object.h"

#include "lua/state.h"

#include <string.h>

#define SAMPLING "assay.sampling"

typedef bool outputs_call(instance *i, const argument *in, int n, as_t *out);

/* ---- calls with tensors as results ---- */

/* A loss by item becomes one number, unless the script wants the items. */
static as_t reduced(as_ctx *c, const plugin_object *o, as_t x)
{
    if (o->reduction == REDUCE_NONE || x->rank == 0 || strcmp(o->i->plugin->d.kind, "losses") != 0)
        return x;
    return o->reduction == REDUCE_SUM ? as_sum(c, x, AS_ALL) : as_mean(c, x, AS_ALL);
}

/* Empty handles for the outputs, at the top of the stack. */
static int push_handles(lua_State *L, int n, handle **u)
{
    luaL_checkstack(L, n + 8, "a plugin's outputs");
    lua_host *h = host_of(L);
    for (int k = 0; k < n; k++)
        u[k] = handle_new(L, h);
    return lua_gettop(L) - n + 1;
}

/* Fills the handles, which become the top of the stack; outputs that were left out become nil. */
static void fill_handles(lua_State *L, int first, int n, handle **u, const as_t *out)
{
    lua_host *h = host_of(L);
    lua_settop(L, first + n - 1);
    for (int k = 0; k < n; k++) {
        if (out[k]) {
            handle_fill(L, h, u[k], out[k]);
        } else {
            lua_pushnil(L);
            lua_replace(L, first + k);
        }
    }
}

static int call_outputs(lua_State *L, plugin_object *o, outputs_call *call, bool reduce)
{
    plugin_arguments a;
    arguments_read(L, o, &a, 2);
    int n = o->i->plugin->signature->out_count;
    handle *u[SIGNATURE_PLACES];
    as_t out[SIGNATURE_PLACES] = {NULL};
    int first = push_handles(L, n, u);
    border b;
    border_enter(L, &b, 1);
    b.arguments = &a;
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool good = call(o->i, a.in, a.n, out);
    if (good && reduce && n > 0 && out[0])
        out[0] = reduced(c, o, out[0]);
    good = good && context_ok(c);
    border_leave(L, &b);
    if (good)
        fill_handles(L, first, n, u, out);
    scope_close(c, s, NULL);
    if (good && o->i->verdict) {
        lua_pushstring(L, o->i->verdict);
        return n + 1;
    }
    return good ? n : border_raise(L, &b);
}

/* ---- soups ---- */

static int push_merged(lua_State *L)
{
    const as_state *s = lua_touserdata(L, 1);
    state_push(L, s->count);
    for (int k = 0; k < s->count; k++)
        state_add(L, k + 1, s->entries[k].name, s->entries[k].tensor);
    return 1;
}

static int call_soup(lua_State *L, plugin_object *o)
{
    plugin_arguments a;
    arguments_read(L, o, &a, 2);
    int n = o->i->plugin->signature->out_count;
    handle *u[SIGNATURE_PLACES];
    as_t out[SIGNATURE_PLACES] = {NULL};
    int first = push_handles(L, n, u);
    border b;
    border_enter(L, &b, 1);
    as_ctx *c = host_of(L)->c;
    as_scope scope = scope_open(c);
    as_state *merged = call_merge(o->i, a.in, a.n, out);
    border_leave(L, &b);
    if (!merged) {
        scope_close(c, scope, NULL);
        return border_raise(L, &b);
    }
    fill_handles(L, first, n, u, out);
    plugin_push_state(L, merged, push_merged, scope);
    lua_replace(L, first);
    return n;
}

/* ---- samplers ---- */

/* A sampling under way. User value 1: the values by place (those bound to the sampler, then the call's);
 * 2: the sampler. */
typedef struct {
    sampling s;
    int index; /* the next step */
    plugin_arguments arguments;
} sampling_object;

static sampling_object *sampling_check(lua_State *L)
{
    sampling_object *o = luaL_checkudata(L, 1, SAMPLING);
    if (!o->s.owner)
        lua_host_raise(L, "this sampling has not started, or was closed");
    return o;
}

static int sampling_collected(lua_State *L)
{
    sampling_object *o = luaL_checkudata(L, 1, SAMPLING);
    if (o->s.owner)
        call_sampling_release(&o->s);
    o->s.owner = NULL;
    return 0;
}

/* Puts a copy of the sampler's table of values, with the call's over them, on the stack. */
static int values_by_place(lua_State *L, plugin_object *o, plugin_arguments *a)
{
    int last = lua_gettop(L);
    arguments_read(L, o, a, 2);
    int read = lua_gettop(L);
    lua_newtable(L);
    int table = read + 1;
    lua_getiuservalue(L, 1, 1);
    for (int k = 1; k <= SIGNATURE_PLACES; k++) {
        lua_rawgeti(L, -1, k);
        lua_rawseti(L, table, k);
    }
    lua_pop(L, 1);
    for (int k = 0; k < a->n; k++) {
        if (!a->in[k].model)
            continue;
        lua_pushvalue(L, a->models[k].index);
        lua_rawseti(L, table, k + 1);
        a->models[k].index = 0;
    }
    /* states and converted tensors that reading left on the stack live as long as the sampling */
    for (int k = 2; k <= read; k++) {
        if (k <= last && !lua_istable(L, k))
            continue;
        lua_pushvalue(L, k);
        lua_rawseti(L, table, SIGNATURE_PLACES + k);
    }
    return table;
}

/* sampler:start(...) -> a sampling */
static int start(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    if (strcmp(o->i->plugin->d.kind, "samplers") != 0)
        return lua_host_raise(L, "%s is no sampler", o->i->plugin->name);
    plugin_arguments a;
    int table = values_by_place(L, o, &a);
    sampling_object *run = lua_newuserdatauv(L, sizeof *run, 2);
    int object = lua_gettop(L);
    memset(run, 0, sizeof *run);
    luaL_setmetatable(L, SAMPLING);
    lua_pushvalue(L, table);
    lua_setiuservalue(L, object, 1);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, object, 2);
    run->arguments.n = a.n;
    for (int k = 0; k < a.n; k++) {
        run->arguments.in[k] = a.in[k];
        if (a.in[k].model) {
            run->arguments.models[k] = a.models[k];
            run->arguments.in[k].model = &run->arguments.models[k].model;
        }
    }
    border b;
    border_enter(L, &b, object);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool good = call_start(o->i, run->arguments.in, run->arguments.n, &run->s);
    scope_close(c, s, NULL);
    border_leave(L, &b);
    if (!good) {
        run->s.owner = NULL;
        return border_raise(L, &b);
    }
    lua_settop(L, object);
    return 1;
}

/* run:step() -> whether there are more */
static int advance(lua_State *L)
{
    sampling_object *o = sampling_check(L);
    if (o->index >= o->s.at.steps)
        return lua_host_raise(L, "the sampling has made all its %d steps", o->s.at.steps);
    border b;
    border_enter(L, &b, 1);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool good = call_advance(&o->s, o->index);
    scope_close(c, s, NULL);
    border_leave(L, &b);
    if (!good)
        return border_raise(L, &b);
    lua_pushboolean(L, ++o->index < o->s.at.steps);
    return 1;
}

/* run:finish() -> the sampler's outputs, the items first */
static int finish(lua_State *L)
{
    sampling_object *o = sampling_check(L);
    int n = o->s.owner->plugin->signature->out_count;
    n = n > 0 ? n : 1;
    handle *u[SIGNATURE_PLACES];
    as_t out[SIGNATURE_PLACES] = {NULL};
    int first = push_handles(L, n, u);
    border b;
    border_enter(L, &b, 1);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    bool good = call_finish(&o->s, out);
    border_leave(L, &b);
    if (good)
        fill_handles(L, first, n, u, out);
    scope_close(c, s, NULL);
    return good ? n : border_raise(L, &b);
}

/* sampler:sample(...): start, all steps, finish */
static int sample(lua_State *L)
{
    start(L);
    int object = lua_gettop(L);
    sampling_object *o = lua_touserdata(L, object);
    while (o->index < o->s.at.steps) {
        lua_pushcfunction(L, advance);
        lua_pushvalue(L, object);
        lua_call(L, 1, 0);
    }
    lua_pushcfunction(L, finish);
    lua_pushvalue(L, object);
    lua_call(L, 1, LUA_MULTRET);
    return lua_gettop(L) - object;
}

/* run.x, run.x_mean, run.logw, run.index (steps made), run.steps, else a method */
static int sampling_property(lua_State *L)
{
    sampling_object *o = sampling_check(L);
    const char *key = luaL_checkstring(L, 2);
    as_t x = strcmp(key, "x") == 0        ? o->s.at.x
             : strcmp(key, "x_mean") == 0 ? o->s.at.x_mean
             : strcmp(key, "logw") == 0   ? o->s.at.logw
                                          : NULL;
    if (x)
        lua_host_push_tensor(L, x);
    else if (strcmp(key, "index") == 0)
        lua_pushinteger(L, o->index);
    else if (strcmp(key, "steps") == 0)
        lua_pushinteger(L, o->s.at.steps);
    else
        lua_getfield(L, lua_upvalueindex(1), key);
    return 1;
}

/* ---- by kind ---- */

int plugin_call(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    const char *kind = o->i->plugin->d.kind;
    if (strcmp(kind, "losses") == 0 || strcmp(kind, "heads") == 0)
        return call_outputs(L, o, call_forward, true);
    if (strcmp(kind, "scores") == 0)
        return call_outputs(L, o, call_score, false);
    if (strcmp(kind, "distillers") == 0)
        return call_outputs(L, o, call_step, false);
    if (strcmp(kind, "soups") == 0)
        return call_soup(L, o);
    if (strcmp(kind, "samplers") == 0)
        return o->i->plugin->d.start ? sample(L) : call_outputs(L, o, call_draw, false);
    if (strcmp(kind, "adapters") == 0)
        return call_outputs(L, o, o->i->plugin->d.forward ? call_forward : call_adapt, false);
    return lua_host_raise(L, "%s cannot be called", o->i->plugin->name);
}

/* distiller:step(batch...) */
static int distil(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    if (!o->i->plugin->d.step)
        return lua_host_raise(L, "%s has no step", o->i->plugin->name);
    return call_outputs(L, o, call_step, false);
}

/* adapter:adapt(batch...) -> its outputs */
static int adapt(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    if (!o->i->plugin->d.adapt)
        return lua_host_raise(L, "%s is no adapter", o->i->plugin->name);
    return call_outputs(L, o, call_adapt, false);
}

/* sampler:draw(...) -> places of items */
static int draw(lua_State *L)
{
    plugin_object *o = plugin_check(L);
    if (!o->i->plugin->d.draw)
        return lua_host_raise(L, "%s draws no places of items", o->i->plugin->name);
    return call_outputs(L, o, call_draw, false);
}

void plugin_open_calls(lua_State *L)
{
    static const luaL_Reg methods[] = {{"step", distil}, {"sample", sample}, {"start", start},
                                       {"adapt", adapt}, {"draw", draw},     {0}};
    static const luaL_Reg steps[] = {{"step", advance}, {"finish", finish}, {0}};
    luaL_setfuncs(L, methods, 0);
    luaL_newmetatable(L, SAMPLING);
    lua_pushcfunction(L, sampling_collected);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, steps);
    lua_pushcclosure(L, sampling_property, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
