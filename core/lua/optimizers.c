/* Optimizers as Lua values: opt:step(), opt:clip(norm), opt.lr, opt:state(), opt:load(state). Parameters are
 * gathered in lua/assay/optim.lua. */
#include "lua/optimizers.h"

#include "autograd/clip.h"
#include "lua/state.h"

#include <string.h>

#define METATABLE "assay.optimizer"

static optimizer **slot(lua_State *L, int index)
{
    return luaL_checkudata(L, index, METATABLE);
}

optimizer *optimizer_at(lua_State *L, int index)
{
    optimizer **o = luaL_testudata(L, index, METATABLE);
    return o ? *o : NULL;
}

static optimizer *checked(lua_State *L)
{
    optimizer *o = *slot(L, 1);
    if (!o)
        lua_host_raise(L, "this optimizer was closed before");
    return o;
}

static void number_option(lua_State *L, int index, const char *name, double low, double high, double *out)
{
    if (lua_getfield(L, index, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            lua_host_raise(L, "optimizer: %s is a %s, expected a number", name, luaL_typename(L, -1));
        *out = lua_tonumber(L, -1);
        if (!(*out >= low && *out <= high))
            lua_host_raise(L, "optimizer: %s = %g, expected %g to %g", name, *out, low, high);
    }
    lua_pop(L, 1);
}

/* core.optimizer(kind, parameters, options): kind "sgd", "adam", "adamw" or "radam"; options are checked by
 * the caller for unknown names. */
static int new_optimizer(lua_State *L)
{
    static const char *const kinds[] = {"sgd", "adam", "adamw", "radam", NULL};
    optimizer_options options = {.kind = (optimizer_kind)luaL_checkoption(L, 1, NULL, kinds),
                                 .rate = 1e-3,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .eps = 1e-8};
    luaL_checktype(L, 3, LUA_TTABLE);
    if (options.kind == OPTIMIZER_ADAMW)
        options.decay = 0.01;
    number_option(L, 3, "lr", 0, 1e30, &options.rate);
    number_option(L, 3, "momentum", 0, 1, &options.momentum);
    number_option(L, 3, "beta1", 0, 1, &options.beta1);
    number_option(L, 3, "beta2", 0, 1, &options.beta2);
    number_option(L, 3, "eps", 0, 1e30, &options.eps);
    number_option(L, 3, "decay", 0, 1e30, &options.decay);
    options.nesterov = option_bool(L, 3, "nesterov", false);
    int n;
    as_t *parameters = list_argument(L, 2, kinds[options.kind], &n, 0);
    optimizer **o = lua_newuserdatauv(L, sizeof *o, 0);
    *o = NULL;
    luaL_setmetatable(L, METATABLE);
    as_ctx *c = host_of(L)->c;
    *o = optimizer_new(c, &options, parameters, n);
    return *o ? 1 : lua_host_raise_context(L);
}

static int step(lua_State *L)
{
    optimizer *o = checked(L);
    as_ctx *c = host_of(L)->c;
    optimizer_step(c, o);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

/* opt:update(loss, clip): one step on the gradient of loss with respect to this optimizer's parameters only
 */
static int update(lua_State *L)
{
    optimizer *o = checked(L);
    as_t loss = lua_host_check_tensor(L, 2);
    double clip = luaL_optnumber(L, 3, 0);
    as_ctx *c = host_of(L)->c;
    as_scope s = scope_open(c);
    optimizer_update(c, o, loss, clip);
    scope_close(c, s, NULL);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

static double limit_argument(lua_State *L, int index)
{
    double limit = luaL_checknumber(L, index);
    if (!(limit >= 0))
        lua_host_raise(L, "clip: the limit is %g, expected 0 or more", limit);
    return limit;
}

/* opt:clip(norm) -> the gradients' joint norm before */
static int clip(lua_State *L)
{
    optimizer *o = checked(L);
    double limit = limit_argument(L, 2);
    as_ctx *c = host_of(L)->c;
    double norm = optimizer_clip(c, o, limit);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_pushnumber(L, norm);
    return 1;
}

/* opt:clip_each(limit): each item of the gradients into [-limit, limit] */
static int clip_each_of(lua_State *L)
{
    optimizer *o = checked(L);
    as_ctx *c = host_of(L)->c;
    optimizer_clip_each(c, o, limit_argument(L, 2));
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

/* The tensors of a list, which are written into: dense floats. */
static as_t *written_list(lua_State *L, const char *what, int *n)
{
    as_t *x = list_argument(L, 1, what, n, 0);
    char text[TENSOR_TEXT];
    for (int i = 0; i < *n; i++)
        if (!tensor_is_float(x[i]) || !x[i]->dense)
            lua_host_raise(L, "%s: item %d is %s%s, expected a dense float", what, i + 1,
                           x[i]->dense ? "" : "a strided ", tensor_shape_text(x[i], text));
    return x;
}

/* core.clip_norm_(list, limit) -> their joint norm before: scaled in place to one of at most `limit` */
static int clip_norm_list(lua_State *L)
{
    int n;
    double limit = limit_argument(L, 2);
    as_t *x = written_list(L, "clip_norm_", &n);
    as_ctx *c = host_of(L)->c;
    double norm = clip_norm(c, x, n, limit);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_pushnumber(L, norm);
    return 1;
}

/* core.clip_each_(list, limit): each item into [-limit, limit], in place */
static int clip_each_list(lua_State *L)
{
    int n;
    double limit = limit_argument(L, 2);
    as_t *x = written_list(L, "clip_each_", &n);
    as_ctx *c = host_of(L)->c;
    clip_each(c, x, n, limit);
    return context_ok(c) ? 0 : lua_host_raise_context(L);
}

static int push_state(lua_State *L)
{
    optimizer *o = lua_touserdata(L, 1);
    as_ctx *c = host_of(L)->c;
    int n = optimizer_state_size(o);
    state_push(L, n);
    for (int i = 0; i < n; i++) {
        as_t x = optimizer_state_tensor(c, o, i);
        if (!context_ok(c))
            return lua_host_raise_context(L);
        state_add(L, i + 1, optimizer_state_name(o, i), x);
    }
    return 1;
}

static int state(lua_State *L)
{
    optimizer *o = checked(L);
    as_ctx *c = host_of(L)->c;
    lua_pushcfunction(L, push_state);
    lua_pushlightuserdata(L, o);
    as_scope s = scope_open(c);
    int status = lua_pcall(L, 1, 1, 0);
    scope_close(c, s, NULL);
    return status == LUA_OK ? 1 : lua_error(L);
}

static int load(lua_State *L)
{
    optimizer *o = checked(L);
    int n;
    named_tensor *list = state_argument(L, 2, "optimizer:load", &n);
    as_ctx *c = host_of(L)->c;
    int want = optimizer_state_size(o);
    for (int i = 0; i < want; i++) {
        const char *name = optimizer_state_name(o, i);
        bool found = false;
        for (int k = 0; k < n && !found; k++)
            found = strcmp(list[k].name, name) == 0;
        if (!found)
            return lua_host_raise(L, "optimizer:load: the state has no \"%s\"", name);
    }
    for (int i = 0; i < n && context_ok(c); i++)
        optimizer_load(c, o, list[i].name, list[i].tensor);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    lua_settop(L, 1);
    return 1;
}

static int collected(lua_State *L)
{
    optimizer **o = slot(L, 1);
    optimizer_free(*o);
    *o = NULL;
    return 0;
}

/* opt.lr, opt.steps, else a method */
static int read_property(lua_State *L)
{
    optimizer *o = checked(L);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "lr") == 0) {
        lua_pushnumber(L, optimizer_options_of(o)->rate);
    } else if (strcmp(key, "steps") == 0) {
        lua_pushinteger(L, optimizer_steps(o));
    } else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

static int assign(lua_State *L)
{
    optimizer *o = checked(L);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "lr") != 0)
        return lua_host_raise(L, "an optimizer's \"%s\" cannot be set; lr can", key);
    double rate = luaL_checknumber(L, 3);
    if (!(rate >= 0))
        return lua_host_raise(L, "optimizer: lr = %g, expected 0 or more", rate);
    optimizer_options_of(o)->rate = rate;
    return 0;
}

/* core.average_(targets, sources, weight): each target moves by weight * (source - target) */
static int average(lua_State *L)
{
    int n, m;
    double weight = luaL_checknumber(L, 3);
    as_t *y = list_argument(L, 1, "average", &n, 0), *x = list_argument(L, 2, "average", &m, 0);
    if (n != m)
        return lua_host_raise(L, "average: %d tensors for %d averages", m, n);
    as_ctx *c = host_of(L)->c;
    optimizer_average(c, y, x, n, weight);
    return context_ok(c) ? 0 : lua_host_raise_context(L);
}

void core_open_optimizer(lua_State *L)
{
    static const luaL_Reg methods[] = {{"step", step},
                                       {"update", update},
                                       {"clip", clip},
                                       {"clip_each", clip_each_of},
                                       {"state", state},
                                       {"load", load},
                                       {0}};
    static const luaL_Reg events[] = {{"__gc", collected}, {"__newindex", assign}, {0}};
    luaL_newmetatable(L, METATABLE);
    luaL_setfuncs(L, events, 0);
    luaL_newlib(L, methods);
    lua_pushcclosure(L, read_property, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, new_optimizer);
    lua_setfield(L, -2, "optimizer");
    lua_pushcfunction(L, clip_norm_list);
    lua_setfield(L, -2, "clip_norm_");
    lua_pushcfunction(L, clip_each_list);
    lua_setfield(L, -2, "clip_each_");
    lua_pushcfunction(L, average);
    lua_setfield(L, -2, "average_");
}
